"""Intervals against resampling row by row, against theory, and on simulated data whose truth is known."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from sklearn.metrics import f1_score

from saegim.errors import SettingError
from saegim.evaluation.bootstrap import bootstrap, paired_bootstrap, resample, sign_test

NAMES = np.array(["a", "b", "c"])


def simulated(rows: int, accuracy: float, seed: int, shares=(0.5, 0.3, 0.2)) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    true = rng.choice(3, size=rows, p=shares)
    wrong = (true + rng.integers(1, 3, size=rows)) % 3
    predicted = np.where(rng.random(rows) < accuracy, true, wrong)
    return NAMES[true].tolist(), NAMES[predicted].tolist()


def naive(true, predicted, resamples: int, seed: int, stratified: bool) -> np.ndarray:
    """(R, 2): the definition, one resample of rows after the other, scored by scikit-learn."""
    rng = np.random.default_rng(seed)
    true, predicted = np.array(true), np.array([p or "none" for p in predicted])
    groups = [np.flatnonzero(true == c) for c in np.unique(true)] if stratified else [np.arange(len(true))]
    scores = []
    for _ in range(resamples):
        rows = np.concatenate([rng.choice(group, size=len(group)) for group in groups])
        named = np.unique([*true[rows], *predicted[rows][predicted[rows] != "none"]])
        f1 = f1_score(true[rows], predicted[rows], labels=named, average="macro", zero_division=0)
        scores.append((np.mean(true[rows] == predicted[rows]), f1))
    return np.array(scores)


@pytest.mark.parametrize("stratified", [False, True])
def test_intervals_agree_with_a_naive_loop(stratified):
    true, predicted = simulated(150, 0.7, seed=1)
    predicted = [None if i % 9 == 0 else p for i, p in enumerate(predicted)]
    slow = naive(true, predicted, 800, seed=2, stratified=stratified)
    fast = resample(true, [predicted], resamples=4000, stratified=stratified, seed=3).drawn[:, :, 0].T
    # quantiles of 800 draws of standard deviation s err by about 0.1 s
    scatter = slow.std(axis=0)
    assert np.all(np.abs(fast.mean(axis=0) - slow.mean(axis=0)) < 0.2 * scatter)
    for quantile in (0.025, 0.975):
        gap = np.quantile(fast, quantile, axis=0) - np.quantile(slow, quantile, axis=0)
        assert np.all(np.abs(gap) < 0.4 * scatter)


def test_the_spread_of_accuracy_is_the_binomial_one():
    true, predicted = simulated(400, 0.8, seed=4)
    drawn = resample(true, [predicted], resamples=20_000).drawn[0, :, 0]
    accuracy = np.mean(np.array(true) == np.array(predicted))
    assert drawn.std() == pytest.approx(np.sqrt(accuracy * (1 - accuracy) / 400), rel=0.03)


def test_the_interval_holds_the_true_accuracy_about_as_often_as_it_says():
    held = 0
    for seed in range(200):
        interval = bootstrap(*simulated(300, 0.8, seed=seed), resamples=400, seed=seed).accuracy
        held += interval.low <= 0.8 <= interval.high
    assert 0.90 <= held / 200 <= 0.985


def test_the_interval_of_macro_f1_holds_the_true_value_about_as_often_as_it_says():
    true, predicted = simulated(1_000_000, 0.8, seed=0)
    truth = f1_score(true, predicted, average="macro")
    held = 0
    for seed in range(200):
        interval = bootstrap(*simulated(300, 0.8, seed=seed + 1), resamples=400, seed=seed).macro_f1
        held += interval.low <= truth <= interval.high
    assert 0.90 <= held / 200 <= 0.985


def test_stratified_resamples_keep_the_size_of_each_class():
    true = ["a"] * 30 + ["b"] * 10
    drawn = resample(true, [["a"] * 40], resamples=200, stratified=True).drawn[0, :, 0]
    assert np.all(drawn == 0.75)
    assert resample(true, [["a"] * 40], resamples=200).drawn[0, :, 0].std() > 0


def test_paired_differences_are_narrower_than_unpaired_ones():
    true, first = simulated(500, 0.8, seed=5)
    second = first.copy()
    for row in range(0, 500, 25):
        second[row] = "a"
    paired = paired_bootstrap(true, first, second).accuracy
    alone = bootstrap(true, first).accuracy
    assert paired.value == pytest.approx(bootstrap(true, first).accuracy.value - bootstrap(true, second).accuracy.value)
    assert paired.half_width < alone.half_width / 2


def test_a_difference_changes_its_sign_with_the_order():
    true, first = simulated(300, 0.9, seed=6)
    _, second = simulated(300, 0.9, seed=7)
    ahead = paired_bootstrap(true, first, second).accuracy
    behind = paired_bootstrap(true, second, first).accuracy
    assert ahead.value == -behind.value
    assert ahead.excludes_zero
    assert behind.excludes_zero


def test_equal_predictors_differ_by_nothing():
    true, predicted = simulated(100, 0.7, seed=8)
    difference = paired_bootstrap(true, predicted, predicted)
    assert (difference.accuracy.low, difference.accuracy.high) == (0, 0)
    assert not difference.macro_f1.excludes_zero


def test_the_same_seed_gives_the_same_interval():
    true, predicted = simulated(100, 0.7, seed=9)
    assert bootstrap(true, predicted, seed=1) == bootstrap(true, predicted, seed=1)
    assert bootstrap(true, predicted, seed=1) != bootstrap(true, predicted, seed=2)


def test_many_resamples_in_blocks_have_the_same_law(monkeypatch):
    true, predicted = simulated(100, 0.7, seed=10)
    whole = resample(true, [predicted], resamples=300, seed=0).drawn
    monkeypatch.setattr("saegim.evaluation.bootstrap.COUNTS_AT_ONCE", 70)
    assert np.array_equal(whole, resample(true, [predicted], resamples=300, seed=0).drawn)


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (3, 3), (8, 1), (1, 8), (40, 20)])
def test_the_sign_test_is_the_sum_of_binomial_tails(wins, losses):
    rows = wins + losses
    tail = sum(comb(rows, k) for k in range(min(wins, losses) + 1)) / 2**rows
    assert sign_test(wins, losses) == pytest.approx(min(1, 2 * tail))


@pytest.mark.parametrize(("settings", "words"), [({"resamples": 0}, "resamples is 0"), ({"level": 95}, "level is 95")])
def test_impossible_settings_are_said(settings, words):
    with pytest.raises(SettingError, match=words):
        bootstrap(["a"], ["a"], **settings)
