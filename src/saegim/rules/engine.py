"""From facts seen to what follows: forward chaining, stratum by stratum, and the judgement of votes.

Every rule counts the facts it still waits for (Dowling and Gallier, 1984), so the work for a text grows
with the rules its facts touch, not with all rules. Ready rules wait in a heap ordered by stratum and then
by their order in the file: a rule fires only when all lower strata are finished, which is what makes its
`unless` final, and the order of firing is always the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from saegim.rules.rule import Rule


@dataclass(frozen=True)
class Verdict:
    """What the fired rules amount to; the rules by number, in order of firing.

    won: the strongest rules, when they agree on `label`; conflict: the strongest rules, when they do not
    (then `label` is None); beaten: weaker rules that wanted another label.
    """

    label: str | None
    won: tuple[int, ...] = ()
    beaten: tuple[int, ...] = ()
    conflict: tuple[int, ...] = ()


class Engine:
    """The rules of a rule set in firing form. `strata`: the stratum of every rule."""

    def __init__(self, rules: Sequence[Rule], strata: Sequence[int], default: str | None) -> None:
        self._rules = rules
        self._default = default
        self._order = sorted(range(len(rules)), key=lambda number: (strata[number], number))
        self._needs = [len(set(rules[number].if_)) for number in self._order]
        self._free = [rank for rank, needed in enumerate(self._needs) if needed == 0]
        self._waiting: dict[str, list[int]] = {}
        for rank, number in enumerate(self._order):
            for fact in set(rules[number].if_):
                self._waiting.setdefault(fact, []).append(rank)

    def fire(self, seen: Iterable[str]) -> list[int]:
        """The numbers of the rules that fire, given the facts seen in the text, in order of firing."""
        known = set(seen)
        ready = list(self._free)
        missing: dict[int, int] = {}
        fired = []
        arrived = sorted(known)
        while arrived or ready:
            for fact in arrived:
                self._announce(fact, missing, ready)
            arrived = []
            if not ready:
                break
            number = self._order[heapq.heappop(ready)]
            rule = self._rules[number]
            if not known.isdisjoint(rule.unless):
                continue
            fired.append(number)
            arrived = [fact for fact in rule.derives if fact not in known]
            known.update(arrived)
        return fired

    def judge(self, fired: Sequence[int]) -> Verdict:
        """Which label the fired rules give: the strongest win; equally strong ones must agree."""
        rules = self._rules
        voters = [number for number in fired if rules[number].label is not None]
        if not voters:
            return Verdict(self._default)
        top = max(rules[number].strength for number in voters)
        leaders = tuple(number for number in voters if rules[number].strength == top)
        labels = {rules[number].label for number in leaders}
        label = labels.pop() if len(labels) == 1 else None
        beaten = tuple(number for number in voters if rules[number].strength < top and rules[number].label != label)
        if label is None:
            return Verdict(None, beaten=beaten, conflict=leaders)
        return Verdict(label, won=leaders, beaten=beaten)

    def _announce(self, fact: str, missing: dict[int, int], ready: list[int]) -> None:
        for rank in self._waiting.get(fact, ()):
            left = missing.get(rank, self._needs[rank]) - 1
            missing[rank] = left
            if left == 0:
                heapq.heappush(ready, rank)
