"""Elements copied from one layout to another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.walk import Body, Chunk, Ints, Parts, carrier, moved, offset_of, walk_range
from saegim.compiler.llvm import Function, Module, Value, literal, vector
from saegim.runtime.target import Target

_BLOCK = 4096  # elements of an item where everything lies in one line
_WIDEST = 16  # rows of the largest block that is transposed in registers


class _Crossing(NamedTuple):
    """Copying where elements side by side along axis `a` of the source lie side by side along `z` in the result.

    `sizes` are those of a and z; `steps` are the source's along z and the result's along a. The last block along an
    axis overlaps the one before it, so that all are whole; what both write is the same.
    """

    shape: Ints
    strides: tuple[Ints, Ints]
    sizes: tuple[int, int]
    steps: tuple[int, int]

    @property
    def _rows(self) -> int:
        """Places along a in an item."""
        return min(_WIDEST, _power_of_two(self.sizes[0]))

    @property
    def items(self) -> int:
        return math.prod(self.shape) * -(-self.sizes[0] // self._rows)

    def emit(self, start: Started, element: str, lanes: int) -> None:
        f, (source,), (result,) = start.function, start.reads, start.writes
        rows, (along, across) = self._rows, self.sizes
        side = min(lanes, rows, _power_of_two(across))
        blocks = -(-along // rows)
        with f.loop(start.first, start.last) as item:
            outer = f.op("udiv", item, blocks)
            row = f.intrinsic("llvm.smin", f.op("mul", f.op("urem", item, blocks), rows), literal("i64", along - rows))
            read = f.op("add", offset_of(f, outer, self.shape, self.strides[0]), row)
            written = moved(f, offset_of(f, outer, self.shape, self.strides[1]), row, self.steps[1])
            with f.loop(0, across, side) as begin:
                column = f.intrinsic("llvm.smin", begin, literal("i64", across - side))
                for first in range(0, rows, side):
                    into = moved(f, f.op("add", written, column), literal("i64", first), self.steps[1])
                    place = moved(f, f.op("add", read, first), column, self.steps[0])
                    self._emit_block(f, f.at(source, place, element), f.at(result, into, element), side, element)

    def _emit_block(self, f: Function, source: Value, result: Value, side: int, element: str) -> None:
        kind = vector(element, side)
        read = [f.load(f.at(source, number * self.steps[0], element), kind) for number in range(side)]
        for number, x in enumerate(transposed(f, read)):
            f.store(x, f.at(result, number * self.steps[1], element))


def transposed(f: Function, rows: list[Value]) -> list[Value]:
    """The columns of a square of vectors, whose side is a power of two: rows are interleaved until they are columns."""
    side = len(rows)
    half = side // 2
    low = [each for lane in range(half) for each in (lane, side + lane)]
    high = [each + half for each in low]
    for _ in range(side.bit_length() - 1):
        pairs = [(rows[number], rows[number + half]) for number in range(half)]
        rows = [f.shuffle(*pair, places) for pair in pairs for places in (low, high)]
    return rows


def _power_of_two(size: int) -> int:
    """The largest that is not above `size`."""
    return 1 << (size.bit_length() - 1)


@dataclass(frozen=True)
class Copy(Kernel):
    """The elements of `source` in the layout of `result`, which has its shape and dtype.

    Of three ways it takes the first that fits: blocks of one line; blocks that are transposed in registers, where the
    elements that lie side by side are others in the source than in the result; lines. Items are blocks or lines.
    """

    source: Layout
    result: Layout

    @property
    def reads(self) -> tuple[Layout, ...]:
        return (self.source,)

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        if self.result.size == 0:
            return 0
        if self._in_line:
            return -(-self.result.size // _BLOCK)
        return self._crossing.items if self._crossing else self._parts.items

    @cached_property
    def _parts(self) -> Parts:
        """All axes, in the order in which they lie in the result."""
        order = sorted(range(len(self.result.shape)), key=lambda axis: -abs(self.result.strides[axis]))
        shape = tuple(self.result.shape[axis] for axis in order)
        return Parts.of(shape, [tuple(each.strides[axis] for axis in order) for each in (self.source, self.result)])

    @property
    def _in_line(self) -> bool:
        return len(self._parts.shape) == 1

    @cached_property
    def _crossing(self) -> _Crossing | None:
        if len(self._parts.shape) < 2:
            return None
        (*outer, across), (read, written) = self._parts.shape, self._parts.strides
        along = [axis for axis in range(len(outer)) if read[axis] == 1]
        if not along or written[-1] != 1 or read[-1] in (0, 1):
            return None
        rest = [axis for axis in range(len(outer)) if axis != along[0]]
        return _Crossing(
            tuple(outer[axis] for axis in rest),
            (tuple(read[axis] for axis in rest), tuple(written[axis] for axis in rest)),
            (outer[along[0]], across),
            (read[-1], written[along[0]]),
        )

    def emit(self, module: Module, name: str, target: Target) -> None:
        start = self.start(module, name)
        if self.result.size:
            if self._in_line:
                self._emit_line(start, target)
            elif self._crossing:
                self._crossing.emit(start, carrier(self.result.dtype), target.lanes(self.result.dtype))
            else:
                body, lanes = self._body(start), target.lanes(self.result.dtype)
                self._parts.emit(start.function, start.first, start.last, lanes, body)
        start.function.ret()

    def _emit_line(self, start: Started, target: Target) -> None:
        f = start.function
        end = f.intrinsic("llvm.smin", f.op("mul", start.last, _BLOCK), literal("i64", self.result.size))
        steps = tuple(by[0] for by in self._parts.strides)
        lanes = target.lanes(self.result.dtype)
        walk_range(f, f.op("mul", start.first, _BLOCK), end, steps, lanes, self._body(start))

    def _body(self, start: Started) -> Body:
        f, (source,), (result,) = start.function, start.reads, start.writes
        element = carrier(self.result.dtype)

        def body(chunk: Chunk) -> None:
            chunk.store(f, 1, result, chunk.load(f, 0, source, element), element)

        return body


def fill(result: Layout) -> Copy:
    """One number, the only element of its operand, in every place of `result`."""
    return Copy(Layout(result.dtype, result.shape, (0,) * len(result.shape)), result)
