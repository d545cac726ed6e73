"""How many examples a tile has, and into how many shards partials are gathered: fixed by shapes alone.

A tile's products should have 64 rows or more (fewer lose speed, more only take memory); few examples are cut finer, so
that there is something to share. A shard is a copy of all gradients, to be added up at the end: it should earn that by
its arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from saegim.compiler.split.flow import Flow, work_of
from saegim.compiler.split.form import Tiling
from saegim.compiler.split.place import Compute, Plan
from saegim.compiler.split.scans import Scanned
from saegim.compiler.split.state import Partial, Split
from saegim.ir import Node, body_of

_ROWS = 64
_MORE_ROWS = 256  # where what tiles add to is larger than a core's cache, so that each tile fetches all of it anew
_CACHED = 2 << 20  # bytes
_LEAST_WORK = 1 << 15  # operations that are worth a tile of their own
_WORTH_TILES = 200_000  # operations below which one phase for everything is as fast
_UNSHARED = 64  # shards where there is nothing to add up
_SMALL = 4096  # elements of partials that cost next to nothing
_PER_ELEMENT = 128  # operations that a shard should do for each element it adds: 32 examples forward and backward


def choose_tile(flow: Flow) -> int | None:
    """Examples per tile; None where the work is too small to be cut."""
    if flow.split_work < _WORTH_TILES:
        return None
    examples, rows = flow.examples, _rows_per_example(flow)
    least = math.ceil(_LEAST_WORK * examples / flow.split_work)
    wanted = _ROWS if _added_bytes(flow) <= _CACHED else _MORE_ROWS
    tile = max(math.ceil(wanted / rows), least)
    for tiles, fewer in ((4, _ROWS // 2), (2, _ROWS // 4)):
        if math.ceil(examples / tile) < tiles:
            tile = min(tile, max(math.ceil(fewer / rows), math.ceil(examples / tiles), least))
    return _divisor_near(examples, min(tile, examples))


def _added_bytes(flow: Flow) -> int:
    """The size of the products that every tile adds to: the gradients of weights."""
    added = (node for node, state in flow.states.items() if node.op == "dot" and isinstance(state, Partial))
    return sum(node.size * node.dtype.itemsize for node in added)


def _divisor_near(examples: int, tile: int) -> int:
    """The divisor nearest to `tile` between half and twice of it, or sizes as even as possible."""
    near = [each for each in range(max(tile // 2, 1), min(2 * tile, examples) + 1) if examples % each == 0]
    if near:
        return min(near, key=lambda each: (max(each / tile, tile / each), each))
    return math.ceil(examples / math.ceil(examples / tile))


def _rows_per_example(flow: Flow) -> int:
    """Rows that an example has in the products with the most work."""
    work: dict[int, float] = {}
    for node, state in flow.states.items():
        if isinstance(state, Scanned):
            for inner in body_of(node).nodes():
                _count(work, inner, state.states.get(inner), state.wants.get(inner, ()), node.attrs["length"])
        else:
            _count(work, node, state, flow.wants.get(node, ()), 1)
    return max(work, key=lambda rows: (work[rows], rows), default=1)


def _count(work: dict[int, float], node: Node, state: object, wants: Iterable[object], times: int) -> None:
    if node.op != "dot":
        return
    split = next((each for each in wants if isinstance(each, Split)), None)
    if split is not None and (isinstance(state, Partial) or (isinstance(state, Split) and state.axis >= node.ndim - 2)):
        work[split.per] = work.get(split.per, 0) + times * work_of(node)


def tilings(flow: Flow, plans: Mapping[int, Plan], tile: int, shards: int, forced: bool) -> dict[int, Tiling]:
    """The tiling of every tiled phase."""
    return {
        level: Tiling(flow.examples, tile, _shards(plan, -(-flow.examples // tile), shards, forced))
        for level, plan in plans.items()
        if level % 2
    }


def _shards(plan: Plan, tiles: int, most: int, forced: bool) -> int:
    partials = sum(node.size for node, form in plan.writes if isinstance(form, Partial))
    if forced:
        return min(most, tiles)
    if not partials:
        return min(_UNSHARED, tiles)
    work = sum(work_of(node) for (node, _), how in plan.steps.items() if isinstance(how, Compute))
    earned = work / (_PER_ELEMENT * max(partials - _SMALL, 1))
    return max(1, min(most, tiles, int(earned)))
