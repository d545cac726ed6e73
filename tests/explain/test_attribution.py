"""Explanations: what words moved adds up, is exact where the network is linear, and covers the text."""

from __future__ import annotations

import math
import unicodedata
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.errors import DataError, NotFittedError, SettingError
from saegim.explain import Explainer, explain_prediction
from saegim.explain.placing import Amounts
from saegim.models import WISHES
from saegim.text import Normalizer, locate_ngrams
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
    unicodedata.normalize("NFD", "재미있는 영화"),
    "재미\u200b있는\t\n 영화 ﬁ 👨\u200d👩🏽",
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
def test_amounts_add_up_to_the_score(trained, text):
    found = explain_prediction(trained, text)
    moved = sum(span.amount for span in found.spans)
    assert found.base + moved + found.error == pytest.approx(found.score, abs=1e-9)
    assert sum(found.characters) == pytest.approx(moved, abs=1e-9)
    assert found.score == pytest.approx(centred(trained, text).max(), abs=1e-12)
    assert found.label == trained.predict([text])[0]
    assert found.probability == pytest.approx(trained.predict_proba([text]).max(), rel=1e-5)
    if trained.kind_ in ("wide", "bag"):
        assert found.method == "exact"
        assert abs(found.error) < 1e-5 * max(1.0, abs(found.score))  # the network adds in float32
    else:
        assert found.method == "integrated gradients"
        assert abs(found.error) <= 1e-2 * max(1.0, abs(found.score))


@pytest.mark.parametrize("text", EXPLAINED)
def test_spans_are_the_words_as_they_were_given(trained, text):
    found = explain_prediction(trained, text)
    assert (found.text, found.read, found.source) == (text, len(text), "network")
    assert [span.text for span in found.spans] == text.split()
    assert all(text[span.start : span.end] == span.text for span in found.spans)
    assert len(found.characters) == len(text)
    assert all(map(math.isfinite, found.characters))
    assert all(span.reasons == () for span in found.spans)


def test_nothing_read_is_the_base(trained):
    bases = {explain_prediction(trained, text, "good").base for text in EXPLAINED[:4]}
    empty = explain_prediction(trained, "", "good")
    assert empty.spans == () and empty.score == pytest.approx(empty.base, abs=1e-6)
    if trained.kind_ not in ("lstm", "transformer"):  # which still see how many tokens there are
        assert max(bases) - min(bases) < 1e-4


def test_every_label_can_be_explained(trained):
    text = EXPLAINED[0]
    explain = Explainer(trained)
    found = {str(label): explain(text, label) for label in trained.classes_}
    assert {name: each.label for name, each in found.items()} == {name: name for name in found}
    for number, name in enumerate(found):
        assert found[name].score == pytest.approx(centred(trained, text)[number], abs=1e-12)
        moved = sum(span.amount for span in found[name].spans)
        assert found[name].base + moved == pytest.approx(found[name].score, abs=1e-2)
    assert sum(each.score for each in found.values()) == pytest.approx(0, abs=1e-3)
    assert sum(each.probability for each in found.values()) == pytest.approx(1)


def test_words_that_decide_stand_out(trained):
    found = explain_prediction(trained, "그건 재미있는 영화", "good")
    by_word = {span.text: span.amount for span in found.spans}
    assert max(by_word, key=by_word.get) == "재미있는" and by_word["재미있는"] > 0
    [_it, boring, _movie] = explain_prediction(trained, "그건 지루한 영화", "good").spans
    assert boring.amount < 0


def test_explanations_are_the_same_every_time(trained):
    explain = Explainer(trained)
    assert explain(EXPLAINED[0]) == explain_prediction(trained, EXPLAINED[0]) == explain(EXPLAINED[0])


def test_texts_that_read_alike_are_explained_alike(trained):
    """Decomposed letters, wide gaps and invisible characters change places, not amounts."""
    text = "재미있는 영화, 정말 좋은 café"
    plain = explain_prediction(trained, text)
    for other in (
        unicodedata.normalize("NFD", text),
        f"\ufeff  {text}\n",
        text.replace(" ", "\u3000 \t"),
        text.replace("있", "\u200b있\x00"),
    ):
        found = explain_prediction(trained, other)
        assert [span.amount for span in found.spans] == pytest.approx([span.amount for span in plain.spans], abs=1e-12)
        assert [Normalizer()(span.text) for span in found.spans] == [span.text for span in plain.spans]
        assert "".join(other[span.start : span.end] for span in found.spans) == "".join(
            span.text for span in found.spans
        )


