"""One sweep through a graph: what every value is for a given number of examples, and when it can be known.

Levels alternate: at even ones whole values are computed, at odd ones tiles run. A value is computed at the first level
at which its operands are there; a partial is complete one level after its tiles.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from saegim.compiler.lower.views import Strided, dense, moved
from saegim.compiler.split.scans import Scanned, follow_scan
from saegim.compiler.split.state import Move, Partial, Split, forward
from saegim.ir import ELEMENTWISE, REDUCTIONS, Graph, Node, body_of

State = Split | Partial | Scanned
EARLY = 1 << 16
"""What depends on inputs alone and costs fewer elements than this may be computed whole, besides by tiles."""

_VIEWS = frozenset(("reshape", "permute", "broadcast", "slice"))
_LIGHT = ELEMENTWISE | REDUCTIONS.keys() | _VIEWS
_LIGHT |= {"input", "constant", "iota", "random_bits", "take", "concat", "flip"}
_ROWS = frozenset(("scatter_add", "scatter_set", "bag_transpose"))  # what they give are rows of tables, no examples
_FREE = _VIEWS | {"input", "constant", "iota", "item"}


@dataclass(eq=False)
class Facts:
    """What does not depend on how the examples are found: nodes in order, work, costs of cones, cheap values."""

    graph: Graph
    nodes: list[Node] = field(init=False)
    work: dict[Node, float] = field(init=False)
    """Operations of a node."""
    cone: dict[Node, float] = field(default_factory=dict, init=False)
    """Elements to be computed for a node and all that it needs; infinite where a product is among it."""
    cheap: set[Node] = field(default_factory=set, init=False)
    """Nodes that are made anew wherever they are needed: constants, counters, random bits, chains upon them."""
    fixed: set[Node] = field(default_factory=set, init=False)
    """Nodes that depend on no input."""
    copied: set[Node] = field(default_factory=set, init=False)
    """Changes of shape that no strides can express, so that elements have to be moved."""
    used: dict[Node, set[int]] = field(default_factory=dict, init=False)
    """The numbers of a scan's results that somebody reads."""

    def __post_init__(self) -> None:
        self.nodes = self.graph.nodes()
        self.work = {node: work_of(node) for node in self.nodes}
        places: dict[Node, Strided] = {}
        for node in self.nodes:
            if node.op in _VIEWS:
                x = node.inputs[0]
                seen = moved(places.get(x) or dense(x.shape), node)
                if seen is None:
                    self.copied.add(node)
                else:
                    places[node] = seen
            own = 0.0 if node.op in _FREE else float(max(node.size, *(each.size for each in node.inputs), 0))
            inner = sum(self.cone[each] for each in node.inputs)
            self.cone[node] = own + inner if node.op in _LIGHT else math.inf
            if self._is_cheap(node):
                self.cheap.add(node)
            if node.op != "input" and all(each in self.fixed for each in node.inputs):
                self.fixed.add(node)
            if node.op == "item":
                self.used.setdefault(node.inputs[0], set()).add(node.attrs["index"])

    def _is_cheap(self, node: Node) -> bool:
        if node.op in ("constant", "iota"):
            return True
        if node.op == "input":
            return False
        if node.op == "broadcast" and node.size > node.inputs[0].size:
            return True
        if node.op not in ELEMENTWISE | _VIEWS | {"random_bits"}:
            return False
        return all(each in self.cheap or (each.op == "input" and each.size <= 1) for each in node.inputs)

    def remade(self, node: Node) -> bool:
        """Is a whole value made anew in each phase that needs it, rather than kept?"""
        return node in self.cheap or (node.op in ("reshape", "broadcast", "slice") and node not in self.copied)

    def remade_in_tiles(self, node: Node) -> bool:
        """Also in every tile? Arithmetic with scalars and keys of random bits is done once for all of them."""
        return node.op == "broadcast" or node in self.fixed or (self.remade(node) and node not in self.cheap)


def work_of(node: Node) -> float:
    """How many operations a node takes, roughly; moves count as none."""
    if node.op in _FREE:
        return 0
    if node.op == "dot":
        return 2.0 * node.size * node.inputs[0].shape[-1]
    if node.op in ("bag", "bag_transpose"):
        return 2.0 * node.inputs[1].size * node.shape[1]
    if node.op == "scan":
        return float(node.attrs["length"]) * sum(work_of(each) for each in body_of(node).nodes())
    return float(max(node.size, *(each.size for each in node.inputs), 0))


