"""An explanation as lines to read, with bars for how much each word moved the score."""

from __future__ import annotations

from typing import Literal

from saegim.explain.attribution import Explanation

__all__ = ["in_words"]

_BAR = 20  # columns of the longest bar
_WORDS_SHOWN = 40

_SAYINGS = {
    "en": {
        "label": "=> label {label}, probability {probability:.4f}",
        "sum": "score {score:+.4f} = {base:+.4f} before reading {words:+.4f} by the words (error {error:.0e})",
        "rest": "and {n} words that moved it less, together {total:+.4f}",
    },
    "ko": {
        "label": "=> {label}(으)로 판단, 확률 {probability:.4f}",
        "sum": "점수 {score:+.4f} = 읽기 전 {base:+.4f} {words:+.4f} 단어들 (오차 {error:.0e})",
        "rest": "그 밖에 덜 움직인 단어 {n}개, 합해서 {total:+.4f}",
    },
}


def in_words(explanation: Explanation, language: Literal["en", "ko"] = "en") -> str:
    """The text, its label, how the score adds up, and a line for each of the 40 words that moved it most."""
    say = _SAYINGS[language]
    most = sorted(explanation.words, key=lambda word: -abs(word.contribution))[:_WORDS_SHOWN]
    shown = [word for word in explanation.words if word in most]
    longest = max((abs(word.contribution) for word in shown), default=0.0) or 1.0
    moved = sum(word.contribution for word in explanation.words)
    lines = [
        f'"{" ".join(explanation.text.split())}"',
        say["label"].format(label=explanation.label, probability=explanation.probability),
        say["sum"].format(score=explanation.score, base=explanation.base, words=moved, error=abs(explanation.error)),
        *(f"  {_bar(word.contribution / longest)} {word.contribution:+.4f}  {word.word}" for word in shown),
    ]
    if len(shown) < len(explanation.words):
        total = moved - sum(word.contribution for word in shown)
        lines.append("  " + say["rest"].format(n=len(explanation.words) - len(shown), total=total))
    return "\n".join(lines)


def _bar(share: float) -> str:
    """A bar of that share of the longest, from the middle: to the right if it is positive."""
    block = "█" * round(abs(share) * _BAR)
    return f"{block:>{_BAR}}│{'':{_BAR}}" if share < 0 else f"{'':{_BAR}}│{block:<{_BAR}}"
