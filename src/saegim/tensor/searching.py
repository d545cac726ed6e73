"""Where something is."""

from __future__ import annotations

from typing import Literal

import numpy as np

from saegim import dtypes
from saegim.errors import DTypeError, ShapeError
from saegim.tensor.axes import Axes, kept, one_axis
from saegim.tensor.core import (
    Scalar,
    Tensor,
    apply,
    asarray_like,
    cast,
    elementwise,
    is_number,
    promoted,
    reshape_to,
)
from saegim.tensor.creation import asarray
from saegim.tensor.indexing_functions import take
from saegim.tensor.statistical import sum as total

__all__ = ["argmax", "argmin", "count_nonzero", "nonzero", "searchsorted", "where"]


def argmax(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The position of the first largest element along `axis`, or in the flat x. nan is the largest."""
    return _position("argmax", x, axis, keepdims)


def argmin(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The position of the first smallest element along `axis`, or in the flat x. nan is the smallest."""
    return _position("argmin", x, axis, keepdims)


def _position(op: str, x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    x = asarray_like(x)
    if axis is None:
        found = apply(op, reshape_to(x, (x.size,)), axis=0)
        return reshape_to(found, (1,) * x.ndim) if keepdims else found
    at = one_axis(op, axis, x.ndim)
    found = apply(op, x, axis=at)
    return reshape_to(found, kept(x.shape, (at,))) if keepdims else found


def count_nonzero(x: Tensor, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """How many elements over `axis` are not zero."""
    return total(cast(truth(x), dtypes.int64), axis=axis, keepdims=keepdims)


def truth(x: Tensor) -> Tensor:
    """Whether each element is not zero."""
    x = asarray_like(x)
    return x if x.dtype == dtypes.bool_ else x != 0


def nonzero(x: Tensor, /) -> tuple[Tensor, ...]:
    """The positions of the elements that are not zero, one vector per axis. x must be known."""
    x = asarray_like(x)
    if not x.ndim:
        raise ShapeError("nonzero: at least one axis expected, a scalar given")
    return tuple(Tensor(each) for each in np.nonzero(x.numpy()))


def searchsorted(
    x1: Tensor, x2: Tensor, /, *, side: Literal["left", "right"] = "left", sorter: Tensor | None = None
) -> Tensor:
    """Where to insert each of x2 into the ascending vector x1 (sorted by `sorter`, if given) to keep it ascending."""
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side 'left' or 'right' expected, {side!r} given")
    line, values = promoted("searchsorted", x1, x2)
    if sorter is not None:
        line = take(line, sorter, axis=0)
    return apply("searchsorted", line, values, side=side)


def where(condition: Tensor, x1: Tensor | Scalar, x2: Tensor | Scalar, /) -> Tensor:
    """x1 where the condition holds, x2 elsewhere, promoted and broadcast together."""
    if is_number(x1) and is_number(x2):
        x1 = asarray(x1, dtype=asarray([x1, x2]).dtype)
    chosen = asarray_like(condition)
    if chosen.dtype != dtypes.bool_:
        raise DTypeError(f"where: a condition of dtype bool expected, {chosen.dtype.name} given; compare with 0 first")
    return elementwise("select", chosen, *promoted("where", x1, x2))
