"""The loops of a fused kernel: its space with axes dropped, put into order and merged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from saegim.compiler.kernels.base import Layout
from saegim.compiler.kernels.fused_steps import ROW_REDUCTIONS, Step, Write

Ints = tuple[int, ...]

_BLOCK = 4096  # columns of an item where rows are long and nothing is reduced
_STRIP = 64  # the same where outer axes are reduced: as many sums as fit into registers
_APART = 16  # the same where columns lie apart: few enough cache lines to stay when their distance is a power of two


@dataclass(frozen=True)
class Nest:
    """Axes that items go over, axes that are run through within an item, and columns, of which an item does a block.

    Items are ordered by rows, then blocks; or by blocks, then rows, if `by_blocks`: where columns lie apart in memory,
    the next row then finds its elements in the cache lines that this row has fetched.

    Strides are along (*outer, *inner, columns): of loads, of writes, and of those steps that are positions (empty for
    the others). `over` says for each write which of these axes it reduces.
    """

    outer: Ints
    inner: Ints
    columns: int
    block: int
    by_blocks: bool
    steps: tuple[Step, ...]
    loads: tuple[Ints, ...]
    writes: tuple[Ints, ...]
    positions: tuple[Ints, ...]
    over: tuple[frozenset[int], ...]

    @property
    def blocks(self) -> int:
        """Into how many items a row is divided."""
        return max(1, -(-self.columns // self.block))

    @property
    def items(self) -> int:
        return math.prod(self.outer) * self.blocks

    @property
    def is_empty(self) -> bool:
        """Whether there is no row at all."""
        return 0 in self.outer or 0 in self.inner


class _Axis(NamedTuple):
    """An axis with the strides of all loads, writes and positions along it, and which writes reduce it."""

    size: int
    strides: Ints
    reduced: tuple[bool, ...]


def nest(space: Ints, loads: Sequence[Layout], steps: Sequence[Step], writes: Sequence[Write]) -> Nest:
    """The loops of a kernel. Items never share an element that is combined over axes."""
    if math.prod(space[-1:]) == 1:  # one column is its own sum
        steps = [replace(step, op="stop_gradient") if step.op in ROW_REDUCTIONS else step for step in steps]
    strided = [each.strides for each in (*loads, *(write.layout for write in writes))]
    strided += [step.attrs[1] for step in steps if step.op == "position"]
    over = [_over(write, len(space)) for write in writes]
    axes = [
        _Axis(size, tuple(strides[axis] for strides in strided), tuple(axis in each for each in over))
        for axis, size in enumerate(space)
    ]
    by_rows = any(step.op in ROW_REDUCTIONS for step in steps)
    by_rows |= bool(space) and space[-1] != 1 and any(write.layout.strides[-1] == 0 for write in writes)
    operands = slice(0, len(loads) + len(writes))
    one = _Axis(1, (0,) * len(strided), (False,) * len(writes))
    *rows, last = _ordered(axes or [one], one, by_rows, operands)
    return _assembled(rows, last, by_rows, tuple(steps), len(loads), len(writes))


def _over(write: Write, ndim: int) -> frozenset[int]:
    """The axes that a write reduces; a row value counts once per row, so the last axis says nothing."""
    return frozenset(axis for axis in write.over if axis != ndim - 1)


def _ordered(axes: list[_Axis], one: _Axis, by_rows: bool, operands: slice) -> list[_Axis]:
    """Reduced axes behind the others, then the columns: the last axis, or where that is free, the cheapest."""
    many = [axis for axis in axes if axis.size != 1]
    if by_rows or any(axis.size == 0 for axis in axes):
        last = axes[-1] if axes[-1].size != 1 else one
        return _merged(_with_last(many, last), by_rows)
    orders = [_merged(_with_last(many, last), by_rows) for last in reversed(many) if not any(last.reduced)]
    return min(orders or [_with_last(many, one)], key=lambda order: _cost(order[-1], operands))


def _with_last(axes: list[_Axis], last: _Axis) -> list[_Axis]:
    others = [axis for axis in axes if axis is not last]
    return [*sorted(others, key=lambda axis: any(axis.reduced)), last]


def _merged(axes: list[_Axis], by_rows: bool) -> list[_Axis]:
    """Neighbours as one axis where every stride goes on evenly from the inner one to the outer one."""
    result = [axes[-1]]
    for number, outer in enumerate(reversed(axes[:-1])):
        inner = result[0]
        even = all(far == near * inner.size for far, near in zip(outer.strides, inner.strides, strict=True))
        if even and outer.reduced == inner.reduced and not (by_rows and number == 0):
            result[0] = inner._replace(size=outer.size * inner.size)
        else:
            result.insert(0, outer)
    return result


def _cost(columns: _Axis, operands: slice) -> float:
    """About how long one element takes if this axis is the columns: neighbours in memory are cheap, short rows not."""
    strides = columns.strides[operands]
    moves = sum(0.2 if by == 0 else 1 if by == 1 else 1.5 if by == -1 else 8 for by in strides) + 1
    return moves * (1 + 8 / max(1, columns.size))


def _assembled(rows: list[_Axis], last: _Axis, by_rows: bool, steps: tuple[Step, ...], loads: int, writes: int) -> Nest:
    outer = [axis for axis in rows if not any(axis.reduced)]
    inner = [axis for axis in rows if any(axis.reduced)]
    axes = [*outer, *inner, last]
    strides = [tuple(axis.strides[number] for axis in axes) for number in range(len(last.strides))]
    positions = iter(strides[loads + writes :])
    apart = bool(outer) and not by_rows and any(abs(by) > 1 for by in last.strides[: loads + writes])
    return Nest(
        tuple(axis.size for axis in outer),
        tuple(axis.size for axis in inner),
        last.size,
        max(1, last.size) if by_rows else _APART if apart else _STRIP if inner else _BLOCK,
        apart,
        steps,
        tuple(strides[:loads]),
        tuple(strides[loads : loads + writes]),
        tuple(next(positions) if step.op == "position" else () for step in steps),
        tuple(frozenset(n for n, axis in enumerate(axes) if axis.reduced[write]) for write in range(writes)),
    )