# --- exact where the network is linear ---


def rows_of(classifier, text):
    """{column: value} of a text, by the encoder."""
    rows = classifier.encoder.vectorizer.transform([text])
    return dict(zip(rows.columns.tolist(), rows.values.astype(np.float64).tolist(), strict=True))


def moves_of(classifier, number):
    """What one unit of each n-gram adds to the centred score of a class, in float64, from the network's arrays."""
    state = {name: each.astype(np.float64) for name, each in classifier.network.state_dict().items()}
    weights = classifier.network.wide.scale * state["wide.weight"]
    if classifier.network.reader is not None:
        weights += classifier.network.reader.scale * state["reader.weight"] @ state["head.weight"].T
    return (weights - weights.mean(1, keepdims=True))[:, number]


def by_characters(classifier, text, number):
    """What each character moves the score of a class by: for every n-gram the product of its value and its row."""
    vectorizer = classifier.encoder.vectorizer
    value, moves = rows_of(classifier, text), moves_of(classifier, number)
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


@pytest.fixture(scope="module", params=["wide", "bag"])
def linear(request):
    return TextClassifier(request.param, epochs=4, seed=0).fit(TEXTS, LABELS)


@pytest.mark.parametrize(
    "text", ["재미있는 영화, 정말 좋은 연기", "great great movie", "지루한", "가 나", "좋은 좋은 좋은"]
)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_products_of_a_linear_model(linear, text, number):
    found = explain_prediction(linear, text, linear.classes_[number])
    amounts = by_characters(linear, text, number)
    assert found.characters == pytest.approx(amounts, rel=1e-9, abs=1e-9)
    expected, at = [], 0
    for word in text.split(" "):
        expected.append(sum(amounts[at : at + len(word)]))
        at += len(word) + 1
    for space in (at for at, character in enumerate(text) if character == " "):
        before = text[:space].count(" ")
        expected[before] += amounts[space] / 2
        expected[before + 1] += amounts[space] / 2
    assert [span.amount for span in found.spans] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    bias = np.asarray(linear.network.wide.bias).astype(np.float64)
    assert found.base == pytest.approx((bias - bias.mean())[number], abs=1e-12)


def test_without_an_n_gram_a_linear_score_loses_its_contribution(linear):
    """Occlusion: the network reads the text without the weight of one n-gram."""
    encoded = linear.encoder.encode(["재미있는 영화, 정말 좋은 연기"])
    columns, values = encoded.ngrams.columns, encoded.ngrams.values
    coefficients = linear.network.coefficients(columns)
    whole = np.asarray(linear.network(encoded.batch(np.array([0]))))[0]
    for number in range(len(columns)):
        kept = values[number]
        values[number] = 0
        without = np.asarray(linear.network(encoded.batch(np.array([0]))))[0]
        values[number] = kept
        np.testing.assert_allclose(whole - without, coefficients[number] * kept, atol=4e-6)
    assert linear.network.coefficients(np.empty(0, np.int32)).shape == (0, 3)


def test_networks_that_bend_have_no_coefficients(trained):
    expected = trained.kind_ in ("wide", "bag")
    assert (trained.network.coefficients(np.array([0])) is not None) == expected


# --- laid on the characters of the text ---


def laid(text, *amounts, form="NFC"):
    found = Amounts(text, Normalizer(form).traced(text))
    starts, ends, shares = zip(*amounts, strict=True)
    found.add(np.array(starts), np.array(ends), np.array(shares, float))
    return found


def test_a_token_of_a_word_leaves_its_space_alone():
    """'▁word' stands for the space as well; what it moves belongs to the word."""
    found = laid("ab cd", (2, 5, 6.0), (2, 3, 1.0))
    assert found.characters() == (0, 0, 1.0, 3.0, 3.0)
    assert [(span.text, span.amount) for span in found.spans()] == [("ab", 0.5), ("cd", 6.5)]


