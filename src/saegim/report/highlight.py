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
    most = max((abs(word.contribution) for word in explanation.words), default=0.0) or 1.0
    found, end = [], 0
    for word in explanation.words:
        found.append(Piece(explanation.text[end : word.start]))
        found.append(Piece(word.word, round(word.contribution / most * STEPS), f"{word.contribution:+.3f}"))
        end = word.end
    found.append(Piece(explanation.text[end:]))
    return [each for each in found if each.text]
