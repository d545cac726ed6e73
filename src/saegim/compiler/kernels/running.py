"""Running sums and products."""

from __future__ import annotations

from dataclasses import dataclass

from saegim.compiler.kernels.base import Kernel, Layout
from saegim.compiler.kernels.walk import Chunk, Parts, times, without
from saegim.compiler.llvm import Module, memory_type, vector
from saegim.runtime.target import Target


@dataclass(frozen=True)
class Running(Kernel):
    """The sum, or `product`, of all elements along `axis` up to each; one after the other, in the dtype of x.

    Items are lines.
    """

    x: Layout
    result: Layout
    axis: int
    product: bool

    @property
    def reads(self) -> tuple[Layout, ...]:
        return (self.x,)

    @property
    def writes(self) -> tuple[Layout, ...]:
        return (self.result,)

    @property
    def items(self) -> int:
        return self._lines.items if self.x.size else 0

    @property
    def flops(self) -> int:
        return self.x.size if self.x.dtype.kind == "f" else 0

    def may_overwrite(self, written: int, read: int) -> bool:
        return (written, read) == (0, 0) and self.x == self.result

    @property
    def _lines(self) -> Parts:
        strides = [without(each.strides, self.axis) for each in (self.x, self.result)]
        return Parts.of(without(self.x.shape, self.axis), strides)

    def emit(self, module: Module, name: str, target: Target) -> None:
        start = self.start(module, name)
        f, (x,), (result,) = start.function, start.reads, start.writes
        kind = memory_type(self.x.dtype)
        op = ("f" if self.x.dtype.kind == "f" else "") + ("mul" if self.product else "add")

        def body(chunk: Chunk) -> None:
            total = f.variable(vector(kind, chunk.lanes), chunk.load(f, 0, x, kind))
            chunk.store(f, 1, result, total.get(), kind)
            with f.loop(1, self.x.shape[self.axis]) as place:
                new = chunk.load(f, 0, f.at(x, times(f, place, self.x.strides[self.axis]), kind), kind)
                total.set(f.op(op, total.get(), new))
                into = f.at(result, times(f, place, self.result.strides[self.axis]), kind)
                chunk.store(f, 1, into, total.get(), kind)

        if self.x.size:
            self._lines.emit(f, start.first, start.last, target.lanes(self.x.dtype), body)
        f.ret()