class Flow:
    """The states, wants and levels of all nodes when `seeds` hold `examples` along their first axis."""

    def __init__(self, facts: Facts, examples: int, seeds: frozenset[Node]) -> None:
        self.facts, self.examples, self.seeds = facts, examples, seeds
        self.states: dict[Node, State] = dict.fromkeys(seeds, Split(0))
        self.wants: dict[Node, tuple[Split | Scanned | None, ...]] = {}
        self.level: dict[Node, int] = {}
        self.conflicts = 0
        """How many nodes had to be whole although an operand is split."""
        self._again: dict[Node, Split] = {}  # whole values of which every example has its part, to be cut again
        for node in facts.nodes:
            self._visit(node)
        self.split_work = sum(facts.work[node] for node in self.states)
        self.first_work = sum(facts.work[node] for node in self.states if self._is_first(node))

    @property
    def score(self) -> float:
        """How good it is: the work that tiles do, less for every further phase."""
        return self.split_work * (1 - 0.02 * min(max(self.level.values(), default=0), 25))

    def _is_first(self, node: Node) -> bool:
        """Is it computed by the first tiles, from rows of data? (The columns of a product are rows of parameters.)"""
        return self.level[node] <= 1 and not (node.op == "dot" and self.wants[node][0] is None)

    def early(self, node: Node) -> bool:
        """May a value be computed whole before any tile runs?"""
        return self.facts.cone[node] < EARLY

    def light(self, node: Node) -> bool:
        """Does a split value depend on inputs alone, without a product among what it needs?"""
        return self.facts.cone[node] < math.inf

    def whole_level(self, node: Node) -> int:
        """The level at which all of a value is known."""
        level = self.level[node]
        if isinstance(self.states.get(node), Partial) or (node in self.states and not self.early(node)):
            return level + 1
        return 0 if node in self.states else level

    # --- one node ----------------------------------------------------------------------------------------------------

    def _visit(self, node: Node) -> None:
        if node.op != "bag" and not any(each in self.states or each in self._again for each in node.inputs):
            self.level[node] = max([self.level[each] for each in node.inputs], default=0)
        elif node.op == "scan":
            self._visit_scan(node)
        elif node.op == "item":
            self._visit_item(node)
        else:
            move = self._move(node)
            if move is None:
                self._stay_whole(node)
            else:
                self._go(node, move.state, move.wants)

    def _move(self, node: Node) -> Move | None:
        """The best rule for a node: with values cut again, then without; None where it is whole."""
        if node.op == "bag":
            return self._bag(node)
        hard = [self._split(each) for each in node.inputs]
        soft = [has or self._again.get(each) for has, each in zip(hard, node.inputs, strict=True)]
        for given in (soft, hard) if soft != hard else (hard,):
            if not any(given):
                continue
            move = forward(node, given)
            if move is not None and self._fits(node, move):
                early = isinstance(move.state, Partial) and self.early(node)
                return None if early else move
        return None

    def _split(self, node: Node) -> Split | None:
        state = self.states.get(node)
        return state if isinstance(state, Split) else None

    def _fits(self, node: Node, move: Move) -> bool:
        """Split operands are wanted as they are, or may be computed whole as well."""
        pairs = zip(node.inputs, move.wants, strict=True)
        return all(self._split(x) in (None, want) or (want is None and self.early(x)) for x, want in pairs)

    def _bag(self, node: Node) -> Move | None:
        """Bags are examples wherever their offsets are whole: a tile reads its own offsets and all items."""
        if node.shape[0] != self.examples:
            return None
        move = Move(Split(0), (None, None, None, Split(0, 1, 1)))
        whole = all(self._split(each) is None or self.early(each) for each in node.inputs[:3])
        return move if whole and self._split(node.inputs[3]) is None else None

    def _go(self, node: Node, state: State, wants: tuple[Split | Scanned | None, ...]) -> None:
        self.states[node], self.wants[node] = state, wants
        self.level[node] = max(map(self._tiled_level, node.inputs, wants), default=1)

    def _tiled_level(self, operand: Node, want: Split | Scanned | None) -> int:
        """The first level at which a tile has this operand."""
        if want is not None and want == self.states.get(operand):
            return max(self.level[operand], 1)
        return self.whole_level(operand) + 1

    def _stay_whole(self, node: Node) -> None:
        split = [each for each in node.inputs if isinstance(self.states.get(each), Split)]
        if any(not self.early(each) for each in split):
            self.conflicts += 1
        found = max(map(self.whole_level, node.inputs))
        self.level[node] = found
        if node.op in _ROWS:
            return
        kept = [self.states[each] for each in split] or [self._again[x] for x in node.inputs if x in self._again]
        for state in kept:
            assert isinstance(state, Split), "only split values are cut again"
            if self._holds(node, state):
                self._again[node] = state
                return

    def _holds(self, node: Node, state: Split) -> bool:
        return node.ndim > state.axis and node.shape[state.axis] == self.examples * state.per * state.outer

    def _visit_scan(self, node: Node) -> None:
        given = [self._split(each) for each in node.inputs]
        used = frozenset(self.facts.used.get(node, ()))
        scanned = follow_scan(node, given, used) if any(given) else None
        fits = scanned is not None and self._fits(node, Move(Split(0), scanned.operands))
        if scanned is None or not fits:
            self._stay_whole(node)
        else:
            self._go(node, scanned, scanned.operands)

    def _visit_item(self, node: Node) -> None:
        (scan,) = node.inputs
        scanned = self.states.get(scan)
        if not isinstance(scanned, Scanned):
            self.level[node] = self.level[scan]
            return
        state = scanned.result(node.attrs["index"])
        assert state is not None, "a scan whose results are used whole is not split"
        self.states[node], self.wants[node], self.level[node] = state, (scanned,), self.level[scan]
