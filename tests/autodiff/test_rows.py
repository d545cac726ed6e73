"""The gradient of a table that was read by rows is those rows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import saegim as sg
from saegim.tensor.core import Tensor, apply

Array = npt.NDArray[Any]


def table(rows: int = 6, width: int = 2) -> Tensor:
    return sg.asarray(np.random.default_rng(0).standard_normal((rows, width)))


def take(x: Tensor, indices: Any, mode: str = "raise", unique: bool = False) -> Tensor:
    return apply("take", x, sg.asarray(np.asarray(indices)), mode=mode, unique=unique)


def test_the_gradient_is_rows_and_duplicates_add_up() -> None:
    found = sg.grad(lambda t: sg.sum(take(t, [4, 1, 4]) * sg.asarray(np.arange(6.0).reshape(3, 2))))(table())
    assert isinstance(found, sg.Rows)
    np.testing.assert_array_equal(found.indices, [4, 1, 4])
    expected = np.zeros((6, 2))
    expected[[1, 4]] = [[2, 3], [4, 6]]
    np.testing.assert_array_equal(found.dense(), expected)
    distinct = found.distinct()
    np.testing.assert_array_equal(distinct.indices, [1, 4])
    np.testing.assert_array_equal(distinct.values, expected[[1, 4]])


def test_distinct_rows_inside_a_program_are_padded() -> None:
    def gradient(t: Tensor, indices: Tensor) -> Any:
        found = sg.grad(lambda t: sg.sum(apply("take", t, indices, mode="raise", unique=False)))(t)
        return found.distinct()

    found = sg.compile(gradient)(table(), sg.asarray([4, 1, 4, 4]))
    assert found.unique
    np.testing.assert_array_equal(found.indices, [1, 4, 6, 6])
    np.testing.assert_array_equal(found.values, [[1, 1], [3, 3], [0, 0], [0, 0]])
    np.testing.assert_array_equal(found.dense(), [[0, 0], [1, 1], [0, 0], [0, 0], [3, 3], [0, 0]])


def test_a_promise_of_distinct_indices_is_passed_on() -> None:
    found = sg.grad(lambda t: sg.sum(take(t, [4, 1], unique=True)))(table())
    assert found.unique and found.distinct() is found
    # Clipping can make equal what was distinct.
    found = sg.grad(lambda t: sg.sum(take(t, [4, 9, 8], mode="clip", unique=True)))(table())
    assert not found.unique
    np.testing.assert_array_equal(found.dense()[4:], [[1, 1], [2, 2]])


def test_padding_rows_stand_for_nothing() -> None:
    found = sg.grad(lambda t: sg.sum(take(t, [-1, 2, 6, 99], mode="fill")))(table())
    expected = np.zeros((6, 2))
    expected[2] = 1
    np.testing.assert_array_equal(found.dense(), expected)
    np.testing.assert_array_equal(found.distinct().dense(), expected)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "uint64"])
def test_indices_of_every_integer_dtype(dtype: str) -> None:
    big = table(rows=200)
    indices = np.array([3, 0, 3], dtype)
    for mode in ("raise", "clip", "fill"):
        found = sg.grad(lambda t, mode=mode: sg.sum(take(t, indices, mode=mode)))(big)
        np.testing.assert_array_equal(np.asarray(found)[:4, 0], [1, 0, 0, 2])
    rows = sg.asarray(np.ones((3, 2)))
    found = sg.grad(lambda z: sg.sum(apply("scatter_add", big, sg.asarray(indices), z)))(rows)
    np.testing.assert_array_equal(found, np.ones((3, 2)))


def test_a_table_that_is_also_used_whole_has_a_dense_gradient() -> None:
    found = sg.grad(lambda t: sg.sum(take(t, [1, 1])) + sg.sum(t * t))(table())
    assert isinstance(found, Tensor)
    expected = 2 * np.asarray(table())
    expected[1] += 2
    np.testing.assert_allclose(found, expected)


def test_rows_of_several_reads_are_joined() -> None:
    found = sg.grad(lambda t: sg.sum(take(t, [1, 2]) * 2.0) + sg.sum(take(t, np.int32([[2]]))))(table())
    assert isinstance(found, sg.Rows)
    assert sorted(np.asarray(found.indices)) == [1, 2, 2]
    np.testing.assert_array_equal(np.asarray(found)[:3, 0], [0, 2, 3])


def test_second_derivative_through_rows() -> None:
    def inner(t: Tensor) -> Tensor:
        rows = sg.grad(lambda t: sg.sum(take(t, [1, 3, 1]) ** 3))(t)
        return sg.sum(rows.dense() * sg.asarray(np.arange(12.0).reshape(6, 2)))

    found = np.asarray(sg.grad(inner)(table()))
    expected = 6 * np.asarray(table()) * np.arange(12.0).reshape(6, 2) * np.array([0, 2, 0, 1, 0, 0])[:, None]
    np.testing.assert_allclose(found, expected)


# --- bags -----------------------------------------------------------------------------------------------------------

INDICES = np.array([4, 1, 4, 0, 99, 1])  # the last two are padding
WEIGHTS = np.array([1.0, 2.0, 0.5, -1.0, 7.0, 7.0])
OFFSETS = np.array([0, 0, 3, 4, 4])  # two empty bags


def plain_bag(t: Array, indices: Array, weights: Array, offsets: Array) -> Array:
    bags = [range(first, last) for first, last in pairwise(offsets)]
    return np.array([sum((weights[at] * t[indices[at]] for at in each), np.zeros(t.shape[1])) for each in bags])


def test_bags_with_empty_ones_and_padding() -> None:
    t = table()
    found = sg.bag(t, sg.asarray(INDICES), sg.asarray(WEIGHTS), sg.asarray(OFFSETS))
    np.testing.assert_allclose(found, plain_bag(np.asarray(t), INDICES, WEIGHTS, OFFSETS))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("first", [0, 1])
def test_gradient_of_bags_is_distinct_rows(compiled: bool, first: int) -> None:
    t, offsets, slope = table(), OFFSETS + first * (OFFSETS == 0), np.arange(8.0).reshape(4, 2)

    def loss(t: Tensor, weights: Tensor) -> Tensor:
        return sg.sum(sg.bag(t, sg.asarray(INDICES), weights, sg.asarray(offsets)) * sg.asarray(slope))

    both = (sg.compile if compiled else lambda fn: fn)(lambda t, w: (sg.grad(loss)(t, w), sg.grad(loss, 1)(t, w)))
    rows, weights = both(t, sg.asarray(WEIGHTS))
    assert rows.unique
    inside = np.asarray(rows.indices)[np.asarray(rows.indices) < 6]
    assert len(set(inside)) == len(inside) and set(inside) <= {0, 1, 4}
    dense, dweights = np.zeros((6, 2)), np.zeros(6)
    for number, (start, stop) in enumerate(pairwise(offsets)):
        for at in range(start, stop):
            dense[INDICES[at]] += WEIGHTS[at] * slope[number]
            dweights[at] = slope[number] @ np.asarray(t)[INDICES[at]]
    np.testing.assert_allclose(rows, dense)
    np.testing.assert_allclose(weights, dweights)


def test_bags_of_nothing() -> None:
    empty = [sg.asarray(np.zeros(0, np.int64)), sg.asarray(np.zeros(0)), sg.asarray(np.zeros(3, np.int64))]
    found = sg.grad(lambda t: sg.sum(sg.bag(t, *empty)))(table())
    np.testing.assert_array_equal(found, np.zeros((6, 2)))


def test_a_table_that_was_computed_has_a_dense_gradient() -> None:
    args = [sg.asarray(each) for each in (INDICES, WEIGHTS, OFFSETS)]
    found = sg.grad(lambda t: sg.sum(sg.bag(t * 2.0, *args)))(table())
    assert isinstance(found, Tensor)
    np.testing.assert_allclose(found[:, 0], [-2, 4, 0, 0, 3, 0])
