"""How a value relates to the examples: whole, split along an axis, or a partial; and one rule per primitive.

A value without a state (None) is whole: every tile sees all of it. A rule goes forward: from the states of a node's
operands to its own state, and to what it wants of each operand for that. No rule means that the node cannot be
computed tile by tile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from saegim.ir import PRIMITIVES, Node, Shape, rules


@dataclass(frozen=True)
class Split:
    """Axis `axis` holds `per` entries for every example, in order; offsets of ragged data have `extra` 1 at the end."""

    axis: int
    per: int = 1
    extra: int = 0

    def local(self, shape: Shape, examples: int) -> Shape:
        """The shape that a tile of `examples` sees."""
        return (*shape[: self.axis], examples * self.per + self.extra, *shape[self.axis + 1 :])


@dataclass(frozen=True)
class Partial:
    """What a tile contributes: the value is all contributions combined by "sum", "prod", "max", "min", "any", "all"."""

    combine: str


@dataclass(frozen=True)
class Move:
    """A node's state, and the state that it wants each operand in."""

    state: Split | Partial
    wants: tuple[Split | None, ...]


Given = Sequence[Split | None]
_Rule = Callable[[Node, Given], Move | None]

_ELEMENTWISE_RULES = (
    rules.floating,
    rules.numeric,
    rules.floating_test,
    rules.bitwise,
    rules.cast,
    rules.same,
    rules.comparison,
    rules.ordering,
    rules.integers,
    rules.select,
)
ELEMENTWISE = frozenset(name for name, each in PRIMITIVES.items() if each.infer in _ELEMENTWISE_RULES)
REDUCTIONS = frozenset(("sum", "prod", "max", "min", "any", "all"))


def forward(node: Node, given: Given) -> Move | None:
    """The state of `node` for operands `given`, at least one of them split; None where it needs them whole."""
    rule = _RULES.get(node.op)
    return None if rule is None else rule(node, given)


def _first(given: Given) -> Split:
    return next(each for each in given if each is not None)


def _alike(_node: Node, given: Given) -> Move | None:
    """All operands split alike; those that are whole are cut."""
    split = _first(given)
    if any(each not in (None, split) for each in given):
        return None
    return Move(split, (split,) * len(given))


def _reduce(node: Node, given: Given) -> Move | None:
    split, axes = _first(given), node.attrs["axes"]
    if split.axis in axes:
        return Move(Partial(node.op), (split,))
    return Move(Split(split.axis - sum(axis < split.axis for axis in axes), split.per), (split,))


def _reduce_one(node: Node, given: Given) -> Move | None:
    split, axis = _first(given), node.attrs["axis"]
    return None if axis == split.axis else Move(Split(split.axis - (axis < split.axis), split.per), (split,))


def _along_another(node: Node, given: Given) -> Move | None:
    return None if _first(given).axis == node.attrs["axis"] else _alike(node, given)


def _flip(node: Node, given: Given) -> Move | None:
    return None if _first(given).axis in node.attrs["axes"] else _alike(node, given)


def _searchsorted(_node: Node, given: Given) -> Move | None:
    table, at = given
    return Move(at, (None, at)) if table is None and at is not None else None


def _dot(node: Node, given: Given) -> Move | None:
    left, right = given
    rows, columns = node.ndim - 2, node.ndim - 1
    if left is not None and left.axis == rows:
        return Move(left, (left, None)) if right is None else None
    if right is not None and right.axis == columns:
        return Move(right, (None, right)) if left is None else None
    split = _first(given)
    if split.axis < rows:
        return _alike(node, given)
    first, second = Split(columns, split.per), Split(rows, split.per)
    if left not in (None, first) or right not in (None, second):
        return None
    return Move(Partial("sum"), (first, second))


