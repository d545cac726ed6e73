"""Rows taken from tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.indices import Prefetch, inside, integer, load_index, negated, report
from saegim.compiler.kernels.walk import Rows, carrier, offset_of, row_at
from saegim.compiler.llvm import Function, Module, Value, literal, memory_type, vector
from saegim.runtime.target import Target


@dataclass(frozen=True)
class Take(Kernel):
    """result[i] = table[indices[i]]: table (V, ...), indices of any shape -> (*indices, ...).

    Outside of the table `mode` raise reports, clip takes the first or last row, fill gives 0; an empty table has only
    rows of 0. Items are indices.
    """

    table: Layout
    indices: Layout
    result: Layout
    mode: Literal["raise", "clip", "fill"]

    @property
    def reads(self) -> tuple[Layout, ...]:
        return self.table, self.indices

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return self.indices.size

    @property
    def bytes(self) -> int:
        return 2 * self.result.size * self.result.dtype.itemsize + self.indices.size * self.indices.dtype.itemsize

    def emit(self, module: Module, name: str, target: Target) -> None:
        start = self.start(module, name)
        f = start.function
        if self.result.size or self.mode == "raise":
            width = min(target.lanes(self.result.dtype), target.lanes(self.indices.dtype))
            gathered = width > 1 and self.result.dtype.itemsize >= 4 and self._single
            first = self._emit_gathers(start, width) if gathered else start.first
            with f.loop(first, start.last) as number:
                self._emit_row(start, number, target)
        f.ret()

    @property
    def _single(self) -> bool:
        """Whether rows are single elements, and indices and result lie side by side."""
        return self.table.shape[1:] == () and self.indices.is_dense and self.result.is_dense

    def _emit_row(self, start: Started, number: Value, target: Target) -> None:
        f, (table, indices), (result,) = start.function, start.reads, start.writes
        axes = len(self.indices.shape)
        row = self._clipped(f, load_index(f, indices, number, self.indices))
        good = inside(f, row, self.table.shape[0])
        bad = negated(f, good)
        strides = self.table.strides[1:], self.result.strides[axes:]
        element = carrier(self.table.dtype)
        rows = Rows(self.table.shape[1:], strides, target.lanes(self.table.dtype), element)
        ahead = Prefetch(self.table, self.indices, write=False)
        if ahead.useful(target):
            ahead.emit(f, table, indices, number)
        into = f.at(result, offset_of(f, number, self.indices.shape, self.result.strides[:axes]), element)
        with f.when(good):
            rows.copy(f, 0, row_at(f, table, row, self.table), 1, into)
        with f.when(bad):
            rows.clear(f, 1, into)
            if self.mode == "raise":
                f.store(literal("i32", 1), start.faults)

    def _emit_gathers(self, start: Started, width: int) -> Value:
        """Single elements, `width` at a time; gives where the rest begins."""
        f, (table, indices), (result,) = start.function, start.reads, start.writes
        element, kind = carrier(self.table.dtype), memory_type(self.indices.dtype)
        whole = f.op("mul", f.op("sdiv", f.op("sub", start.last, start.first), width), width)
        rest = f.op("add", start.first, whole)
        with f.loop(start.first, rest, width) as number:
            given = f.load(f.at(indices, number, kind), vector(kind, width))
            rows = self._clipped(f, integer(f, given, self.indices.dtype))
            good = inside(f, rows, self.table.shape[0])
            places = f.places(table, f.op("mul", rows, self.table.strides[0]), element)
            f.store(f.gather(places, vector(element, width), good), f.at(result, number, element))
            if self.mode == "raise":
                all_good = f.intrinsic("llvm.vector.reduce.and", good, result="i1")
                report(f, negated(f, all_good), start.faults)
        return rest

    def _clipped(self, f: Function, rows: Value) -> Value:
        if self.mode != "clip" or not self.table.shape[0]:
            return rows
        last = literal(rows.type, self.table.shape[0] - 1)
        if self.indices.dtype.kind == "u":
            return f.intrinsic("llvm.umin", rows, last)
        return f.intrinsic("llvm.smin", f.intrinsic("llvm.smax", rows, literal(rows.type, 0)), last)
