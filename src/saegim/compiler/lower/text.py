"""A plan as text: waves of kernels on views of buffers.

wave 3
  8 shards of tiles of 2 examples (32 examples):
    product_1f.. (input4 float32[64,256]+(start*128), shared@0 float32[4,256,64]) -> local@64 float32[64,256]
"""

from __future__ import annotations

from collections.abc import Iterator

from saegim.compiler.lower.form import Call, Repeat, Space, Statement, View
from saegim.compiler.lower.plan import Plan, Tiles, Unit


def to_text(plan: Plan) -> str:
    """The plan, a line for each call of a kernel."""
    lines = [f"shared arena {plan.shared_bytes} bytes, arena of each thread {plan.local_bytes} bytes"]
    for number, wave in enumerate(plan.waves):
        lines.append(f"wave {number}")
        for unit in wave.units:
            lines += [f"  {line}" for line in _unit(unit)]
    lines.append(f"return {', '.join(map(_view, plan.outputs))}")
    return "\n".join(lines) + "\n"


def _unit(unit: Unit) -> Iterator[str]:
    if not isinstance(unit, Tiles):
        yield from _statement(unit)
        return
    tiling = unit.tiling
    for body, size in zip(unit.bodies, (tiling.tile, tiling.rest), strict=False):
        yield f"{tiling.shards} shards of tiles of {size} examples ({tiling.examples} in all):"
        for statement in body:
            yield from (f"  {line}" for line in _statement(statement))


def _statement(statement: Statement) -> Iterator[str]:
    if isinstance(statement, Repeat):
        order = "from the last" if statement.reverse else "from the first"
        yield f"for {statement.length} positions {order}:"
        for each in statement.body:
            yield from (f"  {line}" for line in _statement(each))
    else:
        yield _call(statement)


def _call(call: Call) -> str:
    reads, writes = (", ".join(map(_view, views)) for views in (call.reads, call.writes))
    adds = " accumulating" if call.accumulates else ""
    return f"{call.kernel.name}({reads}) ->{adds} {writes}"


def _view(view: View) -> str:
    buffer = view.buffer
    sign = "@" if buffer.space in (Space.SHARED, Space.LOCAL) else ""
    moves = "".join(f"+{counter.name}*{step}" for counter, step in view.moves)
    offset = f"+{view.where.offset}" if view.where.offset else ""
    return f"{buffer.space.value}{sign}{buffer.place}{offset}{moves} {view.layout}"
