"""Products of matrices and vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence

from saegim.errors import ShapeError
from saegim.tensor.axes import several_axes
from saegim.tensor.core import Tensor, apply, asarray_like, broadcast_together, matmul, promoted, reshape_to
from saegim.tensor.manipulation import moveaxis

__all__ = ["matmul", "matrix_transpose", "tensordot", "vecdot"]


def matrix_transpose(x: Tensor, /) -> Tensor:
    """x with its last two axes exchanged."""
    return asarray_like(x).mT


def tensordot(x1: Tensor, x2: Tensor, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Tensor:
    """Sums of products over `axes`: the last n of x1 with the first n of x2, or a sequence of axes for each."""
    left, right = promoted("tensordot", x1, x2)
    if isinstance(axes, int):
        if not 0 <= axes <= min(left.ndim, right.ndim):
            raise ShapeError(f"tensordot: {axes} axes to sum over, shapes {left.shape} and {right.shape} given")
        first, second = tuple(range(left.ndim - axes, left.ndim)), tuple(range(axes))
    else:
        first = several_axes("tensordot", tuple(axes[0]), left.ndim)
        second = several_axes("tensordot", tuple(axes[1]), right.ndim)
    if [left.shape[axis] for axis in first] != [right.shape[axis] for axis in second]:
        raise ShapeError(f"tensordot: axes {first} of {left.shape} and {second} of {right.shape} differ in size")
    rows = [axis for axis in range(left.ndim) if axis not in first]
    columns = [axis for axis in range(right.ndim) if axis not in second]
    inner = math.prod(left.shape[axis] for axis in first)
    result = [left.shape[axis] for axis in rows] + [right.shape[axis] for axis in columns]
    left = apply("permute", left, axes=(*rows, *first))
    right = apply("permute", right, axes=(*second, *columns))
    height = math.prod(left.shape[: len(rows)])
    width = math.prod(right.shape[len(second) :])
    return reshape_to(apply("dot", reshape_to(left, (height, inner)), reshape_to(right, (inner, width))), result)


def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Sums of products of the vectors along `axis`; all other axes broadcast."""
    left, right = promoted("vecdot", x1, x2)
    for each in (left, right):
        if not -each.ndim <= axis < each.ndim:
            raise ShapeError(f"vecdot: axis {axis} given, shapes {left.shape} and {right.shape} expected to have it")
    if left.shape[axis] != right.shape[axis]:
        raise ShapeError(f"vecdot: vectors of one length expected, axis {axis} of {left.shape} and {right.shape} given")
    left, right = broadcast_together("vecdot", moveaxis(left, axis, -1), moveaxis(right, axis, -1))
    product = apply("multiply", left, right)
    return apply("sum", product, axes=(product.ndim - 1,))
