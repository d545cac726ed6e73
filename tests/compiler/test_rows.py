"""Rows taken from tables, native, against the meaning."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

from compiler.native import layout, load_all, runnable
from compiler.rowcases import WIDTHS, Array, Guarded, numbers, spread
from saegim import dtypes
from saegim.compiler.kernels.base import Kernel
from saegim.compiler.kernels.rows import Take
from saegim.reference import meaning
from saegim.runtime.target import Target

Mode = Literal["raise", "clip", "fill"]
MODES: tuple[Mode, ...] = ("raise", "clip", "fill")


def run(cases: list[tuple[Array, Array, Mode]], target: Target | None = None, gaps: bool = False) -> None:
    """Each case in pieces of several sizes, compared with the meaning; faults where that raises."""
    operands = []
    kernels: list[Kernel] = []
    for table, indices, mode in cases:
        result = Guarded((*indices.shape, *table.shape[1:]), table.dtype, gaps)
        operands.append((table, indices, result))
        kernels.append(Take(layout(table), layout(indices), layout(result.array), mode))
    for kernel, (table, indices, result), (_, _, mode) in zip(load_all(kernels, target), operands, cases, strict=True):
        for pieces in (1, 2, 5):
            sound = kernel(table, indices, result.array, pieces=pieces)
            try:
                expected = meaning("take", table, indices, mode=mode, unique=False)
            except IndexError:
                assert not sound
            else:
                assert sound
                np.testing.assert_array_equal(result.array, expected)
            assert result.intact()


@pytest.mark.parametrize("target", runnable(), ids=lambda target: target.name)
def test_rows_of_many_widths(target: Target) -> None:
    rng = np.random.default_rng(0)
    cases: list[tuple[Array, Array, Mode]] = []
    for width in (*WIDTHS, 600):
        for mode in MODES:
            indices = rng.integers(0, 40, 33) if mode == "raise" else rng.integers(-9, 60, 33)
            cases.append((numbers(rng, (40, width), np.float32), indices, mode))
    run(cases, target)


def test_every_dtype_of_tables_and_of_indices() -> None:
    rng = np.random.default_rng(1)
    cases: list[tuple[Array, Array, Mode]] = []
    for number, dtype in enumerate(dtypes.ALL):
        for shape in ((11,), (11, 2, 5)):
            integers = (*dtypes.SIGNED, *dtypes.UNSIGNED)
            kind = integers[(number + len(shape)) % len(integers)]
            indices = rng.integers(-5 if kind.kind == "i" else 0, 19, (5, 7)).astype(kind)
            cases += [
                (numbers(rng, shape, dtype), indices % 11 if mode == "raise" else indices, mode) for mode in MODES
            ]
    run(cases)
    run([(spread(table), spread(indices), mode) for table, indices, mode in cases[::4]], gaps=True)


@pytest.mark.parametrize("width", [(), (4,)])
def test_the_largest_uint64_and_the_smallest_int64_are_outside(width: tuple[int, ...]) -> None:
    table = numbers(np.random.default_rng(2), (5, *width), np.float64)
    far: list[Any] = [np.array([0, 2**64 - 1, 2**63, 4, 5] * 5, np.uint64), np.array([-(2**63), 2**63 - 1, -1, 4] * 6)]
    run([(table, indices, mode) for indices in far for mode in MODES])


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 17, 129])
def test_one_bad_index_among_single_elements(count: int) -> None:
    rng = np.random.default_rng(count)
    cases: list[tuple[Array, Array, Mode]] = []
    for mode in MODES:
        indices = rng.integers(0, 6, count)
        cases.append((numbers(rng, (6,), np.float32), indices.copy(), mode))
        indices[-1:] = 6
        cases.append((numbers(rng, (6,), np.float32), indices, mode))
    run(cases)


def test_empty_tables_rows_and_indices() -> None:
    some, none = np.array([0, 1, -1]), np.zeros((0, 3), int)
    cases: list[tuple[Array, Array, Mode]] = []
    for mode in MODES:
        for shape in ((0,), (0, 3), (4, 0)):
            cases += [(np.zeros(shape), some, mode), (np.zeros(shape), none, mode)]
    run(cases)


def test_rows_repeated_in_memory_and_far_apart() -> None:
    rng = np.random.default_rng(3)
    one = np.broadcast_to(numbers(rng, (1, 5), np.float32), (9, 5))
    column = np.broadcast_to(numbers(rng, (9, 1), np.float32), (9, 40))
    large = numbers(rng, (200_000, 16), np.float32)
    run([(each, rng.integers(0, 9, 20), "raise") for each in (one, column)])
    run([(large, rng.integers(0, 200_000, 100), "raise"), (large[::-1], rng.integers(-9, 10**6, 100), "fill")])
