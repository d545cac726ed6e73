"""When each step of a fused kernel is computed: once per row, or in passes over the columns of a row.

A value that depends on the sum of a row can only be computed after a pass over the row. Steps therefore have levels,
one more behind each reduction, and a row takes one pass for each level at which something is reduced or written.
What a later pass needs again is computed again if that is cheap and kept in a buffer if not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from saegim.compiler.kernels.fused_nest import Nest
from saegim.compiler.kernels.fused_steps import ROW_REDUCTIONS, Step, Write, weight

_KEPT_COLUMNS = 1 << 16  # rows up to this length are kept, in the second-level cache if need be
_DEAR = 8  # from this weight on a value is kept rather than computed again
_GATHER = 10  # the weight of a load whose elements are apart


@dataclass(frozen=True)
class Pass:
    """One run over the columns. All numbers are those of steps, but for `writes`.

    steps: the full ones computed here, in order; fetched: those taken from buffers instead; kept: those put into
    buffers for later passes; reductions: those that are finished here.
    """

    level: int
    steps: tuple[int, ...]
    fetched: tuple[int, ...]
    kept: tuple[int, ...]
    reductions: tuple[int, ...]
    writes: tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """is_row, level and sizes (bytes) are given for each step; scalars are the row values that are needed, in order."""

    columns: int
    sizes: tuple[int, ...]
    is_row: tuple[bool, ...]
    level: tuple[int, ...]
    scalars: tuple[int, ...]
    passes: tuple[Pass, ...]
    row_writes: tuple[int, ...]

    @property
    def needed(self) -> frozenset[int]:
        """The steps that anything depends on."""
        return frozenset(self.scalars).union(*(each.steps for each in self.passes))

    @property
    def scratch_bytes(self) -> int:
        """Memory for all buffers."""
        return sum(self._rooms.values())

    @property
    def buffers(self) -> dict[int, int]:
        """Where in scratch memory, in bytes, the buffer of each step begins that is kept."""
        ends = itertools.accumulate(self._rooms.values(), initial=0)
        return dict(zip(self._rooms, ends, strict=False))

    @property
    def _rooms(self) -> dict[int, int]:
        """Bytes of each buffer: whole cache lines."""
        kept = (number for each in self.passes for number in each.kept)
        return {number: -(-self.columns * self.sizes[number] // 64) * 64 for number in kept}


def plan(nest: Nest, writes: tuple[Write, ...]) -> Plan:
    """The passes of a kernel."""
    is_row, level = _kinds(nest)
    needed = closure(nest.steps, (write.step for write in writes))
    row_writes = tuple(number for number, strides in enumerate(nest.writes) if strides[-1] == 0)
    full_writes = [number for number in range(len(writes)) if number not in row_writes]
    passes = _Passes(nest, is_row)
    for now in range(max(level, default=0) + 1):
        reductions = [
            number
            for number in sorted(needed)
            if nest.steps[number].op in ROW_REDUCTIONS and level[nest.steps[number].inputs[0]] == now
        ]
        written = [number for number in full_writes if level[writes[number].step] == now]
        if reductions or written:
            passes.add(now, reductions, written, [writes[number].step for number in written])
    scalars = tuple(number for number in sorted(needed) if is_row[number])
    sizes = tuple(step.dtype.itemsize for step in nest.steps)
    return Plan(nest.columns, sizes, is_row, level, scalars, passes.finished(), row_writes)


def closure(steps: tuple[Step, ...], roots: Iterable[int], beyond: tuple[bool, ...] = ()) -> set[int]:
    """The steps that `roots` depend on, with themselves; without those that are marked in `beyond`."""
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        number = waiting.pop()
        if number not in found and not (beyond and beyond[number]):
            found.add(number)
            waiting.extend(steps[number].inputs)
    return found


def _kinds(nest: Nest) -> tuple[tuple[bool, ...], tuple[int, ...]]:
    """Which steps are row values, and the level of each step."""
    is_row: list[bool] = []
    level: list[int] = []
    for number, step in enumerate(nest.steps):
        if step.op == "load":
            is_row.append(nest.loads[step.attrs[0]][-1] == 0)
        elif step.op == "position":
            is_row.append(nest.positions[number][-1] == 0)
        else:
            is_row.append(step.op in ROW_REDUCTIONS or all(is_row[each] for each in step.inputs))
        level.append(max((level[each] for each in step.inputs), default=0) + (step.op in ROW_REDUCTIONS))
    return tuple(is_row), tuple(level)


class _Passes:
    """Passes as they are added, from the first level to the last."""

    def __init__(self, nest: Nest, is_row: tuple[bool, ...]) -> None:
        self._nest, self._is_row = nest, is_row
        self._weights = [self._weight(number) for number in range(len(nest.steps))]
        self._made: list[Pass] = []
        self._home: dict[int, int] = {}  # the first pass that computes a step
        self._kept: dict[int, None] = {}

    def add(self, level: int, reductions: list[int], writes: list[int], written: list[int]) -> None:
        """The pass of a level that finishes these reductions and does these writes, of the steps `written`."""
        roots = [self._nest.steps[number].inputs[0] for number in reductions] + written
        computed: set[int] = set()
        fetched: set[int] = set()
        waiting = [root for root in roots if not self._is_row[root]]
        while waiting:
            number = waiting.pop()
            if number in computed or number in fetched:
                continue
            if number in self._home and self._is_dear(number):
                fetched.add(number)
                continue
            computed.add(number)
            waiting.extend(each for each in self._nest.steps[number].inputs if not self._is_row[each])
        for number in computed:
            self._home.setdefault(number, len(self._made))
        self._kept.update(dict.fromkeys(sorted(fetched)))
        steps, kept = tuple(sorted(computed)), tuple(sorted(fetched))
        self._made.append(Pass(level, steps, kept, (), tuple(reductions), tuple(writes)))

    def finished(self) -> tuple[Pass, ...]:
        """The passes; what later ones fetch is kept where it is first computed."""
        return tuple(
            Pass(
                each.level,
                each.steps,
                each.fetched,
                tuple(number for number in self._kept if self._home[number] == place),
                each.reductions,
                each.writes,
            )
            for place, each in enumerate(self._made)
        )

    def _is_dear(self, number: int) -> bool:
        return self._weights[number] > _DEAR and self._nest.columns <= _KEPT_COLUMNS

    def _weight(self, root: int) -> int:
        """Of everything full that has to be computed for a step."""
        full = closure(self._nest.steps, [root], self._is_row)
        return sum(self._own_weight(self._nest.steps[number]) for number in full)

    def _own_weight(self, step: Step) -> int:
        apart = step.op == "load" and abs(self._nest.loads[step.attrs[0]][-1]) > 1
        return _GATHER if apart else weight(step)
