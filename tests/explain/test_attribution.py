"""Explanations: what words moved adds up, is exact where the network is linear, and covers the text."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest

from saegim.errors import DataError, NotFittedError, SettingError
from saegim.explain import attribution, explain_prediction
from saegim.models import WISHES
from saegim.text import locate_ngrams
from saegim.training import TextClassifier

KINDS = [each for each in WISHES if each != "auto"]
GOOD, BAD, THINGS = ["좋은", "재미있는", "great"], ["나쁜", "지루한", "awful"], ["영화", "연기", "movie", "음악"]
EXAMPLES = [
    (f"{word} {thing}, 정말 {other} {thing}", label)
    for words, label in ((GOOD, "good"), (BAD, "bad"), (["그냥"], "so-so"))
    for word in words
    for other in words
    for thing in THINGS
]
TEXTS, LABELS = map(list, zip(*EXAMPLES, strict=True))
EXPLAINED = [
    "재미있는 영화, 정말 좋은 연기",
    "지루한",
    "never seen words",
    "great 나쁜 great!",
    "좋",
    "",
    "  \n ",
    "?!",
]


@pytest.fixture(scope="module", params=KINDS)
def trained(request):
    return TextClassifier(request.param, epochs=4, seed=0).fit(TEXTS, LABELS)


@pytest.fixture(scope="module")
def wide():
    return TextClassifier("wide", epochs=4, seed=0).fit(TEXTS, LABELS)


def centred(classifier, text):
    scores = classifier.decision_function([text])[0].astype(np.float64)
    return scores - scores.mean()


@pytest.mark.parametrize("text", EXPLAINED)
def test_contributions_add_up_to_the_score(trained, text):
    found = explain_prediction(trained, text)
    moved = sum(word.contribution for word in found.words)
    assert found.base + moved + found.error == pytest.approx(found.score, abs=1e-9)
    assert abs(found.error) <= 1e-2 * max(1.0, abs(found.score))
    assert found.score == pytest.approx(centred(trained, text).max(), rel=1e-4, abs=1e-4)
    assert found.label == trained.predict([text])[0]
    assert found.probability == pytest.approx(trained.predict_proba([text]).max(), rel=1e-5)


@pytest.mark.parametrize("text", EXPLAINED)
def test_words_cover_the_text(trained, text):
    found = explain_prediction(trained, text)
    assert found.text == " ".join(text.split())
    assert [word.word for word in found.words] == found.text.split()
    assert all(found.text[word.start : word.end] == word.word for word in found.words)
    assert all(math.isfinite(word.contribution) for word in found.words)


def test_nothing_read_is_the_base(trained):
    bases = {explain_prediction(trained, text, "good").base for text in EXPLAINED[:4]}
    empty = explain_prediction(trained, "", "good")
    assert empty.words == () and empty.score == empty.base
    if trained.kind_ not in ("lstm", "transformer"):  # which still see how many tokens there are
        assert max(bases) - min(bases) < 1e-4


def test_every_label_can_be_explained(trained):
    text = EXPLAINED[0]
    found = {str(label): explain_prediction(trained, text, label) for label in trained.classes_}
    assert {name: each.label for name, each in found.items()} == {name: name for name in found}
    for number, name in enumerate(found):
        assert found[name].score == pytest.approx(centred(trained, text)[number], rel=1e-4, abs=1e-4)
    assert sum(each.score for each in found.values()) == pytest.approx(0, abs=1e-3)
    assert sum(each.probability for each in found.values()) == pytest.approx(1)


def test_words_that_decide_stand_out(trained):
    found = explain_prediction(trained, "그건 재미있는 영화", "good")
    by_word = {word.word: word.contribution for word in found.words}
    assert max(by_word, key=by_word.get) == "재미있는" and by_word["재미있는"] > 0
    [_it, boring, _movie] = explain_prediction(trained, "그건 지루한 영화", "good").words
    assert boring.contribution < 0


def test_explanations_are_the_same_every_time(trained):
    assert explain_prediction(trained, EXPLAINED[0]) == explain_prediction(trained, EXPLAINED[0])


# --- exact where the network is linear ---


def by_characters(classifier, text, number):
    """What each character moves the score of a class by: for every n-gram the product of its value and its row."""
    vectorizer = classifier.encoder.vectorizer
    rows = vectorizer.transform([text])
    value = dict(zip(rows.columns.tolist(), rows.values.astype(np.float64).tolist(), strict=True))
    weights = np.asarray(classifier.network.wide.weight).astype(np.float64)
    moves = classifier.network.wide.scale * (weights - weights.mean(1, keepdims=True))[:, number]
    located = locate_ngrams(text, vectorizer.ngrams)
    column_of = {bucket: column for column, bucket in enumerate(vectorizer.kept.tolist())}
    places = defaultdict(list)
    for code, start, end in zip(located.hashes.tolist(), located.starts.tolist(), located.ends.tolist(), strict=True):
        if code % vectorizer.buckets in column_of:
            places[column_of[code % vectorizer.buckets]].append((start, end))
    amounts = [0.0] * len(text)
    for column, found in places.items():
        for start, end in found:
            taking = [at for at in range(start, end) if text[at] != " "] or list(range(start, end))
            for at in taking:
                amounts[at] += value[column] * moves[column] / len(found) / len(taking)
    return amounts


@pytest.mark.parametrize(
    "text", ["재미있는 영화, 정말 좋은 연기", "great great movie", "지루한", "가 나", "좋은 좋은 좋은"]
)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_products_of_a_linear_model(wide, text, number):
    found = explain_prediction(wide, text, wide.classes_[number])
    amounts = by_characters(wide, text, number)
    expected, at = [], 0
    for word in text.split(" "):
        expected.append(sum(amounts[at : at + len(word)]))
        at += len(word) + 1
    for space in (at for at, character in enumerate(text) if character == " "):
        before = text[:space].count(" ")
        expected[before] += amounts[space] / 2
        expected[before + 1] += amounts[space] / 2
    assert [word.contribution for word in found.words] == pytest.approx(expected, rel=1e-4, abs=1e-4)
    bias = np.asarray(wide.network.wide.bias).astype(np.float64)
    assert found.base == pytest.approx((bias - bias.mean())[number], abs=1e-5)
    assert abs(found.error) < 1e-3


def test_a_token_of_a_word_leaves_its_space_alone():
    """'▁word' stands for the space as well; what it moves belongs to the word."""
    characters = attribution._Characters("ab cd  ")
    characters.add(2, 5, 6.0)
    characters.add(2, 3, 1.0)
    characters.add(6, 7, 2.0)
    assert [(word.word, word.contribution) for word in characters.by_word()] == [("ab", 0.5), ("cd", 8.5)]


def test_a_text_that_is_cut(wide):
    long = "재미있는 " * 3000
    found = explain_prediction(wide, long)
    assert len(found.text) == 10_000 == found.words[-1].end + found.text.endswith(" ")
    assert len(found.words) == 2000 and abs(found.error) < 1e-2


def test_as_plain_values(wide):
    plain = explain_prediction(wide, "좋은 영화").to_dict()
    assert set(plain) == {"text", "label", "probability", "score", "base", "words", "error"}
    assert plain["words"][0].keys() == {"word", "start", "end", "contribution"}
    assert {type(plain["score"]), type(plain["probability"]), type(plain["words"][0]["contribution"])} == {float}


# --- mistakes, and labels that are no strings ---


def test_labels_that_are_numbers():
    made = TextClassifier("wide", epochs=1).fit(TEXTS, [len(label) for label in LABELS])
    assert explain_prediction(made, "좋은", 4).label == explain_prediction(made, "좋은", "4").label == "4"
    with pytest.raises(SettingError, match=r"label 7 is not one of 3, 4, 5; choose one of these"):
        explain_prediction(made, "좋은", 7)


def test_an_unknown_label_among_many():
    made = TextClassifier("wide", epochs=1).fit([f"text {k}" for k in range(39)], [f"label{k:02}" for k in range(39)])
    with pytest.raises(
        SettingError, match=r"'x' is not one of label00, .*, label19, \.\.\.; choose one of these"
    ) as raised:
        explain_prediction(made, "text", "x")
    assert "label20" not in str(raised.value)


@pytest.mark.parametrize("text", [None, 3, b"x", ["x"]])
def test_what_is_no_text(wide, text):
    with pytest.raises(DataError, match="where a string was expected"):
        explain_prediction(wide, text)


def test_before_training():
    with pytest.raises(NotFittedError):
        explain_prediction(TextClassifier(), "text")
