"""Windows summed back into where they came from: the transpose of taking windows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from saegim.compiler.kernels.base import Kernel, Layout, Started
from saegim.compiler.kernels.walk import Ints, moved, offset_of, tiles, times
from saegim.compiler.llvm import Module, Value, Variable, literal, type_of, vector
from saegim.runtime.target import Target


@dataclass(frozen=True)
class Fold(Kernel):
    """x (B, *out, *size, C) -> (B, *space, C): every place is the sum of the windows' elements that lie over it.

    They are added in the row-major order of places in the window. Items are places.
    """

    x: Layout
    result: Layout
    size: Ints
    stride: Ints
    dilation: Ints

    @property
    def reads(self) -> tuple[Layout, ...]:
        return (self.x,)

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return math.prod(self.result.shape[:-1])

    @property
    def flops(self) -> int:
        return self.x.size

    def emit(self, module: Module, name: str, target: Target) -> None:
        start = self.start(module, name)
        f, (result,) = start.function, start.writes
        element = type_of(self.x.dtype)
        steps = self.x.strides[-1], self.result.strides[-1]
        if self.result.size:
            with f.loop(start.first, start.last) as item:
                into = f.at(result, offset_of(f, item, self.result.shape[:-1], self.result.strides[:-1]), element)
                example, places = self._places(start, item)
                for tile in tiles(self.result.shape[-1], steps, target, element):
                    kinds = [vector(element, lanes) for _, lanes in tile]
                    sums = [(at, f.variable(kind, literal(kind, 0))) for (at, _), kind in zip(tile, kinds, strict=True)]
                    self._emit_axis(start, places, times(f, example, self.x.strides[0]), sums)
                    for at, total in sums:
                        f.store(total.get(), f.at(into, at * steps[1], element))
        f.ret()

    def _places(self, start: Started, item: Value) -> tuple[Value, list[Value]]:
        """The example of an item, and its place along every axis of space."""
        f, places = start.function, []
        for extent in reversed(self.result.shape[1:-1]):
            places.append(f.op("urem", item, extent))
            item = f.op("udiv", item, extent)
        return item, places[::-1]

    def _emit_axis(self, start: Started, places: list[Value], offset: Value, sums: list[tuple[int, Variable]]) -> None:
        """Adds what windows hold along the axes whose `places` are given; `offset` is where the others point to."""
        f, axes = start.function, len(self.size)
        if not places:
            self._emit_sum(start, offset, sums)
            return
        axis = axes - len(places)
        count, by = self.x.shape[1 + axis], self.stride[axis]
        with f.loop(0, self.size[axis]) as within:
            reach = f.op("sub", places[0], times(f, within, self.dilation[axis]))
            # Without its sign, a negative reach is as far outside as one beyond the last window.
            hit = f.compare("icmp ult", reach, count * by)
            hit = f.op("and", hit, f.compare("icmp eq", f.op("urem", reach, by), 0))
            with f.when(hit):
                there = moved(f, offset, f.op("udiv", reach, by), self.x.strides[1 + axis])
                there = moved(f, there, within, self.x.strides[1 + axes + axis])
                self._emit_axis(start, places[1:], there, sums)

    def _emit_sum(self, start: Started, offset: Value, sums: list[tuple[int, Variable]]) -> None:
        f, element = start.function, type_of(self.x.dtype)
        window = f.at(start.reads[0], offset, element)
        for at, total in sums:
            old = total.get()
            x = f.load(f.at(window, at * self.x.strides[-1], element), old.type)
            total.set(f.op("fadd", old, x))
