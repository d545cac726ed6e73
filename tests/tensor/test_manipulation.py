"""Tensors in another arrangement, against NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import saegim as sg
from saegim.errors import DTypeError, ShapeError, TraceError

shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def counting(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.arange(math.prod(shape), dtype=np.int32).reshape(shape)


def axis_of(data: st.DataObject, ndim: int) -> int:
    return data.draw(st.integers(-ndim, ndim - 1))


class TestJoining:
    @given(data=st.data())
    def test_concat(self, data: st.DataObject, agree: Any) -> None:
        shape = data.draw(hnp.array_shapes(max_dims=3, min_side=0, max_side=3))
        axis = axis_of(data, len(shape))
        sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
        arrays = []
        for size in sizes:
            own = list(shape)
            own[axis] = size
            arrays.append(counting(tuple(own)))
        agree(lambda *xs: sg.concat(xs, axis=axis), np.concatenate(arrays, axis=axis), *arrays)
        agree(lambda *xs: sg.concat(list(xs), axis=None), np.concatenate(arrays, axis=None), *arrays)

    @given(data=st.data())
    def test_stack_and_unstack(self, data: st.DataObject, agree: Any) -> None:
        shape = data.draw(shapes)
        axis = axis_of(data, len(shape) + 1)
        arrays = [counting(shape) + n for n in range(data.draw(st.integers(1, 3)))]
        expected = np.stack(arrays, axis=axis)
        agree(lambda *xs: sg.stack(xs, axis=axis), expected, *arrays)
        agree(lambda x: sg.unstack(x, axis=axis), tuple(arrays), expected)

    def test_promotion(self) -> None:
        small, wide = sg.asarray([1], dtype=sg.int8), sg.asarray([200], dtype=sg.uint8)
        assert sg.concat([small, wide]).dtype == sg.int16
        assert sg.stack([small, wide]).tolist() == [[1], [200]]
        with pytest.raises(DTypeError, match="concat: dtypes int8 and float32 do not promote"):
            sg.concat([small, sg.ones(1)])

    def test_what_does_not_fit(self) -> None:
        with pytest.raises(ShapeError, match=r"concat: shapes \(2, 3\) and \(2, 4\) differ outside of axis 0"):
            sg.concat([sg.ones((2, 3)), sg.ones((2, 4))])
        with pytest.raises(ShapeError, match="concat: axis 1 given, but there are 1 axes"):
            sg.concat([sg.ones(2)], axis=1)
        with pytest.raises(ShapeError, match="stack: one shape expected"):
            sg.stack([sg.ones(2), sg.ones(3)])
        for function in (sg.concat, sg.stack):
            with pytest.raises(ValueError, match="at least one tensor expected"):
                function([])


class TestShape:
    @given(data=st.data())
    def test_reshape(self, data: st.DataObject, agree: Any) -> None:
        x = counting(data.draw(shapes))
        sizes = data.draw(st.permutations(x.shape))
        agree(lambda a: sg.reshape(a, tuple(sizes)), x.reshape(sizes), x)
        agree(lambda a: sg.reshape(a, [-1], copy=False), x.reshape(-1), x)
        agree(lambda a: sg.reshape(a, -1), x.reshape(-1), x)
        if x.size:
            agree(lambda a: sg.reshape(a, (1, *sizes[:-1], -1)), x.reshape(1, *sizes[:-1], -1), x)

    @pytest.mark.parametrize("shape", [(4,), (5, -1), (-1, -1), (-1, 0), (-2, -3)])
    def test_reshape_that_does_not_fit(self, shape: Any) -> None:
        with pytest.raises(ShapeError, match="reshape"):
            sg.reshape(sg.ones((2, 3)), shape)
        with pytest.raises(TypeError, match="integer sizes"):
            sg.reshape(sg.ones((2, 3)), (3.0, 2))  # type: ignore[arg-type]

    @given(data=st.data())
    def test_expand_and_squeeze(self, data: st.DataObject, agree: Any) -> None:
        x = counting(data.draw(shapes))
        axis = axis_of(data, x.ndim + 1)
        expected = np.expand_dims(x, axis)
        agree(lambda a: sg.expand_dims(a, axis=axis), expected, x)
        agree(lambda a: sg.squeeze(a, axis), x, expected)
        ones = tuple(number for number, size in enumerate(x.shape) if size == 1)
        agree(lambda a: sg.squeeze(a, ones), np.squeeze(x, ones), x)

    def test_axes_that_there_are_not(self) -> None:
        for axis in (3, -4):
            with pytest.raises(ShapeError, match=f"expand_dims: axis {axis} given, but there are 3 axes"):
                sg.expand_dims(sg.ones((2, 1)), axis=axis)
        with pytest.raises(ShapeError, match=r"squeeze: axes of size 1 expected, 0 of shape \(2, 1\) given"):
            sg.squeeze(sg.ones((2, 1)), 0)
        with pytest.raises(ShapeError, match="squeeze: distinct axes expected"):
            sg.squeeze(sg.ones((2, 1)), (1, -1))
        with pytest.raises(TypeError, match="flip: an integer axis expected, float given"):
            sg.flip(sg.ones(2), axis=0.0)  # type: ignore[arg-type]

    @given(data=st.data())
    def test_broadcast_to(self, data: st.DataObject, agree: Any) -> None:
        found = data.draw(
            hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=data.draw(shapes), min_side=0, max_dims=5)
        )
        x = counting(found.input_shapes[0])
        agree(lambda a: sg.broadcast_to(a, found.result_shape), np.broadcast_to(x, found.result_shape), x)

    def test_broadcast_to_what_does_not_fit(self) -> None:
        with pytest.raises(ShapeError, match=r"broadcast: shape \(3,\) cannot be repeated to shape \(2,\)"):
            sg.broadcast_to(sg.ones(3), (2,))
        with pytest.raises(ShapeError, match="cannot be repeated"):
            sg.broadcast_to(sg.ones((1, 1)), (2,))

    def test_broadcast_arrays(self, agree: Any) -> None:
        x, y = counting((2, 1)), np.array([1.0, 2.0, 3.0])
        agree(lambda *a: sg.broadcast_arrays(*a), list(np.broadcast_arrays(x, y)), x, y)
        assert sg.broadcast_arrays() == []


class TestOrder:
    @given(data=st.data())
    def test_permute_and_move(self, data: st.DataObject, agree: Any) -> None:
        x = counting(data.draw(shapes))
        order = data.draw(st.permutations(range(x.ndim)))
        axes = tuple(axis - x.ndim * data.draw(st.booleans()) for axis in order)
        agree(lambda a: sg.permute_dims(a, axes), np.transpose(x, order), x)
        count = data.draw(st.integers(0, x.ndim))
        to = tuple(data.draw(st.permutations(range(x.ndim)))[:count])
        agree(lambda a: sg.moveaxis(a, axes[:count], to), np.moveaxis(x, axes[:count], to), x)
        if x.ndim:
            agree(lambda a: sg.moveaxis(a, axes[0], -1), np.moveaxis(x, axes[0], -1), x)

    def test_orders_that_are_none(self) -> None:
        with pytest.raises(ShapeError, match="permute_dims: an order of 2 axes expected"):
            sg.permute_dims(sg.ones((2, 3)), (0,))
        with pytest.raises(ShapeError, match="moveaxis: as many destinations as sources expected"):
            sg.moveaxis(sg.ones((2, 3)), (0, 1), 0)

    @given(data=st.data())
    def test_flip(self, data: st.DataObject, agree: Any) -> None:
        x = counting(data.draw(shapes))
        axes = tuple(data.draw(st.permutations(range(x.ndim)))[: data.draw(st.integers(0, x.ndim))])
        agree(lambda a: sg.flip(a, axis=axes), np.flip(x, axes), x)
        agree(sg.flip, np.flip(x), x)

    @given(data=st.data())
    def test_roll(self, data: st.DataObject, agree: Any) -> None:
        x = counting(data.draw(hnp.array_shapes(max_dims=4, min_side=0, max_side=4)))
        count = data.draw(st.integers(1, x.ndim))
        axes = tuple(data.draw(st.permutations(range(x.ndim)))[:count])
        by = tuple(data.draw(st.integers(-9, 9)) for _ in range(count))
        agree(lambda a: sg.roll(a, by, axis=axes), np.roll(x, by, axes), x)
        agree(lambda a: sg.roll(a, 3, axis=axes), np.roll(x, 3, axes), x)
        agree(lambda a: sg.roll(a, -7), np.roll(x, -7), x)

    def test_rolls_that_do_not_fit(self) -> None:
        with pytest.raises(ShapeError, match="roll: as many shifts as axes expected"):
            sg.roll(sg.ones((2, 3)), (1, 2), axis=0)
        with pytest.raises(ShapeError, match="roll: one shift for the flattened tensor expected"):
            sg.roll(sg.ones((2, 3)), (1, 2))


class TestRepeating:
    @given(data=st.data())
    def test_repeat(self, data: st.DataObject, agree: Any) -> None:
        x = counting(data.draw(hnp.array_shapes(max_dims=3, min_side=0, max_side=3)))
        axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1))
        size = x.size if axis is None else x.shape[axis]
        dtype = data.draw(st.sampled_from(["int8", "uint64", "int64"]))
        shape = data.draw(st.sampled_from([(), (1,), (size,)]))
        counts = data.draw(hnp.arrays(dtype, shape, elements=st.integers(0, 3)))
        expected = np.repeat(x, counts.astype(int), axis=axis)
        agree(lambda a: sg.repeat(a, sg.asarray(counts), axis=axis), expected, x)
        agree(lambda a: sg.repeat(a, 2, axis=axis), np.repeat(x, 2, axis=axis), x)

    def test_repeats_that_do_not_fit(self) -> None:
        with pytest.raises(ValueError, match="at least 0 repeats expected, -1 given"):
            sg.repeat(sg.ones(2), -1)
        with pytest.raises(ShapeError, match="one repeat for each of 2 elements expected"):
            sg.repeat(sg.ones(2), sg.asarray([1, 2, 3]))
        with pytest.raises(DTypeError, match="integer repeats expected, float32 given"):
            sg.repeat(sg.ones(2), sg.ones(2))
        with pytest.raises(TraceError, match="known only when the program runs"):
            sg.compile(lambda n: sg.repeat(sg.ones(2), n))(sg.asarray([1, 2]))

    @given(data=st.data())
    def test_tile(self, data: st.DataObject, agree: Any) -> None:
        x = counting(data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)))
        times = tuple(data.draw(st.lists(st.integers(0, 3), max_size=4)))
        agree(lambda a: sg.tile(a, times), np.tile(x, times), x)

    def test_tile_less_than_never(self) -> None:
        with pytest.raises(ShapeError, match="tile: sizes of at least 0 expected"):
            sg.tile(sg.ones(2), (-1,))

    def test_gradients_of_repeats_are_sums(self) -> None:
        x = sg.asarray([1.0, 2.0])
        weights = sg.asarray([1.0, 10.0, 100.0, 1000.0])
        by_number = sg.grad(lambda x: sg.sum(sg.repeat(x, 2) * weights))(x)
        by_tensor = sg.grad(lambda x: sg.sum(sg.repeat(x, sg.asarray([1, 3])) * weights))(x)
        tiled = sg.grad(lambda x: sg.sum(sg.tile(x, (2,)) * weights))(x)
        for found, expected in ((by_number, [11, 1100]), (by_tensor, [1, 1110]), (tiled, [101, 1010])):
            np.testing.assert_array_equal(np.asarray(found), expected)
