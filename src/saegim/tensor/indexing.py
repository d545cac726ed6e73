"""Indexing as a list of primitives: what `x[key]` does, step by step, for known and traced tensors alike."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from saegim.errors import TraceError
from saegim.ir import Shape

Step = tuple[str, tuple[Any, ...], dict[str, Any]]  # a primitive, its further operands, its attributes


def plan_index(shape: Shape, key: Any, tensor_type: type) -> Iterator[Step]:
    """The primitives that `x[key]` consists of for an x of `shape`.

    Keys are integers, slices, `...`, `None`, one truth-value array, or integer arrays that broadcast together
    (the standard's integer array indexing: such a key consists of integers and integer arrays alone, or of
    arrays next to each other among slices, as NumPy has it). Raises IndexError for keys that do not fit.
    """
    keys = list(key) if isinstance(key, tuple) else [key]
    keys = [np.asarray(each) if isinstance(each, list) else each for each in keys]
    arrays = [each for each in keys if _is_array(each, tensor_type)]
    if any(each.dtype.kind == "b" for each in arrays):
        yield from _mask(shape, keys, tensor_type)
        return
    keys = _without_ellipsis(shape, keys)
    if arrays:
        yield from _gather(shape, keys, tensor_type)
    else:
        yield from _basic(shape, keys)


def _is_array(key: Any, tensor_type: type) -> bool:
    return isinstance(key, tensor_type | np.ndarray)


def _without_ellipsis(shape: Shape, keys: list[Any]) -> list[Any]:
    """Every axis has a key of its own."""
    used = sum(each is not None and each is not Ellipsis for each in keys)
    if used > len(shape) or sum(each is Ellipsis for each in keys) > 1:
        raise IndexError(f"{used} indices for shape {shape}, at most {len(shape)} and one ellipsis expected")
    fill: list[Any] = [slice(None)] * (len(shape) - used)
    at = next((number for number, each in enumerate(keys) if each is Ellipsis), len(keys))
    return [*keys[:at], *fill, *keys[at + 1 :]]


def _basic(shape: Shape, keys: list[Any]) -> Iterator[Step]:
    """Slices and integers: one slice, a flip for negative steps, then a reshape."""
    starts, stops, steps, flipped, result = [], [], [], [], []
    axis = 0
    for each in keys:
        if each is None:
            result.append(1)
            continue
        size = shape[axis]
        if isinstance(each, slice):
            positions = range(*each.indices(size))
            if positions.step < 0:
                flipped.append(axis)
                positions = positions[::-1]
            start, stop = (positions[0], positions[-1] + 1) if positions else (0, 0)
            starts.append(start)
            stops.append(stop)
            steps.append(positions.step)
            result.append(len(positions))
        else:
            position = _position(each, size, axis)
            starts.append(position)
            stops.append(position + 1)
            steps.append(1)
        axis += 1
    if (starts, stops, steps) != ([0] * axis, list(shape), [1] * axis):
        yield "slice", (), {"start": tuple(starts), "stop": tuple(stops), "step": tuple(steps)}
    if flipped:
        yield "flip", (), {"axes": tuple(flipped)}
    yield "reshape", (), {"shape": tuple(result)}


def _position(key: Any, size: int, axis: int) -> int:
    try:
        position = operator.index(key)
    except TypeError:
        raise IndexError(
            f"an integer, slice, ..., None or array expected as an index, {type(key).__name__} given"
        ) from None
    if not -size <= position < size:
        raise IndexError(f"index {position} is outside of axis {axis} with size {size}")
    return position % size if size else 0


def _mask(shape: Shape, keys: list[Any], tensor_type: type) -> Iterator[Step]:
    """A truth-value array: how many elements it picks depends on its values, so it must be known."""
    if len(keys) != 1:
        raise IndexError("a truth-value array must be the only index; combine conditions with & instead")
    mask = keys[0]
    if getattr(mask, "is_traced", False):
        raise TraceError(
            "a traced truth-value array cannot pick elements, since their number is known only when the program runs; "
            "use sg.where"
        )
    mask = np.asarray(mask)
    if mask.shape != shape[: mask.ndim]:
        raise IndexError(f"a truth-value array of shape {shape[: mask.ndim]} expected, {mask.shape} given")
    flat = np.flatnonzero(mask)
    rest = shape[mask.ndim :]
    yield "reshape", (), {"shape": (mask.size, *rest)}
    yield "take", (flat,), {"mode": "clip", "unique": True}


def _gather(shape: Shape, keys: list[Any], tensor_type: type) -> Iterator[Step]:
    """Integer arrays: their axes go first, become one, and are taken by position."""
    keys = [each for each in keys if each is not None] if None not in keys else keys
    if None in keys:
        raise IndexError("None cannot be combined with array indices; use expand_dims")
    picked = [axis for axis, each in enumerate(keys) if not isinstance(each, slice)]
    others = [axis for axis in range(len(shape)) if axis not in picked]
    together = picked == list(range(picked[0], picked[-1] + 1))
    sliced = [each if isinstance(each, slice) else slice(None) for each in keys]
    yield from _basic(shape, sliced)
    sizes = [len(range(*each.indices(size))) for each, size in zip(sliced, shape, strict=True)]
    yield "permute", (), {"axes": (*picked, *others)}
    kept = [sizes[axis] for axis in others]
    yield "reshape", (), {"shape": (int(np.prod([shape[a] for a in picked], dtype=np.int64)), *kept)}
    flat = _flat_position([keys[axis] for axis in picked], [shape[axis] for axis in picked], tensor_type)
    yield "take", (flat,), {"mode": "raise", "unique": False}
    if together and picked[0]:
        # NumPy leaves adjacent index arrays where they stood among the slices.
        gathered, before = len(flat.shape), picked[0]
        axes = (
            *range(gathered, gathered + before),
            *range(gathered),
            *range(gathered + before, gathered + len(others)),
        )
        yield "permute", (), {"axes": axes}


def _flat_position(keys: list[Any], sizes: list[int], tensor_type: type) -> Any:
    """One row-major position from a position per axis; negative positions count from the end."""
    flat: Any = None
    for key, size in zip(keys, sizes, strict=True):
        traced = isinstance(key, tensor_type)
        if traced and key.is_traced:  # type: ignore[attr-defined]
            below = (key < 0).__array_namespace__().astype(key < 0, key.dtype)  # type: ignore[operator]
            position: Any = key + below * size
        else:
            known = np.asarray(key)
            if known.dtype.kind not in "iu":
                raise IndexError(f"integer indices expected, {known.dtype.name} given")
            if known.size and not -size <= int(known.min()) <= int(known.max()) < size:
                raise IndexError(
                    f"indices between {-size} and {size - 1} expected, {known.min()} to {known.max()} given"
                )
            position = np.where(known < 0, known + size, known).astype(np.int64)
        flat = position if flat is None else flat * size + position
    return flat
