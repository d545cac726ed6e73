"""What rules ask of nodes, and how they make new ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from saegim.ir import Node, Shape, constant, make

Rule = Callable[[Node], Node | None]
"""What stands for a node whose inputs are simple already; None where the rule has nothing to say."""

Scalar = float | int | bool


def number(node: Node) -> Scalar | None:
    """The number that every element is, where that is known."""
    while node.op == "broadcast":
        node = node.inputs[0]
    if node.op != "constant" or node.size != 1:
        return None
    value: Scalar = node.attrs["value"].array.item()
    return value


def is_number(node: Node, value: Scalar) -> bool:
    """Whether every element is `value`; -0.0 is not 0.0."""
    found = number(node)
    return found is not None and found == value and math.copysign(1, found) == math.copysign(1, value)


def full(shape: Shape, value: Scalar, like: Node) -> Node:
    """`shape` filled with one number of the dtype of `like`."""
    return broadcast(constant(np.asarray(value, like.dtype)), shape)


def reshape(node: Node, shape: Sequence[int]) -> Node:
    if node.op == "reshape":
        node = node.inputs[0]
    return node if node.shape == tuple(shape) else make("reshape", node, shape=tuple(shape))


def permute(node: Node, axes: Sequence[int]) -> Node:
    order = tuple(axes)
    return node if order == tuple(range(node.ndim)) else make("permute", node, axes=order)


def broadcast(node: Node, shape: Sequence[int]) -> Node:
    return node if node.shape == tuple(shape) else make("broadcast", node, shape=tuple(shape))


def reduce(op: str, node: Node, axes: Sequence[int]) -> Node:
    return make(op, node, axes=tuple(sorted(axes))) if axes else node


def aligned(shape: Shape, ndim: int) -> Shape:
    """`shape` with as many axes of size 1 in front as a broadcast to `ndim` axes adds."""
    return (1,) * (ndim - len(shape)) + shape


def inverse(axes: Sequence[int]) -> tuple[int, ...]:
    """The order of axes that undoes `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def all_axes(node: Node) -> tuple[int, ...]:
    return tuple(range(node.ndim))
