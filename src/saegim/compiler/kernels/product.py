"""Matrix products: C = A B + bias, or C += A B.

    c[..., m, n] = sum over k of a[..., m, k] * b[..., k, n]

The loops, from the outside: items (a batch, a group of rows, a group of columns), blocks of columns as wide as a tile,
blocks of k so small that their part of B stays in the first-level cache, tiles of rows. The tiles are functions that
all products of a module share. B is read as it lies where its columns lie side by side, or from panels; otherwise the
part of B that a block needs is packed first. A matrix times a vector is a few dot products at a time, and integers and
results with gaps in both directions take plain loops.
"""

from __future__ import annotations

from dataclasses import dataclass

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.pack import Packing, packing
from saegim.compiler.kernels.tiles import (
    Call,
    Columns,
    Heights,
    dots,
    edge_columns,
    elements_of_line,
    full_columns,
    share,
    tile,
)
from saegim.compiler.kernels.walk import ZERO, offset_of
from saegim.compiler.llvm import Function, Module, Value, literal, memory_type, type_of
from saegim.dtypes import DType
from saegim.runtime.target import Target

_ROWS, _COLUMNS = 256, 64  # of an item, at most
_BLOCK = 128  # length of a block of k, at most
_NARROW, _MANY_ROWS = 256, 128  # B is packed for tiles of fewer bytes of a row, where that serves enough rows


