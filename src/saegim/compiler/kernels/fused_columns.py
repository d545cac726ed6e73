"""Values of a fused kernel while its code is written: those of a row, and those of neighbouring columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce

from saegim.compiler.elementwise import CODE, random_bits
from saegim.compiler.kernels.base import Layout, Started
from saegim.compiler.kernels.fused_nest import Nest
from saegim.compiler.kernels.fused_passes import Plan
from saegim.compiler.kernels.fused_steps import Step, Write, combined, identity
from saegim.compiler.llvm import (
    Function,
    Value,
    lanes_of,
    listed,
    literal,
    memory_type,
    type_of,
    undefined,
    vector,
)
from saegim.dtypes import DType
from saegim.runtime.target import Target

ALWAYS = literal("i1", True)


@dataclass(frozen=True)
class Code:
    """What is being written: a kernel's loops and passes, into a function, in vectors of `lanes` columns."""

    nest: Nest
    plan: Plan
    loads: tuple[Layout, ...]
    writes: tuple[Write, ...]
    started: Started
    target: Target

    @property
    def f(self) -> Function:
        return self.started.function

    @property
    def scratch(self) -> Value:
        assert self.started.scratch is not None, "a fused kernel that keeps nothing has no scratch memory"
        return self.started.scratch

    @cached_property
    def lanes(self) -> int:
        """Vectors are filled by elements of 4 bytes, or by the widest if there are none; short rows need only part."""
        sizes = {self.nest.steps[number].dtype.itemsize for each in self.plan.passes for number in each.steps}
        widest = 4 if 4 in sizes else max(sizes, default=4)
        shortest = 1 << max(1, (self.nest.columns - 1).bit_length())
        return min(max(2, self.target.vector // widest), shortest)

    @cached_property
    def needed(self) -> list[int]:
        """The steps that anything depends on, in order."""
        return sorted(self.plan.needed)

    def dtype(self, step: int) -> DType:
        return self.nest.steps[step].dtype

    def apply(self, step: Step, operands: Sequence[Value]) -> Value:
        """An elementwise step."""
        if step.op == "random_bits":
            return random_bits(self.f, *operands)
        return CODE[step.op](self.f, self.dtype(step.inputs[-1]), step.dtype, operands)


def from_memory(f: Function, x: Value, dtype: DType) -> Value:
    """What was loaded, as it is computed with."""
    return f.compare("icmp ne", x, 0) if dtype.kind == "b" else x


def to_memory(f: Function, x: Value, dtype: DType) -> Value:
    """A computed value as it lies in memory."""
    return f.convert("zext", x, "i8") if dtype.kind == "b" else x


def moved(f: Function, pointer: Value, terms: Iterable[tuple[Value, int]], element: str) -> Value:
    """The place of the element at the sum of indices times strides behind `pointer`."""
    at = weighted(f, terms)
    return pointer if at is None else f.at(pointer, at, element)


def weighted(f: Function, terms: Iterable[tuple[Value, int]]) -> Value | None:
    """The sum of index times stride; None where all strides are 0."""
    total = None
    for index, stride in terms:
        if stride:
            term = index if stride == 1 else f.op("mul", index, stride)
            total = term if total is None else f.op("add", total, term)
    return total


class Row:
    """One row: where its operands begin, its row values, and these in every lane."""

    def __init__(self, code: Code, indices: Sequence[Value]) -> None:
        self.code, self.indices = code, tuple(indices)
        self.scalars: dict[int, Value] = {}
        self._splats: dict[int, Value] = {}
        self.loads = [self._load_place(number) for number in range(len(code.loads))]
        self.writes = [self.write_place(number) for number in range(len(code.writes))]
        self.positions = {
            number: self._position(number) for number in code.needed if code.nest.steps[number].op == "position"
        }
        self._fresh = [self._is_fresh(number) for number in range(len(code.writes))]

    def _load_place(self, number: int) -> Value:
        code = self.code
        terms = zip(self.indices, code.nest.loads[number], strict=False)
        return moved(code.f, code.started.reads[number], terms, memory_type(code.loads[number].dtype))

    def write_place(self, number: int) -> Value:
        """Where the row of a write begins."""
        code = self.code
        terms = zip(self.indices, code.nest.writes[number], strict=False)
        return moved(code.f, code.started.writes[number], terms, memory_type(code.writes[number].layout.dtype))

    def _is_fresh(self, number: int) -> Value:
        """Whether a combined write takes no part of what is in memory: where this is the first of its rows."""
        code, write = self.code, self.code.writes[number]
        tests = [code.f.compare("icmp eq", self.indices[axis], 0) for axis in sorted(code.nest.over[number])]
        tests += [code.f.compare("icmp eq", code.started.onward, 0)] * write.accumulate
        return reduce(partial(code.f.op, "and"), tests) if tests else ALWAYS

    def start(self, number: int, chunk: Chunk | None) -> Value:
        """What a combined write is combined with first: for these columns, or the row value if there are none."""
        code, write = self.code, self.code.writes[number]
        neutral = identity(write.combine or "", write.layout.dtype)
        if self._fresh[number] is ALWAYS:
            return literal(vector(type_of(write.layout.dtype), code.lanes if chunk else 1), neutral)
        found = self.read(number, chunk)
        return code.f.select(self._fresh[number], literal(found.type, neutral), found)

    def read(self, number: int, chunk: Chunk | None) -> Value:
        """What a write finds in memory."""
        code, dtype = self.code, self.code.writes[number].layout.dtype
        if chunk:
            return chunk.read(self.writes[number], code.nest.writes[number][-1], dtype)
        return from_memory(code.f, code.f.load(self.writes[number], memory_type(dtype)), dtype)

    def write(self, number: int, chunk: Chunk | None, value: Value) -> None:
        """Stores the value of a write."""
        code, dtype = self.code, self.code.writes[number].layout.dtype
        if chunk:
            chunk.write(value, self.writes[number], code.nest.writes[number][-1], dtype)
        else:
            code.f.store(to_memory(code.f, value, dtype), self.writes[number])

    def combined(self, number: int, x: Value, y: Value) -> Value:
        """Two values of a combined write as one."""
        write = self.code.writes[number]
        return combined(self.code.f, write.combine or "", write.layout.dtype, x, y)

    def _position(self, number: int) -> Value:
        """The position at the first column, an i64."""
        code, step = self.code, self.code.nest.steps[number]
        moving = weighted(code.f, zip(self.indices, code.nest.positions[number], strict=False))
        start = literal("i64", step.attrs[0])
        return start if moving is None else code.f.op("add", moving, start)

    def compute_until(self, level: int) -> None:
        """The row values that can be known before the pass of `level`."""
        for number in self.code.plan.scalars:
            if number not in self.scalars and self.code.plan.level[number] <= level:
                self.scalars[number] = self._scalar(number, self.code.nest.steps[number])

    def _scalar(self, number: int, step: Step) -> Value:
        f = self.code.f
        if step.op == "load":
            found = f.load(self.loads[step.attrs[0]], memory_type(step.dtype))
            return from_memory(f, found, step.dtype)
        if step.op == "literal":
            return literal(type_of(step.dtype), step.attrs[0])
        if step.op == "position":
            return position_as(f, self.positions[number], step.dtype)
        return self.code.apply(step, [self.scalars[each] for each in step.inputs])

    def splat(self, number: int) -> Value:
        """A row value in every lane. Ask first where the answer can be seen by all that use it."""
        if number not in self._splats:
            value, lanes, step = self.scalars[number], self.code.lanes, self.code.nest.steps[number]
            constant = step.op == "literal"
            kind = vector(value.type, lanes)
            self._splats[number] = literal(kind, step.attrs[0]) if constant else self.code.f.splat(value, lanes)
        return self._splats[number]


def position_as(f: Function, position: Value, dtype: DType) -> Value:
    """Positions (i64) in the dtype that is wanted."""
    if dtype.kind == "f":
        return f.convert("sitofp", position, type_of(dtype))
    return f.convert("trunc", position, type_of(dtype)) if dtype.itemsize < 8 else position


class Chunk:
    """`count` neighbouring columns in a vector, from `column` + `offset` on; lanes beyond `count` are idle."""

    def __init__(self, row: Row, column: Value | int, offset: int, count: int) -> None:
        self.row, self.code, self.f = row, row.code, row.code.f
        self.count, self.values = count, dict[int, Value]()
        self._column, self._offset = column, offset
        lanes = self.code.lanes
        self._mask = None if count == lanes else listed("i1", [lane < count for lane in range(lanes)])

    def value(self, step: int) -> Value:
        """A step that has been computed here or for the row."""
        return self.row.splat(step) if self.code.plan.is_row[step] else self.values[step]

    def compute(self, number: int) -> None:
        """A full step, unless it is known already."""
        if number in self.values:
            return
        step = self.code.nest.steps[number]
        if step.op == "load":
            operand = step.attrs[0]
            stride = self.code.nest.loads[operand][-1]
            self.values[number] = self.read(self.row.loads[operand], stride, step.dtype)
        elif step.op == "position":
            self.values[number] = self._positions(number, step.dtype)
        else:
            self.values[number] = self.code.apply(step, [self.value(each) for each in step.inputs])

    def without_idle(self, x: Value, kind: str, dtype: DType) -> Value:
        """x with what changes no `kind` of reduction in idle lanes."""
        return x if self._mask is None else self.f.select(self._mask, x, literal(x.type, identity(kind, dtype)))

    def read(self, pointer: Value, stride: int, dtype: DType) -> Value:
        """The elements of these columns from a row that begins at `pointer`."""
        element, lanes = memory_type(dtype), self.code.lanes
        kind = vector(element, lanes)
        if stride == 1:
            found = self._loaded(self._place(pointer, 1, element), kind)
        elif stride == -1:
            end = self.f.at(self._place(pointer, -1, element), 1 - self.count, element)
            backwards = [max(0, self.count - 1 - lane) for lane in range(lanes)]
            found = self.f.shuffle(self._loaded(end, kind), undefined(kind), backwards)
        else:
            found = self.f.gather(self._places(pointer, stride, element), kind, self._certain_mask())
        return from_memory(self.f, found, dtype)

    def write(self, x: Value, pointer: Value, stride: int, dtype: DType) -> None:
        """Puts x into these columns of a row that begins at `pointer`."""
        element = memory_type(dtype)
        stored = to_memory(self.f, x, dtype)
        if stride != 1:
            self.f.scatter(stored, self._places(pointer, stride, element), self._certain_mask())
        elif self._mask is None:
            self.f.store(stored, self._place(pointer, 1, element))
        else:
            self.f.masked_store(stored, self._place(pointer, 1, element), self._mask)

    def _loaded(self, place: Value, kind: str) -> Value:
        return self.f.load(place, kind) if self._mask is None else self.f.masked_load(place, kind, self._mask)

    def _certain_mask(self) -> Value:
        return self._mask or literal(vector("i1", self.code.lanes), True)

    def _place(self, pointer: Value, stride: int, element: str) -> Value:
        """Where the first of these columns lies."""
        moved_by = self._column * stride if isinstance(self._column, int) else self._times(self._column, stride)
        return self.f.at(self.f.at(pointer, moved_by, element), self._offset * stride, element)

    def _places(self, pointer: Value, stride: int, element: str) -> Value:
        steps = listed("i64", [lane * stride for lane in range(self.code.lanes)])
        return self.f.places(self._place(pointer, stride, element), steps, element)

    def _times(self, x: Value, stride: int) -> Value:
        return x if stride == 1 else self.f.op("mul", x, stride)

    def _positions(self, number: int, dtype: DType) -> Value:
        stride, lanes = self.code.nest.positions[number][-1], self.code.lanes
        column = literal("i64", self._column) if isinstance(self._column, int) else self._column
        first = self.f.op("add", self.row.positions[number], self._times(column, stride))
        steps = listed("i64", [(self._offset + lane) * stride for lane in range(lanes)])
        return position_as(self.f, self.f.op("add", self.f.splat(first, lanes), steps), dtype)


def over_lanes(f: Function, kind: str, dtype: DType, x: Value) -> Value:
    """All lanes combined, halves with halves."""
    lanes = lanes_of(x.type)
    while lanes > 2:
        lanes //= 2
        low, high = (f.shuffle(x, x, range(start, start + lanes)) for start in (0, lanes))
        x = combined(f, kind, dtype, low, high)
    return combined(f, kind, dtype, f.lane(x, 0), f.lane(x, 1))
