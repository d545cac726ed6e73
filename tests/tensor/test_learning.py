"""Beyond the standard: softmax and its kin, rows, windows, random numbers' users; values and derivatives."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import saegim as sg
from saegim.errors import DTypeError, ShapeError

inf, nan = math.inf, math.nan


def slope(function: Callable[[Any], Any], x: np.ndarray[Any, Any], seed: int = 0) -> None:
    """The derivative along a random direction agrees with the central difference in float64."""
    rng = np.random.default_rng(seed)
    weights = sg.asarray(rng.normal(size=np.asarray(function(sg.asarray(x))).shape))
    direction = rng.normal(size=x.shape)

    def loss(a: Any) -> Any:
        return sg.sum(function(a) * weights)

    step = 1e-6
    ahead, behind = (float(loss(sg.asarray(x + sign * step * direction))) for sign in (1, -1))
    along = float(np.sum(np.asarray(sg.grad(loss)(sg.asarray(x))) * direction))
    assert along == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-7)


def exact_softmax(x: np.ndarray[Any, Any], axis: int) -> np.ndarray[Any, Any]:
    powers = np.exp(np.longdouble(x) - np.longdouble(x).max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


class TestSoftmax:
    @given(hnp.arrays("float64", hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-800, 800)), st.data())
    def test_values(self, x: Any, data: st.DataObject) -> None:
        axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
        expected = exact_softmax(x, axis)
        log = np.log(np.maximum(expected, 1e-4000))
        np.testing.assert_allclose(np.asarray(sg.softmax(sg.asarray(x), axis=axis)), expected.astype(float), rtol=1e-12)
        np.testing.assert_allclose(
            np.asarray(sg.log_softmax(sg.asarray(x), axis=axis)), log.astype(float), rtol=1e-12, atol=1e-12
        )

    @given(hnp.arrays("float64", hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-800, 800)), st.data())
    def test_logsumexp(self, x: Any, data: st.DataObject) -> None:
        axes = data.draw(st.sampled_from([None, 0, -1, (0, -1) if x.ndim > 1 else (0,)]))
        keepdims = data.draw(st.booleans())
        peak = np.longdouble(x).max(axes, keepdims=True)
        kept = np.log(np.exp(np.longdouble(x) - peak).sum(axes, keepdims=True)) + peak
        found = sg.logsumexp(sg.asarray(x), axis=axes, keepdims=keepdims)
        expected = kept if keepdims else np.squeeze(kept, tuple(range(x.ndim)) if axes is None else axes)
        np.testing.assert_allclose(np.asarray(found), expected.astype(float), rtol=1e-12, atol=1e-13)

    @pytest.mark.parametrize("function", [sg.softmax, sg.log_softmax, lambda a: sg.logsumexp(a, axis=-1), sg.erf])
    def test_derivatives(self, function: Any) -> None:
        x = np.random.default_rng(1).normal(size=(3, 5))
        slope(function, x)
        slope(function, x + 700)
        slope(sg.grad(lambda a: sg.sum(function(a) ** 2)), x)  # the second one

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_traced_as_known(self, dtype: str, agree: Any) -> None:
        x = np.array([[1, 2, 3], [inf, 0, 1], [-inf, 0, 1], [-inf, -inf, -inf], [nan, 0, 0]], dtype)
        log = math.log1p(math.exp(-1)) + 1
        expected = np.array([3 + math.log(1 + math.exp(-1) + math.exp(-2)), inf, log, -inf, nan], dtype)
        agree(lambda a: sg.logsumexp(a, axis=1), expected, x, rtol=1e-6)
        agree(lambda a: sg.softmax(a)[2], exact_softmax(x[2], 0).astype(dtype), x, rtol=1e-6)
        assert sg.softmax(sg.asarray(x)).dtype == dtype

    def test_a_row_without_anything_has_no_slope(self) -> None:
        x = sg.asarray([[-inf, -inf], [-inf, 0.0], [0.0, 0.0]])
        found = sg.grad(lambda a: sg.sum(sg.where(sg.asarray([False, True, True]), sg.logsumexp(a, axis=1), 0.0)))(x)
        np.testing.assert_allclose(np.asarray(found), [[0, 0], [0, 1], [0.5, 0.5]])

    def test_nothing(self) -> None:
        empty = sg.ones((2, 0))
        assert sg.softmax(empty).shape == sg.log_softmax(empty).shape == (2, 0)
        assert sg.logsumexp(empty, axis=1).tolist() == [-inf, -inf]
        assert sg.logsumexp(empty, axis=0, keepdims=True).shape == (1, 0)

    def test_integers_are_refused(self) -> None:
        for function in (sg.softmax, sg.log_softmax, sg.logsumexp):
            with pytest.raises(DTypeError, match="floating-point dtype expected, int64 given"):
                function(sg.asarray([1, 2]))


def test_stop_gradient() -> None:
    value, slope = sg.value_and_grad(lambda x: sg.sum(sg.stop_gradient(x) * x))(sg.asarray([3.0]))
    assert (value.tolist(), slope.tolist()) == (9.0, [3.0])


class TestRows:
    def test_one_hot(self, agree: Any) -> None:
        x = np.array([[0, 2], [-1, 3]], np.int8)
        expected = np.array([[[1, 0, 0], [0, 0, 1]], [[0, 0, 0], [0, 0, 0]]], np.float32)
        agree(lambda a: sg.one_hot(a, 3), expected, x)
        agree(lambda a: sg.one_hot(a, 3, dtype=sg.bool), expected.astype(bool), x)
        agree(lambda a: sg.one_hot(a, 0), np.zeros((2, 2, 0), np.float32), x)
        with pytest.raises(DTypeError, match="one_hot: integer indices expected, float32 given"):
            sg.one_hot(sg.ones(2), 3)

    def test_scatter_add(self, agree: Any) -> None:
        table, rows = np.zeros((3, 2), np.float32), np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], np.float32)
        indices = np.array([[0, 2], [0, 9]])
        agree(sg.scatter_add, np.array([[6, 8], [0, 0], [3, 4]], np.float32), table, indices, rows)
        with pytest.raises(ShapeError, match=r"scatter_add: updates of shape \(2, 2\) expected, \(2, 3\) given"):
            sg.scatter_add(sg.ones((3, 2)), sg.asarray([0, 1]), sg.ones((2, 3)))

    def test_bag(self, agree: Any) -> None:
        rng = np.random.default_rng(0)
        table, weights = rng.normal(size=(5, 3)), rng.normal(size=6)
        indices, offsets = np.array([0, 4, 4, 1, 2, 3]), np.array([0, 2, 2, 5])
        expected = np.stack([(weights[a:b, None] * table[indices[a:b]]).sum(0) for a, b in pairwise(offsets)])
        agree(sg.bag, expected, table, indices, weights, offsets, rtol=1e-12)
        slope(lambda t: sg.bag(t, sg.asarray(indices), sg.asarray(weights), sg.asarray(offsets)), table)
        slope(lambda w: sg.bag(sg.asarray(table), sg.asarray(indices), w, sg.asarray(offsets)), weights)


class TestWindows:
    def test_pad(self, agree: Any) -> None:
        x = np.array([[1, 2]], np.int16)
        agree(lambda a: sg.pad(a, [(1, 0), (0, 2)], value=7), np.array([[7] * 4, [1, 2, 7, 7]], np.int16), x)
        agree(lambda a: sg.pad(a, [(0, 0), (0, 0)]), x, x)
        with pytest.raises(ShapeError, match=r"pad: a \(before, after\) for each of 2 axes expected, 1 given"):
            sg.pad(sg.ones((1, 2)), [(1, 1)])
        with pytest.raises(ShapeError, match="pad: padding of at least 0 expected"):
            sg.pad(sg.ones(2), [(-1, 0)])
        with pytest.raises(DTypeError, match="pad: a Python float does not combine with a tensor of int16"):
            sg.pad(sg.asarray(x), [(0, 0), (0, 0)], value=0.5)

    @given(data=st.data())
    def test_windows(self, data: st.DataObject, agree: Any) -> None:
        axes = data.draw(st.integers(1, 2))
        number = st.lists(st.integers(1, 3), min_size=axes, max_size=axes)
        size, stride, dilation = (data.draw(number) for _ in range(3))
        space = [(k - 1) * d + 1 + data.draw(st.integers(0, 3)) for k, d in zip(size, dilation, strict=True)]
        x = np.random.default_rng(0).normal(size=(2, *space, 3))
        whole = np.lib.stride_tricks.sliding_window_view(
            x, [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)], axis=tuple(range(1, axes + 1))
        )
        steps = [slice(None, None, s) for s in stride]
        gaps = [slice(None, None, d) for d in dilation]
        expected = np.moveaxis(whole[(slice(None), *steps, slice(None), *gaps)], axes + 1, -1)
        agree(lambda a: sg.windows(a, size, stride=stride, dilation=dilation), expected, x)
        if stride == dilation == [1] * axes:
            agree(lambda a: sg.windows(a, size), expected, x)

    def test_windows_that_do_not_fit(self) -> None:
        with pytest.raises(ShapeError, match=r"windows: windows that span \(3,\) do not fit into \(2,\)"):
            sg.windows(sg.ones((1, 2, 1)), (3,))


class TestDerivativesAtTheEdge:
    """Composite functions whose parts have no derivative somewhere."""

    def test_the_deviation_of_equal_numbers(self) -> None:
        x = sg.asarray([[2.0, 2.0], [1.0, 3.0]])
        found = sg.grad(lambda a: sg.sum(sg.std(a, axis=1)))(x)
        np.testing.assert_allclose(np.asarray(found), [[0, 0], [-0.5, 0.5]])

    def test_clip(self) -> None:
        x = sg.asarray([-2.0, 0.5, 2.0, nan])
        found = sg.grad(lambda a: sg.sum(sg.clip(a, -1, 1)[:3]))(x)
        np.testing.assert_array_equal(np.asarray(found), [0, 1, 0, 0])

    @pytest.mark.parametrize(
        "function",
        [
            lambda a: sg.cumulative_sum(a, axis=1, include_initial=True),
            lambda a: sg.cumulative_prod(a, axis=0, include_initial=True),
            lambda a: sg.diff(a, n=2),
            lambda a: sg.sort(a, axis=0),
            lambda a: sg.take(a, sg.asarray([1, 1, -1]), axis=1),
            lambda a: sg.take_along_axis(a, sg.argsort(a, axis=1), axis=1),
            lambda a: sg.tensordot(a, a, axes=([0], [0])),
            lambda a: sg.vecdot(a, a, axis=-2),
            lambda a: sg.var(a, axis=0, correction=1),
            lambda a: sg.std(a),
            lambda a: sg.prod(a, axis=1),
            lambda a: sg.max(a, axis=1) - sg.min(a),
            lambda a: sg.roll(a, 2, axis=1) * sg.tril(a) + sg.triu(a, k=1) ** 2,
            lambda a: sg.repeat(a, sg.asarray([2, 0, 1]), axis=0),
            lambda a: sg.concat([a, sg.flip(a)], axis=None),
            lambda a: sg.stack(sg.unstack(a, axis=1)[::-1], axis=0) @ a,
            lambda a: sg.reciprocal(a) + sg.square(a) + sg.hypot(a, 2.0) + sg.logaddexp(a, 0.0) + sg.atan2(a, 3.0),
            lambda a: sg.pow(sg.abs(a), 1.5) + sg.remainder(a, 0.7) + sg.copysign(a, -1.0) + sg.tan(a),
            lambda a: sg.pad(a, [(1, 0), (0, 2)]) + 1,
            lambda a: sg.windows(sg.reshape(a, (3, 5, 1)), (2,), stride=(2,)),
        ],
    )
    def test_composites(self, function: Any) -> None:
        x = np.random.default_rng(3).normal(size=(3, 5))
        slope(function, x)

    def test_powers_of_zero(self) -> None:
        x = sg.asarray([0.0, 0.0, 2.0])
        found = sg.grad(lambda a: sg.sum(sg.pow(a, sg.asarray([1.0, 2.0, 3.0]))))(x)
        np.testing.assert_allclose(np.asarray(found), [1, 0, 12])
