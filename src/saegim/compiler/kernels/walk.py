"""Loops over elements of operands with any strides, along whole vectors where they lie side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from saegim.compiler.kernels.base import Layout
from saegim.compiler.llvm import Function, Value, literal, size_of, vector
from saegim.dtypes import DType
from saegim.runtime.target import Target

Ints = tuple[int, ...]
ZERO = literal("i64", 0)
_UNROLLED = 4  # chunks in the body of a loop along a line
_ENOUGH_ITEMS = 64


def carrier(dtype: DType) -> str:
    """The integer type of an element's size, in which elements of any dtype are moved."""
    return f"i{8 * dtype.itemsize}"


def merged(shape: Ints, strides: Sequence[Ints]) -> tuple[Ints, list[Ints]]:
    """The same elements over as few axes as possible: axes that lie in each other in all operands become one."""
    sizes: list[int] = []
    steps: list[list[int]] = [[] for _ in strides]
    for size, moves in zip(shape, zip(*strides, strict=True), strict=True):
        if size == 1:
            continue
        if sizes and all(step[-1] == move * size for step, move in zip(steps, moves, strict=True)):
            sizes[-1] *= size
            for step, move in zip(steps, moves, strict=True):
                step[-1] = move
        else:
            sizes.append(size)
            for step, move in zip(steps, moves, strict=True):
                step.append(move)
    return tuple(sizes), [tuple(step) for step in steps]


def without(sizes: Ints, axis: int) -> Ints:
    """Sizes or strides of the other axes; negative axes count from the end."""
    axis %= len(sizes)
    return sizes[:axis] + sizes[axis + 1 :]


def chunks(length: int, lanes: int) -> Iterator[tuple[int, int]]:
    """Splits `length` elements into whole vectors, then into ever smaller powers of two: (start, lanes)."""
    start = 0
    while start < length:
        while lanes > length - start:
            lanes //= 2
        yield start, lanes
        start += lanes


def tiles(columns: int, steps: tuple[int, int], target: Target, element: str) -> list[list[tuple[int, int]]]:
    """Splits columns into vectors (start, lanes), as many in a tile as half of the registers hold."""
    lanes = target.vector // size_of(element) if steps == (1, 1) else 1
    parts = list(chunks(columns, lanes))
    count = target.registers // 2
    return [parts[first : first + count] for first in range(0, len(parts), count)]


def times(f: Function, number: Value, factor: int) -> Value:
    """number * factor; without an instruction where that is easy to see."""
    if number.text.isdecimal() or factor == 0:
        return literal("i64", int(number.text) * factor if factor else 0)
    return number if factor == 1 else f.op("mul", number, factor)


def moved(f: Function, offset: Value, number: Value, stride: int) -> Value:
    """offset + number * stride."""
    step = times(f, number, stride)
    if offset == ZERO:
        return step
    return offset if step == ZERO else f.op("add", offset, step)


def offset_of(f: Function, number: Value, shape: Ints, strides: Ints) -> Value:
    """Where element `number` (i64) in row-major order lies, in elements."""
    shape, (strides,) = merged(shape, [strides])
    offset = ZERO
    for axis in reversed(range(len(shape))):
        place = f.op("urem", number, shape[axis]) if axis else number
        offset = moved(f, offset, place, strides[axis])
        if axis:
            number = f.op("udiv", number, shape[axis])
    return offset


class Chunk(NamedTuple):
    """Elements side by side: where they begin in each operand, their step in each, and how many there are."""

    offsets: tuple[Value, ...]
    steps: Ints
    lanes: int

    def load(self, f: Function, operand: int, pointer: Value, element: str) -> Value:
        """The elements of operand number `operand`, which begins at `pointer`."""
        place = f.at(pointer, self.offsets[operand], element)
        if self.steps[operand] == 0:
            return f.splat(f.load(place, element), self.lanes)
        return f.load(place, vector(element, self.lanes))

    def store(self, f: Function, operand: int, pointer: Value, x: Value, element: str) -> None:
        f.store(x, f.at(pointer, self.offsets[operand], element))


Body = Callable[[Chunk], None]


def walk(
    f: Function, shape: Ints, strides: Sequence[Ints], lanes: int, body: Body, start: tuple[Value, ...] = ()
) -> None:
    """Runs what `body` writes for all elements, in chunks of up to `lanes`; offsets count from `start`, or from 0."""
    if 0 not in shape:
        shape, strides = merged(shape, strides)
        _nest(f, shape, strides, start or (ZERO,) * len(strides), lanes, body)


