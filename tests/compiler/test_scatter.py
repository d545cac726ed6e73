"""Rows added to tables and set in them, native, against the meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from compiler.native import dense, layout, load_all, runnable
from compiler.rowcases import WIDTHS, Array, Guarded, numbers, spread
from saegim import dtypes
from saegim.compiler.kernels.scatter import ScatterAdd, ScatterSet
from saegim.reference import meaning
from saegim.runtime.target import Target
from saegim.runtime.threads import cores

OPS: dict[str, Any] = {"scatter_add": ScatterAdd, "scatter_set": ScatterSet}
Case = tuple[str, Array, Array, Array]


def drawn(rng: np.random.Generator, op: str, shape: tuple[int, ...], count: int, dtype: Any = np.float32) -> Case:
    """Indices also outside of the table; distinct ones for scatter_set."""
    reach = shape[0] + 6
    chosen = rng.integers(-3, reach - 3, count) if op == "scatter_add" else rng.permutation(reach)[:count] - 3
    return op, numbers(rng, shape, dtype), chosen, numbers(rng, (len(chosen), *shape[1:]), dtype)


def run(cases: list[Case], target: Target | None = None, gaps: bool = False) -> None:
    """Into other memory and over the table itself, in pieces of several sizes: the meaning, bit for bit."""
    results = [Guarded(table.shape, table.dtype, gaps) for _, table, _, _ in cases]
    pairs = list(zip(cases, results, strict=True))
    kernels = [OPS[op](*dense((*given, each.array))) for (op, *given), each in pairs]
    kernels += [OPS[op](*dense((each.array, *given, each.array))) for (op, _, *given), each in pairs]
    loaded = load_all(kernels, target)
    for number, ((op, table, indices, rows), result) in enumerate(pairs):
        expected = meaning(op, table, indices, rows)
        for pieces in (1, 2, 5):
            assert loaded[number](table, indices, rows, result.array, pieces=pieces)
            np.testing.assert_array_equal(result.array, expected)
            result.array[...] = table
            assert loaded[len(cases) + number](result.array, indices, rows, result.array, pieces=pieces)
            np.testing.assert_array_equal(result.array, expected)
            assert result.intact()


@pytest.mark.parametrize("target", runnable(), ids=lambda target: target.name)
def test_rows_of_many_widths(target: Target) -> None:
    rng = np.random.default_rng(0)
    run([drawn(rng, op, (40, width), 33) for op in OPS for width in (*WIDTHS, 600)], target)


def test_tables_of_many_shares() -> None:
    rng = np.random.default_rng(1)
    run([drawn(rng, op, shape, 5000) for op in OPS for shape in ((6000, 16), (300, 3, 40), (100_000,))])


@pytest.mark.filterwarnings("ignore:overflow")
def test_every_dtype_of_tables_and_of_indices() -> None:
    rng = np.random.default_rng(2)
    cases: list[Case] = []
    integers = (*dtypes.SIGNED, *dtypes.UNSIGNED)
    numeric = [dtype for dtype in dtypes.ALL if dtype.kind in "iuf"]
    for number, dtype in enumerate(numeric):
        kind = integers[number % len(integers)]
        for shape in ((11,), (11, 2, 5)):
            for case in (drawn(rng, "scatter_set", shape, 9, dtype), drawn(rng, "scatter_add", shape, 0, dtype)):
                op, table, indices, rows = case
                cases.append((op, table, np.maximum(indices, 0).astype(kind) if op == "scatter_add" else indices, rows))
    for dtype in dtypes.FLOATING:
        cases += [drawn(rng, "scatter_add", shape, 60, dtype) for shape in ((11,), (11, 3), (11, 2, 5))]
    for kind in integers:
        indices = rng.integers(0, 15, 40).astype(kind)
        cases.append(("scatter_add", np.zeros((11, 3)), indices, numbers(rng, (40, 3), np.float64)))
    run(cases)
    run([(op, spread(table), spread(indices), spread(rows)) for op, table, indices, rows in cases[::5]], gaps=True)


def test_integers_wrap_around_and_uint64_reaches_outside() -> None:
    table = np.full((4, 3), 250, np.uint8)
    for indices in (np.array([[3, 0, 3], [3, 9, 2]]), np.array([[3, 0, 3], [3, 2**64 - 1, 2]], np.uint64)):
        rows = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
        result = Guarded(table.shape, table.dtype)
        assert load_all([ScatterAdd(*dense((table, indices, rows, result.array)))])[0](
            table, indices, rows, result.array
        )
        expected = table.copy()
        for at, row in zip(indices.ravel().tolist(), rows.reshape(6, 3), strict=True):
            if at < 4:
                expected[at] += row
        np.testing.assert_array_equal(result.array, expected)
        assert result.intact()


def test_a_table_of_one_repeated_number() -> None:
    rng = np.random.default_rng(3)
    zeros = np.broadcast_to(np.float32(0), (3000, 8))
    indices, rows = rng.integers(0, 3000, 4000), numbers(rng, (4000, 8), np.float32)
    result = Guarded(zeros.shape, zeros.dtype)
    kernel = ScatterAdd(*dense((zeros, indices, rows, result.array)))
    assert kernel.items == min(16, 1 << (cores() - 1).bit_length())
    assert not kernel.may_overwrite(0, 0)
    assert load_all([kernel])[0](zeros, indices, rows, result.array, pieces=3)
    np.testing.assert_array_equal(result.array, meaning("scatter_add", zeros, indices, rows))


def test_nothing_to_do() -> None:
    for shape, indices in (((0, 3), np.array([0, 1])), ((4, 0), np.array([3])), ((4, 3), np.zeros((2, 0), int))):
        rows = np.ones((*indices.shape, *shape[1:]))
        run([(op, np.ones(shape), indices, rows) for op in OPS])


def test_only_the_table_may_be_overwritten() -> None:
    table = layout(np.zeros((4, 3)))
    kernel = ScatterAdd(table, layout(np.zeros(2, int)), layout(np.zeros((2, 3))), table)
    assert [kernel.may_overwrite(0, read) for read in range(3)] == [True, False, False]
