"""An explanation: why a text got its label, in one form whoever gave it, a network or rules.

Its spans say how much each part of the text, as it was given, spoke for the label or against it. A network's amounts
add up to its score; those of rules are the strengths of the rules that rest on what stands there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

from saegim.rules.decision import Decision
from saegim.rules.rule import Rule

Source = Literal["network", "rules"]
Method = Literal["exact", "integrated gradients", "proof"]


@dataclass(frozen=True)
class Span:
    """text[start:end] of the explained text, and how much it spoke for the label; against it below 0.

    reasons: the rules that rest on it, the strongest first; none for a network
    """

    start: int
    end: int
    text: str
    amount: float
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a text got a label.

    text: as it was given; read: how many of its characters were read
    source: who gave the label; label: None where rules abstain
    spans: the parts that counted, in order, never overlapping. From a network all words, an amount being by how much
        the word raised the score; from rules what the proof rests on, an amount being the strength of the strongest
        rule that does, below 0 if that rule wanted another label than the one given
    method: "exact" (the score is linear in what was read), "integrated gradients" or "proof"

    From a network: score = base + sum of amounts + error.
    probability: the model's, for the label
    score: the label's score before softmax, less the mean of all labels' scores
    base: the same when nothing has been read yet (an lstm or transformer still sees how many tokens there are)
    error: what the amounts miss: for "exact" nothing but the rounding of the network's own arithmetic
    characters: how much each character of the text raised the score; adds up as the spans do

    From rules: decision, which has the proof, and what was beaten or kept from firing.
    """

    text: str
    read: int
    source: Source
    label: str | None
    spans: tuple[Span, ...]
    method: Method
    probability: float | None = None
    score: float | None = None
    base: float | None = None
    error: float | None = None
    characters: tuple[float, ...] = ()
    decision: Decision | None = None

    @property
    def strength(self) -> float | None:
        """That of the rules which gave the label; None if none did."""
        return self.decision.won[0].strength if self.decision is not None and self.decision.won else None

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain data for JSON: the same keys whoever gave it; what only the other has is empty."""
        return {
            "text": self.text,
            "read": self.read,
            "source": self.source,
            "label": self.label,
            "probability": self.probability,
            "strength": self.strength,
            "spans": [asdict(span) | {"reasons": list(span.reasons)} for span in self.spans],
            "method": self.method,
            "score": self.score,
            "base": self.base,
            "error": self.error,
            "characters": list(self.characters),
            **_proof(self.decision),
        }


def _proof(decision: Decision | None) -> dict[str, Any]:
    """What a decision rests on, and what it passed over; of no decision nothing, under the same keys."""
    if decision is None:
        return {"reason": None} | {name: [] for name in ("facts", "steps", "won", "beaten", "conflict", "stopped")}
    whole = decision.to_dict()
    return {
        "reason": decision.reason,
        **decision.proof.to_dict(),
        **{name: whole[name] for name in ("won", "beaten", "conflict", "stopped")},
    }


def explain_decision(decision: Decision) -> Explanation:
    """What rules decided about a text, with the places that it rests on. For a rule set: `rules.decide(text)`."""
    return Explanation(
        text=decision.text,
        read=len(decision.text),
        source="rules",
        label=decision.label,
        spans=_spans(decision),
        method="proof",
        decision=decision,
    )


def _spans(decision: Decision) -> tuple[Span, ...]:
    """Parts of the text on which the same rules rest, cut where places begin and end."""
    rules = {rule.id: rule for rule in decision.fired if rule.label is not None}
    changes = sorted(_changes(decision, rules.values()))
    resting: Counter[str] = Counter()
    spans: list[Span] = []
    for (start, name, change), (end, _name, _change) in pairwise(changes):
        resting[name] += change
        if start == end or not any(resting.values()):
            continue
        # Equal ones stay in the order in which they fired.
        strongest = sorted((rules[name] for name in rules if resting[name]), key=lambda rule: -rule.strength)
        amount = float(strongest[0].strength) * (-1 if strongest[0] in decision.beaten else 1)
        reasons = tuple(rule.id for rule in strongest)
        if spans and spans[-1].end == start and (spans[-1].amount, spans[-1].reasons) == (amount, reasons):
            start = spans.pop().start
        spans.append(Span(start, end, decision.text[start:end], amount, reasons))
    return tuple(spans)


def _changes(decision: Decision, rules: Iterable[Rule]) -> Iterator[tuple[int, str, int]]:
    """Where in the text a rule begins (+1) or ceases (-1) to rest on a place."""
    for rule in rules:
        for fact in decision.grounds(rule):
            for place in fact.places:
                yield place.start, rule.id, 1
                yield place.end, rule.id, -1
