"""Strides: what moves of shape do to the place of an element, without moving anything.

A `Strided` says where element (i, j, ...) of an array lies: at offset + i * strides[0] + j * strides[1] + ... elements
behind its beginning. Broadcasts have stride 0, flips negative strides, windows overlapping ones. Only some reshapes
need a copy: those that join axes between which there is a gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from saegim.ir import Node

Ints = tuple[int, ...]

known = lru_cache(1 << 12)  # layers look alike: most questions were asked before


class Strided(NamedTuple):
    """A shape with the place of each element."""

    shape: Ints
    strides: Ints
    offset: int = 0


@known
def dense(shape: Ints) -> Strided:
    """Row-major, without gaps."""
    return Strided(shape, dense_strides(shape))


def dense_strides(shape: Ints) -> Ints:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= size
    return tuple(reversed(strides))


@known
def normal(shape: Ints, strides: Ints) -> Ints:
    """The strides with 0 for axes of one element, where they do not matter."""
    return tuple(0 if size == 1 else by for size, by in zip(shape, strides, strict=True))


@known
def reshaped(x: Strided, shape: Ints) -> Strided | None:
    """The same elements, row-major, in `shape`; None where strides cannot say that."""
    if math.prod(shape) == 0:
        return Strided(shape, (0,) * len(shape), x.offset)
    # Axes of x that belong together: one run has one stride, counted from its last element.
    runs: list[list[int]] = []  # [elements, stride of the last]
    for size, by in zip(x.shape, x.strides, strict=True):
        if size == 1:
            continue
        if runs and runs[-1][1] == size * by:
            runs[-1] = [runs[-1][0] * size, by]
        else:
            runs.append([size, by])
    strides: list[int] = []
    left, step = 1, 0  # what is left of the current run, from its end
    for size in reversed(shape):
        if size == 1:
            strides.append(0)
            continue
        if left == 1:
            left, step = runs.pop()
        if left % size:
            return None
        strides.append(step)
        step, left = step * size, left // size
    return Strided(shape, tuple(reversed(strides)), x.offset)


def permuted(x: Strided, axes: Sequence[int]) -> Strided:
    return Strided(tuple(x.shape[a] for a in axes), tuple(x.strides[a] for a in axes), x.offset)


def broadcasted(x: Strided, shape: Ints) -> Strided:
    new = len(shape) - len(x.shape)
    kept = [by if was == now else 0 for was, by, now in zip(x.shape, x.strides, shape[new:], strict=True)]
    return Strided(shape, (0,) * new + tuple(kept), x.offset)


def sliced(x: Strided, start: Ints, stop: Ints, step: Ints) -> Strided:
    shape = tuple(-(-(last - first) // by) for first, last, by in zip(start, stop, step, strict=True))
    offset = x.offset + sum(first * by for first, by in zip(start, x.strides, strict=True))
    return Strided(shape, tuple(by * every for by, every in zip(x.strides, step, strict=True)), offset)


def flipped(x: Strided, axes: Ints) -> Strided:
    turned = [(size - 1) * by if a in axes else 0 for a, (size, by) in enumerate(zip(x.shape, x.strides, strict=True))]
    strides = tuple(-by if a in axes else by for a, by in enumerate(x.strides))
    return Strided(x.shape, strides, x.offset + (sum(turned) if math.prod(x.shape) else 0))


def windowed(x: Strided, node: Node) -> Strided:
    """x (B, *S, C) as (B, *out, *size, C)."""
    stride, dilation = node.attrs["stride"], node.attrs["dilation"]
    places = x.strides[1:-1]
    outer = tuple(by * every for by, every in zip(places, stride, strict=True))
    inner = tuple(by * every for by, every in zip(places, dilation, strict=True))
    return Strided(node.shape, (x.strides[0], *outer, *inner, x.strides[-1]), x.offset)


_MOVES: dict[str, Callable[[Strided, Node], Strided | None]] = {
    "reshape": lambda x, node: reshaped(x, node.shape),
    "permute": lambda x, node: permuted(x, node.attrs["axes"]),
    "broadcast": lambda x, node: broadcasted(x, node.shape),
    "slice": lambda x, node: sliced(x, node.attrs["start"], node.attrs["stop"], node.attrs["step"]),
    "flip": lambda x, node: flipped(x, node.attrs["axes"]),
    "windows": windowed,
    "stop_gradient": lambda x, node: x,
}
MOVES = frozenset(_MOVES)
"""Primitives that only say anew where elements lie."""


def moved(x: Strided, node: Node) -> Strided | None:
    """What `node`, one of MOVES, makes of x; None where a copy is needed."""
    return _MOVES[node.op](x, node)


@known
def axes_within(shape: Ints, axes: Ints, space: Ints) -> Ints | None:
    """The axes of `space` that are `axes` of `shape`, for two shapes of the same elements in the same order.

    None where an axis of one is not made of whole axes of the other.
    """
    bounds = _bounds(space)
    chosen: list[int] = []
    edges = _bounds(shape)
    for axis in axes:
        if shape[axis] == 1:
            continue
        low, high = edges[axis]
        inside = [a for a, (lower, upper) in enumerate(bounds) if space[a] > 1 and low <= lower and upper <= high]
        if math.prod(space[a] for a in inside) != shape[axis]:
            return None
        chosen.extend(inside)
    return tuple(sorted(chosen))


def _bounds(shape: Ints) -> list[tuple[int, int]]:
    """For each axis the elements that one step moves over, and those that all of its steps do."""
    return [(by, by * size) for by, size in zip(dense_strides(shape), shape, strict=True)]
