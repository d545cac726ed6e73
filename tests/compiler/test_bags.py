"""Bags of rows and their transpose, native, against the meaning."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.native import dense, load_all, runnable
from compiler.rowcases import WIDTHS, Array, Guarded, numbers, spread
from saegim import dtypes
from saegim.compiler.kernels.bags import Bag, BagTranspose
from saegim.reference import meaning
from saegim.runtime.target import Target


class Case(NamedTuple):
    table: Array
    x: Array
    indices: Array
    weights: Array
    offsets: Array


def drawn(rows: int, width: int, items: int = 60, bags: int = 5, dtype: Any = np.float32) -> Case:
    """Bags of all lengths, some empty, a few items left over."""
    rng = np.random.default_rng([rows, width, items, bags])
    ends = np.sort(rng.integers(0, max(items - 3, 0) + 1, bags))
    table, x, weights = (numbers(rng, shape, dtype) for shape in ((rows, width), (bags, width), (items,)))
    return Case(table, x, rng.integers(0, rows, items), weights, np.concatenate(([0], ends)))


def run(cases: list[Case], target: Target | None = None, gaps: bool = False) -> None:
    """Both kernels in pieces of several sizes: the meaning, bit for bit; faults where that raises."""
    sums = [Guarded(each.x.shape, each.x.dtype, gaps) for each in cases]
    backs = [Guarded(each.table.shape, each.table.dtype, gaps) for each in cases]
    kernels = [Bag(*dense((each.table, *each[2:], to.array))) for each, to in zip(cases, sums, strict=True)]
    transposed = [BagTranspose(*dense((*each[1:], to.array))) for each, to in zip(cases, backs, strict=True)]
    loaded = load_all([*kernels, *transposed], target)
    for number, case in enumerate(cases):
        for pieces in (1, 2, 5):
            for result, op, source, kernel, attrs in (
                (sums[number], "bag", case.table, loaded[number], {}),
                (backs[number], "bag_transpose", case.x, loaded[len(cases) + number], {"rows": len(case.table)}),
            ):
                sound = kernel(source, *case[2:], result.array, pieces=pieces)
                try:
                    expected = meaning(op, source, *case[2:], **attrs)
                except IndexError:
                    assert not sound
                else:
                    assert sound
                    np.testing.assert_array_equal(result.array, expected)
                assert result.intact()


@pytest.mark.parametrize("target", runnable(), ids=lambda target: target.name)
def test_rows_of_many_widths(target: Target) -> None:
    run([drawn(30, width) for width in (*WIDTHS, 600)], target)


def test_tables_of_many_shares() -> None:
    run([drawn(20_000, 64, items=900, bags=32), drawn(200_000, 2, items=900, bags=32), drawn(700, 520)])


def test_every_dtype_and_gaps() -> None:
    cases = []
    for number, kind in enumerate((*dtypes.SIGNED, *dtypes.UNSIGNED)):
        case = drawn(30, 5 + number, dtype=dtypes.FLOATING[number % 2])
        other = (*dtypes.UNSIGNED, *dtypes.SIGNED)[number - 3]
        cases.append(case._replace(indices=case.indices.astype(kind), offsets=case.offsets.astype(other)))
    run(cases)
    run([Case(*map(spread, case)) for case in cases], gaps=True)


def test_nothing_to_sum() -> None:
    run([drawn(3, 4, items=0), drawn(3, 4, items=5, bags=0), drawn(3, 0), drawn(1, 1, items=1, bags=1)])
    nowhere = drawn(1, 4)
    empty = nowhere._replace(table=nowhere.table[:0], offsets=np.zeros_like(nowhere.offsets))
    run([empty, empty._replace(offsets=np.arange(6))])  # an empty table: no bag may hold anything


FAR = [-(2**63), -1, 3, 2**63 - 1]


@pytest.mark.parametrize("width", [2, 16])
def test_bad_indices_and_offsets_are_reported(width: int) -> None:
    case = drawn(3, width, items=40, bags=3)._replace(offsets=np.array([2, 17, 17, 38]))
    cases = [case]
    for place in (2, 20, 37, 1, 39):  # the last two are in no bag
        for far in FAR:
            indices = case.indices.copy()
            indices[place] = far
            cases.append(case._replace(indices=indices))
    for offsets in ([-1, 1, 2, 3], [0, 5, 4, 6], [0, 5, 41, 41], [0, 5, 41, 7], [41, 41, 41, 41], [9, 3, 1, 0]):
        cases.append(case._replace(offsets=np.array(offsets)))
    cases.append(case._replace(offsets=np.array([0, 1, 2, 2**64 - 1], np.uint64)))
    cases.append(case._replace(x=case.x[:0], offsets=np.array([41])))
    cases.append(case._replace(x=case.x[:0], offsets=np.array([40])))
    run(cases)


def test_the_transpose_adds_to_what_is_there() -> None:
    case = drawn(2000, 9)
    rng = np.random.default_rng(0)
    before = numbers(rng, case.table.shape, np.float64)
    case = case._replace(x=case.x.astype(float), weights=case.weights.astype(float))
    result = before.copy()
    assert load_all([BagTranspose(*dense((*case[1:], result)))])[0](*case[1:], result, pieces=2, onward=True)
    np.testing.assert_allclose(result, before + meaning("bag_transpose", *case[1:], rows=2000), atol=1e-14)


@settings(max_examples=20)
@given(st.lists(st.integers(-1, 5), min_size=1, max_size=4), st.lists(st.integers(-1, 4), max_size=5))
def test_whatever_indices_and_offsets(offsets: list[int], indices: list[int]) -> None:
    rng = np.random.default_rng(0)
    table, x = numbers(rng, (4, 3), np.float32), numbers(rng, (len(offsets) - 1, 3), np.float32)
    weights = numbers(rng, (len(indices),), np.float32)
    run([Case(table, x, np.array(indices, np.int64), weights, np.array(offsets))])
