"""Copies from layout to layout, native, against NumPy's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.native import dense, layout, load_all, runnable
from compiler.rowcases import WIDTHS, Array, Guarded, numbers, spread
from saegim import dtypes
from saegim.compiler.kernels.copies import Copy, fill
from saegim.runtime.target import Target

Axes = tuple[int, ...]


def run(cases: Sequence[tuple[Array, Axes]], target: Target | None = None, gaps: bool = False) -> None:
    """Copies each array into new memory whose axes lie in the given order, in pieces of several sizes."""
    results = [Guarded([source.shape[axis] for axis in order], source.dtype, gaps) for source, order in cases]
    views = [each.array.transpose(np.argsort(order)) for (_, order), each in zip(cases, results, strict=True)]
    kernels = [Copy(*dense((source, view))) for (source, _), view in zip(cases, views, strict=True)]
    loaded = load_all(kernels, target)
    for kernel, (source, _), view, result in zip(loaded, cases, views, results, strict=True):
        for pieces in (1, 2, 5):
            assert kernel(source, view, pieces=pieces)
            np.testing.assert_array_equal(view, source)
            assert result.intact()


@pytest.mark.parametrize("target", runnable(), ids=lambda target: target.name)
def test_matrices_transposed(target: Target) -> None:
    rng = np.random.default_rng(0)
    sizes = (*WIDTHS, 3, 15, 31)
    shapes = [(rows, sizes[(at + 5) % len(sizes)]) for at, rows in enumerate(sizes)] + [(2, 40), (40, 2), (48, 48)]
    for dtype in (np.float32, np.float64, np.int16, np.bool_):
        run([(numbers(rng, shape, dtype), (1, 0)) for shape in shapes], target)


def test_axes_in_every_order() -> None:
    rng = np.random.default_rng(1)
    array = numbers(rng, (3, 17, 2, 20), np.float32)
    run([(array, order) for order in permutations(range(4))])
    run([(spread(array), order) for order in list(permutations(range(4)))[::5]], gaps=True)


@pytest.mark.parametrize("dtype", dtypes.ALL, ids=str)
def test_every_dtype(dtype: dtypes.DType) -> None:
    rng = np.random.default_rng(2)
    array = numbers(rng, (9, 2, 35), dtype)
    run([(array, (0, 1, 2)), (array, (2, 1, 0)), (spread(array), (0, 2, 1)), (array[::-1, :, ::-1], (0, 1, 2))])


def test_lines() -> None:
    rng = np.random.default_rng(3)
    arrays = [numbers(rng, (size,), np.float32) for size in (0, 1, *WIDTHS, 4095, 4096, 4097, 20_001)]
    run([(array, (0,)) for array in arrays])
    run([(array[::-1], (0,)) for array in arrays] + [(array[1::2], (0,)) for array in arrays])
    run([(np.broadcast_to(np.float32(3), array.shape), (0,)) for array in arrays])
    run([(array, (0,)) for array in arrays], gaps=True)


def test_no_axes_and_no_elements() -> None:
    run([(np.array(5.0), ()), (np.ones((1, 1)), (1, 0)), (np.ones((0, 3)), (1, 0)), (np.ones((3, 0, 2)), (2, 1, 0))])


def test_one_number_everywhere() -> None:
    value = np.array(7, np.int16)
    for shape, gaps in (((), False), ((3, 50), False), ((3, 50), True), ((9000,), False), ((0, 4), False)):
        result = Guarded(shape, np.int16, gaps)
        assert load_all([fill(layout(result.array))])[0](value, result.array, pieces=2)
        np.testing.assert_array_equal(result.array, np.full(shape, 7))
        assert result.intact()


@settings(max_examples=15)
@given(st.data())
def test_whatever_layouts(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.sampled_from([1, 2, 3, 5, 16, 18]), min_size=1, max_size=4))
    array = numbers(np.random.default_rng(4), shape, np.float32)
    for axis, size in enumerate(shape):
        kind = data.draw(st.sampled_from(["as it is", "backwards", "repeated", "every other"]))
        if kind == "backwards":
            array = np.flip(array, axis)
        elif kind == "repeated":
            array = np.broadcast_to(array.take([0], axis), array.shape)
        elif kind == "every other":
            array = np.repeat(array, 2, axis)[(slice(None),) * axis + (slice(None, 2 * size, 2),)]
    order = tuple(data.draw(st.permutations(range(len(shape)))))
    run([(array.transpose(data.draw(st.permutations(range(len(shape))))), order)], gaps=data.draw(st.booleans()))
