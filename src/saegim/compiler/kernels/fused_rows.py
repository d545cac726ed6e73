"""Passes over the columns of a row of a fused kernel: straight on for short rows, in loops for long ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

from saegim.compiler.kernels.fused_columns import Chunk, Code, Row, over_lanes
from saegim.compiler.kernels.fused_passes import Pass
from saegim.compiler.kernels.fused_steps import combined, identity, weight
from saegim.compiler.llvm import Value, literal, type_of, vector

_RUN = 64  # additions one after the other before a sum of floats is put aside, so that rounding errors stay small
_UNROLLED = ((5, 4), (20, 2))  # passes of up to this weight go over so many vectors at once


class Held:
    """A combined write whose value stays in registers while all rows that go into it are run through."""

    def __init__(self, row: Row, number: int, chunks: Sequence[Chunk | None]) -> None:
        self._row, self._number, self._chunks = row, number, chunks
        starts = [row.start(number, chunk) for chunk in chunks]
        self._parts = [row.code.f.variable(start.type, start) for start in starts]

    def add(self, place: int, value: Value) -> None:
        """Combines with chunk number `place`."""
        part = self._parts[place]
        part.set(self._row.combined(self._number, part.get(), value))

    def store(self) -> None:
        for chunk, part in zip(self._chunks, self._parts, strict=True):
            self._row.write(self._number, chunk, part.get())


class Columns(ABC):
    """The columns of one row, and what is done with their values."""

    def __init__(self, row: Row, held: dict[int, Held]) -> None:
        self.row, self.code, self.f = row, row.code, row.code.f
        self._held = held

    @abstractmethod
    def run(self, each: Pass) -> None:
        """One pass; what it reduces is then known to the row."""

    def put(self, number: int, value: Value, chunk: Chunk | None = None, place: int = 0) -> None:
        """Gives a value to a write: that of the row, or that of a chunk."""
        if self.code.writes[number].combine is None:
            self.row.write(number, chunk, value)
        elif number in self._held:
            self._held[number].add(place, value)
        else:
            self.row.write(number, chunk, self.row.combined(number, self.row.start(number, chunk), value))

    def _reduced(self, number: int) -> tuple[int, str]:
        """What the reduction of a row reduces, and how."""
        step = self.code.nest.steps[number]
        return step.inputs[0], step.op.removeprefix("row_")

    def _prepare(self, each: Pass) -> None:
        """Puts row values into vectors before the loops that use them."""
        steps = [self.code.nest.steps[number] for number in (*each.steps, *each.reductions)]
        used = {number for step in steps for number in step.inputs}
        used.update(self.code.writes[number].step for number in each.writes)
        for number in sorted(used):
            if self.code.plan.is_row[number]:
                self.row.splat(number)


def in_chunks(row: Row, start: Value | int, width: int) -> list[Chunk]:
    """`width` columns from `start` on as vectors, the last of them perhaps not full."""
    lanes = row.code.lanes
    return [Chunk(row, start, offset, min(lanes, width - offset)) for offset in range(0, width, lanes)]


class Straight(Columns):
    """Few columns, without loops; their values stay in registers from pass to pass."""

    def __init__(self, row: Row, held: dict[int, Held], start: Value | int, width: int) -> None:
        super().__init__(row, held)
        self._chunks = in_chunks(row, start, width)

    def run(self, each: Pass) -> None:
        self._prepare(each)
        for number in each.steps:
            for chunk in self._chunks:
                chunk.compute(number)
        for number in each.reductions:
            self.row.scalars[number] = self._reduce(number)
        for number in each.writes:
            for place, chunk in enumerate(self._chunks):
                self.put(number, chunk.value(self.code.writes[number].step), chunk, place)

    def _reduce(self, number: int) -> Value:
        source, kind = self._reduced(number)
        dtype = self.code.dtype(source)
        parts = [chunk.without_idle(chunk.value(source), kind, dtype) for chunk in self._chunks]
        if not parts:
            return literal(type_of(dtype), identity(kind, dtype))
        return over_lanes(self.f, kind, dtype, as_tree(partial(combined, self.f, kind, dtype), parts))


def as_tree(pair: Callable[[Value, Value], Value], parts: Sequence[Value]) -> Value:
    """All parts combined, neighbours with neighbours."""
    while len(parts) > 1:
        pairs = [pair(*parts[at : at + 2]) for at in range(0, len(parts) - 1, 2)]
        parts = [*pairs, *parts[len(parts) & ~1 :]]
    return parts[0]


class Looped(Columns):
    """Many columns, in loops; what a later pass needs again and is dear is kept in buffers."""

    def __init__(self, row: Row, held: dict[int, Held], block: Value) -> None:
        super().__init__(row, held)
        self._block = block
        self._buffers = {
            number: self.f.at(self.code.scratch, offset, "i8") for number, offset in self.code.plan.buffers.items()
        }

    def run(self, each: Pass) -> None:
        self._prepare(each)
        nest, at_once = self.code.nest, self._at_once(each)
        step = at_once * self.code.lanes
        whole = nest.columns - nest.columns % step
        sums = [Reduction(self.code, *self._reduced(number), at_once) for number in each.reductions]
        if nest.blocks > 1:
            start = self.f.op("mul", self._block, nest.block)
            self._loop(each, sums, start, self._at_most(self.f.op("add", start, nest.block), whole), at_once)
            with self.f.when(self.f.compare("icmp eq", self._block, nest.blocks - 1)):
                self._together(each, sums, in_chunks(self.row, whole, nest.columns - whole))
        else:
            self._loop_in_runs(each, sums, whole, at_once)
            self._together(each, sums, in_chunks(self.row, whole, nest.columns - whole))
        for number, result in zip(each.reductions, sums, strict=True):
            self.row.scalars[number] = result.value()

    def _at_once(self, each: Pass) -> int:
        """How many vectors to go over in one turn of the loop: several where each is little work."""
        work = sum(weight(self.code.nest.steps[number]) for number in each.steps) + len(each.reductions)
        wanted = next((count for limit, count in _UNROLLED if work <= limit), 1)
        return max(1, min(wanted, self.code.nest.columns // self.code.lanes, self.code.nest.block // self.code.lanes))

    def _loop_in_runs(self, each: Pass, sums: list[Reduction], stop: int, at_once: int) -> None:
        """The loop over whole vectors; long sums of floats are put aside now and then."""
        run = _RUN * at_once * self.code.lanes
        if stop <= 2 * run or not any(each.is_inexact for each in sums):
            self._loop(each, sums, 0, stop, at_once)
            return
        with self.f.loop(0, stop, run) as start:
            self._loop(each, sums, start, self._at_most(self.f.op("add", start, run), stop), at_once)
            for each_sum in sums:
                each_sum.put_aside()

    def _loop(self, each: Pass, sums: list[Reduction], start: Value | int, stop: Value | int, at_once: int) -> None:
        lanes = self.code.lanes
        with self.f.loop(start, stop, at_once * lanes) as column:
            self._together(each, sums, in_chunks(self.row, column, at_once * lanes))

    def _together(self, each: Pass, sums: list[Reduction], chunks: list[Chunk]) -> None:
        """A few vectors, all of them read before any is written."""
        for chunk in chunks:
            for number in each.fetched:
                chunk.values[number] = chunk.read(self._buffers[number], 1, self.code.dtype(number))
        for number in each.steps:
            for chunk in chunks:
                chunk.compute(number)
        for result in sums:
            for place, chunk in enumerate(chunks):
                result.add(place, chunk)
        for chunk in chunks:
            for number in each.kept:
                chunk.write(chunk.values[number], self._buffers[number], 1, self.code.dtype(number))
            for number in each.writes:
                self.put(number, chunk.value(self.code.writes[number].step), chunk)

    def _at_most(self, x: Value, limit: int) -> Value:
        return self.f.intrinsic("llvm.smin", x, literal("i64", limit))


class Reduction:
    """A reduction of a row in a loop: several vectors that are combined in the end, in a fixed order."""

    def __init__(self, code: Code, source: int, kind: str, at_once: int) -> None:
        self._f, self._source, self._kind, self._dtype = code.f, source, kind, code.dtype(source)
        self._neutral = literal(vector(type_of(self._dtype), code.lanes), identity(kind, self._dtype))
        self._pair = partial(combined, self._f, kind, self._dtype)
        self._parts = [self._f.variable(self._neutral.type, self._neutral) for _ in range(at_once)]
        self._aside = [self._f.variable(self._neutral.type, self._neutral) for _ in range(at_once)]

    @property
    def is_inexact(self) -> bool:
        """Whether the order of what is combined matters."""
        return self._dtype.kind == "f" and self._kind in ("sum", "prod")

    def add(self, place: int, chunk: Chunk) -> None:
        part = self._parts[place % len(self._parts)]
        part.set(self._pair(part.get(), chunk.without_idle(chunk.value(self._source), self._kind, self._dtype)))

    def put_aside(self) -> None:
        """Begins new sums."""
        for part, aside in zip(self._parts, self._aside, strict=True):
            aside.set(self._pair(aside.get(), part.get()))
            part.set(self._neutral)

    def value(self) -> Value:
        """All parts as one number."""
        self.put_aside()
        return over_lanes(self._f, self._kind, self._dtype, as_tree(self._pair, [each.get() for each in self._aside]))