def _nest(
    f: Function, shape: Ints, strides: Sequence[Ints], offsets: tuple[Value, ...], lanes: int, body: Body
) -> None:
    if len(shape) > 1:
        with f.loop(0, shape[0]) as number:
            here = tuple(moved(f, at, number, by[0]) for at, by in zip(offsets, strides, strict=True))
            _nest(f, shape[1:], [by[1:] for by in strides], here, lanes, body)
    else:
        steps = tuple(by[0] if by else 1 for by in strides)
        _line(f, shape[0] if shape else 1, steps, offsets, lanes, body)


def _line(f: Function, length: int, steps: Ints, offsets: tuple[Value, ...], lanes: int, body: Body) -> None:
    lanes = _usable(steps, lanes)
    block = lanes * _UNROLLED
    looped = length // block * block if length >= 3 * block else 0
    if looped:
        with f.loop(0, looped, block) as start:
            for number in range(_UNROLLED):
                body(_chunk(f, f.op("add", start, number * lanes), steps, offsets, lanes))
    for first, width in chunks(length - looped, lanes):
        body(_chunk(f, literal("i64", looped + first), steps, offsets, width))


def walk_range(f: Function, start: Value, stop: Value, steps: Ints, lanes: int, body: Body) -> None:
    """Like `walk` over elements `start` to `stop` of one axis."""
    lanes = _usable(steps, lanes)
    offsets = (ZERO,) * len(steps)
    if lanes > 1:
        whole = f.op("mul", f.op("sdiv", f.op("sub", stop, start), lanes), lanes)
        rest = f.op("add", start, whole)
        with f.loop(start, rest, lanes) as at:
            body(_chunk(f, at, steps, offsets, lanes))
        start = rest
    with f.loop(start, stop) as at:
        body(_chunk(f, at, steps, offsets, 1))


def _usable(steps: Ints, lanes: int) -> int:
    return lanes if set(steps) <= {0, 1} else 1


def _chunk(f: Function, number: Value, steps: Ints, offsets: tuple[Value, ...], lanes: int) -> Chunk:
    places = tuple(moved(f, at, number, step) for at, step in zip(offsets, steps, strict=True))
    return Chunk(places, steps, lanes)


class Parts(NamedTuple):
    """Elements of operands of one shape, as items: each is one place along the first `outer` axes."""

    shape: Ints
    strides: tuple[Ints, ...]
    outer: int

    @classmethod
    def of(cls, shape: Ints, strides: Sequence[Ints]) -> Parts:
        """Enough items for threads to share; the last axis stays whole where its elements lie side by side."""
        shape, strides = merged(shape, strides)
        free = len(shape) - (bool(shape) and {by[-1] for by in strides} <= {0, 1})
        outer = 0
        while outer < free and math.prod(shape[:outer]) < _ENOUGH_ITEMS:
            outer += 1
        return cls(shape, tuple(strides), outer)

    @property
    def items(self) -> int:
        return math.prod(self.shape[: self.outer])

    def emit(self, f: Function, first: Value, last: Value, lanes: int, body: Body) -> None:
        """Runs what `body` writes for items `first` to `last`."""
        if 0 in self.shape:
            return
        with f.loop(first, last) as item:
            outer = self.outer
            start = tuple(offset_of(f, item, self.shape[:outer], by[:outer]) for by in self.strides)
            walk(f, self.shape[outer:], [by[outer:] for by in self.strides], lanes, body, start)


class Rows(NamedTuple):
    """Operands whose rows are alike: `shape` of one row, `strides` within it per operand; `lanes` of a vector."""

    shape: Ints
    strides: tuple[Ints, ...]
    lanes: int
    element: str

    def copy(self, f: Function, source: int, read: Value, target: int, written: Value) -> None:
        """A row of operand `source`, at the place `read`, to a row of operand `target`, at `written`."""

        def body(chunk: Chunk) -> None:
            chunk.store(f, 1, written, chunk.load(f, 0, read, self.element), self.element)

        walk(f, self.shape, (self.strides[source], self.strides[target]), self.lanes, body)

    def clear(self, f: Function, target: int, written: Value) -> None:
        """Zeros in a row of operand `target`."""

        def body(chunk: Chunk) -> None:
            chunk.store(f, 0, written, literal(vector(self.element, chunk.lanes), 0), self.element)

        walk(f, self.shape, (self.strides[target],), self.lanes, body)


def row_at(f: Function, pointer: Value, number: Value, layout: Layout) -> Value:
    """Where row `number` (i64) of a table begins."""
    return f.at(pointer, times(f, number, layout.strides[0]), carrier(layout.dtype))
