"""Panels: B of a product, laid out so that tiles read it in one stream.

B (K, N) becomes (ceil(N / panel), K, panel): `panel` columns side by side, row after row; the last panel is filled up
with zeros. Where B lies the other way round (K has stride 1, as in a weight stored (out, in)), square blocks are
transposed in registers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.tiles import full_columns
from saegim.compiler.kernels.walk import ZERO, offset_of
from saegim.compiler.llvm import Function, Module, Value, literal, memory_type, vector
from saegim.dtypes import DType
from saegim.runtime.target import Target


def panel_width(dtype: DType, target: Target) -> int:
    """Columns of a panel that suit the tiles of `target`."""
    return full_columns(dtype, target).width


@dataclass(frozen=True)
class Pack(Kernel):
    """panels[..., n // panel, k, n % panel] = b[..., k, n]; b (*batch, K, N) of any strides and dtype."""

    b: Layout
    panel: int

    @property
    def reads(self) -> tuple[Layout, ...]:
        return (self.b,)

    @property
    def writes(self) -> tuple[Layout, ...]:
        *batch, depth, columns = self.b.shape
        return (Layout.dense(self.b.dtype, (*batch, -(-columns // self.panel), depth, self.panel)),)

    @property
    def items(self) -> int:
        """One for each panel."""
        shape = self.writes[0].shape
        return 0 if self.b.size == 0 else self.writes[0].size // (shape[-1] * shape[-2])

    def emit(self, module: Module, name: str, target: Target) -> None:
        started = self.start(module, name)
        if self.items:
            self._loop(started, packing(module, self.b, target))
        started.function.ret()

    def _loop(self, started: Started, function: str) -> None:
        f, element = started.function, memory_type(self.b.dtype)
        *batch, depth, columns = self.b.shape
        k_step, n_step = self.b.strides[-2:]
        panels = -(-columns // self.panel)
        with f.loop(started.first, started.last) as item:
            begin = f.op("mul", f.op("urem", item, panels), self.panel)
            source = offset_of(f, f.op("udiv", item, panels), tuple(batch), self.b.strides[:-2])
            source = f.op("add", source, f.op("mul", begin, n_step))
            width = literal("i64", self.panel)
            given = Packing(
                source=f.at(started.reads[0], source, element),
                k_step=literal("i64", k_step),
                n_step=literal("i64", n_step),
                panel=f.at(started.writes[0], f.op("mul", item, depth * self.panel), element),
                depth=literal("i64", depth),
                columns=f.intrinsic("llvm.smin", f.op("sub", literal("i64", columns), begin), width),
                width=width,
            )
            f.call(function, "void", *given)


class Packing(NamedTuple):
    """The parameters of a function that packs, in order; numbers are i64 and count elements."""

    source: Value  # B[0, 0]
    k_step: Value
    n_step: Value
    panel: Value  # where the panel goes
    depth: Value  # rows of B
    columns: Value  # columns of B
    width: Value  # columns of the panel


def packing(module: Module, b: Layout, target: Target) -> str:
    """The name of the function that packs a block of `b` into one panel; it is written where it is missing."""
    k_step, n_step = b.strides[-2:]
    way = "copied" if n_step == 1 else "turned" if k_step == 1 else "gathered"
    name = f"pack_{b.dtype.name}_{way}"
    if name not in module:
        kinds = [(kind, "") for kind in ("ptr", "i64", "i64", "ptr", "i64", "i64", "i64")]
        writer = _Writer(module.function(name, kinds), b.dtype, target)
        {"copied": writer.copied, "turned": writer.turned, "gathered": writer.gathered}[way]()
    return name


class _Writer:
    """Writes a function that packs."""

    def __init__(self, function: Function, dtype: DType, target: Target) -> None:
        self.f, self.given = function, Packing(*function.parameters)
        self.element = memory_type(dtype)
        self.lanes = min(16, target.lanes(dtype))

    def turned(self) -> None:
        """Where K has stride 1: squares of lanes x lanes, transposed in registers."""
        f, given, kind = self.f, self.given, vector(self.element, self.lanes)
        columns, depth = self.whole(given.columns), self.whole(given.depth)
        with f.loop(ZERO, columns, self.lanes) as n, f.loop(ZERO, depth, self.lanes) as k:
            rows = [f.load(self.source(k, f.op("add", n, row)), kind) for row in range(self.lanes)]
            for row, turned in enumerate(_transposed(f, rows)):
                f.store(turned, self.panel(f.op("add", k, row), n))
        self.one_by_one(ZERO, depth, columns, given.columns)
        self.one_by_one(depth, given.depth, ZERO, given.columns)
        self.finish()

    def copied(self) -> None:
        """Where N has stride 1: row by row, by vectors."""
        f, kind = self.f, vector(self.element, self.lanes)
        columns = self.whole(self.given.columns)
        with f.loop(ZERO, columns, self.lanes) as n, f.loop(ZERO, self.given.depth) as k:
            f.store(f.load(self.source(k, n), kind), self.panel(k, n))
        self.one_by_one(ZERO, self.given.depth, columns, self.given.columns)
        self.finish()

    def gathered(self) -> None:
        """Any strides: element by element."""
        self.one_by_one(ZERO, self.given.depth, ZERO, self.given.columns)
        self.finish()

    def one_by_one(self, k_first: Value, k_last: Value, n_first: Value, n_last: Value) -> None:
        f = self.f
        with f.loop(k_first, k_last) as k, f.loop(n_first, n_last) as n:
            f.store(f.load(self.source(k, n), self.element), self.panel(k, n))

    def finish(self) -> None:
        """Zeros where the panel goes beyond the columns."""
        f = self.f
        with f.loop(ZERO, self.given.depth) as k, f.loop(self.given.columns, self.given.width) as n:
            f.store(literal(self.element, 0), self.panel(k, n))
        f.ret()

    def whole(self, count: Value) -> Value:
        """`count` without the rest that fills no vector."""
        return self.f.op("and", count, -self.lanes)

    def source(self, k: Value, n: Value) -> Value:
        f, given = self.f, self.given
        place = f.op("add", f.op("mul", k, given.k_step), f.op("mul", n, given.n_step))
        return f.at(given.source, place, self.element)

    def panel(self, k: Value, n: Value) -> Value:
        place = self.f.op("add", self.f.op("mul", k, self.given.width), n)
        return self.f.at(self.given.panel, place, self.element)


def _transposed(f: Function, rows: list[Value]) -> list[Value]:
    """As many vectors as they have lanes, transposed: rows i and i + s exchange blocks of s lanes, for s = 1, 2, ..."""
    count, step = len(rows), 1
    while step < count:
        low = [lane if lane & step == 0 else count + lane - step for lane in range(count)]
        high = [lane + step if lane & step == 0 else count + lane for lane in range(count)]
        for i in range(count):
            if i & step == 0:
                rows[i], rows[i + step] = (f.shuffle(rows[i], rows[i + step], places) for places in (low, high))
        step *= 2
    return rows
