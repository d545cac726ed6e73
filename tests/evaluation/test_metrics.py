"""Scores against scikit-learn called plainly, and the meaning of abstentions."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, classification_report, f1_score

from saegim.errors import DataError, ShapeError
from saegim.evaluation.metrics import accuracy_and_macro_f1, class_ids, class_names, score

LABELS = st.sampled_from(["a", "b", "c", "가"])


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=60))
def test_scores_agree_with_scikit_learn_on_the_strings_themselves(rows):
    true, predicted = map(list, zip(*rows, strict=True))
    ours = score(true, predicted)
    report = classification_report(true, predicted, output_dict=True, zero_division=0)
    assert ours.accuracy == pytest.approx(accuracy_score(true, predicted))
    assert ours.macro_f1 == pytest.approx(f1_score(true, predicted, average="macro", zero_division=0))
    for name, one in ours.per_class.items():
        theirs = report[name]
        assert [one.precision, one.recall, one.f1, one.support] == pytest.approx(
            [theirs["precision"], theirs["recall"], theirs["f1-score"], theirs["support"]]
        )


@given(st.lists(st.tuples(LABELS, st.one_of(st.none(), LABELS)), min_size=1, max_size=60))
def test_counting_gives_what_the_full_scores_give(rows):
    true, predicted = map(list, zip(*rows, strict=True))
    full = score(true, predicted)
    names = class_names(true, predicted)
    quick = accuracy_and_macro_f1(class_ids(true, names), class_ids(predicted, names), len(names))
    assert quick == pytest.approx((full.accuracy, full.macro_f1))


def test_classes_that_nobody_names_do_not_change_the_quick_macro_f1():
    true, predicted = np.array([0, 1, 1]), np.array([0, 1, 0])
    assert accuracy_and_macro_f1(true, predicted, 50) == accuracy_and_macro_f1(true, predicted, 2)


def test_an_abstention_is_a_miss_but_no_wrong_claim():
    scores = score(["a", "a", "b", "b"], ["a", None, "b", "a"])
    assert (scores.accuracy, scores.coverage) == (0.5, 0.75)
    assert scores.accuracy_decided == pytest.approx(2 / 3)
    assert scores.per_class["a"].recall == 0.5
    assert scores.per_class["b"].precision == 1.0
    assert scores.per_class["a"].predicted == 2
    assert scores.confusion.tolist() == [[1, 0, 1], [1, 1, 0]]


def test_one_that_never_decides_has_no_accuracy_where_decided():
    scores = score(["a", "b"], [None, None])
    assert (scores.accuracy, scores.macro_f1, scores.coverage, scores.accuracy_decided) == (0, 0, 0, None)


def test_an_invented_label_counts_as_a_class():
    assert score(["a", "a"], ["a", "b"]).macro_f1 == pytest.approx((2 / 3 + 0) / 2)


def test_the_dictionary_is_json():
    plain = json.loads(json.dumps(score(["a", "b"], ["a", None]).to_dict()))
    assert plain["per_class"]["a"]["support"] == 1
    assert plain["confusion"] == [[1, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("true", "predicted", "error", "words"),
    [
        ([], [], DataError, "0 rows"),
        (["a"], ["a", "b"], ShapeError, "2 predictions were given for 1"),
        ([1], ["a"], DataError, "1 is a int"),
        (["a"], [2.5], DataError, "2.5 is a float"),
    ],
)
def test_what_cannot_be_scored_is_said(true, predicted, error, words):
    with pytest.raises(error, match=words):
        score(true, predicted)


def test_ids_of_different_shapes_or_none_are_refused():
    with pytest.raises(ShapeError, match=r"\(2,\)"):
        accuracy_and_macro_f1(np.zeros(2, int), np.zeros(3, int), 1)
    with pytest.raises(DataError, match="0 rows"):
        accuracy_and_macro_f1(np.zeros(0, int), np.zeros(0, int), 1)
