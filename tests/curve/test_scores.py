"""Scores agree with scikit-learn, influences with what drawing rows anew does."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from saegim.curve import scores
from saegim.evaluation.metrics import score

CLASSES = 4


def some(rows=300, seed=0):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, rows)
    predicted = np.where(rng.random(rows) < 0.6, true, rng.integers(-1, CLASSES, rows))
    return true, predicted


def weighted(true, predicted, weights, which):
    """The score with rows counted by weights, by definition."""
    if which == "accuracy":
        return weights[true == predicted].sum() / weights.sum()
    if which == "decided":
        decided = predicted >= 0
        return weights[(true == predicted) & decided].sum() / weights[decided].sum()
    f1 = [
        2 * weights[(true == c) & (predicted == c)].sum() / (weights[true == c].sum() + weights[predicted == c].sum())
        for c in range(CLASSES)
    ]
    return float(np.mean(f1)) if which == "macro_f1" else f1[which]


def scored(true, predicted, which):
    if which == "accuracy":
        return scores.accuracy(true, predicted)
    if which == "decided":
        return scores.accuracy_among(true, predicted, predicted >= 0)
    if which == "macro_f1":
        return scores.macro_f1(true, predicted, CLASSES)
    return scores.class_f1(true, predicted, which)


@pytest.mark.parametrize("which", ["accuracy", "decided", "macro_f1", 0, 1, 2, 3])
def test_an_influence_is_the_slope_of_the_score_by_the_weight_of_its_row(which):
    true, predicted = some()
    found = scored(true, predicted, which)
    ones = np.ones(len(true))
    assert found.value == pytest.approx(weighted(true, predicted, ones, which), abs=1e-14)
    assert abs(found.influence.sum()) < 1e-10
    for row in range(0, len(true), 7):
        step = np.zeros(len(true))
        step[row] = 1e-4
        up, down = (weighted(true, predicted, ones + sign * step, which) for sign in (1, -1))
        # Weights are divided by their sum, so a slope has the mean influence, 0, taken off already.
        assert (up - down) / 2e-4 * len(true) == pytest.approx(found.influence[row], abs=1e-5)


def test_scores_agree_with_scikit_learn_and_with_a_comparison():
    true, predicted = some(seed=3)
    predicted = np.where(predicted < 0, true, predicted)
    assert scores.accuracy(true, predicted).value == pytest.approx(metrics.accuracy_score(true, predicted))
    assert scores.macro_f1(true, predicted, CLASSES).value == pytest.approx(
        metrics.f1_score(true, predicted, average="macro")
    )
    names = np.array(["a", "b", "c", "d"])
    whole = score(names[true].tolist(), names[predicted].tolist())
    assert scores.macro_f1(true, predicted, CLASSES).value == pytest.approx(whole.macro_f1)
    assert scores.class_f1(true, predicted, 1).value == pytest.approx(whole.per_class["b"].f1)


def test_what_occurs_nowhere_scores_0():
    true, predicted = np.zeros(5, np.int64), np.full(5, -1)
    assert scores.class_f1(true, predicted, 2).value == 0
    assert scores.accuracy_among(true, predicted, predicted >= 0).value == 0
    assert scores.macro_f1(true, predicted, 3).value == 0
