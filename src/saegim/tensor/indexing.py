"""Indexing as a list of primitives: what `x[key]` does, step by step, for known and traced tensors alike."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from saegim.dtypes import is_bool
from saegim.errors import TraceError
from saegim.ir import Shape
from saegim.ir.where import where_am_i

Step = tuple[str, tuple[Any, ...], dict[str, Any]]  # a primitive, its further operands, its attributes
Flatten = Callable[[Sequence[Any], Sequence[int]], Any]
"""From an integer or integer tensor per axis and the axes' sizes: one row-major position."""


def plan_index(shape: Shape, keys: Sequence[Any], flatten: Flatten) -> Iterator[Step]:
    """The primitives that `x[keys]` consists of for an x of `shape`.

    Keys are integers, slices, `...`, `None`, one truth-value tensor, or integer tensors that broadcast together
    (standard, "Integer array indexing"); where these are mixed with slices, NumPy's order of the result's axes holds.
    Raises IndexError for keys that do not fit.
    """
    if any(_is_tensor(each) and is_bool(each.dtype) for each in keys):
        yield from _mask(shape, keys)
        return
    keys = _without_ellipsis(shape, keys)
    if any(map(_is_tensor, keys)):
        yield from _gather(shape, keys, flatten)
    else:
        yield from _basic(shape, keys)


def _is_tensor(key: Any) -> bool:
    return hasattr(key, "is_traced")


def _without_ellipsis(shape: Shape, keys: Sequence[Any]) -> list[Any]:
    """Every axis has a key of its own."""
    used = sum(each is not None and each is not Ellipsis for each in keys)
    if used > len(shape) or sum(each is Ellipsis for each in keys) > 1:
        raise IndexError(f"at most {len(shape)} indices for shape {shape} and one ellipsis expected, {used} given")
    fill: list[Any] = [slice(None)] * (len(shape) - used)
    at = next((number for number, each in enumerate(keys) if each is Ellipsis), len(keys))
    return [*keys[:at], *fill, *keys[at + 1 :]]


def _basic(shape: Shape, keys: Sequence[Any]) -> Iterator[Step]:
    """Slices and integers: one slice, a flip for negative steps, then a reshape."""
    spans: list[range] = []
    result: list[int] = []
    for key in keys:
        if key is None:
            result.append(1)
            continue
        axis = len(spans)
        size = shape[axis]
        if isinstance(key, slice):
            spans.append(range(*key.indices(size)))
            result.append(len(spans[-1]))
        else:
            position = position_of(key, size, axis)
            spans.append(range(position, position + 1))
    ascending = [each if each.step > 0 else each[::-1] for each in spans]
    bounds = [(each[0], each[-1] + 1, each.step) if each else (0, 0, 1) for each in ascending]
    if bounds != [(0, size, 1) for size in shape]:
        start, stop, step = zip(*bounds, strict=True)
        yield "slice", (), {"start": start, "stop": stop, "step": step}
    flipped = tuple(axis for axis, each in enumerate(spans) if each.step < 0 and len(each) > 1)
    if flipped:
        yield "flip", (), {"axes": flipped}
    if tuple(map(len, spans)) != tuple(result):
        yield "reshape", (), {"shape": tuple(result)}


def position_of(key: Any, size: int, axis: int) -> int:
    """One position on an axis, counted from 0."""
    try:
        position = operator.index(key)
    except TypeError:
        given = type(key).__name__
        raise IndexError(f"an integer, slice, ..., None or tensor expected as an index, {given} given") from None
    if not -size <= position < size:
        raise IndexError(f"index {position} is outside of axis {axis} with size {size}")
    return position % size


def _mask(shape: Shape, keys: Sequence[Any]) -> Iterator[Step]:
    """A truth-value tensor: how many elements it picks depends on its values, so it must be known."""
    if len(keys) != 1:
        raise IndexError("a truth-value tensor must be the only index; combine conditions with & instead")
    mask = keys[0]
    if mask.is_traced:
        raise TraceError(
            f"{where_am_i()} picks elements by a traced mask, so that their number is known only when the program "
            "runs; use sg.where"
        )
    if mask.shape != shape[: mask.ndim]:
        raise IndexError(f"a truth-value tensor of shape {shape[: mask.ndim]} expected, {mask.shape} given")
    yield "reshape", (), {"shape": (mask.size, *shape[mask.ndim :])}
    yield "take", (np.flatnonzero(mask.numpy()),), {"mode": "clip", "unique": True}


def _gather(shape: Shape, keys: Sequence[Any], flatten: Flatten) -> Iterator[Step]:
    """Integer tensors: their axes go first, become one, and are taken by position."""
    # Slices and new axes first; the axes to pick from stay whole.
    yield from _basic(shape, [slice(None) if _is_pick(each) else each for each in keys])
    axes = accumulate((each is not None for each in keys[1:]), initial=0)
    sizes = [_size_after(key, shape[axis]) for key, axis in zip(keys, axes, strict=True)]
    picked = [number for number, each in enumerate(keys) if _is_pick(each)]
    others = [number for number in range(len(keys)) if number not in picked]
    kept = [sizes[number] for number in others]
    flat = flatten([keys[number] for number in picked], [sizes[number] for number in picked])
    yield "permute", (), {"axes": (*picked, *others)}
    yield "reshape", (), {"shape": (math.prod(sizes[number] for number in picked), *kept)}
    yield "take", (flat,), {"mode": "raise", "unique": False}
    before = picked[0]
    if before and picked == list(range(before, picked[-1] + 1)):
        # Tensors next to each other leave their axes where they stood among the slices.
        first, last = range(flat.ndim), range(flat.ndim, flat.ndim + len(others))
        yield "permute", (), {"axes": (*last[:before], *first, *last[before:])}


def _size_after(key: Any, size: int) -> int:
    """The size that an axis of `size` has once slices and new axes are done."""
    if key is None:
        return 1
    return len(range(*key.indices(size))) if isinstance(key, slice) else size


def _is_pick(key: Any) -> bool:
    """An integer or a tensor of them; integers beside tensors count as tensors."""
    return key is not None and not isinstance(key, slice)
