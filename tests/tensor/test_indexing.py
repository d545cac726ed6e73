"""Reading and assigning parts of tensors, against NumPy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import saegim as sg
from saegim.errors import DTypeError, ShapeError, TraceError


def counting(shape: tuple[int, ...], dtype: Any = np.int64) -> np.ndarray[Any, Any]:
    return np.arange(np.prod(shape, dtype=int), dtype=dtype).reshape(shape)


def check(array: np.ndarray[Any, Any], key: Any) -> None:
    """Known, traced, and with the index traced too: what NumPy gives."""
    expected = array[key]
    x = sg.asarray(array)
    tensors = tuple(sg.asarray(each) if isinstance(each, np.ndarray) else each for each in several(key))
    for found in (x[key], x[tensors], sg.compile(lambda x: x[key])(x)):
        np.testing.assert_array_equal(np.asarray(found), expected)
        assert found.dtype == x.dtype
    if not any(isinstance(each, np.ndarray) and each.dtype == bool for each in several(key)):
        traced = sg.compile(lambda x, arrays: x[tuple(arrays.get(n, each) for n, each in enumerate(several(key)))])
        arrays = {n: each for n, each in enumerate(tensors) if isinstance(each, sg.Tensor)}
        np.testing.assert_array_equal(np.asarray(traced(x, arrays)), expected)


def several(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


@given(st.data())
def test_integers_slices_ellipses_and_new_axes(data: st.DataObject) -> None:
    array = counting(data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)))
    check(array, data.draw(hnp.basic_indices(array.shape, allow_newaxis=True)))


@given(st.data())
def test_integer_tensors_among_everything_else(data: st.DataObject) -> None:
    array = counting(data.draw(hnp.array_shapes(max_dims=4, max_side=4)))
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=array.ndim, max_dims=2, min_side=0, max_side=3))
    key: list[Any] = []
    for size, shape in zip(array.shape, shapes.input_shapes, strict=True):
        dtype = data.draw(st.sampled_from(["int8", "int64", "uint8"]))
        low = 0 if dtype == "uint8" else -size
        kind = data.draw(st.sampled_from(["array", "array", "slice", "integer"]))
        if kind == "array":
            key.append(data.draw(hnp.arrays(dtype, shape, elements=st.integers(low, size - 1))))
        elif kind == "slice":
            key.append(data.draw(st.slices(size)))
        else:
            key.append(data.draw(st.integers(-size, size - 1)))
        if data.draw(st.integers(0, 5)) == 0:
            key.append(None)
    cut = data.draw(st.integers(0, len(key)))
    key = [*key[:cut], ...] if data.draw(st.booleans()) else key[:cut]
    assume(any(isinstance(each, np.ndarray) for each in key))
    check(array, tuple(key))


@given(st.data())
def test_truth_values(data: st.DataObject) -> None:
    array = counting(data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
    axes = data.draw(st.integers(0, array.ndim))
    check(array, data.draw(hnp.arrays(bool, array.shape[:axes])))


def test_small_index_dtypes_reach_far() -> None:
    array = counting((300, 200))
    check(array, (np.array([-1, -128, 127], np.int8), np.array([255 - 100], np.uint8)))


def test_scalars_of_every_kind_are_positions() -> None:
    x = sg.asarray([[1, 2], [3, 4]])
    for one in (1, np.int64(1), np.array(1), sg.asarray(1), sg.asarray(1, dtype=sg.uint8)):
        assert x[one].tolist() == [3, 4]
        assert x[one, one].tolist() == 4
        assert x[:one].tolist() == [[1, 2]]
        assert x[one, None].tolist() == [[3, 4]]
    assert x[[1, 0]].tolist() == [[3, 4], [1, 2]]
    assert x[True].tolist() == [[[1, 2], [3, 4]]]
    assert x[np.False_].shape == (0, 2, 2)


def test_the_gradient_adds_up_where_an_element_is_read_twice() -> None:
    x = sg.ones((3, 2))
    found = sg.grad(lambda x: sg.sum(x[sg.asarray([0, 2, 0]), :] * sg.asarray([[1.0], [10.0], [100.0]])))(x)
    np.testing.assert_array_equal(np.asarray(found), [[101, 101], [0, 0], [10, 10]])
    found = sg.grad(lambda x: sg.sum(x[::-2, None, 1] * sg.asarray([[5.0], [7.0]])))(x)
    np.testing.assert_array_equal(np.asarray(found), [[0, 7], [0, 0], [0, 5]])


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (3, "index 3 is outside of axis 0 with size 3"),
        ((0, -3), "index -3 is outside of axis 1 with size 2"),
        ((0, 0, 0), "at most 2 indices for shape (3, 2) and one ellipsis expected, 3 given"),
        ((..., ...), "one ellipsis expected"),
        ("a", "an integer, slice, ..., None or tensor expected as an index, str given"),
        (1.0, "float given"),
        (np.array([0, 3]), "index: indices between -3 and 2 expected, 0 to 3 given"),
        ((np.array([0]), -4), "index -4 is outside of axis 1 with size 2"),
        (np.array([True]), "a truth-value tensor of shape (3,) expected, (1,) given"),
        ((np.ones((3, 2), bool), 0), "a truth-value tensor must be the only index"),
    ],
)
def test_keys_that_do_not_fit(key: Any, message: str) -> None:
    with pytest.raises(IndexError, match=re.escape(message)):
        _ = sg.ones((3, 2))[key]


def test_floats_are_no_indices() -> None:
    with pytest.raises(DTypeError, match="index: integer indices expected, float32 given"):
        _ = sg.ones(3)[sg.ones(2)]


def test_index_tensors_that_do_not_fit_each_other() -> None:
    with pytest.raises(ShapeError, match=r"shapes \(2,\) and \(3,\) do not fit each other"):
        _ = sg.ones((4, 4))[sg.asarray([0, 1]), sg.asarray([0, 1, 2])]


@pytest.mark.parametrize("position", [3, -4])
def test_traced_indices_outside_of_an_axis(position: int) -> None:
    read = sg.compile(lambda x, i: x[i])
    pair = sg.compile(lambda x, i: x[sg.asarray([0]), i])  # inside of both axes together, outside of its own
    with pytest.raises(IndexError, match="take: indices from 0 to 2 expected"):
        read(sg.ones(3), sg.asarray([position]))
    with pytest.raises(IndexError, match="take: indices from 0 to 8 expected, -1 to -1 given"):
        pair(sg.ones((3, 3)), sg.asarray([position]))


def test_traced_truth_values_have_no_known_number() -> None:
    with pytest.raises(TraceError, match=r"use sg\.where"):
        sg.compile(lambda x: x[x > 0])(sg.ones(3))


# --- assignment -----------------------------------------------------------------------------------------------------


@given(st.data())
def test_assignment(data: st.DataObject) -> None:
    array = counting(data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)), np.float32)
    key = data.draw(
        hnp.basic_indices(array.shape, allow_newaxis=False) | hnp.arrays(bool, array.shape) | st.just(Ellipsis)
    )
    shape = array[key].shape
    value = data.draw(
        st.sampled_from([7, -0.5, np.float32(3), np.zeros((), np.float32), np.full(shape, 9, np.float32), sg.ones(())])
    )
    x = sg.asarray(array)
    before = x.numpy()
    other = sg.asarray(x, copy=True)
    x[key] = value
    expected = array.copy()
    expected[key] = np.asarray(value)
    np.testing.assert_array_equal(np.asarray(x), expected)
    np.testing.assert_array_equal(np.asarray(other), array)
    np.testing.assert_array_equal(before, array)
    assert x.dtype == sg.float32


def test_assignment_by_tensors() -> None:
    x = sg.zeros((3, 3), dtype=sg.int64)
    x[sg.asarray([0, 2]), sg.asarray(1)] = sg.asarray([5, 6], dtype=sg.int8)
    x[x == 0] = -1
    assert x.tolist() == [[-1, 5, -1], [-1, -1, -1], [-1, 6, -1]]


def test_assigned_values_must_fit() -> None:
    x = sg.zeros(3, dtype=sg.int32)
    with pytest.raises(DTypeError, match="values of int64 do not fit into a tensor of int32; cast them"):
        x[0] = sg.asarray(1)
    with pytest.raises(DTypeError, match="int32 and float32 do not promote to each other"):
        x[0] = np.ones((), np.float32)
    with pytest.raises(DTypeError, match="a Python float does not combine with a tensor of int32"):
        x[0] = 1.5
    with pytest.raises(OverflowError, match="does not fit into int32"):
        x[0] = 2**40
    with pytest.raises(ValueError, match="broadcast"):
        x[:] = sg.zeros(2, dtype=sg.int32)
    with pytest.raises(TypeError, match="list given"):
        x[:] = [1, 2, 3]
    assert x.tolist() == [0, 0, 0]


def test_traced_tensors_never_change() -> None:
    def assign(x: sg.Tensor) -> sg.Tensor:
        x[0] = 1.0
        return x

    with pytest.raises(TraceError, match=r"test_indexing\.py.*assigns to elements of a traced tensor"):
        sg.compile(assign)(sg.ones(2))


def test_in_place_operators_rebind() -> None:
    x = sg.asarray([1.0, 2.0])
    same = x
    x += 1
    x *= x
    x[0] -= 4
    assert x.tolist() == [0.0, 9.0]
    assert same.tolist() == [1.0, 2.0]
