"""Tensors in another arrangement: joined, split, repeated, reordered."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from saegim.errors import DTypeError, ShapeError
from saegim.tensor.axes import as_sequence, from_front, one_axis, several_axes, sizes_of, to_front
from saegim.tensor.core import Tensor, apply, asarray_like, broadcast_together, promoted, reshape_to
from saegim.tensor.core import broadcast_to as _broadcast_to

__all__ = [
    "broadcast_arrays",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flip",
    "moveaxis",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "tile",
    "unstack",
]


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """The tensors repeated to one common shape."""
    return broadcast_together("broadcast_arrays", *map(asarray_like, arrays))


def broadcast_to(x: Tensor, /, shape: Sequence[int]) -> Tensor:
    """x repeated to `shape`; counted from the last, its sizes must be equal or 1."""
    return _broadcast_to(asarray_like(x), sizes_of("broadcast_to", shape))


def concat(arrays: Sequence[Tensor], /, *, axis: int | None = 0) -> Tensor:
    """The tensors one after the other along an existing axis; None flattens them first."""
    if not arrays:
        raise ValueError("concat: at least one tensor expected, none given")
    tensors = promoted("concat", *arrays)
    if axis is None:
        tensors, axis = [reshape_to(each, (each.size,)) for each in tensors], 0
    return apply("concat", *tensors, axis=one_axis("concat", axis, tensors[0].ndim))


def stack(arrays: Sequence[Tensor], /, *, axis: int = 0) -> Tensor:
    """Tensors of one shape side by side along a new axis."""
    if not arrays:
        raise ValueError("stack: at least one tensor expected, none given")
    tensors = promoted("stack", *arrays)
    shapes = {each.shape for each in tensors}
    if len(shapes) > 1:
        raise ShapeError(f"stack: one shape expected, {sorted(shapes)} given")
    at = one_axis("stack", axis, tensors[0].ndim + 1)
    return apply("concat", *(expand_dims(each, at) for each in tensors), axis=at)


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The parts of x along `axis`, each without that axis."""
    x = asarray_like(x)
    front = to_front(x, one_axis("unstack", axis, x.ndim))
    return tuple(front[position] for position in range(front.shape[0]))


def expand_dims(x: Tensor, /, axis: int = 0) -> Tensor:
    """x with a new axis of size 1 at `axis`."""
    x = asarray_like(x)
    at = one_axis("expand_dims", axis, x.ndim + 1)
    return reshape_to(x, (*x.shape[:at], 1, *x.shape[at:]))


def squeeze(x: Tensor, /, axis: int | tuple[int, ...]) -> Tensor:
    """x without the axes `axis`, which must have size 1."""
    x = asarray_like(x)
    axes = several_axes("squeeze", axis, x.ndim)
    if any(x.shape[each] != 1 for each in axes):
        raise ShapeError(f"squeeze: axes of size 1 expected, {axis} of shape {x.shape} given")
    return reshape_to(x, [size for each, size in enumerate(x.shape) if each not in axes])


