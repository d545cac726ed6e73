"""Axes and sizes as users give them: negative axes count from the last."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from saegim.errors import ShapeError, TraceError
from saegim.ir import Shape
from saegim.tensor.core import Tensor, apply, reshape_to

Axes = int | Sequence[int] | None


def sizes_of(op: str, shape: Any) -> Shape:
    """A shape from one size or several. Raises ShapeError for negative ones, TypeError for what is no integer."""
    try:
        sizes = tuple(map(operator.index, as_sequence(shape)))
    except TraceError:
        raise
    except TypeError:
        raise TypeError(f"{op}: integer sizes expected, {shape!r} given") from None
    if any(size < 0 for size in sizes):
        raise ShapeError(f"{op}: sizes of at least 0 expected, {sizes} given")
    return sizes


def as_sequence(sizes: Any) -> Any:
    """One size as a sequence of one, also where it is a scalar tensor."""
    return (sizes,) if isinstance(sizes, int) or getattr(sizes, "ndim", 1) == 0 else sizes


def one_axis(op: str, axis: Any, ndim: int) -> int:
    """`axis` as a number from 0. Raises ShapeError when there is no such axis, TypeError when it is not an integer."""
    try:
        number = operator.index(axis)
    except TypeError:
        raise TypeError(f"{op}: an integer axis expected, {type(axis).__name__} given") from None
    if not -ndim <= number < ndim:
        raise ShapeError(f"{op}: axis {number} given, but there are {ndim} axes")
    return number % ndim


def several_axes(op: str, axes: Axes, ndim: int) -> tuple[int, ...]:
    """`axes` as distinct numbers from 0 in the order given; None stands for all of them."""
    if axes is None:
        return tuple(range(ndim))
    given = axes if isinstance(axes, Sequence) else (axes,)
    found = tuple(one_axis(op, axis, ndim) for axis in given)
    if len(set(found)) != len(found):
        raise ShapeError(f"{op}: distinct axes expected, {tuple(given)} given")
    return found


def kept(shape: Shape, axes: Sequence[int]) -> Shape:
    """`shape` after a reduction that keeps reduced axes with size 1."""
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


def reduce(op: str, x: Tensor, axis: Axes, keepdims: bool, name: str | None = None) -> Tensor:
    """Reduction primitive `op` over `axis`."""
    axes = several_axes(name or op, axis, x.ndim)
    result = apply(op, x, axes=axes)
    return reshape_to(result, kept(x.shape, axes)) if keepdims else result


def to_front(x: Tensor, axis: int) -> Tensor:
    """x with `axis` first, the others in their order."""
    if axis == 0:
        return x
    return apply("permute", x, axes=(axis, *(each for each in range(x.ndim) if each != axis)))


def from_front(x: Tensor, axis: int, count: int = 1) -> Tensor:
    """x with its first `count` axes moved to stand at `axis`: the reverse of `to_front` for one axis."""
    if axis == 0:
        return x
    rest = range(count, x.ndim)
    return apply("permute", x, axes=(*rest[:axis], *range(count), *rest[axis:]))
