"""Which values are mostly zeros, as far as the operations that made them tell.

The largest element along an axis gets all of its gradient, and the others none:

    %2 = max(%1; axes=(1,))   %4 = equal(%1, broadcast(%2))   %5 = select(%4, gradient, 0)

%4 holds for few elements, so %5 is mostly zeros, and stays so through products with anything, sums with its like, other
selections and moves. Elements may be equal by chance: that a value is among those found here says what to expect of it,
never what it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from saegim.ir import Node

_AMONG = 8  # of so many elements, one is the largest

_MOVED = frozenset(("reshape", "permute", "broadcast", "slice", "flip", "windows", "stop_gradient", "negative", "cast"))
_BEFORE = frozenset(("reshape", "permute", "broadcast"))


def mostly_zero(nodes: Iterable[Node]) -> set[Node]:
    """Those of `nodes`, whose inputs come before their users, that are zero (or false) but for few elements."""
    found: set[Node] = set()
    for node in nodes:
        if _is_sparse(node, found):
            found.add(node)
    return found


def _is_sparse(node: Node, found: set[Node]) -> bool:
    inputs = node.inputs
    if node.op == "equal":
        return _is_largest(*inputs) or _is_largest(*reversed(inputs))
    if node.op in _MOVED:
        return inputs[0] in found
    if node.op in ("multiply", "bitwise_and"):
        return inputs[0] in found or inputs[1] in found
    if node.op == "divide":
        return inputs[0] in found
    if node.op in ("concat", "add", "subtract"):
        return all(each in found for each in inputs)
    if node.op == "pad":
        return inputs[0] in found and _is_zero(inputs[1])
    if node.op == "select":
        condition, then, other = inputs
        rare = condition in found and _is_zero(other)
        return rare or all(each in found or _is_zero(each) for each in (then, other))
    return False


def _is_largest(x: Node, extreme: Node) -> bool:
    """Whether elements of x are compared with the largest or the smallest among many of them."""
    while extreme.op in _BEFORE:
        extreme = extreme.inputs[0]
    if extreme.op not in ("max", "min") or extreme.inputs[0] is not x:
        return False
    axes: tuple[int, ...] = extreme.attrs["axes"]
    return math.prod(x.shape[axis] for axis in axes) >= _AMONG


def _is_zero(node: Node) -> bool:
    while node.op in _BEFORE:
        node = node.inputs[0]
    return node.op == "constant" and not bool(node.attrs["value"].array.any())
