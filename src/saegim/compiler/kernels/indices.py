"""Indices of rows: read in any integer dtype, checked, and shared out among threads by the rows they name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from saegim.compiler.kernels.base import Layout
from saegim.compiler.kernels.walk import carrier, offset_of, times
from saegim.compiler.llvm import Function, Value, literal, memory_type, size_of, vector
from saegim.dtypes import DType
from saegim.runtime.target import Target
from saegim.runtime.threads import cores

Span = tuple[Value, Value]

_LINE = 64  # bytes of a cache line
_LINES_AHEAD = 32  # how many cache lines may be on their way
_BLOCK = 512  # indices that are looked through before the rows of those found are touched


def integer(f: Function, x: Value, dtype: DType) -> Value:
    """Integers of `dtype` as i64; the largest uint64 become negative, which is just as far outside."""
    return f.convert("sext" if dtype.kind == "i" else "zext", x, "i64")


def load_index(f: Function, pointer: Value, number: Value, layout: Layout) -> Value:
    """Index number `number` in row-major order of an operand, as i64."""
    kind = memory_type(layout.dtype)
    place = f.at(pointer, offset_of(f, number, layout.shape, layout.strides), kind)
    return integer(f, f.load(place, kind), layout.dtype)


def inside(f: Function, index: Value, rows: int) -> Value:
    """Whether indices (i64) name one of `rows` rows: read without its sign, a negative number is larger than any."""
    return f.compare("icmp ult", index, rows)


def negated(f: Function, condition: Value) -> Value:
    return f.op("xor", condition, 1)


def report(f: Function, bad: Value, faults: Value) -> None:
    """Says that an index points nowhere, if `bad` holds."""
    with f.when(bad):
        f.store(literal("i32", 1), faults)


def all_inside(f: Function, pointer: Value, span: tuple[Value, Value], layout: Layout, rows: int, lanes: int) -> Value:
    """Whether indices number span[0] to span[1] of a vector of them all name one of `rows` rows."""
    outside = f.variable("i1", literal("i1", 0))
    start, stop = span
    kind = memory_type(layout.dtype)

    def check(number: Value, width: int) -> None:
        place = f.at(pointer, times(f, number, layout.strides[0]), kind)
        indices = integer(f, f.load(place, vector(kind, width)), layout.dtype)
        bad = f.compare("icmp uge", indices, rows)
        if width > 1:
            bad = f.intrinsic("llvm.vector.reduce.or", bad, result="i1")
        outside.set(f.op("or", outside.get(), bad))

    if layout.strides[0] == 1:
        rest = f.op("add", start, f.op("mul", f.op("sdiv", f.op("sub", stop, start), lanes), lanes))
        with f.loop(start, rest, lanes) as number:
            check(number, lanes)
        start = rest
    with f.loop(start, stop) as number:
        check(number, 1)
    return negated(f, outside.get())


class Prefetch(NamedTuple):
    """Asks for the rows of a table that indices some way ahead will name."""

    table: Layout
    indices: Layout
    write: bool

    def useful(self, target: Target) -> bool:
        """Rows of a table that stays near the core need not be asked for."""
        nearby = self.table.size * self.table.dtype.itemsize <= target.l2 // 2
        return not nearby and self.indices.size > 0 and self._lines > 0

    @property
    def _lines(self) -> int:
        """Cache lines of a row; of long rows the first ones, the rest the processor foresees itself."""
        bytes_of_row = self.table.size // max(self.table.shape[0], 1) * self.table.dtype.itemsize
        return min(-(-bytes_of_row // _LINE), 8)

    def emit(self, f: Function, table: Value, indices: Value, number: Value) -> None:
        """While index `number` is being worked on."""
        later = self.later(f, number, literal("i64", self.indices.size))
        self.ask(f, table, load_index(f, indices, later, self.indices))

    def later(self, f: Function, number: Value, count: Value) -> Value:
        """Which of `count` to ask for while that at place `number` is being worked on."""
        ahead = min(max(_LINES_AHEAD // self._lines, 4), 16)
        return f.intrinsic("llvm.smin", f.op("add", number, ahead), f.op("sub", count, 1))

    def ask(self, f: Function, table: Value, row: Value) -> None:
        element = carrier(self.table.dtype)
        start = f.at(table, times(f, row, self.table.strides[0]), element)
        for line in range(self._lines):
            f.prefetch(f.at(start, line * _LINE // size_of(element), element), self.write, near=3)


@dataclass(frozen=True)
class Shares:
    """Rows shared out: blocks of 2**shift rows go to `count` shares (a power of two) in turn.

    Every share looks through all indices, so that there are no more shares than cores need.
    """

    rows: int
    shift: int
    count: int

    @classmethod
    def of(cls, layout: Layout) -> Shares:
        """Blocks of at least a page, so that threads do not write to the same cache lines."""
        rows = layout.shape[0]
        row_bytes = max(layout.size // max(rows, 1) * layout.dtype.itemsize, 1)
        shift = max((4096 // row_bytes).bit_length() - 1, 0)
        blocks = max(rows >> shift, 1)
        return cls(rows, shift, min(1 << (cores() - 1).bit_length(), 1 << (blocks.bit_length() - 1)))

    def mine(self, f: Function, row: Value, first: Value, last: Value) -> Value:
        """Whether a row inside the table belongs to shares `first` to `last`."""
        if self.count == 1:
            return f.compare("icmp slt", first, last)
        share = f.op("and", f.op("lshr", row, self.shift), self.count - 1)
        return f.compare("icmp ult", f.op("sub", share, first), f.op("sub", last, first))

    @contextmanager
    def runs(self, f: Function, first: Value, last: Value) -> Iterator[tuple[Value, Value]]:
        """Runs what is inside for every run of rows (start, stop) of shares `first` to `last`."""
        with f.loop(0, self.rows, self.count << self.shift) as group:
            start = f.op("add", group, f.op("shl", first, self.shift))
            end = f.op("add", group, f.op("shl", last, self.shift))
            if self.count == 1:
                end = f.select(f.compare("icmp slt", first, last), literal("i64", self.rows), start)
            yield start, f.intrinsic("llvm.smin", end, literal("i64", self.rows))


class Picked:
    """Of a list of indices, some hundreds at a time, the places of those that name a row of some shares.

    Looking first and touching the rows afterwards leaves no branch to guess, whoever the rows belong to. With `faults`
    an index that names no row is reported there; it is passed over in any case.
    """

    def __init__(
        self, f: Function, shares: Shares, span: Span, indices: Value, layout: Layout, faults: Value | None = None
    ) -> None:
        self._f, self._shares, self._span = f, shares, span
        self._indices, self._layout, self._faults = indices, layout, faults
        self._found = f.array("i64", _BLOCK)

    @contextmanager
    def blocks(self, start: Value, stop: Value) -> Iterator[Value]:
        """Looks through the indices from `start` to `stop`; runs what is inside with how many were found in a block."""
        f = self._f
        count, outside = f.variable("i64"), f.variable("i1")
        with f.loop(start, stop, _BLOCK) as block:
            count.set(literal("i64", 0))
            outside.set(literal("i1", False))
            with f.loop(block, f.intrinsic("llvm.smin", f.op("add", block, _BLOCK), stop)) as number:
                row = load_index(f, self._indices, number, self._layout)
                good = inside(f, row, self._shares.rows)
                outside.set(f.op("or", outside.get(), negated(f, good)))
                f.store(number, f.at(self._found, count.get(), "i64"))
                mine = f.op("and", good, self._shares.mine(f, row, *self._span))
                count.set(f.op("add", count.get(), f.convert("zext", mine, "i64")))
            if self._faults is not None:
                report(f, outside.get(), self._faults)
            yield count.get()

    @contextmanager
    def each(self, count: Value, table: Value, ahead: Prefetch | None) -> Iterator[tuple[Value, Value]]:
        """Runs what is inside for each of those found: (place, row); rows of `table` are asked for before."""
        f = self._f
        with f.loop(0, count) as at:
            if ahead is not None:
                ahead.ask(f, table, self._row(self._place(ahead.later(f, at, count))))
            number = self._place(at)
            yield number, self._row(number)

    def _place(self, at: Value) -> Value:
        return self._f.load(self._f.at(self._found, at, "i64"), "i64")

    def _row(self, number: Value) -> Value:
        return load_index(self._f, self._indices, number, self._layout)
