"""Batches: every row once, similar lengths together, the same for the same seed and epoch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saegim.data import epoch_rng, length_buckets, shuffled, sorted_by_length
from saegim.errors import SettingError

LENGTHS = st.lists(st.integers(0, 50), max_size=60).map(lambda x: np.asarray(x, np.int64))


@given(LENGTHS, st.integers(1, 9), st.integers(1, 5), st.integers(0, 2**32), st.integers(0, 99))
def test_every_row_once(lengths, size, pool, seed, epoch):
    makers = [
        lambda: length_buckets(lengths, size, epoch_rng(seed, epoch), pool=pool),
        lambda: shuffled(len(lengths), size, epoch_rng(seed, epoch)),
        lambda: sorted_by_length(lengths, size),
    ]
    for make in makers:
        batches = [batch.tolist() for batch in make()]
        assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
        assert all(1 <= len(batch) <= size for batch in batches)
        assert batches == [batch.tolist() for batch in make()]


def _padding(lengths, batches):
    return sum(int(lengths[rows].max()) * len(rows) for rows in batches) / lengths.sum() - 1


def test_buckets_save_padding_and_epochs_differ():
    lengths = np.random.default_rng(0).integers(1, 100, 5000)
    buckets = [list(length_buckets(lengths, 32, epoch_rng(7, epoch))) for epoch in (0, 1)]
    assert _padding(lengths, buckets[0]) < 0.05 < 0.5 < _padding(lengths, shuffled(5000, 32, epoch_rng(7, 0)))
    assert {frozenset(b.tolist()) for b in buckets[0]}.isdisjoint({frozenset(b.tolist()) for b in buckets[1]})
    means = [lengths[batch].mean() for batch in buckets[0]]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.4  # the order of batches is random


def test_prediction_starts_with_the_longest():
    lengths = np.asarray([3, 9, 1, 9])
    assert [batch.tolist() for batch in sorted_by_length(lengths, 2)] == [[1, 3], [0, 2]]


@pytest.mark.parametrize("size", [0, -1])
def test_impossible_sizes(size):
    for batches in (shuffled(3, size, epoch_rng(0, 0)), length_buckets(np.ones(3), size, epoch_rng(0, 0))):
        with pytest.raises(SettingError, match="1 or more"):
            next(batches)
