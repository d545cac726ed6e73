"""Products of matrices and vectors, against NumPy's einsum in integers and floats."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import saegim as sg
from saegim.errors import DTypeError, ShapeError

small = st.integers(0, 4)


def draw(data: st.DataObject, shape: tuple[int, ...], dtype: Any = "int32") -> np.ndarray[Any, Any]:
    return data.draw(hnp.arrays(dtype, shape, elements=st.integers(-9, 9)))


@given(data=st.data())
def test_matmul(data: st.DataObject, agree: Any) -> None:
    shapes = data.draw(hnp.mutually_broadcastable_shapes(signature="(m?,k),(k,n?)->(m?,n?)", min_side=0, max_side=4))
    dtypes = data.draw(st.sampled_from([("int8", "int16"), ("float32", "float64"), ("uint8", "uint8")]))
    x, y = (np.abs(draw(data, shape)).astype(d) for shape, d in zip(shapes.input_shapes, dtypes, strict=True))
    expected = np.asarray(np.matmul(x, y))
    agree(sg.matmul, expected, x, y)
    agree(lambda a, b: a @ b, expected, x, y)


@given(data=st.data())
def test_vecdot(data: st.DataObject, agree: Any) -> None:
    length = data.draw(small)
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_dims=3, max_side=3)).input_shapes
    x, y = (draw(data, (*shape, length)) for shape in shapes)
    agree(sg.vecdot, np.asarray(np.vecdot(x, y)), x, y)
    axis = -data.draw(st.integers(1, min(x.ndim, y.ndim)))
    moved = np.moveaxis(x, -1, axis), np.moveaxis(y, -1, axis)
    agree(lambda a, b: sg.vecdot(a, b, axis=axis), np.asarray(np.vecdot(x, y)), *moved)


@given(data=st.data())
def test_tensordot(data: st.DataObject, agree: Any) -> None:
    left, right, inner = (data.draw(st.lists(small, max_size=2)) for _ in range(3))
    x, y = draw(data, (*left, *inner)), draw(data, (*inner, *right))
    agree(lambda a, b: sg.tensordot(a, b, axes=len(inner)), np.tensordot(x, y, len(inner)), x, y)
    order = data.draw(st.permutations(range(x.ndim)))
    moved = x.transpose(order)
    axes = [order.index(len(left) + n) - x.ndim * data.draw(st.booleans()) for n in range(len(inner))]
    pairs = data.draw(st.permutations(list(zip(axes, range(len(inner)), strict=True))))
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    agree(lambda a, b: sg.tensordot(a, b, axes=(first, second)), np.tensordot(moved, y, (first, second)), moved, y)


def test_transposes(agree: Any) -> None:
    x = np.arange(24).reshape(2, 3, 4)
    agree(sg.matrix_transpose, x.swapaxes(1, 2), x)
    agree(lambda a: a.mT, x.swapaxes(1, 2), x)
    agree(lambda a: a.T, x[0].T, x[0])


def test_small_integers_stay_small() -> None:
    x = sg.asarray([100, 100], dtype=sg.int8)
    assert sg.vecdot(x, x).tolist() == 20000 % 256 - 256 * (20000 % 256 > 127)
    assert (x @ x).dtype == sg.tensordot(x, x, axes=1).dtype == sg.vecdot(x, x).dtype == sg.int8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sg.ones((2, 3)) @ sg.ones((4, 5)), r"inner sizes differ: \(2, 3\) @ \(4, 5\) \(3 != 4\)"),
        (lambda: sg.matmul(sg.ones(()), sg.ones(2)), r"arrays with axes expected, \(\) @ \(2,\) given; use multiply"),
        (lambda: sg.matmul(sg.ones((2, 1, 1)), sg.ones((3, 1, 1))), r"matmul: shapes \(2,\) and \(3,\) do not fit"),
        (lambda: sg.vecdot(sg.ones(2), sg.ones(1)), r"vectors of one length expected, axis -1 of \(2,\) and \(1,\)"),
        (lambda: sg.vecdot(sg.ones(2), sg.ones(2), axis=-2), "vecdot: axis -2 given"),
        (lambda: sg.tensordot(sg.ones(2), sg.ones(2)), "tensordot: 2 axes to sum over"),
        (
            lambda: sg.tensordot(sg.ones(2), sg.ones(3), axes=1),
            r"axes \(0,\) of \(2,\) and \(0,\) of \(3,\) differ in size",
        ),
        (lambda: sg.ones(2).T, r"T: a matrix expected, shape \(2,\) given; use mT or permute_dims"),
        (lambda: sg.matrix_transpose(sg.ones(2)), "mT: at least two axes expected"),
    ],
)
def test_shapes_that_do_not_fit(call: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        call()


def test_truth_values_have_no_product() -> None:
    x = sg.ones((2, 2), dtype=sg.bool)
    for function in (sg.matmul, sg.tensordot, sg.vecdot):
        with pytest.raises(DTypeError, match="a numeric dtype expected, bool given"):
            function(x, x)
