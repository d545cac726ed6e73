"""Weighted sums of rows, straight from ragged lists of indices, and their transpose.

    bag             result[b, :] = sum of weights[i] * table[indices[i], :]   for i from offsets[b] to offsets[b + 1]
    bag_transpose   result[indices[i], :] += weights[i] * x[b, :]             for the same b and i, in their order

Products are rounded before they are added, one after the other: the sums are those of the meaning, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.indices import Picked, Prefetch, Shares, all_inside, load_index, negated, report
from saegim.compiler.kernels.walk import Chunk, Rows, carrier, merged, row_at, tiles, times, walk_range
from saegim.compiler.llvm import Function, Module, Value, literal, type_of, vector
from saegim.runtime.target import Target


@dataclass(frozen=True)
class Bag(Kernel):
    """Weighted sums of rows: table (V, D), indices (N,), weights (N,), offsets (B+1,) -> (B, D). Items are bags.

    Reports offsets that do not ascend from 0 to at most N, and indices outside of the table in bags.
    """

    table: Layout
    indices: Layout
    weights: Layout
    offsets: Layout
    result: Layout

    @property
    def reads(self) -> tuple[Layout, ...]:
        return self.table, self.indices, self.weights, self.offsets

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return max(self.offsets.shape[0] - 1, 1)  # a lone offset is checked, too

    @property
    def flops(self) -> int:
        return 2 * self.indices.size * self.table.shape[1]

    @property
    def bytes(self) -> int:
        return _bytes(self.indices, self.weights, self.result) + _row_bytes(self.indices, self.table)

    def emit(self, module: Module, name: str, target: Target) -> None:
        start = self.start(module, name)
        f, indices, lanes = start.function, start.reads[1], target.lanes(self.indices.dtype)
        with f.loop(start.first, start.last) as bag:
            span, fits = bag_span(f, start.reads[3], bag, self.offsets, self.indices.size)
            good = f.variable("i1", fits)
            with f.when(fits):
                good.set(all_inside(f, indices, span, self.indices, self.table.shape[0], lanes))
            report(f, negated(f, good.get()), start.faults)
            if self.result.size:
                with f.when(good.get()):
                    self._emit_sum(start, bag, span, target)
        f.ret()

    def _emit_sum(self, start: Started, bag: Value, span: tuple[Value, Value], target: Target) -> None:
        """One bag whose indices are all inside; as many columns at a time as there are registers for."""
        f, (table, indices, weights, _), (result,) = start.function, start.reads, start.writes
        element = type_of(self.table.dtype)
        ahead = Prefetch(self.table, self.indices, write=False)
        columns = self.table.strides[1], self.result.strides[1]
        into = f.at(result, times(f, bag, self.result.strides[0]), element)
        for number, tile in enumerate(tiles(self.table.shape[1], columns, target, element)):
            sums = [f.variable(vector(element, lanes), literal(vector(element, lanes), 0)) for _, lanes in tile]
            with f.loop(*span) as item:
                if number == 0 and ahead.useful(target):
                    ahead.emit(f, table, indices, item)
                row = row_at(f, table, load_index(f, indices, item, self.indices), self.table)
                weight = f.load(f.at(weights, times(f, item, self.weights.strides[0]), element), element)
                for (first, lanes), total in zip(tile, sums, strict=True):
                    x = f.load(f.at(row, first * columns[0], element), vector(element, lanes))
                    total.set(f.op("fadd", total.get(), f.op("fmul", f.splat(weight, lanes), x)))
            for (first, _), total in zip(tile, sums, strict=True):
                f.store(total.get(), f.at(into, first * columns[1], element))


@dataclass(frozen=True)
class BagTranspose(Kernel):
    """The transpose of bag: x (B, D), indices (N,), weights (N,), offsets (B+1,) -> (rows, D).

    Accumulates: with `onward` it adds to what is there. Items are shares of the result's rows. Reports offsets that do
    not ascend from 0 to at most N, and indices outside of the result in bags.
    """

    x: Layout
    indices: Layout
    weights: Layout
    offsets: Layout
    result: Layout

    @property
    def reads(self) -> tuple[Layout, ...]:
        return self.x, self.indices, self.weights, self.offsets

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return Shares.of(self.result).count

    @property
    def flops(self) -> int:
        return 2 * self.indices.size * self.x.shape[1]

    @property
    def bytes(self) -> int:
        return _bytes(self.x, self.indices, self.weights, self.result) + 2 * _row_bytes(self.indices, self.result)

    def emit(self, module: Module, name: str, target: Target) -> None:
        start = self.start(module, name)
        f = start.function
        shares = Shares.of(self.result)
        if self.result.size:
            with f.when(f.compare("icmp eq", start.onward, 0)):
                self._emit_zeros(start, shares, target)
        picked = Picked(f, shares, (start.first, start.last), start.reads[1], self.indices, start.faults)
        with f.loop(0, max(self.offsets.shape[0] - 1, 1)) as bag:
            span, fits = bag_span(f, start.reads[3], bag, self.offsets, self.indices.size)
            report(f, negated(f, fits), start.faults)
            with f.when(fits), picked.blocks(*span) as count:
                self._emit_bag(start, bag, picked, count, target)
        f.ret()

    def _emit_zeros(self, start: Started, shares: Shares, target: Target) -> None:
        f, (result,) = start.function, start.writes
        element, lanes = carrier(self.result.dtype), target.lanes(self.result.dtype)
        rows = Rows(self.result.shape[1:], (self.result.strides[1:],), lanes, element)
        with shares.runs(f, start.first, start.last) as (first, last):
            if len(merged(self.result.shape, [self.result.strides])[0]) == 1 and self.result.is_dense:
                width = self.result.shape[1]

                def body(chunk: Chunk) -> None:
                    chunk.store(f, 0, result, literal(vector(element, chunk.lanes), 0), element)

                walk_range(f, times(f, first, width), times(f, last, width), (1,), lanes, body)
            else:
                with f.loop(first, last) as row:
                    rows.clear(f, 0, row_at(f, result, row, self.result))

    def _emit_bag(self, start: Started, bag: Value, picked: Picked, count: Value, target: Target) -> None:
        """Those items of one bag that were picked."""
        f, (x, _, weights, _), (result,) = start.function, start.reads, start.writes
        element = type_of(self.x.dtype)
        columns = self.x.strides[1], self.result.strides[1]
        ahead = Prefetch(self.result, self.indices, write=True)
        given = f.at(x, times(f, bag, self.x.strides[0]), element)
        for number, tile in enumerate(tiles(self.x.shape[1], columns, target, element)):
            xs = [f.load(f.at(given, at * columns[0], element), vector(element, lanes)) for at, lanes in tile]
            with picked.each(count, result, ahead if number == 0 and ahead.useful(target) else None) as (item, index):
                row = row_at(f, result, index, self.result)
                weight = f.load(f.at(weights, times(f, item, self.weights.strides[0]), element), element)
                for (first, lanes), value in zip(tile, xs, strict=True):
                    place = f.at(row, first * columns[1], element)
                    product = f.op("fmul", f.splat(weight, lanes), value)
                    f.store(f.op("fadd", f.load(place, value.type), product), place)


def bag_span(f: Function, pointer: Value, bag: Value, layout: Layout, items: int) -> tuple[tuple[Value, Value], Value]:
    """Where a bag begins and ends among `items` items, and whether that is a place."""
    last = literal("i64", layout.shape[0] - 1)
    start = load_index(f, pointer, bag, layout)
    stop = load_index(f, pointer, f.intrinsic("llvm.smin", f.op("add", bag, 1), last), layout)
    fits = f.op("and", f.compare("icmp sle", start, stop), f.compare("icmp sge", start, 0))
    return (start, stop), f.op("and", fits, f.compare("icmp sle", stop, items))


def _bytes(*layouts: Layout) -> int:
    return sum(each.size * each.dtype.itemsize for each in layouts)


def _row_bytes(indices: Layout, table: Layout) -> int:
    """Bytes of a row of the table for every index."""
    return indices.size * table.shape[1] * table.dtype.itemsize
