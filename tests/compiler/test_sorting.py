"""Sorting and searching, native, against the meaning."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from compiler.native import layout, load_all, runnable
from compiler.rowcases import Array, Guarded, numbers, spread
from saegim import dtypes
from saegim.compiler.kernels.sorting import ArgSort, SearchSorted
from saegim.reference import meaning
from saegim.runtime.target import Target

NUMERIC = [dtype for dtype in dtypes.ALL if dtype.kind in "iuf"]
SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


def sort(cases: list[tuple[Array, int]], target: Target | None = None, gaps: bool = False) -> None:
    results = [Guarded(x.shape, np.int64, gaps) for x, _ in cases]
    kernels = [ArgSort(layout(x), layout(to.array), axis) for (x, axis), to in zip(cases, results, strict=True)]
    for kernel, (x, axis), result in zip(load_all(kernels, target), cases, results, strict=True):
        for pieces in (1, 2, 5):
            assert kernel(x, result.array, pieces=pieces)
            np.testing.assert_array_equal(result.array, meaning("argsort", x, axis=axis))
            assert result.intact()


def search(cases: list[tuple[Array, Array]], target: Target | None = None) -> None:
    results = [Guarded(values.shape, np.int64) for _, values in cases]
    kernels = [
        SearchSorted(layout(known), layout(values), layout(to.array), side)
        for (known, values), to in zip(cases, results, strict=True)
        for side in SIDES
    ]
    loaded = load_all(kernels, target)
    for number, ((known, values), result) in enumerate(zip(cases, results, strict=True)):
        for at, side in enumerate(SIDES):
            assert loaded[2 * number + at](known, values, result.array, pieces=2)
            np.testing.assert_array_equal(result.array, meaning("searchsorted", known, values, side=side))
        assert result.intact()


def special(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    """Numbers with ties; among floating ones also both zeros, infinities and NaNs of both signs."""
    x = numbers(rng, shape, dtype)
    if x.dtype.kind == "f":
        odd = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 1e-40, -1e-40, 1.0, -1.0], x.dtype)
        return np.where(rng.random(shape) < 0.6, rng.choice(odd, shape), x)
    return np.where(rng.random(shape) < 0.3, rng.choice(x.ravel(), shape), x) if x.size else x


@pytest.mark.parametrize("target", runnable(), ids=lambda target: target.name)
def test_lines_of_many_lengths(target: Target) -> None:
    rng = np.random.default_rng(0)
    lengths = (0, 1, 2, 7, 31, 32, 33, 129, 1000)
    sort([(special(rng, (3, length), dtype), 1) for length in lengths for dtype in (np.float32, np.int64)], target)


def test_every_dtype_axis_and_stride() -> None:
    rng = np.random.default_rng(1)
    cases = []
    for dtype in NUMERIC:
        cases += [(special(rng, (2, 40, 3), dtype), axis) for axis in (0, 1, -1)]
    sort(cases)
    sort([(spread(x), axis) for x, axis in cases[::2]], gaps=True)
    sort([(x[:, ::-1], axis) for x, axis in cases[1::4]])


def test_long_lines() -> None:
    rng = np.random.default_rng(2)
    ids, wide = rng.integers(0, 200_000, 20_000), rng.integers(-(2**63), 2**63 - 1, 9000)
    sort([(ids, 0), (ids.astype(np.int32), 0), (wide, 0), (special(rng, (10_000,), np.float64), 0)])
    sort([(np.zeros(9000, int), 0), (np.arange(9000) % 7 - 3, 0)])


@settings(max_examples=15)
@given(hnp.arrays(st.sampled_from([np.float32, np.int8]), hnp.array_shapes(max_dims=1, max_side=70)))
def test_whatever_numbers(x: Array) -> None:
    sort([(x, 0)])
    search([(np.sort(x), x)])


@pytest.mark.parametrize("target", runnable(), ids=lambda target: target.name)
def test_searching_among_many_lengths(target: Target) -> None:
    rng = np.random.default_rng(3)
    cases = []
    for length in (0, 1, 2, 3, 7, 8, 100):
        cases.append((np.sort(special(rng, (length,), np.float32)), special(rng, (3, 50), np.float32)))
    search(cases, target)


def test_searching_in_every_dtype_and_stride() -> None:
    rng = np.random.default_rng(4)
    for dtype in NUMERIC:
        known, values = np.sort(special(rng, (60,), dtype)), special(rng, (6, 5), dtype)
        search([(known, values), (spread(known), spread(values)), (known, known), (known, values[:0])])
