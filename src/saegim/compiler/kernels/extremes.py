"""Positions of the largest and of the smallest."""

from __future__ import annotations

from dataclasses import dataclass

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.keys import key_type, ordered
from saegim.compiler.kernels.walk import Chunk, Parts, times, without
from saegim.compiler.llvm import Module, Value, literal, memory_type, vector
from saegim.runtime.target import Target

_VECTORS = 4  # side by side along a line, as each has to wait for its last comparison


@dataclass(frozen=True)
class ArgExtreme(Kernel):
    """The position of the first largest, or smallest, along `axis`: x -> int64 without that axis.

    The first NaN counts as the largest and as the smallest. The axis has at least one element where there are lines.
    Items are lines.
    """

    x: Layout
    result: Layout
    axis: int
    largest: bool

    @property
    def reads(self) -> tuple[Layout, ...]:
        return (self.x,)

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return self._lines.items

    @property
    def _lines(self) -> Parts:
        return Parts.of(self.result.shape, [without(self.x.strides, self.axis), self.result.strides])

    @property
    def _axis(self) -> tuple[int, int]:
        """Size and stride of the axis."""
        return self.x.shape[self.axis], self.x.strides[self.axis]

    def emit(self, module: Module, name: str, target: Target) -> None:
        start = self.start(module, name)
        lanes = target.lanes(self.x.dtype)
        size, step = self._axis
        along = step == 1 and size >= 2 * lanes
        wide = lanes * (_VECTORS if size >= 2 * _VECTORS * lanes else 1)

        def body(chunk: Chunk) -> None:
            if along:
                self._emit_line(start, chunk, wide)
            else:
                self._emit_lines(start, chunk)

        self._lines.emit(start.function, start.first, start.last, 1 if along else lanes, body)
        start.function.ret()

    def _emit_lines(self, start: Started, chunk: Chunk) -> None:
        """Several lines side by side, element by element."""
        f, (result,) = start.function, start.writes
        best = f.variable(vector(key_type(self.x.dtype), chunk.lanes), self._keys(start, chunk, literal("i64", 0)))
        at = f.variable(vector("i64", chunk.lanes), literal(vector("i64", chunk.lanes), 0))
        with f.loop(1, self._axis[0]) as place:
            keys = self._keys(start, chunk, place)
            better = f.compare("icmp ugt", keys, best.get())
            best.set(f.select(better, keys, best.get()))
            at.set(f.select(better, f.splat(place, chunk.lanes), at.get()))
        chunk.store(f, 1, result, at.get(), "i64")

    def _emit_line(self, start: Started, chunk: Chunk, lanes: int) -> None:
        """One line whose elements lie side by side: the best of every lane, then the first of the best."""
        f, (result,) = start.function, start.writes
        size, wide = self._axis[0], chunk._replace(steps=(1, 1), lanes=lanes)
        whole, number = size // lanes * lanes, vector("i32", lanes)
        places = f.count_up(lanes, literal("i32", 0))
        best = f.variable(vector(key_type(self.x.dtype), lanes), self._keys(start, wide, literal("i64", 0)))
        at = f.variable(number, places)
        with f.loop(lanes, whole, lanes) as place:
            keys = self._keys(start, wide, place)
            better = f.compare("icmp ugt", keys, best.get())
            best.set(f.select(better, keys, best.get()))
            here = f.op("add", places, f.splat(f.convert("trunc", place, "i32"), lanes))
            at.set(f.select(better, here, at.get()))
        top = f.intrinsic("llvm.vector.reduce.umax", best.get(), result=key_type(self.x.dtype))
        is_top = f.compare("icmp eq", best.get(), f.splat(top, lanes))
        found = f.select(is_top, at.get(), literal(number, -1))
        first = f.intrinsic("llvm.vector.reduce.umin", found, result="i32")
        single, single_at = f.variable(top.type, top), f.variable("i64", f.convert("zext", first, "i64"))
        with f.loop(whole, size) as place:
            key = self._keys(start, chunk, place)
            better = f.compare("icmp ugt", key, single.get())
            single.set(f.select(better, key, single.get()))
            single_at.set(f.select(better, place, single_at.get()))
        chunk.store(f, 1, result, single_at.get(), "i64")

    def _keys(self, start: Started, chunk: Chunk, place: Value) -> Value:
        """Larger ones for what is looked for, at `place` along the axis."""
        f, kind = start.function, memory_type(self.x.dtype)
        moved = f.at(start.reads[0], times(f, place, self._axis[1]), kind)
        return ordered(f, chunk.load(f, 0, moved, kind), self.x.dtype, descending=not self.largest)
