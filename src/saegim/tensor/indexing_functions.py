"""Elements picked by position."""

from __future__ import annotations

import numpy as np

from saegim import dtypes
from saegim.errors import ShapeError
from saegim.tensor.axes import from_front, one_axis, to_front
from saegim.tensor.core import Tensor, apply, asarray_like, broadcast_shapes, broadcast_to, cast, from_start, reshape_to

__all__ = ["take", "take_along_axis"]


def take(x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor:
    """The parts of x at `indices` along `axis`, whose place the axes of `indices` take; -1 is the last one.

    Raises IndexError (a traced function: when it runs) for an index outside of the axis.
    """
    x = asarray_like(x)
    if axis is None and x.ndim != 1:
        raise ShapeError(f"take: an axis expected, since shape {x.shape} is not that of a vector")
    at = one_axis("take", 0 if axis is None else axis, x.ndim)
    positions = from_start("take", asarray_like(indices), x.shape[at])
    return from_front(apply("take", to_front(x, at), positions, mode="raise", unique=False), at, positions.ndim)


def take_along_axis(x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor:
    """For each position of `indices` the element of x in the same place, but there along `axis`.

    The other axes of x and `indices` broadcast to each other. `take_along_axis(x, argsort(x))` is x sorted.
    """
    x, indices = asarray_like(x), asarray_like(indices)
    if x.ndim != indices.ndim:
        raise ShapeError(f"take_along_axis: equally many axes expected, {x.shape} and {indices.shape} given")
    at = one_axis("take_along_axis", axis, x.ndim)
    size = x.shape[at]
    x, indices = to_front(x, at), to_front(from_start("take_along_axis", indices, size), at)
    others = broadcast_shapes("take_along_axis", x.shape[1:], indices.shape[1:])
    x, indices = (broadcast_to(each, (each.shape[0], *others)) for each in (x, indices))
    # Row-major positions in the flat table: each column keeps its own place.
    width = int(np.prod(others, dtype=np.int64))
    column = reshape_to(Tensor(np.arange(width)), others)
    flat = cast(indices, dtypes.int64) * width + broadcast_to(column, indices.shape)
    found = apply("take", reshape_to(x, (size * width,)), flat, mode="raise", unique=False)
    return from_front(found, at)
