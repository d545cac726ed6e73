"""Statistics, truth, differences, positions and order along axes, against NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import saegim as sg
from saegim.errors import DTypeError, ShapeError, TraceError

INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
SHAPES: list[tuple[tuple[int, ...], Any]] = [
    ((), None),
    ((), ()),
    ((5,), 0),
    ((5,), -1),
    ((2, 3), None),
    ((2, 3), (0, -1)),
    ((2, 3), ()),
    ((2, 3, 4), (2, 0)),
    ((2, 0, 3), 0),
    ((2, 0, 3), 1),
    ((0,), None),
]


def grow(dtype: Any) -> Any:
    """The dtype of sums and products."""
    return {"i": np.int64, "u": np.uint64}.get(np.dtype(dtype).kind, np.dtype(dtype))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
class TestReductions:
    @pytest.mark.parametrize("dtype", [*INTS, "float32", "float64"])
    def test_sum_and_prod(self, shape: Any, axis: Any, keepdims: bool, dtype: Any, agree: Any, sample: Any) -> None:
        x = sample(dtype, shape)
        if x.dtype.kind == "f":
            x = np.where(
                np.isfinite(x) & (np.abs(x) < 1e3), x, dtype(1) if callable(dtype) else np.dtype(dtype).type(1)
            )
        options = {"axis": axis, "keepdims": keepdims}
        rtol = 1e-5 if x.dtype.kind == "f" else 0.0
        agree(lambda a: sg.sum(a, **options), np.asarray(np.sum(x, dtype=grow(dtype), **options)), x, rtol=rtol)
        agree(lambda a: sg.prod(a, **options), np.asarray(np.prod(x, dtype=grow(dtype), **options)), x, rtol=rtol)

    @pytest.mark.parametrize("dtype", ["int8", "uint64", "float32", "float64"])
    def test_max_and_min(self, shape: Any, axis: Any, keepdims: bool, dtype: str, agree: Any, sample: Any) -> None:
        x = sample(dtype, shape)
        options = {"axis": axis, "keepdims": keepdims}
        try:
            expected = np.asarray(np.max(x, **options)), np.asarray(np.min(x, **options))
        except ValueError:
            with pytest.raises(ShapeError, match="an empty axis has no extreme"):
                sg.max(sg.asarray(x), **options)
            return
        agree(lambda a: (sg.max(a, **options), sg.min(a, **options)), expected, x)

    @pytest.mark.parametrize("dtype", ["bool", "int8", "float32"])
    def test_truth(self, shape: Any, axis: Any, keepdims: bool, dtype: str, agree: Any, sample: Any) -> None:
        options = {"axis": axis, "keepdims": keepdims}
        for x in (sample(dtype, shape), np.zeros(shape, dtype), np.ones(shape, dtype)):
            expected = np.any(x, **options), np.all(x, **options), np.count_nonzero(x, **options)
            agree(
                lambda a: (sg.any(a, **options), sg.all(a, **options), sg.count_nonzero(a, **options)),
                tuple(map(np.asarray, expected)),
                x,
            )

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_moments(self, shape: Any, axis: Any, keepdims: bool, dtype: str, agree: Any) -> None:
        x = np.random.default_rng(0).normal(3, 2, shape).astype(dtype)
        options = {"axis": axis, "keepdims": keepdims}
        for correction in (0, 1, 0.5):
            with np.errstate(all="ignore"), pytest.warns() if _warns(x, axis, correction) else nullcontext():
                expected = tuple(
                    np.asarray(each, dtype)
                    for each in (
                        np.mean(x, **options),
                        np.var(x, ddof=correction, **options),
                        np.std(x, ddof=correction, **options),
                    )
                )
            agree(
                lambda a, c=correction: (
                    sg.mean(a, **options),
                    sg.var(a, correction=c, **options),
                    sg.std(a, correction=c, **options),
                ),
                expected,
                x,
                rtol=1e-5,
            )


def _warns(x: np.ndarray[Any, Any], axis: Any, correction: float) -> bool:
    """NumPy warns of moments of too few elements."""
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis).astype(int)
    count = math.prod(x.shape[each] for each in axes)
    return count == 0 or count <= correction


def test_sums_in_a_stated_dtype() -> None:
    x = sg.asarray([200, 100], dtype=sg.uint8)
    assert sg.sum(x, dtype=sg.uint8).tolist() == 44
    assert sg.sum(x, dtype=sg.float32).dtype == sg.float32
    assert sg.prod(x, dtype=sg.int16).tolist() == 20000
    assert sg.cumulative_sum(x, dtype=sg.uint8).tolist() == [200, 44]


@pytest.mark.parametrize("function", [sg.sum, sg.prod, sg.cumulative_sum, sg.cumulative_prod, sg.diff])
def test_truth_values_have_no_sum(function: Callable[..., Any]) -> None:
    with pytest.raises(DTypeError, match="a numeric dtype expected, bool given"):
        function(sg.asarray([True]))


@pytest.mark.parametrize("function", [sg.mean, sg.var, sg.std])
def test_integers_have_no_mean(function: Callable[..., Any]) -> None:
    with pytest.raises(DTypeError, match="a floating-point dtype expected, int64 given; cast it with astype"):
        function(sg.asarray([1, 2]))


def test_deviations_do_not_cancel() -> None:
    x = sg.asarray([1e4 + 1, 1e4 + 2, 1e4 + 3], dtype=sg.float32)
    assert sg.var(x).tolist() == pytest.approx(2 / 3, rel=1e-6)


def test_axes_that_there_are_not() -> None:
    with pytest.raises(ShapeError, match="sum: axis 2 given, but there are 2 axes"):
        sg.sum(sg.ones((2, 3)), axis=2)
    with pytest.raises(ShapeError, match=r"max: distinct axes expected, \(0, -2\) given"):
        sg.max(sg.ones((2, 3)), axis=(0, -2))
    with pytest.raises(ShapeError, match="argmax: axis -1 given, but there are 0 axes"):
        sg.argmax(sg.asarray(1), axis=-1)


class TestCumulative:
    @given(data=st.data())
    def test_against_numpy(self, data: st.DataObject, agree: Any) -> None:
        dtype = data.draw(st.sampled_from(["int8", "uint16", "float64"]))
        shape = data.draw(hnp.array_shapes(max_dims=3, min_side=0, max_side=4))
        x = data.draw(hnp.arrays(dtype, shape, elements=st.integers(0, 3)))
        axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
        for ours, theirs, initial in (
            (sg.cumulative_sum, np.cumulative_sum, False),
            (sg.cumulative_sum, np.cumulative_sum, True),
            (sg.cumulative_prod, np.cumulative_prod, False),
            (sg.cumulative_prod, np.cumulative_prod, True),
        ):
            expected = theirs(x, axis=axis, include_initial=initial, dtype=grow(dtype))
            agree(lambda a, f=ours, i=initial: f(a, axis=axis, include_initial=i), expected, x)

    def test_nan_stays(self, agree: Any) -> None:
        x = np.array([1.0, np.nan, 2.0])
        agree(sg.cumulative_prod, np.array([1, np.nan, np.nan]), x)
        agree(sg.cumulative_sum, np.array([1, np.nan, np.nan]), x)

    def test_an_axis_is_needed(self) -> None:
        for x in (sg.asarray(1), sg.ones((2, 2))):
            with pytest.raises(ShapeError, match="cumulative_sum: an axis expected, since shape"):
                sg.cumulative_sum(x)


class TestDiff:
    @given(data=st.data())
    def test_against_numpy(self, data: st.DataObject, agree: Any) -> None:
        shape = data.draw(hnp.array_shapes(max_dims=3, min_side=1, max_side=4))
        x = data.draw(hnp.arrays("int32", shape, elements=st.integers(-9, 9)))
        axis, n = data.draw(st.integers(-x.ndim, x.ndim - 1)), data.draw(st.integers(0, 5))
        agree(lambda a: sg.diff(a, axis=axis, n=n), np.diff(x, n, axis), x)
        longer = np.concatenate([x, x, x], axis)
        agree(lambda a: sg.diff(a, axis=axis, n=n, prepend=a, append=a), np.diff(longer, n, axis), x)

    def test_unsigned_numbers_wrap(self, agree: Any) -> None:
        x = np.array([3, 1], np.uint8)
        agree(sg.diff, np.array([254], np.uint8), x)

    def test_less_than_no_difference(self) -> None:
        with pytest.raises(ValueError, match="n of at least 0 expected, -1 given"):
            sg.diff(sg.ones(2), n=-1)


class TestPositions:
    @pytest.mark.parametrize("keepdims", [False, True])
    @pytest.mark.parametrize("axis", [None, 0, 1, -1])
    @pytest.mark.parametrize("dtype", [*INTS, "float32"])
    def test_argmax_and_argmin(self, dtype: str, axis: Any, keepdims: bool, agree: Any, sample: Any) -> None:
        x = sample(dtype, (3, 7))
        expected = np.argmax(x, axis, keepdims=keepdims), np.argmin(x, axis, keepdims=keepdims)
        agree(
            lambda a: (sg.argmax(a, axis=axis, keepdims=keepdims), sg.argmin(a, axis=axis, keepdims=keepdims)),
            tuple(map(np.asarray, expected)),
            x,
        )

    def test_nothing_has_no_position(self) -> None:
        with pytest.raises(ShapeError, match="an empty axis has no extreme"):
            sg.argmin(sg.ones((2, 0)))
        assert sg.argmin(sg.ones((0, 2)), axis=1).shape == (0,)

    @given(hnp.arrays(st.sampled_from(["bool", "int8", "float32"]), hnp.array_shapes(min_side=0, max_side=4)))
    def test_nonzero(self, x: Any) -> None:
        found = sg.nonzero(sg.asarray(x))
        assert [each.dtype for each in found] == [sg.int64] * x.ndim
        for one, other in zip(found, np.nonzero(x), strict=True):
            np.testing.assert_array_equal(np.asarray(one), other)

    def test_nonzero_needs_an_axis_and_values(self) -> None:
        with pytest.raises(ShapeError, match="nonzero: at least one axis expected"):
            sg.nonzero(sg.asarray(1))
        with pytest.raises(TraceError):
            sg.compile(sg.nonzero)(sg.ones(2))

    @given(data=st.data())
    def test_searchsorted(self, data: st.DataObject, agree: Any) -> None:
        numbers = st.integers(0, 9)
        line = data.draw(hnp.arrays("int16", st.integers(0, 6), elements=numbers))
        x = data.draw(hnp.arrays("uint8", hnp.array_shapes(min_dims=0, min_side=0, max_side=4), elements=numbers))
        order = np.argsort(line)
        for side in ("left", "right"):
            expected = np.asarray(np.searchsorted(line[order], x, side))
            agree(lambda a, b, s=side: sg.searchsorted(a, b, side=s), expected, line[order], x)
            agree(lambda a, b, o, s=side: sg.searchsorted(a, b, side=s, sorter=o), expected, line, x, order)

    def test_searchsorted_in_what_is_no_line(self) -> None:
        with pytest.raises(ShapeError, match="searchsorted: a sorted vector expected"):
            sg.searchsorted(sg.ones((2, 2)), sg.ones(1))
        with pytest.raises(ValueError, match="side 'left' or 'right' expected, 'top' given"):
            sg.searchsorted(sg.ones(2), sg.ones(1), side="top")  # type: ignore[arg-type]


class TestWhere:
    def test_tensors_and_numbers(self, agree: Any) -> None:
        condition = np.array([[True], [False]])
        x, y = np.array([1, 2, 3], np.int8), np.array([[10], [20]], np.int16)
        agree(sg.where, np.where(condition, x, y), condition, x, y)
        agree(lambda c, a: sg.where(c, a, 0), np.where(condition, x, np.int8(0)), condition, x)
        agree(lambda c, a: sg.where(c, -1, a), np.where(condition, np.int8(-1), x), condition, x)
        agree(lambda c: sg.where(c, 1.5, 2), np.where(condition, np.float32(1.5), np.float32(2)), condition)
        agree(lambda c: sg.where(c, 1, 2), np.where(condition, 1, 2), condition)
        agree(lambda c: sg.where(c, True, False), condition, condition)

    def test_conditions_are_truth_values(self) -> None:
        with pytest.raises(DTypeError, match="a condition of dtype bool expected, int64 given; compare with 0 first"):
            sg.where(sg.asarray([1]), 1.0, 0.0)

    def test_the_gradient_of_what_is_not_chosen_is_zero_where_it_is_finite(self) -> None:
        x = sg.asarray([-1.0, 0.0, 4.0])
        safe = sg.grad(lambda x: sg.sum(sg.where(x > 0, sg.sqrt(sg.where(x > 0, x, 1.0)), 0.0)))(x)
        np.testing.assert_allclose(np.asarray(safe), [0, 0, 0.25])


class TestOrder:
    @given(data=st.data())
    def test_sort(self, data: st.DataObject, agree: Any) -> None:
        dtype = data.draw(st.sampled_from(["int8", "uint64", "float32"]))
        shape = data.draw(hnp.array_shapes(max_dims=3, min_side=0, max_side=5))
        x = data.draw(hnp.arrays(dtype, shape, elements=st.integers(0, 4)))
        axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
        agree(lambda a: sg.sort(a, axis=axis), np.sort(x, axis), x)
        agree(lambda a: sg.sort(a, axis=axis, descending=True), np.flip(np.sort(x, axis), axis), x)
        agree(lambda a: sg.argsort(a, axis=axis), np.argsort(x, axis, stable=True), x)
        backwards = np.argsort(-x.astype(float), axis, stable=True)
        agree(lambda a: sg.argsort(a, axis=axis, descending=True, stable=True), backwards, x)
        assert sg.argsort(sg.asarray(x), axis=axis, stable=False).shape == x.shape

    def test_nan_is_last_or_first(self, agree: Any) -> None:
        x = np.array([np.nan, 1, -np.inf, np.inf])
        agree(sg.sort, np.array([-np.inf, 1, np.inf, np.nan]), x)
        agree(lambda a: sg.sort(a, descending=True), np.array([np.nan, np.inf, 1, -np.inf]), x)

    def test_the_gradient_goes_back_to_where_an_element_came_from(self) -> None:
        weights = sg.asarray([1.0, 2.0, 3.0])
        found = sg.grad(lambda x: sg.sum(sg.sort(x, descending=True) * weights))(sg.asarray([5.0, 9.0, 7.0]))
        assert np.asarray(found).tolist() == [3.0, 1.0, 2.0]

    def test_scalars_have_no_order(self) -> None:
        with pytest.raises(ShapeError, match="sort: axis -1 given, but there are 0 axes"):
            sg.sort(sg.asarray(1))


class TestTake:
    @given(data=st.data())
    def test_take(self, data: st.DataObject, agree: Any) -> None:
        x = np.arange(math.prod(shape := data.draw(hnp.array_shapes(max_dims=3, max_side=4)))).reshape(shape)
        axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
        size = x.shape[axis]
        indices = data.draw(
            hnp.arrays(
                "int8", hnp.array_shapes(max_dims=2, min_side=0, max_side=3), elements=st.integers(-size, size - 1)
            )
        )
        agree(lambda a, i: sg.take(a, i, axis=axis), np.take(x, indices, axis), x, indices)
        agree(lambda a: sg.take(a, sg.asarray(indices), axis=axis), np.take(x, indices, axis), x)

    @given(data=st.data())
    def test_take_along_axis(self, data: st.DataObject, agree: Any) -> None:
        x = np.arange(math.prod(shape := data.draw(hnp.array_shapes(max_dims=3, max_side=4)))).reshape(shape)
        axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
        size = x.shape[axis]
        own = [each if data.draw(st.booleans()) else 1 for each in shape]
        own[axis] = data.draw(st.integers(0, 4))
        indices = data.draw(hnp.arrays("int64", tuple(own), elements=st.integers(-size, size - 1)))
        agree(lambda a, i: sg.take_along_axis(a, i, axis=axis), np.take_along_axis(x, indices, axis), x, indices)

    def test_what_does_not_fit(self) -> None:
        x = sg.ones((2, 3))
        with pytest.raises(ShapeError, match="take: an axis expected, since shape"):
            sg.take(x, sg.asarray([0]))
        with pytest.raises(IndexError, match="take: indices between -3 and 2 expected, 0 to 3 given"):
            sg.take(x, sg.asarray([0, 3]), axis=1)
        with pytest.raises(IndexError, match="take: indices from 0 to 2 expected, -1 to 5 given"):
            sg.compile(lambda i: sg.take(x, i, axis=1))(sg.asarray([-4, 5]))
        with pytest.raises(DTypeError, match="take: integer indices expected, float32 given"):
            sg.take(x, sg.ones(1), axis=0)
        with pytest.raises(ShapeError, match="take_along_axis: equally many axes expected"):
            sg.take_along_axis(x, sg.asarray([0]))
        with pytest.raises(ShapeError, match="take_along_axis: shapes"):
            sg.take_along_axis(x, sg.zeros((3, 1), dtype=sg.int64))
        with pytest.raises(IndexError, match="take_along_axis: indices between -3 and 2 expected"):
            sg.take_along_axis(x, sg.asarray([[3]]))


class TestDistinct:
    @given(
        hnp.arrays(st.sampled_from(["bool", "int8", "float32"]), hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
    )
    def test_every_part(self, x: Any) -> None:
        found = sg.unique_all(sg.asarray(x))
        values, indices, inverse, counts = map(np.asarray, found)
        expected = np.unique(x, equal_nan=False)
        np.testing.assert_array_equal(values, expected)
        assert values.dtype == x.dtype
        assert {each.dtype for each in (indices, inverse, counts)} == {np.dtype(np.int64)}
        np.testing.assert_array_equal(x.reshape(-1)[indices], values)
        assert inverse.shape == x.shape
        np.testing.assert_array_equal(values[inverse], x)
        assert counts.sum() == x.size
        for function, names in (
            (sg.unique_counts, ["values", "counts"]),
            (sg.unique_inverse, ["values", "inverse_indices"]),
        ):
            result = function(sg.asarray(x))
            assert list(result._fields) == names
            for name in names:
                np.testing.assert_array_equal(np.asarray(getattr(result, name)), np.asarray(getattr(found, name)))
        np.testing.assert_array_equal(np.asarray(sg.unique_values(sg.asarray(x))), expected)

    def test_every_nan_is_distinct_and_zeros_are_one(self) -> None:
        found = sg.unique_counts(sg.asarray([math.nan, 0.0, math.nan, -0.0]))
        assert found.counts.tolist() == [2, 1, 1]
        assert sg.isnan(found.values).tolist() == [False, True, True]

    def test_they_need_values(self) -> None:
        for function in (sg.unique_all, sg.unique_counts, sg.unique_inverse, sg.unique_values):
            with pytest.raises(TraceError, match="known only when the program runs"):
                sg.compile(function)(sg.ones(2))
