"""What a model gets wrong: counted by hand and by scikit-learn; planted wrong labels are among the likely ones."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from saegim.errors import DataError, SettingError
from saegim.explain import Judgement, find_mistakes, judge, judge_by_folds
from saegim.explain.judging import assign_folds
from saegim.explain.mistakes import average_confidence
from saegim.training import TextClassifier

GOOD, BAD, OTHER = (
    ["재미있다", "최고", "감동", "추천"],
    ["지루하다", "최악", "실망", "아깝다"],
    ["영화", "배우", "음악"],
)


def judgement(chances, classes=("a", "b", "c"), **more):
    return Judgement(classes, np.array(chances, float).reshape(-1, len(classes)), **more)


SIMPLE = judgement([[0.9, 0.1, 0], [0.2, 0.8, 0], [0.6, 0.4, 0], [0.1, 0.7, 0.2], [0.7, 0.2, 0.1], [0, 0, 1]])
LABELS = ["a", "a", "b", "b", "b", "d"]


def test_counted_by_hand():
    found = find_mistakes([f"text {label}{row}" for row, label in enumerate(LABELS)], LABELS, SIMPLE, range(10, 16))
    assert (found.texts, found.judged, found.basis, found.folds) == (6, 6, "unseen", None)
    assert [(each.label, each.predicted, each.count, each.share) for each in found.confusions] == [
        ("b", "a", 2, 2 / 3), ("a", "b", 1, 1 / 2), ("d", "c", 1, 1.0),
    ]  # fmt: skip
    assert found.confusions[0].example.row == 4
    assert [(each.row, each.line, each.probability, each.of_label) for each in found.surest] == [
        (5, 15, 1.0, 0.0), (1, 11, 0.8, 0.2), (4, 14, 0.7, 0.2), (2, 12, 0.6, 0.4),
    ]  # fmt: skip
    # Averages: a (0.9 + 0.2) / 2, b (0.4 + 0.7 + 0.2) / 3; no text has label c, so nothing can be compared with it.
    assert average_confidence(LABELS, SIMPLE) == pytest.approx({"a": 0.55, "b": 1.3 / 3})
    assert [each.row for each in found.suspects] == [1, 4, 2]
    assert [each.row for each in found.others] == [5]
    assert found.duplicates == ()


def test_only_what_was_judged_counts_but_all_texts_are_compared():
    part = judgement([[0.1, 0.9, 0], [1, 0, 0]], rows=np.array([1, 3]), basis="held out")
    found = find_mistakes(["x one", "y two", "x, one", "z three"], ["a", "a", "b", "a"], part)
    assert (found.texts, found.judged) == (4, 2)
    assert [each.row for each in found.surest] == [1]
    assert [[row.row for row in group.rows] for group in found.duplicates] == [[0, 2]]
    assert found.duplicates[0].counts == {"a": 1, "b": 1}


def test_as_plain_values():
    found = find_mistakes(["x", "x!", *"123"], ["a", "b", "a", "b", "b"], judgement([[0.2, 0.8, 0]] * 5))
    plain = json.loads(json.dumps(found.to_dict(1)))
    assert (plain["wrong"], plain["likely_wrong_labels"], plain["disagreements"], len(plain["surest"])) == (2, 2, 1, 1)
    assert plain["surest"][0] == {
        "row": 0, "line": 1, "text": "x", "label": "a", "predicted": "b", "probability": 0.8, "of_label": 0.2,
    }  # fmt: skip
    assert plain["confusions"][0]["example"]["row"] == 0
    assert plain["duplicates"][0]["rows"][1] == {"row": 1, "line": 2, "text": "x!", "label": "b"}
    assert len(found.to_dict()["surest"]) == 2


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 4))
def test_against_other_ways_to_count(seed, size, count):
    rng = np.random.default_rng(seed)
    names = [f"c{number}" for number in range(count)]
    labels = rng.choice([*names, "unknown"], size).tolist()
    chances = rng.dirichlet(np.ones(count), size)
    found = find_mistakes([f"{row}" for row in range(size)], labels, Judgement(names, chances))
    predicted = [names[place] for place in chances.argmax(1)]
    table = confusion_matrix(labels, predicted, labels=[*names, "unknown"])
    counted = {(each.label, each.predicted): each.count for each in found.confusions}
    every = [*names, "unknown"]
    assert counted == {(every[i], every[j]): table[i, j] for i, j in np.argwhere(table).tolist() if i != j}
    averages = {
        name: np.mean([chances[row, j] for row in range(size) if labels[row] == name])
        for j, name in enumerate(names)
        if name in labels
    }
    suspects = {
        row
        for row in range(size)
        if predicted[row] != labels[row] and chances[row].max() >= averages.get(predicted[row], np.inf) - 1e-9
    }
    assert {each.row for each in found.suspects} == suspects
    margins = [each.probability - each.of_label for each in found.suspects]
    assert margins == sorted(margins, reverse=True)
    assert {each.row for each in found.suspects} | {each.row for each in found.others} == {
        each.row for each in found.surest
    }


def test_numbers_that_do_not_fit():
    with pytest.raises(DataError, match=r"2 texts, 3 labels and probabilities of 2 were given; give a label"):
        find_mistakes(["x", "y"], ["a", "b", "a"], judgement([[1, 0, 0]] * 2))
    with pytest.raises(DataError, match="probabilities of 1"):
        find_mistakes(["x", "y"], ["a", "b"], judgement([[1, 0, 0]]))


def test_nothing_at_all():
    found = find_mistakes([], [], judgement([]))
    assert (found.judged, found.confusions, found.suspects) == (0, (), ())


# --- planted wrong labels ---


def reviews(size, rng):
    """Texts that say mostly what their label is, a few of them both things."""
    texts, labels = [], []
    for number in range(size):
        good = bool(rng.integers(2))
        mood = [str(rng.choice(GOOD if good else BAD)) for _ in range(2)]
        if rng.random() < 0.2:
            mood[1] = str(rng.choice(BAD if good else GOOD))
        texts.append(f"{mood[0]} {rng.choice(OTHER)} {mood[1]} {number}")
        labels.append("good" if good else "bad")
    return texts, labels


@pytest.fixture(scope="module")
def planted():
    """600 texts, every 33rd label flipped."""
    texts, labels = reviews(600, np.random.default_rng(0))
    flipped = set(range(0, 600, 33))
    return (
        texts,
        [{"good": "bad", "bad": "good"}[each] if row in flipped else each for row, each in enumerate(labels)],
        flipped,
    )


def precision_and_recall(found, flipped):
    hits = sum(each.row in flipped for each in found.suspects)
    return hits / len(found.suspects), hits / len(flipped)


def test_planted_wrong_labels_are_found_by_models_that_have_not_seen_them(planted):
    """3% of the labels are wrong: a list at random would have a precision of 0.03."""
    texts, labels, flipped = planted
    said = []
    found = find_mistakes(texts, labels, judge_by_folds(TextClassifier("wide"), texts, labels, 4, say=said.append))
    precision, recall = precision_and_recall(found, flipped)
    assert precision > 0.9
    assert recall > 0.8
    assert (found.judged, found.basis, found.folds) == (600, "folds", 4)
    assert said == [f"training without part {number} of 4" for number in (1, 2, 3, 4)]


def test_a_model_that_was_trained_on_them_judges_what_it_held_out(planted):
    texts, labels, _flipped = planted
    classifier = TextClassifier("wide", epochs=2, validation_share=0.2).fit(texts, labels)
    judged = judge(classifier, texts, labels, trained_on=True)
    held_out = classifier.held_out(texts, labels)
    assert judged.basis == "held out"
    assert sorted(texts[row] for row in judged.rows) == sorted(held_out[0])
    np.testing.assert_array_equal(judged.probabilities, classifier.predict_proba([texts[row] for row in judged.rows]))
    everything = judge(classifier, texts, labels)
    assert (everything.basis, everything.rows, len(everything.probabilities)) == ("unseen", None, 600)
    whole = TextClassifier("wide", epochs=2, validation_share=0.0).fit(texts, labels)
    assert judge(whole, texts, labels, trained_on=True).basis == "trained on"


def test_equal_texts_that_were_held_out_are_told_apart():
    texts, labels = ["재미있다", "지루하다"] * 20, ["good", "bad"] * 20
    classifier = TextClassifier("wide", epochs=1, validation_share=0.25).fit(texts, labels)
    rows = judge(classifier, texts, labels, trained_on=True).rows.tolist()
    assert rows == sorted(set(rows)) and len(rows) == 10


# --- folds ---


def test_folds_have_their_share_of_every_label_and_keep_equal_texts_together():
    texts = [f"text {number}" for number in range(60)] + [f"Text {number}!" for number in range(20)]
    labels = ["a", "b", "c"] * 26 + ["a", "b"]
    fold = assign_folds(texts, labels, 5, seed=3)
    assert all(fold[number] == fold[60 + number] for number in range(20))
    for label in "abc":
        counts = np.bincount([fold[row] for row in range(60) if labels[row] == label], minlength=5)
        assert counts.max() - counts.min() <= 1
    assert (
        fold.tolist()
        == assign_folds(texts, labels, 5, seed=3).tolist()
        != assign_folds(texts, labels, 5, seed=4).tolist()
    )


def test_each_text_is_judged_by_a_model_without_it(planted):
    texts, labels, _flipped = planted
    texts, labels = texts[:80], labels[:80]
    classifier = TextClassifier("wide", epochs=2)
    found = judge_by_folds(classifier, texts, labels, 3)
    fold = assign_folds(texts, labels, 3, seed=0)
    rest = [row for row in range(80) if fold[row] != 1]
    made = TextClassifier("wide", epochs=2).fit([texts[row] for row in rest], [labels[row] for row in rest])
    inside = [row for row in range(80) if fold[row] == 1]
    np.testing.assert_array_equal(found.probabilities[inside], made.predict_proba([texts[row] for row in inside]))


def test_a_label_of_one_text_has_no_chance_without_it():
    texts, labels = [f"text {number}" for number in range(21)], ["a", "b"] * 10 + ["c"]
    found = judge_by_folds(TextClassifier("wide", epochs=1), texts, labels, 2)
    assert found.classes == ["a", "b", "c"]
    assert found.probabilities[20, 2] == 0
    np.testing.assert_allclose(found.probabilities.sum(1), 1)


@pytest.mark.parametrize("folds", [1, 0, -3])
def test_too_few_folds(folds):
    with pytest.raises(SettingError, match=f"{folds} folds were asked for; give 2 or more"):
        judge_by_folds(TextClassifier(), ["x", "y"], ["a", "b"], folds)


def test_more_folds_than_texts():
    texts, labels = [f"text {number}" for number in range(12)], ["a", "b"] * 6
    found = judge_by_folds(TextClassifier("wide", epochs=1), texts, labels, 30)
    np.testing.assert_allclose(found.probabilities.sum(1), 1)
