"""Seeing the facts of a text, in an order in which every fact comes after those that it refers to."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from saegim.errors import RuleError
from saegim.rules.index import Index, PatternError
from saegim.rules.predicates import Test, build_test
from saegim.rules.source import MAX_DEPTH, Setting, clipped
from saegim.rules.view import View


class Recognizer:
    """The facts of a rule set, ready to be looked for in texts. Raises RuleError for wrong definitions."""

    def __init__(self, facts: Mapping[str, Setting]) -> None:
        self._index = Index()
        self.uses: dict[str, tuple[str, ...]] = {}  # fact -> the facts that its definition names
        tests: dict[str, Test] = {}
        for name, setting in facts.items():
            uses: dict[str, None] = {}
            tests[name] = build_test(setting, self._index, facts, uses)
            self.uses[name] = tuple(uses)
        self._freeze(facts)
        self._names = _in_order(facts, self.uses)
        self._tests = [tests[name] for name in self._names]
        self._always: list[int] = []
        self._by_trigger: dict[int | str, list[int]] = {}
        for rank, test in enumerate(self._tests):
            if test.triggers is None:
                self._always.append(rank)
            for trigger in test.triggers or ():
                self._by_trigger.setdefault(trigger, []).append(rank)

    def see(self, text: str) -> View:
        """A view of the text whose `seen` holds every fact that is there."""
        view = View(text, self._index)
        waiting = list(self._always)
        for atom in view.hits:
            waiting.extend(self._by_trigger.get(atom, ()))
        heapq.heapify(waiting)
        last = -1
        while waiting:
            rank = heapq.heappop(waiting)
            if rank == last:
                continue
            last = rank
            found = self._tests[rank].find(view)
            if found is not None:
                name = self._names[rank]
                view.seen[name] = found
                for dependent in self._by_trigger.get(name, ()):
                    heapq.heappush(waiting, dependent)
        return view

    def _freeze(self, facts: Mapping[str, Setting]) -> None:
        try:
            self._index.freeze()
        except PatternError as error:
            raise next(iter(facts.values())).source.error(("facts",), str(error)) from None


def _in_order(facts: Mapping[str, Setting], uses: Mapping[str, Sequence[str]]) -> list[str]:
    """Names such that every fact follows those it uses. A circle, or a chain too long, is a RuleError."""
    try:
        order = list(TopologicalSorter(uses).static_order())
    except CycleError as error:
        raise _circle(facts, error.args[1]) from None
    depth: dict[str, int] = {}
    for name in order:
        depth[name] = 1 + max((depth[used] for used in uses[name]), default=0)
        if depth[name] > MAX_DEPTH:
            raise facts[name].error(f"facts refer to facts more than {MAX_DEPTH} deep; use rules for chains")
    return order


def _circle(facts: Mapping[str, Setting], cycle: Sequence[str]) -> RuleError:
    # graphlib lists the cycle from used to user
    path = " -> ".join(clipped(name) for name in list(reversed(cycle))[:10])
    return facts[cycle[-1]].error(f"facts refer to each other in a circle: {path}; cut it at one of them")
