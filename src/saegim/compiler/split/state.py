"""How a value relates to the examples: whole, split along an axis, or a partial; and one rule per primitive.

A value without a state (None) is whole: every tile sees all of it. A rule goes forward: from the states of a node's
operands to its own state, and to what it wants of each operand for that. No rule means that the node cannot be
computed tile by tile.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from saegim.ir import ELEMENTWISE, REDUCTIONS, Node, Shape


class Split(NamedTuple):
    """Axis `axis` holds `per` entries for every example, in order; offsets of ragged data have `extra` 1 at the end.

    With `outer` above 1 it does so that many times: the axis is (outer, examples, per), row-major. Where time comes
    first, T times B rows are of that kind.
    """

    axis: int
    per: int = 1
    extra: int = 0
    outer: int = 1

    def at(self, axis: int) -> Split:
        """The same along another axis."""
        return Split(axis, self.per, self.extra, self.outer)

    def local(self, shape: Shape, examples: int) -> Shape:
        """The shape that a tile of `examples` sees."""
        return (*shape[: self.axis], self.outer * examples * self.per + self.extra, *shape[self.axis + 1 :])

    def unfolded(self, shape: Shape, examples: int) -> Shape:
        """The same with two axes, (outer, examples * per), where `outer` is above 1."""
        if self.outer == 1:
            return self.local(shape, examples)
        return (*shape[: self.axis], self.outer, examples * self.per, *shape[self.axis + 1 :])


class Partial(NamedTuple):
    """What a tile contributes: the value is all contributions combined by "sum", "prod", "max", "min", "any", "all"."""

    combine: str


class Move(NamedTuple):
    """A node's state, and the state that it wants each operand in."""

    state: Split | Partial
    wants: tuple[Split | None, ...]


Given = Sequence[Split | None]
_Rule = Callable[[Node, Given], Move | None]


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
    return Move(split.at(split.axis - sum(axis < split.axis for axis in axes)), (split,))


def _reduce_one(node: Node, given: Given) -> Move | None:
    split, axis = _first(given), node.attrs["axis"]
    return None if axis == split.axis else Move(split.at(split.axis - (axis < split.axis)), (split,))


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
    first, second = split.at(columns), split.at(rows)
    if left not in (None, first) or right not in (None, second):
        return None
    return Move(Partial("sum"), (first, second))


def through_reshape(old: Shape, new: Shape, split: Split) -> Split | None:
    """Where the examples are after a reshape: as many entries before them, whole examples along an axis."""
    before = math.prod(old[: split.axis]) * split.outer
    examples = old[split.axis] // (split.per * split.outer)
    if not math.prod(old):
        return None
    passed = 1
    for axis, size in enumerate(new):
        outer, odd = divmod(before, passed)
        if outer and not odd and size % (outer * examples) == 0:
            return Split(axis, size // (outer * examples), 0, outer)
        passed *= size
    return None


def _reshape(node: Node, given: Given) -> Move | None:
    split = _first(given)
    after = through_reshape(node.inputs[0].shape, node.shape, split)
    return None if after is None else Move(after, (split,))


def _permute(node: Node, given: Given) -> Move | None:
    split = _first(given)
    return Move(split.at(node.attrs["axes"].index(split.axis)), (split,))


def _broadcast(node: Node, given: Given) -> Move | None:
    split = _first(given)
    return Move(split.at(split.axis + node.ndim - node.inputs[0].ndim), (split,))


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
        return Move(table.at(table.axis - 1 + node.inputs[1].ndim), (table, None))
    return None


def _scatter(node: Node, given: Given) -> Move | None:
    """Rows of which every example has its own columns."""
    table, indices, rows = given
    ndim = node.inputs[1].ndim
    split = table or (rows and rows.at(rows.axis - ndim + 1))
    if indices is not None or split is None or split.axis < 1:
        return None
    wanted = split.at(split.axis - 1 + ndim)
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
    return (None,) if axis < 0 or operand.shape[axis] == 1 else (wanted.at(axis),)


def _cut_reshape(node: Node, wanted: Split) -> tuple[Split | None, ...] | None:
    found = None if wanted.extra else through_reshape(node.shape, node.inputs[0].shape, wanted)
    return None if found is None else (found,)


def _cut_permute(node: Node, wanted: Split) -> tuple[Split | None, ...]:
    return (wanted.at(node.attrs["axes"][wanted.axis]),)


def _cut_slice(node: Node, wanted: Split) -> tuple[Split | None, ...] | None:
    return (wanted,) if untouched(node, wanted.axis) else None


def _cut_random(node: Node, wanted: Split) -> tuple[Split | None, ...] | None:
    """Its numbers are counted row-major, so that a tile's are consecutive when nothing is before the examples."""
    return (None,) if math.prod(node.shape[: wanted.axis]) * wanted.outer == 1 else None


def _cut_iota(node: Node, wanted: Split) -> tuple[Split | None, ...] | None:
    return None if node.attrs["axis"] == wanted.axis and wanted.outer > 1 else ()


_BACKWARD: dict[str, Callable[[Node, Split], tuple[Split | None, ...] | None]] = {
    **dict.fromkeys(ELEMENTWISE, lambda node, wanted: (wanted,) * len(node.inputs)),
    "broadcast": _cut_broadcast,
    "reshape": _cut_reshape,
    "permute": _cut_permute,
    "slice": _cut_slice,
    "iota": _cut_iota,
    "random_bits": _cut_random,
}
