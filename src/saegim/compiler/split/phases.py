"""From one graph to phases: the split pass itself."""

from __future__ import annotations

from saegim.compiler.split.build import Tile, Values, build, combined, read, written
from saegim.compiler.split.flow import Facts, Flow
from saegim.compiler.split.form import Phase, Phased, Piece, Slot, Tiling
from saegim.compiler.split.place import Complete, Compute, Form, How, Plan, Read, place
from saegim.compiler.split.seeds import find_examples
from saegim.compiler.split.state import Partial, Split
from saegim.compiler.split.tile import choose_tile, tilings
from saegim.ir import Graph, Node, Spec, fresh_input

SHARDS = 8


def split(graph: Graph, *, shards: int = SHARDS, tile: int | None = None) -> Phased:
    """The phases of `graph`. `shards` is how many copies of partials there may be; `tile` forces a size of tiles."""
    facts = Facts(graph)
    flow = find_examples(facts)
    size = None if flow is None else min(tile, flow.examples) if tile else choose_tile(flow)
    if flow is None or size is None:
        flow = Flow(facts, -1, frozenset())
    plans, homes = place(flow, graph.outputs)
    cut = tilings(flow, plans, size, shards, forced=tile is not None) if size else {}
    return _Phases(graph, plans, cut).phased(homes)


class _Phases:
    """Makes phases from plans. `slots` are known by a value, and the phase that writes it (None: an input)."""

    def __init__(self, graph: Graph, plans: dict[int, Plan], cut: dict[int, Tiling]) -> None:
        self.graph, self.plans, self.cut = graph, plans, cut
        self.numbers = {node: number for number, node in enumerate(graph.nodes())}
        self.slots: dict[tuple[Node, int | None, bool], Slot] = {}

    def phased(self, homes: dict[Node, int | None]) -> Phased:
        inputs = tuple(self._slot(node, None) for node in self.graph.inputs)
        phases = tuple(self._phase(level, plan) for level, plan in self.plans.items() if plan.writes)
        outputs = tuple(self._slot(node, homes[node]) for node in self.graph.outputs)
        donated = frozenset(self._slot(node, None) for node in self.graph.donated)
        return Phased(phases, inputs, outputs, donated)

    def _slot(self, node: Node, home: int | None, partial: bool = False) -> Slot:
        key = node, home, partial
        if key not in self.slots:
            spec = Spec((self.cut[home].shards, *node.shape), node.dtype) if partial and home else node.spec
            kind = "partial" if partial else "input" if home is None else "value"
            self.slots[key] = Slot(spec, f"{kind}{self.numbers[node]}")
        return self.slots[key]

    def _phase(self, level: int, plan: Plan) -> Phase:
        tiling = self.cut.get(level)
        sizes = [None] if tiling is None else [tiling.tile, tiling.rest] if tiling.rest else [tiling.tile]
        tiles = [None if size is None else Tile(size) for size in sizes]
        graphs = tuple(self._graph(plan, tile) for tile in tiles)
        reads = [self._read(pair, how) for pair, how in plan.steps.items() if not isinstance(how, Compute)]
        if tiles[0] is not None and tiles[0].asked:
            reads.append(Piece(None))
        writes = tuple(self._write(node, form, level) for node, form in plan.writes)
        return Phase(graphs, tuple(reads), writes, tiling)

    def _graph(self, plan: Plan, tile: Tile | None) -> Graph:
        values: Values = {}
        inputs: list[Node] = []
        for (node, form), how in plan.steps.items():
            if isinstance(how, Compute):
                values[node, form] = build(node, form, how.wants, values, tile)
            elif isinstance(how, Read):
                given, values[node, form] = read(node, form, tile)
                inputs.append(given)
            else:
                inputs.append(fresh_input(self._slot(node, how.home, True).spec))
                values[node, form] = combined(inputs[-1], how.combine)
        outputs = tuple(written(*pair, values[pair], tile) for pair in plan.writes)
        return Graph((*inputs, *([tile.start] if tile is not None and tile.asked else ())), outputs)

    def _read(self, pair: tuple[Node, Form], how: How) -> Piece:
        node, form = pair
        if isinstance(how, Complete):
            return Piece(self._slot(node, how.home, True))
        assert isinstance(how, Read), "what is computed is not read"
        slot = self._slot(node, how.home)
        return _part(slot, form)

    def _write(self, node: Node, form: Form, level: int) -> Piece:
        if isinstance(form, Partial):
            return Piece(self._slot(node, level, True), combine=form.combine)
        return _part(self._slot(node, level), form)


def _part(slot: Slot, form: Form) -> Piece:
    """What a phase reads or writes of a slot when it has the value in this form."""
    if isinstance(form, Split):
        return Piece(slot, form.axis, form.per, form.extra, outer=form.outer)
    return Piece(slot)
