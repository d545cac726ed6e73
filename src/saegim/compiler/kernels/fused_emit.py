"""The code of a fused kernel: its items, the rows of an item, the passes over a row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from functools import partial

from saegim.compiler.kernels.base import Layout, Started
from saegim.compiler.kernels.fused_columns import ALWAYS, Code, Row, moved, to_memory
from saegim.compiler.kernels.fused_nest import Nest
from saegim.compiler.kernels.fused_passes import Plan
from saegim.compiler.kernels.fused_rows import Columns, Held, Looped, Straight, in_chunks
from saegim.compiler.kernels.fused_steps import Write, identity, weight
from saegim.compiler.llvm import Function, Value, literal, memory_type, type_of
from saegim.runtime.target import Target

_STRAIGHT_CHUNKS, _STRAIGHT_WEIGHT = 16, 256  # rows of no more than this are written without loops
_FEW_CHUNKS = 4  # so few that a loop is hardly less code


def emit(
    nest: Nest, plan: Plan, loads: tuple[Layout, ...], writes: tuple[Write, ...], started: Started, target: Target
) -> None:
    """Writes the body of the function that `started` has opened."""
    code = Code(nest, plan, loads, writes, started, target)
    with code.f.loop(started.first, started.last) as item:
        if nest.is_empty:
            _store_identities(code)
        elif _is_straight(code):
            _straight_item(code, item)
        else:
            _looped_item(code, item)
    code.f.ret()


def _is_straight(code: Code) -> bool:
    """Whether an item's columns are few enough to hold all their values in registers, and something is gained by that.

    A single pass runs as fast in a loop, which is a quarter of the code.
    """
    chunks = -(-min(code.nest.block, code.nest.columns) // code.lanes)
    full = {number for each in code.plan.passes for number in each.steps}
    work = chunks * sum(weight(code.nest.steps[number]) for number in full)
    gains = chunks <= _FEW_CHUNKS or len(code.plan.passes) > 1 or _holds_columns(code)
    return gains and chunks <= _STRAIGHT_CHUNKS and work <= _STRAIGHT_WEIGHT


def _holds_columns(code: Code) -> bool:
    """Whether all rows of an item go into the same columns."""
    full = (over for number, over in enumerate(code.nest.over) if number not in code.plan.row_writes)
    return bool(code.nest.inner) and any(len(over) == len(code.nest.inner) for over in full)


def _straight_item(code: Code, item: Value) -> None:
    f, nest = code.f, code.nest
    indices, block = _located(code, item)
    start = f.op("mul", block, nest.block) if nest.blocks > 1 else 0
    last = nest.columns - (nest.blocks - 1) * nest.block
    ragged = nest.blocks > 1 and last != nest.block
    for predicate, width in (("icmp ne", nest.block), ("icmp eq", last))[not ragged :]:
        with f.when(f.compare(predicate, block, nest.blocks - 1)) if ragged else nullcontext():
            _rows(code, indices, partial(Straight, start=start, width=width), (start, width))


def _looped_item(code: Code, item: Value) -> None:
    indices, block = _located(code, item)
    _rows(code, indices, partial(Looped, block=block), None)


def _rows(
    code: Code,
    outer: Sequence[Value],
    columns_of: Callable[[Row, dict[int, Held]], Columns],
    straight: tuple[Value | int, int] | None,
) -> None:
    """The rows of an item. What all of them go into is held in registers: row values, and the columns `straight`."""
    f, nest, plan = code.f, code.nest, code.plan
    first = Row(code, [*outer, *[literal("i64", 0)] * len(nest.inner)])
    held = {}
    for number in range(len(code.writes)):
        if nest.inner and len(nest.over[number]) == len(nest.inner):
            if number in plan.row_writes:
                held[number] = Held(first, number, [None])
            elif straight:
                held[number] = Held(first, number, in_chunks(first, *straight))
    with ExitStack() as loops:
        inner = [loops.enter_context(f.loop(0, size)) for size in nest.inner]
        row = Row(code, [*outer, *inner])
        columns = columns_of(row, held)
        for each in plan.passes:
            row.compute_until(each.level)
            columns.run(each)
        row.compute_until(max(plan.level, default=0))
        for number in plan.row_writes:
            columns.put(number, row.scalars[code.writes[number].step])
    for each_held in held.values():
        each_held.store()


def _store_identities(code: Code) -> None:
    """Where there are no rows: what is combined over them is what changes nothing."""
    f, nest = code.f, code.nest
    sizes = (*nest.outer, *nest.inner, nest.columns)
    for number, write in enumerate(code.writes):
        if write.combine is None:
            continue
        strides, dtype = nest.writes[number], write.layout.dtype
        kept = [axis for axis in range(len(sizes)) if axis not in nest.over[number] and strides[axis] != 0]
        neutral = literal(type_of(dtype), identity(write.combine, dtype))
        begin = f.compare("icmp eq", code.started.onward, 0) if write.accumulate else ALWAYS
        with f.when(begin), ExitStack() as loops:
            indices = [(loops.enter_context(f.loop(0, sizes[axis])), strides[axis]) for axis in kept]
            place = moved(f, code.started.writes[number], indices, memory_type(dtype))
            f.store(to_memory(f, neutral, dtype), place)


def _divided(f: Function, x: Value, by: int) -> tuple[Value, Value]:
    """Quotient and remainder of numbers that are not negative."""
    if by == 1:
        return x, literal("i64", 0)
    return f.op("udiv", x, by), f.op("urem", x, by)


def _located(code: Code, item: Value) -> tuple[list[Value], Value]:
    """The indices along the outer axes and the block of columns of an item."""
    nest = code.nest
    if nest.by_blocks:
        block, row = _divided(code.f, item, math.prod(nest.outer)) if nest.blocks > 1 else (literal("i64", 0), item)
    else:
        row, block = _divided(code.f, item, nest.blocks)
    return _unravelled(code.f, row, nest.outer), block


def _unravelled(f: Function, number: Value, sizes: Sequence[int]) -> list[Value]:
    """The indices along axes of `sizes` of element `number`, row-major."""
    indices: list[Value] = []
    for size in reversed(sizes[1:]):
        number, index = _divided(f, number, size)
        indices.insert(0, index)
    return [number, *indices] if sizes else []
