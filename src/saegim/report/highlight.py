"""A text in pieces, each with how much it spoke for or against a label."""

from __future__ import annotations

from dataclasses import dataclass

from saegim.explain import Explanation

STEPS = 5  # of shades


@dataclass(frozen=True)
class Piece:
    """Some characters; shade: from -5, much against the label, to 5, much for it; said: the figure in words"""

    text: str
    shade: int = 0
    said: str = ""


def pieces(explanation: Explanation) -> list[Piece]:
    """The explained text, word by word; what lies between words has no shade."""
    most = max((abs(span.amount) for span in explanation.spans), default=0.0) or 1.0
    found, end = [], 0
    for span in explanation.spans:
        found.append(Piece(explanation.text[end : span.start]))
        found.append(Piece(span.text, round(span.amount / most * STEPS), f"{span.amount:+.3f}"))
        end = span.end
    found.append(Piece(explanation.text[end:]))
    return [each for each in found if each.text]