@dataclass(frozen=True)
class Product(Kernel):
    """c (*batch, M, N) = a (*batch, M, K) times b (*batch, K, N), plus bias (N,) in every row.

    All have one dtype, any strides, and 0 on axes of the batch repeats an operand. With `panel` greater than 0, b is
    what `Pack` wrote: (*batch, ceil(N / panel), K, panel), dense. With `accumulate`, the product is added to c where
    the function is called with onward = 1. Integers wrap.
    """

    a: Layout
    b: Layout
    c: Layout
    accumulate: bool = False
    panel: int = 0
    bias: Layout | None = None

    @property
    def reads(self) -> tuple[Layout, ...]:
        return (self.a, self.b) if self.bias is None else (self.a, self.b, self.bias)

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.c,)

    @property
    def items(self) -> int:
        """Batches times groups of rows times groups of columns."""
        *_, rows, columns = self.c.shape
        upright = self._upright
        return self.c.size and self.c.size // (rows * columns) * upright._row_groups * upright._column_groups

    @property
    def scratch_bytes(self) -> int:
        """For a packed block of B."""
        upright = self._upright
        return _BLOCK * _COLUMNS * self.a.dtype.itemsize if upright._tileable and not upright.panel else 0

    @property
    def flops(self) -> int:
        return 2 * self.c.size * self.a.shape[-1]

    def emit(self, module: Module, name: str, target: Target) -> None:
        assert len({each.dtype for each in (*self.reads, *self.writes)}) == 1, "a product's operands have one dtype"
        assert self.bias is None or not self.accumulate, "a bias is not accumulated"
        started, upright = self.start(module, name), self._upright
        if upright is not self:
            started.reads.reverse()
        if self.items:
            upright._way(target)(upright, started, target).write()
        started.function.ret()

    @property
    def _upright(self) -> Product:
        """The same product as it is best computed, which may be transposed: C' = B' A'."""
        if self.panel or self.bias is not None or not self._turns:
            return self
        return Product(_turned(self.b), _turned(self.a), _turned(self.c), self.accumulate)

    @property
    def _turns(self) -> bool:
        """Whether the rows of C lie side by side instead of its columns, or those of B are dotted with one row of A."""
        (rows, columns), (down, right) = self.c.shape[-2:], self.c.strides[-2:]
        if columns == 1:
            return rows > 1 and down == 1 and self.a.strides[-2] == 1
        if rows == 1:
            return self.b.strides[-2] == 1 and self.b.strides[-1] != 1 and self.a.strides[-1] == 1
        return down == 1 and right != 1

    def _way(self, target: Target) -> type[_Tiled | _Dots | _Plain]:
        """Who writes the function."""
        full = full_columns(self.c.dtype, target)
        if not self._tileable or self.panel % full.width:
            return _Plain
        is_vector = self.c.shape[-1] == 1 and self.a.strides[-1] == 1 and self.b.strides[-2] == 1 and not self.panel
        return _Dots if is_vector else _Tiled

    @property
    def _row_groups(self) -> int:
        return -(-self.c.shape[-2] // _ROWS)

    @property
    def _column_groups(self) -> int:
        return -(-self.c.shape[-1] // _COLUMNS)

    @property
    def _tileable(self) -> bool:
        """Whether tiles can write C."""
        return self.c.dtype.kind == "f" and (self.c.strides[-1] == 1 or self.c.shape[-1] == 1)


def _turned(layout: Layout) -> Layout:
    """The same matrices transposed."""
    *batch, rows, columns = layout.shape
    *steps, down, right = layout.strides
    return Layout(layout.dtype, (*batch, columns, rows), (*steps, right, down))


class _Item:
    """One item while its code is written: where its operands begin, and which rows and columns are its."""

    def __init__(self, f: Function, kernel: Product, started: Started, number: Value) -> None:
        columns, rows = kernel._column_groups, kernel._row_groups
        self.column_group = f.op("urem", number, columns)
        number = f.op("udiv", number, columns)
        self.row_group = f.op("urem", number, rows)
        batch = f.op("udiv", number, rows)
        shape, kind = kernel.c.shape[:-2], memory_type(kernel.c.dtype)

        def begin(pointer: Value, layout: Layout) -> Value:
            return f.at(pointer, offset_of(f, batch, shape, layout.strides[: len(shape)]), kind)

        self.a, self.b = begin(started.reads[0], kernel.a), begin(started.reads[1], kernel.b)
        self.c = begin(started.writes[0], kernel.c)


class _Tiled:
    """Writes a product of floating-point numbers in tiles."""

    def __init__(self, kernel: Product, started: Started, target: Target) -> None:
        self.kernel, self.target, self.started = kernel, target, started
        self.f = started.function
        self.dtype: DType = kernel.c.dtype
        self.element = type_of(self.dtype)
        self.rows, self.count = kernel.c.shape[-2:]
        self.depth = kernel.a.shape[-1]
        self.full = full_columns(self.dtype, target)
        lies_across = kernel.b.strides[-1] != 1 and self.count != 1
        # Narrow tiles read little of each row of B, and rows that are far apart displace each other in the cache.
        is_scattered = self.full.width * self.dtype.itemsize < _NARROW and self.rows >= _MANY_ROWS
        self.packs = not kernel.panel and (lies_across or is_scattered)
        self.zeros = self.f.array(self.element, self.full.width)

    def write(self) -> None:
        f = self.f
        with f.loop(0, self.full.width) as at:
            f.store(literal(self.element, 0), f.at(self.zeros, at, self.element))
        with f.loop(self.started.first, self.started.last) as number:
            self.item(_Item(f, self.kernel, self.started, number))

    def item(self, item: _Item) -> None:
        f, groups = self.f, self.kernel._column_groups
        begin = f.op("mul", item.column_group, _COLUMNS)
        whole = literal("i64", self.count // self.full.width * self.full.width)
        if self.count >= self.full.width:
            end = f.intrinsic("llvm.smin", f.op("add", begin, _COLUMNS), whole)
            with f.loop(begin, end, self.full.width) as column:
                self.columns(item, column, self.full)
        edges = edge_columns(self.count, self.dtype, self.target)
        if edges:
            with f.when(f.compare("icmp eq", item.column_group, groups - 1)):
                for each in edges:
                    self.columns(item, literal("i64", each.begin), each)

    def columns(self, item: _Item, column: Value, columns: Columns) -> None:
        """A block of columns: block after block of k."""
        f, started, kernel = self.f, self.started, self.kernel
        blocks = max(1, -(-self.depth // _BLOCK))
        bias = f.at(started.reads[2], column, self.element) if kernel.bias else self.zeros
        onward = started.onward if kernel.accumulate else ZERO
        with f.loop(0, blocks) as block:
            is_first, is_last = f.compare("icmp eq", block, 0), f.compare("icmp eq", block, blocks - 1)
            begin, end = share(f, block, blocks, self.depth)
            length = f.op("sub", end, begin)
            b, b_k = self.block_of_b(item, column, columns, begin, length)
            call = Call(
                a=f.at(item.a, f.op("mul", begin, kernel.a.strides[-1]), self.element),
                a_row=literal("i64", kernel.a.strides[-2]),
                a_k=literal("i64", kernel.a.strides[-1]),
                b=b,
                b_k=b_k,
                c=f.at(item.c, column, self.element),
                c_row=literal("i64", kernel.c.strides[-2]),
                start=f.select(is_first, bias, self.zeros),
                k=length,
                add=f.select(is_first, onward, literal("i64", 1)),
                cold=f.convert("zext", is_first, "i64"),
            )
            self.tiles(item, columns, call, self.next_block(item, column, columns, is_last, end))

    def block_of_b(
        self, item: _Item, column: Value, columns: Columns, begin: Value, length: Value
    ) -> tuple[Value, Value]:
        """Where a block of B begins, and its stride along k."""
        f, kernel = self.f, self.kernel
        source = self.place_in_b(item, begin, column)
        if not self.packs:
            return source, literal("i64", kernel.panel or kernel.b.strides[-2])
        assert self.started.scratch is not None, "a block of B is packed into scratch memory"
        given = Packing(
            source=source,
            k_step=literal("i64", kernel.b.strides[-2]),
            n_step=literal("i64", kernel.b.strides[-1]),
            panel=self.started.scratch,
            depth=length,
            columns=literal("i64", columns.width),
            width=literal("i64", columns.width),
        )
        f.call(packing(f.module, kernel.b, self.target), "void", *given)
        return self.started.scratch, given.width

    def next_block(self, item: _Item, column: Value, columns: Columns, is_last: Value, end: Value) -> Value:
        """Where the block of B begins that comes after this one, which ends at row `end`."""
        f = self.f
        last = (self.count - 1) // self.full.width * self.full.width
        column_after = f.intrinsic("llvm.smin", f.op("add", column, columns.width), literal("i64", last))
        return self.place_in_b(item, f.select(is_last, ZERO, end), f.select(is_last, column_after, column))

    def place_in_b(self, item: _Item, k: Value, column: Value) -> Value:
        f, (*_, k_step, n_step), panel = self.f, self.kernel.b.strides, self.kernel.panel
        if panel:
            number, rest = f.op("udiv", column, panel), f.op("urem", column, panel)
            column = f.op("add", f.op("mul", number, self.kernel.b.strides[-3]), rest)
        else:
            column = f.op("mul", column, n_step)
        return f.at(item.b, f.op("add", f.op("mul", k, k_step), column), self.element)

    def tiles(self, item: _Item, columns: Columns, given: Call, ahead: Value) -> None:
        """The rows of an item, tile after tile. Before each a share of the block of B at `ahead` is asked for."""
        f, groups = self.f, self.kernel._row_groups
        heights = Heights.of(self.rows, columns, self.target)
        lines = -(-_BLOCK * groups // heights.tiles)
        for rows, number, row in heights.loops(f, item.row_group, groups):
            self.prefetch(columns, given, ahead, number, lines)
            f.call(tile(f.module, self.dtype, rows, columns), "void", *given.at_row(f, row, self.element))

    def prefetch(self, columns: Columns, given: Call, ahead: Value, number: Value, lines: int) -> None:
        """Asks for part number `number` of a block of B: `lines` rows.

        Without it, B comes from the third-level cache a third slower on processors that do not foresee its rows.
        """
        f = self.f
        if self.packs:
            return
        start = f.op("mul", number, lines)
        with f.loop(start, f.intrinsic("llvm.smin", f.op("add", start, lines), given.k)) as k:
            row = f.at(ahead, f.op("mul", k, given.b_k), self.element)
            for column in range(0, columns.width, elements_of_line(self.dtype)):
                f.prefetch(f.at(row, column, self.element))


class _Dots:
    """Writes a matrix times a vector, both of which lie along k: a few dot products at a time."""

    def __init__(self, kernel: Product, started: Started, target: Target) -> None:
        self.kernel, self.started, self.target, self.f = kernel, started, target, started.function
        self.element = type_of(kernel.c.dtype)
        self.zero = self.f.array(self.element, 1)

    def write(self) -> None:
        f, kernel, started = self.f, self.kernel, self.started
        f.store(literal(self.element, 0), self.zero)
        one = Columns(0, 1, 1, 1)
        heights = Heights.of(kernel.c.shape[-2], one, self.target)
        with f.loop(started.first, started.last) as number:
            item = _Item(f, kernel, started, number)
            given = Call(
                a=item.a,
                a_row=literal("i64", kernel.a.strides[-2]),
                a_k=literal("i64", 1),
                b=item.b,
                b_k=literal("i64", 1),
                c=item.c,
                c_row=literal("i64", kernel.c.strides[-2]),
                start=started.reads[2] if kernel.bias else self.zero,
                k=literal("i64", kernel.a.shape[-1]),
                add=started.onward if kernel.accumulate else ZERO,
                cold=ZERO,
            )
            for rows, _, row in heights.loops(f, item.row_group, kernel._row_groups):
                f.call(dots(f.module, kernel.c.dtype, rows, self.target), "void", *given.at_row(f, row, self.element))


class _Plain:
    """Writes a product of any dtype and strides element by element: the meaning, as loops."""

    def __init__(self, kernel: Product, started: Started, target: Target) -> None:
        del target
        self.kernel, self.started, self.f = kernel, started, started.function
        self.element = memory_type(kernel.c.dtype)
        self.is_float = kernel.c.dtype.kind == "f"

    def write(self) -> None:
        f, kernel = self.f, self.kernel
        rows, columns = kernel.c.shape[-2:]
        with f.loop(self.started.first, self.started.last) as number:
            item = _Item(f, kernel, self.started, number)
            top, left = f.op("mul", item.row_group, _ROWS), f.op("mul", item.column_group, _COLUMNS)
            bottom = f.intrinsic("llvm.smin", f.op("add", top, _ROWS), literal("i64", rows))
            right = f.intrinsic("llvm.smin", f.op("add", left, _COLUMNS), literal("i64", columns))
            with f.loop(top, bottom) as row, f.loop(left, right) as column:
                self.one(item, row, column)

    def one(self, item: _Item, row: Value, column: Value) -> None:
        f, kernel = self.f, self.kernel
        total = f.variable(self.element, self.start(column))
        with f.loop(0, kernel.a.shape[-1]) as k:
            a = self.load(item.a, self.place(row, k, kernel.a))
            b = self.load(item.b, self.place_in_panel(k, column) if kernel.panel else self.place(k, column, kernel.b))
            if self.is_float:
                total.set(f.intrinsic("llvm.fmuladd", a, b, total.get()))
            else:
                total.set(f.op("add", total.get(), f.op("mul", a, b)))
        place = self.place(row, column, kernel.c)
        if kernel.accumulate:
            with f.when(f.compare("icmp ne", self.started.onward, 0)):
                total.set(f.op("fadd" if self.is_float else "add", self.load(item.c, place), total.get()))
        f.store(total.get(), f.at(item.c, place, self.element))

    def start(self, column: Value) -> Value:
        if self.kernel.bias is None:
            return literal(self.element, 0)
        return self.load(self.started.reads[2], column)

    def load(self, pointer: Value, place: Value) -> Value:
        return self.f.load(self.f.at(pointer, place, self.element), self.element)

    def place(self, row: Value, column: Value, layout: Layout) -> Value:
        f, (down, right) = self.f, layout.strides[-2:]
        return f.op("add", f.op("mul", row, down), f.op("mul", column, right))

    def place_in_panel(self, k: Value, column: Value) -> Value:
        f, panel = self.f, self.kernel.panel
        number, rest = f.op("udiv", column, panel), f.op("urem", column, panel)
        start = f.op("add", f.op("mul", number, self.kernel.b.strides[-3]), rest)
        return f.op("add", start, f.op("mul", k, panel))
