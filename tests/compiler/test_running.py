"""Running sums and products, native, against the meaning."""

from __future__ import annotations

import numpy as np
import pytest

from compiler.native import layout, load_all, runnable
from compiler.rowcases import WIDTHS, Array, Guarded, numbers, spread
from saegim import dtypes
from saegim.compiler.kernels.running import Running
from saegim.reference import meaning
from saegim.runtime.target import Target


def run(cases: list[tuple[Array, int]], target: Target | None = None, gaps: bool = False) -> None:
    """Sums and products in pieces of several sizes: the meaning, bit for bit."""
    results = [Guarded(x.shape, x.dtype, gaps) for x, _ in cases]
    given = [(x, axis, to, product) for (x, axis), to in zip(cases, results, strict=True) for product in (False, True)]
    kernels = [Running(layout(x), layout(to.array), axis, product) for x, axis, to, product in given]
    for kernel, (x, axis, result, product) in zip(load_all(kernels, target), given, strict=True):
        with np.errstate(all="ignore"):
            expected = meaning("cumprod" if product else "cumsum", x, axis=axis)
        for pieces in (1, 2, 5):
            assert kernel(x, result.array, pieces=pieces)
            np.testing.assert_array_equal(result.array, expected)
            assert result.intact()


@pytest.mark.parametrize("target", runnable(), ids=lambda target: target.name)
def test_lines_of_many_lengths(target: Target) -> None:
    rng = np.random.default_rng(0)
    cases = []
    for length in (0, *WIDTHS):
        cases += [(numbers(rng, (3, length), np.float32), 1), (numbers(rng, (5, length), np.float32), 0)]
    run(cases, target)


@pytest.mark.parametrize("dtype", [each for each in dtypes.ALL if each.kind in "iuf"], ids=str)
def test_every_dtype_axis_and_stride(dtype: dtypes.DType) -> None:
    x = numbers(np.random.default_rng(1), (3, 9, 20), dtype)
    run([(x, axis) for axis in (0, 1, -1)] + [(x.transpose(2, 0, 1), 0), (x[::-1, ::-1], 1), (x[0, 0], 0)])
    run([(spread(x), axis) for axis in (0, 1, 2)], gaps=True)


def test_the_first_number_keeps_its_sign_and_nan_stays() -> None:
    x = np.array([[-0.0, 0.0, 1.0], [np.inf, -np.inf, 2.0], [3.0, np.nan, 1.0]])
    kernel = Running(layout(x), layout(x), 1, product=False)
    assert kernel.may_overwrite(0, 0)
    with np.errstate(all="ignore"):
        expected = meaning("cumsum", x, axis=1)
    assert load_all([kernel])[0](x, x)
    np.testing.assert_array_equal(x, expected)
    assert np.signbit(x[0, 0])