def reshape(x: Tensor, /, shape: Sequence[int], *, copy: bool | None = None) -> Tensor:
    """The same elements, row-major, in `shape`; one size may be -1 and follows from the others."""
    del copy  # values never change, so shared memory cannot be noticed
    x, given = asarray_like(x), tuple(as_sequence(shape))
    fixed = sizes_of("reshape", [size for size in given if size != -1])
    if len(fixed) == len(given):
        return Tensor(reshape_to(x, fixed)._value)
    rest = math.prod(fixed)
    if len(fixed) < len(given) - 1 or not rest or x.size % rest:
        raise ShapeError(f"reshape: {x.size} elements of shape {x.shape} do not fill {given} in exactly one way")
    return apply("reshape", x, shape=tuple(x.size // rest if size == -1 else int(size) for size in given))


def permute_dims(x: Tensor, /, axes: tuple[int, ...]) -> Tensor:
    """x with its axes reordered: axis i of the result is axis `axes[i]` of x."""
    x = asarray_like(x)
    order = several_axes("permute_dims", axes, x.ndim)
    if len(order) != x.ndim:
        raise ShapeError(f"permute_dims: an order of {x.ndim} axes expected, {axes} given")
    return apply("permute", x, axes=order)


def moveaxis(x: Tensor, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Tensor:
    """x with axes `source` moved to stand at `destination`, the others in their order."""
    x = asarray_like(x)
    begin, end = (several_axes("moveaxis", each, x.ndim) for each in (source, destination))
    if len(begin) != len(end):
        raise ShapeError(f"moveaxis: as many destinations as sources expected, {source} and {destination} given")
    order = [axis for axis in range(x.ndim) if axis not in begin]
    for place, axis in sorted(zip(end, begin, strict=True)):
        order.insert(place, axis)
    return apply("permute", x, axes=tuple(order))


def flip(x: Tensor, /, *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """x with the order along `axis` reversed; None reverses all axes."""
    x = asarray_like(x)
    return apply("flip", x, axes=several_axes("flip", axis, x.ndim))


def roll(x: Tensor, /, shift: int | tuple[int, ...], *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """x moved on by `shift` along `axis`; what leaves at the end comes in at the start. None rolls the flat x."""
    x = asarray_like(x)
    if axis is None:
        if not isinstance(shift, int):
            raise ShapeError(f"roll: one shift for the flattened tensor expected, {shift} given; state the axes")
        return reshape_to(_roll_axis(reshape_to(x, (x.size,)), shift, 0), x.shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    shifts = shift if isinstance(shift, tuple) else (shift,) * len(axes)
    if len(shifts) != len(axes):
        raise ShapeError(f"roll: as many shifts as axes expected, {shift} and {axis} given")
    for by, at in zip(shifts, axes, strict=True):
        x = _roll_axis(x, by, one_axis("roll", at, x.ndim))
    return x


def _roll_axis(x: Tensor, shift: int, axis: int) -> Tensor:
    size = x.shape[axis]
    if not size or not shift % size:
        return x
    cut = size - shift % size
    return apply("concat", cut_axis(x, axis, cut, size), cut_axis(x, axis, 0, cut), axis=axis)


def cut_axis(x: Tensor, axis: int, start: int, stop: int) -> Tensor:
    """The positions `start` to `stop` of one axis."""
    begin = tuple(start if at == axis else 0 for at in range(x.ndim))
    end = tuple(stop if at == axis else size for at, size in enumerate(x.shape))
    return apply("slice", x, start=begin, stop=end, step=(1,) * x.ndim)


def repeat(x: Tensor, repeats: int | Tensor, /, *, axis: int | None = None) -> Tensor:
    """Each element along `axis` repeated; `repeats` is a number or one number per element, which must be known."""
    x = asarray_like(x)
    if axis is None:
        x, at = reshape_to(x, (x.size,)), 0
    else:
        at = one_axis("repeat", axis, x.ndim)
    counts = np.asarray(repeats) if isinstance(repeats, int) else asarray_like(repeats).numpy()
    if counts.dtype.kind not in "iu":
        raise DTypeError(f"repeat: integer repeats expected, {counts.dtype.name} given")
    if counts.size and counts.min() < 0:
        raise ValueError(f"repeat: at least 0 repeats expected, {counts.min()} given")
    if counts.shape in ((), (1,)):
        return _spread(x, (1,) * x.ndim, [int(counts.item()) if each == at else 1 for each in range(x.ndim)])
    if counts.shape != (x.shape[at],):
        raise ShapeError(f"repeat: one repeat for each of {x.shape[at]} elements expected, shape {counts.shape} given")
    rows = np.repeat(np.arange(x.shape[at]), counts.astype(np.int64))
    return from_front(apply("take", to_front(x, at), Tensor(rows), mode="clip", unique=False), at)


def _spread(x: Tensor, outer: Sequence[int], inner: Sequence[int]) -> Tensor:
    """Per axis the whole repeated `outer` times, each element `inner` times: a broadcast between two reshapes."""
    sizes = list(zip(outer, x.shape, inner, strict=True))
    separate = [each for _, size, _ in sizes for each in (1, size, 1)]
    wide = _broadcast_to(reshape_to(x, separate), [each for triple in sizes for each in triple])
    return reshape_to(wide, [math.prod(triple) for triple in sizes])


def tile(x: Tensor, repetitions: tuple[int, ...], /) -> Tensor:
    """x laid side by side `repetitions` times per axis, counted from the last."""
    x, repetitions = asarray_like(x), sizes_of("tile", repetitions)
    ndim = max(x.ndim, len(repetitions))
    times = (*(1,) * (ndim - len(repetitions)), *repetitions)
    return _spread(reshape_to(x, (*(1,) * (ndim - x.ndim), *x.shape)), times, (1,) * ndim)
