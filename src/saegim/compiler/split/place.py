"""One sweep backward: in which phase every value is computed, and which phases read it there.

Nothing is computed earlier than it is needed: a whole value just before the first tiles that read it, or with its
users; a split value that depends on inputs alone with the first tiles that use it. What is cheap is made anew in each
phase instead of being kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from saegim.compiler.split.flow import Flow
from saegim.compiler.split.scans import Scanned
from saegim.compiler.split.state import Partial, Split, backward
from saegim.ir import Node

Form = Split | Partial | Scanned | None
"""How a phase has a value: a tile's part, a tile's contribution, the results of a scan over tiles, or whole."""


class Compute(NamedTuple):
    """The value is computed from its operands, each in the form it is wanted in."""

    wants: tuple[Form, ...]


class Read(NamedTuple):
    """The value is read as phase `home` wrote it; None for an input of the program."""

    home: int | None


class Complete(NamedTuple):
    """The value is what the shards of phase `home` combine to."""

    home: int
    combine: str


How = Compute | Read | Complete


@dataclass
class Plan:
    """What one phase does: every value in the order of computing, and those that later phases or the caller read."""

    steps: dict[tuple[Node, Form], How] = field(default_factory=dict)
    writes: dict[tuple[Node, Form], None] = field(default_factory=dict)


def place(flow: Flow, outputs: Sequence[Node]) -> tuple[dict[int, Plan], dict[Node, int | None]]:
    """The plan of every phase by level, and the phase that writes each output; None for an input of the program."""
    placing = _Placing(flow)
    last = max((flow.whole_level(each) for each in outputs), default=0)
    for node in dict.fromkeys(outputs):
        placing.output(node, last)
    for node in reversed(flow.facts.nodes):
        placing.visit(node)
    plans = {level: Plan(dict(reversed(plan.steps.items())), plan.writes) for level, plan in placing.plans.items()}
    return dict(sorted(plans.items())), {node: placing.homes[node] for node in dict.fromkeys(outputs)}


def _even(phase: int) -> int:
    """The last phase for whole values that is over when `phase` reads them."""
    return phase - phase % 2


class _Placing:
    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.plans: dict[int, Plan] = {}
        self.asked: dict[Node, dict[tuple[Form, int], None]] = {}
        self.kept: dict[Node, int] = {}  # outputs, with the last phase in which a whole one may be computed
        self.homes: dict[Node, int | None] = {}
        self.items: dict[Node, list[Node]] = {}  # whole results of scans, placed together with their scan

    def output(self, node: Node, last: int) -> None:
        self.kept[node] = last
        self.asked.setdefault(node, {})

    def ask(self, node: Node, form: Form, phase: int) -> None:
        self.asked.setdefault(node, {})[form, phase] = None

    def compute(self, node: Node, form: Form, phase: int, wants: Sequence[Form]) -> None:
        self.plans.setdefault(phase, Plan()).steps[node, form] = Compute(tuple(wants))
        for operand, want in zip(node.inputs, wants, strict=True):
            self.ask(operand, want, phase)

    def read(self, node: Node, form: Form, phase: int, home: int | None) -> None:
        self.plans.setdefault(phase, Plan()).steps[node, form] = Read(home)

    def write(self, node: Node, form: Form, home: int) -> None:
        self.plans.setdefault(home, Plan()).writes[node, form] = None

    def whole(self, node: Node, phase: int) -> None:
        self.compute(node, None, phase, (None,) * len(node.inputs))

    # --- one node ----------------------------------------------------------------------------------------------------

    def visit(self, node: Node) -> None:
        state = self.flow.states.get(node)
        if node not in self.asked and node not in self.items:
            return
        if node.op == "input":
            self._input(node)
        elif isinstance(state, Split):
            self._split(node, state)
        elif isinstance(state, Partial):
            self._partial(node, state)
        elif isinstance(state, Scanned):
            self.compute(node, state, self.flow.level[node], state.operands)
        elif node.op == "item":
            self.items.setdefault(node.inputs[0], []).append(node)
        elif node.op == "scan":
            self._whole_scan(node)
        elif self.flow.facts.remade(node):
            self._remade(node)
        else:
            self._whole(node, self._home([node]))

    def _input(self, node: Node) -> None:
        self.homes[node] = None
        for form, phase in self.asked[node]:
            self.read(node, form, phase, None)

    def _home(self, nodes: Sequence[Node]) -> int:
        """Where whole values are computed: as late as those who read them allow."""
        needed = [_even(phase) for node in nodes for _, phase in self.asked[node]]
        needed += [self.kept[node] for node in nodes if node in self.kept]
        return max(*(self.flow.level[node] for node in nodes), min(needed, default=0))

    def _whole(self, node: Node, home: int) -> None:
        for form, phase in self.asked[node]:
            if phase != home:
                self.read(node, form, phase, home)
                self.write(node, None, home)
        if node in self.kept:
            self.homes[node] = home
            self.write(node, None, home)
        self.whole(node, home)

    def _whole_scan(self, node: Node) -> None:
        items = self.items.get(node, [])
        home = self._home(items)
        for item in items:
            self._whole(item, home)
        self.whole(node, home)

    def _remade(self, node: Node) -> None:
        """In each phase that needs it; a tile reads it where it cannot make its part alone, or should not."""
        phases: set[int] = set()
        for form, phase in self.asked[node]:
            assert form is None or isinstance(form, Split), "a whole value is asked for whole or cut"
            wants = None if form is None else backward(node, form)
            if wants is not None:
                self.compute(node, form, phase, wants)
            elif form is None and (phase % 2 == 0 or self.flow.facts.remade_in_tiles(node)):
                phases.add(phase)
            else:
                self.read(node, form, phase, phase - 1)
                self.write(node, None, phase - 1)
                phases.add(phase - 1)
        if node in self.kept:
            home = self.homes[node] = self.kept[node]
            self.write(node, None, home)
            phases.add(home)
        for phase in sorted(phases):
            self.whole(node, phase)

    def _split(self, node: Node, state: Split) -> None:
        flow = self.flow
        made: set[int] = set()
        for form, phase in [*self.asked[node]]:
            if form is None and flow.early(node):
                del self.asked[node][form, phase]
                at = phase if flow.facts.remade(node) else _even(phase)
                made.add(at)
                if at != phase:
                    self.read(node, None, phase, at)
                    self.write(node, None, at)
        if self.asked[node] or node in self.kept:
            self._tiled(node, state)
        for phase in sorted(made):
            self.whole(node, phase)

    def _tiled(self, node: Node, state: Split) -> None:
        home = self.flow.level[node]
        if self.flow.light(node):
            home = max(home, min((phase - 1 + phase % 2 for _, phase in self.asked[node]), default=home))
        for form, phase in self.asked[node]:
            if phase != home:
                self.read(node, form, phase, home)
                self.write(node, state, home)
        if node in self.kept:
            self.homes[node] = home
            self.write(node, state, home)
        self.compute(node, state, home, self.flow.wants[node])

    def _partial(self, node: Node, state: Partial) -> None:
        tiles = self.flow.level[node]
        needed = [_even(phase) for _, phase in self.asked[node]]
        needed += [self.kept[node]] if node in self.kept else []
        home = max(tiles + 1, min(needed))
        for form, phase in self.asked[node]:
            if phase != home:
                self.read(node, form, phase, home)
                self.write(node, None, home)
        if node in self.kept:
            self.homes[node] = home
            self.write(node, None, home)
        self.plans.setdefault(home, Plan()).steps[node, None] = Complete(tiles, state.combine)
        self.write(node, state, tiles)
        self.compute(node, state, tiles, self.flow.wants[node])