def through_reshape(old: Shape, new: Shape, split: Split) -> Split | None:
    """Where the examples are after a reshape: the same number of entries before them, whole examples along an axis."""
    before = math.prod(old[: split.axis])
    examples = old[split.axis] // split.per
    if not math.prod(old):
        return None
    passed = 1
    for axis, size in enumerate(new):
        if passed == before and size % examples == 0:
            return Split(axis, size // examples)
        passed *= size
    return None


def _reshape(node: Node, given: Given) -> Move | None:
    split = _first(given)
    after = through_reshape(node.inputs[0].shape, node.shape, split)
    return None if after is None else Move(after, (split,))


def _permute(node: Node, given: Given) -> Move | None:
    split = _first(given)
    return Move(Split(node.attrs["axes"].index(split.axis), split.per), (split,))


def _broadcast(node: Node, given: Given) -> Move | None:
    split = _first(given)
    return Move(Split(split.axis + node.ndim - node.inputs[0].ndim, split.per), (split,))


def untouched(node: Node, axis: int) -> bool:
    """Does a slice or pad leave this axis as it is?"""
    if node.op == "slice":
        span = node.attrs["start"][axis], node.attrs["stop"][axis], node.attrs["step"][axis]
        return span == (0, node.inputs[0].shape[axis], 1)
    return not (node.attrs["low"][axis] or node.attrs["high"][axis] or node.attrs["interior"][axis])


def _slice(node: Node, given: Given) -> Move | None:
    return _alike(node, given) if untouched(node, _first(given).axis) else None


def _pad(node: Node, given: Given) -> Move | None:
    split = given[0]
    return Move(split, (split, None)) if split is not None and untouched(node, split.axis) else None


def _take(node: Node, given: Given) -> Move | None:
    table, indices = given
    if table is None and indices is not None:
        return Move(indices, (None, indices))
    if table is not None and indices is None and table.axis:
        return Move(Split(table.axis - 1 + node.inputs[1].ndim, table.per), (table, None))
    return None


def _scatter(node: Node, given: Given) -> Move | None:
    """Rows of which every example has its own columns."""
    table, indices, rows = given
    ndim = node.inputs[1].ndim
    split = table or (rows and Split(rows.axis - ndim + 1, rows.per))
    if indices is not None or split is None or split.axis < 1:
        return None
    wanted = Split(split.axis - 1 + ndim, split.per)
    return Move(split, (split, None, wanted)) if rows in (None, wanted) else None


def _first_axis(node: Node, given: Given) -> Move | None:
    return _alike(node, given) if _first(given).axis == 0 else None


_RULES: dict[str, _Rule] = {
    **dict.fromkeys(ELEMENTWISE, _alike),
    **dict.fromkeys(REDUCTIONS, _reduce),
    "argmax": _reduce_one,
    "argmin": _reduce_one,
    "cumsum": _along_another,
    "cumprod": _along_another,
    "argsort": _along_another,
    "concat": _along_another,
    "flip": _flip,
    "searchsorted": _searchsorted,
    "dot": _dot,
    "reshape": _reshape,
    "permute": _permute,
    "broadcast": _broadcast,
    "slice": _slice,
    "pad": _pad,
    "take": _take,
    "scatter_add": _scatter,
    "scatter_set": _scatter,
    "windows": _first_axis,
    "fold": _first_axis,
}


# --- backward: what a whole value is made of, in a tile ---------------------------------------------------------------


def backward(node: Node, wanted: Split) -> tuple[Split | None, ...] | None:
    """What a node that is whole wants of its operands, when a tile makes only its own part; None where it cannot."""
    rule = _BACKWARD.get(node.op)
    return None if rule is None else rule(node, wanted)


def _cut_broadcast(node: Node, wanted: Split) -> tuple[Split | None, ...]:
    (operand,) = node.inputs
    axis = wanted.axis - node.ndim + operand.ndim
    return (None,) if axis < 0 or operand.shape[axis] == 1 else (Split(axis, wanted.per, wanted.extra),)


def _cut_reshape(node: Node, wanted: Split) -> tuple[Split | None, ...] | None:
    found = None if wanted.extra else through_reshape(node.shape, node.inputs[0].shape, wanted)
    return None if found is None else (found,)


def _cut_permute(node: Node, wanted: Split) -> tuple[Split | None, ...]:
    return (Split(node.attrs["axes"][wanted.axis], wanted.per, wanted.extra),)


def _cut_slice(node: Node, wanted: Split) -> tuple[Split | None, ...] | None:
    return (wanted,) if untouched(node, wanted.axis) else None


def _cut_random(node: Node, wanted: Split) -> tuple[Split | None, ...] | None:
    """Its numbers are counted row-major, so that a tile's are consecutive when nothing is before the examples."""
    return (None,) if math.prod(node.shape[: wanted.axis]) == 1 else None


_BACKWARD: dict[str, Callable[[Node, Split], tuple[Split | None, ...] | None]] = {
    **dict.fromkeys(ELEMENTWISE, lambda node, wanted: (wanted,) * len(node.inputs)),
    "broadcast": _cut_broadcast,
    "reshape": _cut_reshape,
    "permute": _cut_permute,
    "slice": _cut_slice,
    "iota": lambda _node, _wanted: (),
    "random_bits": _cut_random,
}
