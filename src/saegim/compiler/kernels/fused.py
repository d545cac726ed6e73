"""Everything that is not a matrix product: chains of elementwise steps with reductions of rows and of outer axes.

    for every row of the space:                     softmax: a, b in two passes over the row, c in a third
        a = max of x over the row
        b = sum of exp(x - a) over the row
        store exp(x - a) / b

A row stays near the core, in registers if it is short, while it is passed over several times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from saegim.compiler.kernels import fused_emit, fused_nest, fused_passes
from saegim.compiler.kernels.base import Kernel, Layout
from saegim.compiler.kernels.fused_nest import Nest
from saegim.compiler.kernels.fused_passes import Plan
from saegim.compiler.kernels.fused_steps import ROW_REDUCTIONS, Step, Write
from saegim.compiler.llvm import Module
from saegim.runtime.target import Target

__all__ = ["Fused", "Step", "Write"]

_NOT_ARITHMETIC = frozenset(("load", "literal", "position", "cast", "stop_gradient"))


@dataclass(frozen=True)
class Fused(Kernel):
    """The steps at every point of `space`, with the meaning that NumPy gives them; what `stores` name is written.

    Strides of loads may be any numbers, 0 to repeat. The order of sums depends on the kernel alone, not on how items
    are shared out.
    """

    space: tuple[int, ...]
    loads: tuple[Layout, ...]
    steps: tuple[Step, ...]
    stores: tuple[Write, ...]

    def __post_init__(self) -> None:
        for layout in (*self.loads, *(write.layout for write in self.stores)):
            assert layout.shape == self.space, f"an operand of {layout.shape} in a kernel over {self.space}"
        for write in self.stores:
            given = self.steps[write.step].dtype
            assert given == write.layout.dtype, f"{given} written as {write.layout.dtype}"

    @property
    def reads(self) -> tuple[Layout, ...]:
        return self.loads

    @property
    def writes(self) -> tuple[Layout, ...]:
        return tuple(write.layout for write in self.stores)

    @property
    def items(self) -> int:
        return 1 if self.nest.is_empty else self.nest.items

    @property
    def scratch_bytes(self) -> int:
        return self.plan.scratch_bytes

    @property
    def flops(self) -> int:
        size, rows = math.prod(self.space), math.prod(self.space[:-1])
        needed = [number for number in self.plan.needed if self.steps[number].op not in _NOT_ARITHMETIC]
        whole = [not self.plan.is_row[number] or self.steps[number].op in ROW_REDUCTIONS for number in needed]
        combined = sum(write.combine is not None for write in self.stores)
        return size * (sum(whole) + combined) + rows * (len(whole) - sum(whole))

    def may_overwrite(self, written: int, read: int) -> bool:
        """If each element is read for the last time just before its own place is written."""
        write, layout = self.stores[written], self.loads[read]
        repeats = any(by == 0 and size > 1 for by, size in zip(layout.strides, self.space, strict=True))
        if write.combine is not None or write.layout != layout or repeats:
            return False
        reading = {number for number, step in enumerate(self.steps) if step.op == "load" and step.attrs[0] == read}
        passes = self.plan.passes
        last_read = max((n for n, each in enumerate(passes) if reading & {*each.steps}), default=-1)
        return all(last_read <= n for n, each in enumerate(passes) if written in each.writes)

    def stays(self, written: int) -> int | None:
        """What is written where the condition of a choice does not hold."""
        step = self.steps[self.stores[written].step]
        old = self.steps[step.inputs[-1]] if step.op == "select" else step
        return old.attrs[0] if old.op == "load" else None

    @cached_property
    def nest(self) -> Nest:
        """The loops."""
        return fused_nest.nest(self.space, self.loads, self.steps, self.stores)

    @cached_property
    def plan(self) -> Plan:
        """What is computed when."""
        return fused_passes.plan(self.nest, self.stores)

    def emit(self, module: Module, name: str, target: Target) -> None:
        started = self.start(module, name)
        fused_emit.emit(self.nest, self.plan, self.loads, self.stores, started, target)
