"""Rows added to tables, and set in them.

Every share of the table's rows is handled by itself, in the order of the indices, so that threads never write to the
same row and sums come out the same however the shares are given out.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.indices import Picked, Prefetch, Shares
from saegim.compiler.kernels.walk import Chunk, Rows, carrier, merged, offset_of, row_at, times, walk, walk_range
from saegim.compiler.llvm import Function, Module, Value, literal, memory_type
from saegim.runtime.target import Target


@dataclass(frozen=True)
class _Scatter(Kernel):
    """What adding and setting share: table (V, ...), indices of any shape, rows (*indices, ...) -> (V, ...)."""

    table: Layout
    indices: Layout
    rows: Layout
    result: Layout

    @property
    def reads(self) -> tuple[Layout, ...]:
        return self.table, self.indices, self.rows

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return Shares.of(self.result).count if self.result.size else 0

    @property
    def bytes(self) -> int:
        """Of the rows that change, as if the table were overwritten."""
        return 3 * self.rows.size * self.rows.dtype.itemsize + self.indices.size * self.indices.dtype.itemsize

    def may_overwrite(self, written: int, read: int) -> bool:
        return (written, read) == (0, 0) and self.table == self.result

    @abstractmethod
    def _put(self, f: Function, new: Value, old: tuple[Value, Chunk]) -> Value:
        """What becomes of an element for which `new` is given; `old` is where it lies."""

    def emit(self, module: Module, name: str, target: Target) -> None:
        start = self.start(module, name)
        f, (table, indices, _), (result,) = start.function, start.reads, start.writes
        if self.result.size:
            shares = Shares.of(self.result)
            with f.when(f.compare("icmp ne", table, result)):
                self._emit_copy(start, shares, target)
            ahead = Prefetch(self.result, self.indices, write=True)
            picked = Picked(f, shares, (start.first, start.last), indices, self.indices)
            with (
                picked.blocks(literal("i64", 0), literal("i64", self.indices.size)) as count,
                picked.each(count, result, ahead if ahead.useful(target) else None) as (number, row),
            ):
                self._emit_row(start, number, row, target)
        f.ret()

    def _emit_copy(self, start: Started, shares: Shares, target: Target) -> None:
        """The shares' rows of the table, where the result is other memory."""
        f, table, (result,) = start.function, start.reads[0], start.writes
        element, lanes = carrier(self.result.dtype), target.lanes(self.result.dtype)
        shape, strides = merged(self.result.shape, (self.table.strides, self.result.strides))
        with shares.runs(f, start.first, start.last) as (first, last):
            if len(shape) == 1:
                width = self.result.size // shares.rows
                span = times(f, first, width), times(f, last, width)

                def body(chunk: Chunk) -> None:
                    chunk.store(f, 1, result, chunk.load(f, 0, table, element), element)

                walk_range(f, *span, tuple(by[0] for by in strides), lanes, body)
            else:
                each = Rows(self.result.shape[1:], (self.table.strides[1:], self.result.strides[1:]), lanes, element)
                with f.loop(first, last) as row:
                    each.copy(f, 0, row_at(f, table, row, self.table), 1, row_at(f, result, row, self.result))

    def _emit_row(self, start: Started, number: Value, row: Value, target: Target) -> None:
        f, given, (result,) = start.function, start.reads[2], start.writes
        kind, axes = memory_type(self.rows.dtype), len(self.indices.shape)
        read = f.at(given, offset_of(f, number, self.indices.shape, self.rows.strides[:axes]), kind)
        written = row_at(f, result, row, self.result)

        def body(chunk: Chunk) -> None:
            new = chunk.load(f, 0, read, kind)
            chunk.store(f, 1, written, self._put(f, new, (written, chunk)), kind)

        strides = self.rows.strides[axes:], self.result.strides[1:]
        walk(f, self.result.shape[1:], strides, target.lanes(self.result.dtype), body)


@dataclass(frozen=True)
class ScatterAdd(_Scatter):
    """The table with rows added at indices, one after the other; indices outside of it are passed over.

    Where the result is the table itself, nothing is copied. Items are shares of the table's rows.
    """

    @property
    def flops(self) -> int:
        return self.rows.size if self.rows.dtype.kind == "f" else 0

    def _put(self, f: Function, new: Value, old: tuple[Value, Chunk]) -> Value:
        written, chunk = old
        add = "fadd" if self.rows.dtype.kind == "f" else "add"
        return f.op(add, chunk.load(f, 1, written, memory_type(self.rows.dtype)), new)


@dataclass(frozen=True)
class ScatterSet(_Scatter):
    """The table with rows set at distinct indices; indices outside of it are passed over.

    Where the result is the table itself, nothing is copied. Items are shares of the table's rows. Of rows for the same
    index the last one stays.
    """

    def _put(self, f: Function, new: Value, old: tuple[Value, Chunk]) -> Value:  # noqa: ARG002 - it is overwritten
        return new
