"""Stratified splits."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from saegim.data import stratified_split
from saegim.errors import DataError, SettingError

LABELS = st.lists(st.sampled_from("abcde"), min_size=2, max_size=200)
SHARE = st.floats(0.01, 0.99)


@given(LABELS, SHARE, st.integers(0, 2**63))
def test_every_class_gives_its_share(labels, share, seed):
    counts = Counter(labels)
    assume(max(counts.values()) > 1)
    rest, held = stratified_split(labels, share, seed)
    assert sorted([*rest, *held]) == list(range(len(labels)))
    assert (np.diff(rest) > 0).all() and (np.diff(held) > 0).all()
    given_away = Counter(labels[row] for row in held)
    assert len(held) >= 1
    for label, count in counts.items():
        assert given_away[label] < count
        exact = count * share
        if len(held) > 1:
            assert given_away[label] >= min(int(exact), count - 1)
            assert given_away[label] <= exact + 1
    again = stratified_split(labels, share, seed)
    assert np.array_equal(again[0], rest) and np.array_equal(again[1], held)


def test_seeds_differ_and_rows_are_drawn_evenly():
    labels = ["a", "b"] * 50
    counts = np.zeros(100)
    for seed in range(400):
        counts[stratified_split(labels, 0.2, seed)[1]] += 1
    assert counts.sum() == 400 * 20
    assert counts.min() > 80 - 5 * 8 and counts.max() < 80 + 5 * 8  # five standard deviations


def test_exact_shares():
    held = stratified_split(["a"] * 90 + ["b"] * 10, 0.1, 0)[1]
    assert Counter(bool(row < 90) for row in held) == {True: 9, False: 1}


def test_a_single_example_stays():
    assert 2 in stratified_split(["a", "a", "b"], 0.5, 1)[0]


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_impossible_shares(share):
    with pytest.raises(SettingError, match="between 0 and 1"):
        stratified_split(["a", "a"], share, 0)


@pytest.mark.parametrize("labels", [[], ["a"], ["a", "b"]])
def test_nothing_to_split(labels):
    with pytest.raises(DataError, match="no class has 2"):
        stratified_split(labels, 0.5, 0)
