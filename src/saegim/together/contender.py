"""Rules and a network together, as a comparison asks for a predictor."""

from __future__ import annotations

from collections.abc import Sequence

from saegim.evaluation.learned import Learned
from saegim.together.together import Together

__all__ = ["NAME", "Deciding"]

NAME = "rules + network"


class Deciding:
    """Predicts with both: labels as plain strings, None where nothing is answered.

    `reused_seconds`: what training the network took, which is part of building this. `notes`: what to know of it.
    """

    def __init__(self, together: Together, reused_seconds: float = 0.0) -> None:
        self.together, self.reused_seconds = together, reused_seconds
        idle = together.policy.threshold == 0 and not together.policy.first
        self.notes = ("no rule goes first, so it answers as the network alone",) if idle else ()

    def predict(self, texts: Sequence[str]) -> list[str | None]:
        """One label or None for every text."""
        return [None if each is None else str(each) for each in self.together.predict(list(texts)).tolist()]

    def size_bytes(self) -> int:
        """Bytes of the network; rules are small beside it."""
        return Learned(self.together.classifier).size_bytes()
