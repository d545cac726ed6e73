"""A plan as LLVM IR: every kernel once, and for every wave a function that calls them.

All functions know the program's memory through one table of 64-bit words:

    0  the shared arena
    1  the arena of thread 0, and 2  how many bytes after it that of the next thread begins
    3  where kernels report an index that points nowhere
    4, 5, ...  the inputs, then the arrays that the run makes, then the program's constants, the calls last (see calls)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from saegim.compiler.kernels.base import Kernel
from saegim.compiler.llvm import Function, Module, Value, literal
from saegim.compiler.lower.calls import ARENA, FAULTS, Array, Calls
from saegim.compiler.lower.form import SHARD, START, Buffer, Call, Counter, Repeat, Space, Statement, View
from saegim.compiler.lower.plan import Plan, Tiles, Unit
from saegim.compiler.recipe import HEADER
from saegim.runtime.target import Target

# How many seconds of work a thread should claim at a time, and what a core is taken to do in a second. Only how work
# is shared out depends on this, never its result.
_SHARE = 10e-6
_BYTES, _FLOPS = 8e9, 4e10
_MOST = 64


def shares(unit: Unit) -> int:
    """Into how many pieces the unit is divided among threads."""
    if isinstance(unit, Tiles):
        return unit.tiling.shards
    if isinstance(unit, Repeat):
        return 1
    seconds = unit.kernel.bytes / _BYTES + unit.kernel.flops / _FLOPS
    return max(1, min(unit.kernel.items, int(seconds / _SHARE), _MOST))


@dataclass
class Timers:
    """Counters of the ticks that each call takes, in every thread's arena from byte `start` on."""

    start: int
    calls: list[tuple[int, Call]] = field(default_factory=list)
    """For each counter the number of the wave and the call."""


class Emitter:
    """Writes a plan into a module; with `timed` every call of a kernel is timed."""

    def __init__(self, plan: Plan, target: Target, *, timed: bool = False) -> None:
        self.module = Module()
        self._target = target
        self.timers = Timers(plan.local_bytes) if timed else None
        made = HEADER + plan.inputs
        self._tables = {Space.INPUT: HEADER, Space.OUTPUT: made, Space.CONSTANT: made + len(plan.made)}
        self._kernels: dict[Kernel, str] = {}
        # Timed, every call is code, with a counter of its own.
        self._calls = None if timed else Calls(self.module, self._tables[Space.CONSTANT] + len(plan.context.constants))
        self.wave = 0  # the one that is being written
        self.waves = [self._wave(number, wave.units) for number, wave in enumerate(plan.waves)]
        """For each wave the name of its function and its number of items."""

    def _wave(self, number: int, units: list[Unit]) -> tuple[str, int]:
        self.wave = number
        name = f"wave{number}"
        f = self.module.function(name, [("ptr", ""), ("i64", ""), ("i64", "")])
        table, item, thread = f.parameters
        stride = f.load(f.at(table, 2, "i64"), "i64")
        arena = f.at(f.load(f.at(table, 1, "ptr"), "ptr"), f.op("mul", thread, stride), "i8")
        first = 0
        for place, unit in enumerate(units):
            here = f.op("sub", item, first)
            with f.when(f.compare("icmp ult", here, shares(unit))):
                self._start(unit, f"{name}_{place}", f, (table, arena, here))
            first += shares(unit)
        f.ret()
        return name, first

    def _start(self, unit: Unit, name: str, f: Function, given: tuple[Value, Value, Value]) -> None:
        """Calls a unit for its piece that is the last of `given`, behind table and arena."""
        if self._calls is None or not isinstance(unit, Call):
            f.call(self._unit(unit, name), "void", *given)
            return
        operands = [self._place(view) for view in (*unit.reads, *unit.writes)]
        if unit.kernel.scratch_bytes:
            operands.append((ARENA, unit.scratch))
        self._calls.add(f, given, self.kernel(unit.kernel), operands, unit.kernel.items, shares(unit))

    def _place(self, view: View) -> tuple[int, int]:
        """Word and bytes of what a unit that is one call sees."""
        assert not view.moves, "nothing is counted outside of loops and tiles"
        buffer, offset = view.buffer, view.where.offset * view.buffer.dtype.itemsize
        if buffer.space in (Space.LOCAL, Space.SHARED):
            return ARENA if buffer.space is Space.LOCAL else 0, buffer.place + offset
        return self.word(buffer), offset

    @property
    def constants(self) -> list[Array]:
        """Constants that the code needs beside those of the plan."""
        return [] if self._calls is None else [self._calls.numbers]

    def _unit(self, unit: Unit, name: str) -> str:
        if isinstance(unit, Tiles):
            return self._tiles(unit, name)
        f = self._function(name)
        table, arena, item = f.parameters
        writer = _Writer(self, f, table, arena)
        if isinstance(unit, Call):
            count, items = shares(unit), unit.kernel.items
            first, last = (
                f.op("sdiv", f.op("mul", each, items), count) if count > 1 else literal("i64", edge)
                for each, edge in ((item, 0), (f.op("add", item, 1), items))
            )
            writer.call(unit, first, last)
        else:
            writer.statements([unit])
        f.ret()
        return name

    def _tiles(self, unit: Tiles, name: str) -> str:
        tiling = unit.tiling
        bodies = [self._tile(body, f"{name}_tile{place}") for place, body in enumerate(unit.bodies)]
        f = self._function(name)
        table, arena, shard = f.parameters
        first, last = (
            f.op("sdiv", f.op("mul", each, tiling.tiles), tiling.shards) for each in (shard, f.op("add", shard, 1))
        )
        with f.loop(first, last) as tile:
            start = f.op("mul", tile, tiling.tile)
            f.store(start, f.at(arena, unit.start.place, "i8"))
            onward = f.convert("zext", f.compare("icmp ne", tile, first), "i64")
            given = (table, arena, start, shard, onward)
            if tiling.rest:
                is_last = f.compare("icmp eq", tile, tiling.tiles - 1)
                with f.when(is_last):
                    f.call(bodies[1], "void", *given)
                with f.when(f.op("xor", is_last, literal("i1", True))):
                    f.call(bodies[0], "void", *given)
            else:
                f.call(bodies[0], "void", *given)
        f.ret()
        return name

    def _tile(self, body: list[Statement], name: str) -> str:
        f = self._function(name, 3)
        table, arena, start, shard, onward = f.parameters
        writer = _Writer(self, f, table, arena, onward)
        writer.known[START], writer.known[SHARD] = start, shard
        writer.statements(body)
        f.ret()
        return name

    def _function(self, name: str, numbers: int = 1) -> Function:
        return self.module.function(
            name, [("ptr", ""), ("ptr", ""), *[("i64", "")] * numbers], attrs="noinline nounwind"
        )

    def kernel(self, kernel: Kernel) -> str:
        """The function of a kernel, written when it is first needed."""
        name = self._kernels.get(kernel)
        if name is None:
            name = self._kernels[kernel] = kernel.name
            kernel.emit(self.module, name, self._target)
        return name

    def word(self, buffer: Buffer) -> int:
        """Where in the table the address of an array stands."""
        return self._tables[buffer.space] + buffer.place


