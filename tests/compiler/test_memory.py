"""Nothing is overwritten that is still needed: whole programs are followed, turn by turn of each loop."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.learners import LEARNERS, Learner
from compiler.recorded import training
from graphs import graphs
from saegim import losses
from saegim.compiler.lower.body import Context
from saegim.compiler.lower.form import Buffer, Call, Repeat, Space, Statement
from saegim.compiler.lower.memory import plan_apart, plan_memory
from saegim.compiler.lower.plan import Plan, Planner, Tiles, calls_of
from saegim.compiler.simplify import simplify
from saegim.compiler.split import split
from saegim.ir import Graph
from saegim.runtime.target import host

TURNS = 3  # of every loop


class Arena:
    """Who owns which bytes: what was written there last."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.valid: set[Buffer] = set()

    def follow(self, statements: Iterable[Statement]) -> None:
        for each in statements:
            if isinstance(each, Repeat):
                for _ in range(min(each.length, TURNS)):
                    self.follow(each.body)
            else:
                self.call(each)

    def call(self, call: Call) -> None:
        """Scratch memory and results take their place: what was there is lost, and must not be read."""
        if self.space is Space.LOCAL and call.kernel.scratch_bytes:
            self.taken(call.scratch, call.scratch + call.kernel.scratch_bytes, None)
        for view in call.writes:
            if view.buffer.space is self.space:
                self.taken(view.buffer.place, view.buffer.place + view.buffer.bytes, view.buffer)
        for view in call.reads:
            if view.buffer.space is self.space and view.buffer.size:
                assert view.buffer in self.valid, f"{call.kernel.name} reads what was overwritten or never written"

    def taken(self, begin: int, end: int, owner: Buffer | None) -> None:
        self.valid -= {each for each in self.valid if each.place < end and begin < each.place + each.bytes}
        if owner is not None:
            self.valid.add(owner)


def follow(plan: Plan) -> None:
    """Every wave's units in order and backwards: they may be done in any."""
    for backwards in (False, True):
        shared = Arena(Space.SHARED)
        for wave in plan.waves:
            for unit in wave.units[:: -1 if backwards else 1]:
                for body in unit.bodies if isinstance(unit, Tiles) else [[unit]]:
                    local = Arena(Space.LOCAL)
                    if isinstance(unit, Tiles):
                        local.taken(0, 8, unit.start)
                    local.follow(body)
                    shared.follow(body)
        assert all(view.buffer in shared.valid for view in plan.outputs if view.buffer.space is Space.SHARED)


def planned(graph: Graph, tile: int | None, shards: int) -> Plan:
    return Planner(split(simplify(graph), tile=tile, shards=shards), Context(host())).plan()


def check(plan: Plan) -> None:
    for place in (plan_memory, plan_apart):
        place(plan)
        follow(plan)
        calls = [call for wave in plan.waves for unit in wave.units for call in calls_of(unit)]
        for call in calls:
            for view in (*call.reads, *call.writes):
                size = {Space.SHARED: plan.shared_bytes, Space.LOCAL: plan.local_bytes}.get(view.buffer.space)
                assert size is None or 0 <= view.buffer.place <= size - view.buffer.bytes


@pytest.mark.parametrize("learner", LEARNERS, ids=str)
def test_nothing_is_overwritten_in_a_training_step(learner: Learner) -> None:
    batch = learner.draw(np.random.default_rng(0))
    recorded = training(learner.build(), *batch, loss=losses.cross_entropy, optimizer=learner.optimizer)
    for tile, shards in ((None, 8), (4, 2)):
        check(planned(recorded.graph, tile, shards))


@settings(max_examples=60)
@given(graph=graphs(), tile=st.none() | st.integers(1, 4), shards=st.integers(1, 3))
def test_nothing_is_overwritten_in_any_program(graph: Graph, tile: int | None, shards: int) -> None:
    check(planned(graph, tile, shards))