@pytest.mark.parametrize(
    ("text", "form", "amounts", "characters", "spans"),
    [
        ("\u1112\u1161\u11ab글", "NFC", [(0, 1, 3.0), (1, 2, 5.0)], (1, 1, 1, 5), [(0, 4, 8.0)]),
        ("ﬁt", "NFKC", [(0, 1, 1.0), (1, 3, 4.0)], (3, 2), [(0, 2, 5.0)]),
        ("ﷺ", "NFKC", [(0, 18, 18.0)], (18,), [(0, 1, 18.0)]),  # one character that becomes four words
        ("x ﷺ", "NFKC", [(0, 1, 2.0), (5, 6, 1.0)], (2, 0, 1), [(0, 1, 2.0), (2, 3, 1.0)]),
        ("  a \u200b b", "NFC", [(1, 2, 3.0), (2, 3, 1.0)], (0, 0, 0, 1, 1, 1, 1), [(2, 3, 1.5), (6, 7, 2.5)]),
        ("ＡＢ", "NFKC", [(0, 2, 4.0)], (2, 2), [(0, 2, 4.0)]),
        ("映画は コンピュータ", "NFC", [(0, 3, 3.0)], (1, 1, 1, *[0] * 7), [
            (0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (4, 10, 0.0)]),
        ("กำลัง", "NFC", [(0, 5, 5.0)], (1, 1, 1, 1, 1), [(0, 1, 1.0), (1, 2, 1.0), (2, 4, 2.0), (4, 5, 1.0)]),
        ("美國의", "NFC", [(0, 3, 3.0)], (1, 1, 1), [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)]),
        ("👨\u200d👩 🇰🇷", "NFC", [(0, 3, 3.0)], (1, 1, 1, 0, 0, 0), [(0, 3, 3.0), (4, 6, 0.0)]),
    ],
)  # fmt: skip
def test_where_amounts_are_laid(text, form, amounts, characters, spans):
    found = laid(text, *amounts, form=form)
    assert found.characters() == pytest.approx(characters)
    assert [(span.start, span.end, pytest.approx(span.amount)) for span in found.spans()] == spans
    assert all(span.text == text[span.start : span.end] for span in found.spans())


@settings(max_examples=200)
@given(
    st.text(st.sampled_from("a가\u1112\u1161\u11abﬁﷺ \t\u200b映กำ👨\u200d¨é\u0301\ud800"), min_size=1, max_size=20),
    st.sampled_from(["NFC", "NFKC"]),
    st.data(),
)
def test_nothing_gets_lost(text, form, data):
    traced = Normalizer(form).traced(text)
    if not traced.text:
        assert Amounts(text, traced).spans() == ()
        return
    stretch = st.integers(0, len(traced) - 1).flatmap(
        lambda start: st.tuples(st.just(start), st.integers(start + 1, len(traced)), st.floats(-9, 9))
    )
    amounts = data.draw(st.lists(stretch, min_size=1, max_size=6))
    found = laid(text, *amounts, form=form)
    total = sum(amount for _start, _end, amount in amounts)
    assert found.total() == pytest.approx(total, abs=1e-9)
    assert sum(found.characters()) == pytest.approx(total, abs=1e-9)
    assert len(found.characters()) == len(text)
    spans = found.spans()
    assert sum(span.amount for span in spans) == pytest.approx(total, abs=1e-9)
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert all(span.start < span.end and text[span.start : span.end] == span.text for span in spans)


def test_a_text_that_is_cut(wide):
    long = "재미있는 " * 3000
    found = explain_prediction(wide, long)
    assert (found.read, found.text) == (10_000, long)
    assert len(found.spans) == 2000 and found.spans[-1].end == 9_999
    assert len(found.characters) == len(long) and not any(found.characters[10_000:])
    assert abs(found.error) < 1e-3


def test_as_plain_values(wide):
    plain = explain_prediction(wide, "좋은 영화").to_dict()
    assert plain["spans"][0].keys() == {"start", "end", "text", "amount", "reasons"}
    assert {type(plain["score"]), type(plain["probability"]), type(plain["spans"][0]["amount"])} == {float}
    assert (plain["source"], plain["strength"], plain["steps"], plain["reason"]) == ("network", None, [], None)


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