class _Writer:
    """Writes statements into a function."""

    def __init__(self, emitter: Emitter, f: Function, table: Value, arena: Value, onward: Value | None = None) -> None:
        self._emitter, self._f, self._table, self._arena = emitter, f, table, arena
        self._onward = onward or literal("i64", 0)
        self.known: dict[Counter, Value] = {}

    def statements(self, statements: list[Statement]) -> None:
        for each in statements:
            if isinstance(each, Call):
                self.call(each, literal("i64", 0), literal("i64", each.kernel.items))
            else:
                self._repeat(each)

    def _repeat(self, loop: Repeat) -> None:
        f = self._f
        with f.loop(0, loop.length) as turn:
            position = f.op("sub", literal("i64", loop.length - 1), turn) if loop.reverse else turn
            self.known[loop.counter] = position
            self.statements(loop.body)

    def call(self, call: Call, first: Value, last: Value) -> None:
        f = self._f
        operands = [self._pointer(view) for view in (*call.reads, *call.writes)]
        if call.kernel.scratch_bytes:
            operands.append(f.at(self._arena, call.scratch, "i8"))
        faults = f.load(f.at(self._table, FAULTS, "ptr"), "ptr")
        onward = self._onward if call.accumulates else literal("i64", 0)
        before = self._ticks()
        f.call(self._emitter.kernel(call.kernel), "void", *operands, first, last, onward, faults)
        if before is not None:
            self._count(call, before)

    def _ticks(self) -> Value | None:
        if self._emitter.timers is None:
            return None
        self._f.module.declare("llvm.readcyclecounter", "i64", [])
        return self._f.call("llvm.readcyclecounter", "i64")

    def _count(self, call: Call, before: Value) -> None:
        f, timers, after = self._f, self._emitter.timers, self._ticks()
        assert timers is not None
        assert after is not None
        place = f.at(self._arena, timers.start + 8 * len(timers.calls), "i8")
        f.store(f.op("add", f.load(place, "i64"), f.op("sub", after, before)), place)
        timers.calls.append((self._emitter.wave, call))

    def _pointer(self, view: View) -> Value:
        f, buffer = self._f, view.buffer
        if buffer.space is Space.LOCAL:
            base = f.at(self._arena, buffer.place, "i8")
        elif buffer.space is Space.SHARED:
            base = f.at(f.load(self._table, "ptr"), buffer.place, "i8")
        else:
            base = f.load(f.at(self._table, self._emitter.word(buffer), "ptr"), "ptr")
        size = buffer.dtype.itemsize
        pointer = f.at(base, view.where.offset * size, "i8") if view.where.offset else base
        for counter, step in view.moves:
            pointer = f.at(pointer, f.op("mul", self.known[counter], step * size), "i8")
        return pointer
