"""Growing samples: their sizes, and that each holds the smaller ones in the proportions of the classes."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.curve.sampling import nested_order, sizes_up_to

LABELS = ["often"] * 700 + ["sometimes"] * 250 + ["rare"] * 47 + ["once"] * 3


@pytest.mark.parametrize(
    ("rows", "sizes"),
    [
        (1, (1,)),
        (9, (9,)),
        (10, (10,)),
        (12, (12,)),
        (13, (10, 13)),
        (100, (10, 20, 50, 100)),
        (700, (10, 20, 50, 100, 200, 500, 700)),
        (1000, (10, 20, 50, 100, 200, 500, 1000)),
        (1001, (10, 30, 100, 300, 1001)),
        (2400, (10, 30, 100, 300, 1000, 2400)),
        (112_000, (10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 112_000)),
    ],
)
def test_sizes_grow_up_to_all(rows, sizes):
    assert sizes_up_to(rows) == sizes


@pytest.mark.parametrize("seed", [0, 1, (7, 3)])
def test_an_order_has_every_row_once_and_every_beginning_is_stratified(seed):
    labels = np.random.default_rng(5).permutation(LABELS)
    order = nested_order(labels.tolist(), seed)
    assert sorted(order) == list(range(len(labels)))
    for size in (1, 10, 33, 100, 512, 999):
        for name in set(LABELS):
            expected = size * LABELS.count(name) / len(LABELS)
            assert abs(np.count_nonzero(labels[order[:size]] == name) - expected) < 1 + 1e-9


def test_an_order_follows_from_its_seed():
    first = nested_order(LABELS, 1)
    assert np.array_equal(first, nested_order(LABELS, 1))
    assert not np.array_equal(first, nested_order(LABELS, 2))


def test_classes_of_equal_size_take_turns_in_an_order_that_is_drawn():
    labels = ["a", "b", "c", "d"] * 5
    firsts = {labels[nested_order(labels, seed)[0]] for seed in range(40)}
    assert firsts == set("abcd")
