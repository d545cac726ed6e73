"""Positions of the largest and smallest, native, against the meaning."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.native import layout, load_all, runnable
from compiler.rowcases import WIDTHS, Array, Guarded, numbers, spread
from saegim import dtypes
from saegim.compiler.kernels.extremes import ArgExtreme
from saegim.compiler.kernels.walk import without
from saegim.reference import meaning
from saegim.runtime.target import Target


def run(cases: list[tuple[Array, int]], target: Target | None = None, gaps: bool = False) -> None:
    """Both positions, in pieces of several sizes."""
    results = [Guarded(without(x.shape, axis), np.int64, gaps) for x, axis in cases]
    pairs = [(x, axis, to, largest) for (x, axis), to in zip(cases, results, strict=True) for largest in (True, False)]
    kernels = [ArgExtreme(layout(x), layout(to.array), axis, largest) for x, axis, to, largest in pairs]
    for kernel, (x, axis, result, largest) in zip(load_all(kernels, target), pairs, strict=True):
        expected = meaning("argmax" if largest else "argmin", x, axis=axis)
        for pieces in (1, 2, 5):
            assert kernel(x, result.array, pieces=pieces)
            np.testing.assert_array_equal(result.array, expected)
            assert result.intact()


def with_ties(rng: np.random.Generator, shape: tuple[int, ...], dtype: dtypes.DType, nans: float = 0.0) -> Array:
    x = numbers(rng, shape, dtype)
    x = np.where(rng.random(shape) < 0.5, rng.choice(x.ravel(), shape), x)
    return np.where(rng.random(shape) < nans, np.array(np.nan, dtype), x) if dtype.kind == "f" else x


@pytest.mark.parametrize("target", runnable(), ids=lambda target: target.name)
def test_lines_of_many_lengths(target: Target) -> None:
    rng = np.random.default_rng(0)
    cases = []
    for length in (*WIDTHS, 31, 32, 600):
        for dtype in (dtypes.float32, dtypes.int64):
            cases += [(with_ties(rng, (7, length), dtype), 1), (with_ties(rng, (length, 7), dtype), 0)]
    run(cases, target)


@pytest.mark.parametrize("dtype", [each for each in dtypes.ALL if each.kind in "iuf"], ids=str)
def test_every_dtype_axis_and_stride(dtype: dtypes.DType) -> None:
    rng = np.random.default_rng(1)
    x = with_ties(rng, (3, 130, 5), dtype)
    run([(x, axis) for axis in (0, 1, -1)] + [(x.transpose(0, 2, 1), 2), (x[:, ::-1], 1)])
    run([(spread(x), axis) for axis in (0, 1, 2)], gaps=True)


def test_the_first_nan_counts_as_largest_and_as_smallest() -> None:
    rng = np.random.default_rng(2)
    for dtype in (dtypes.float32, dtypes.float64):
        run([(with_ties(rng, (40, 100), dtype, nans=0.02), axis) for axis in (0, 1)])
    zeros = np.array([[-0.0, 0.0] * 40, [0.0, -0.0] * 40])
    run([(zeros, 1), (zeros, 0), (np.full((2, 50), np.inf), 1), (np.full((2, 50), -np.inf), 1)])


def test_no_lines() -> None:
    run([(np.ones((0, 3)), 1), (np.ones((2, 3, 0)), 1)])
    run([(np.ones(5), 0), (np.arange(100.0), 0), (-np.arange(100.0), 0)])
