"""An explanation as lines to read: the text, its label, a bar for each part that counted, and the proof of rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from saegim.explain.explanation import Explanation, Span

__all__ = ["answer", "figure", "in_words", "said"]

Language = Literal["en", "ko"]

_BAR = 20  # columns of the longest bar
_SPANS_SHOWN = 40

_SAYINGS = {
    "en": {
        "network": "label {label}, probability {probability:.4f}",
        "sum": "score {score:+.4f} = {base:+.4f} before reading {moved:+.4f} by the words (error {error:.0e})",
        "rest": "and {n} words that moved it less, together {total:+.4f}",
        "others": "and {n} places that count less",
        "read": "only the first {read:,} of {size:,} characters were read",
        "part": "part of the text",
        "amount": "amount",
        "reasons": "rules",
        "amounts": "By how much each part of the text counted",
    },
    "ko": {
        "network": "{label}(으)로 판단, 확률 {probability:.4f}",
        "sum": "점수 {score:+.4f} = 읽기 전 {base:+.4f}, 단어들 {moved:+.4f} (오차 {error:.0e})",
        "rest": "그 밖에 덜 움직인 단어 {n}개, 합해서 {total:+.4f}",
        "others": "그 밖에 덜 중요한 곳 {n}군데",
        "read": "글자 {size:,}개 중 처음 {read:,}개만 읽음",
        "part": "글의 부분",
        "amount": "기여",
        "reasons": "규칙",
        "amounts": "글의 각 부분이 얼마나 기여했는지",
    },
}


def in_words(explanation: Explanation, language: Language = "en") -> str:
    """The text, its label, how the score adds up, a line for each of the 40 parts that counted most, and the proof."""
    most = sorted(explanation.spans, key=lambda span: -abs(span.amount))[:_SPANS_SHOWN]
    shown = [span for span in explanation.spans if span in most]
    lines = [f'"{" ".join(explanation.text.split())}"', *answer(explanation, language), *_bars(explanation, shown)]
    left = len(explanation.spans) - len(shown)
    if left:
        total = sum(span.amount for span in explanation.spans) - sum(span.amount for span in shown)
        lines.append(
            "  " + said("rest" if explanation.source == "network" else "others", language, n=left, total=total)
        )
    if explanation.decision is not None:
        lines += [section.text() for section in explanation.decision.reasoning(language)]
    return "\n".join(lines)


def answer(explanation: Explanation, language: Language = "en") -> list[str]:
    """The label and how it came about, each in a line; what was not read is said."""
    if explanation.decision is not None:
        return [f"=> {explanation.decision.answer(language)}"]
    values = vars(explanation) | {"moved": sum(span.amount for span in explanation.spans)}
    values |= {"error": abs(explanation.error or 0.0), "size": len(explanation.text)}
    lines = ["=> " + said("network", language, **values), said("sum", language, **values)]
    return lines if not explanation.text[explanation.read :].strip() else [*lines, said("read", language, **values)]


def figure(explanation: Explanation, span: Span) -> str:
    """The amount of one of its spans, as it is read."""
    return f"{span.amount:+.4f}" if explanation.source == "network" else f"{span.amount:+g}"


def said(name: str, language: Language, **values: object) -> str:
    """One of the sayings of explanations, its blanks filled."""
    return _SAYINGS[language][name].format(**values)


def _bars(explanation: Explanation, spans: Sequence[Span]) -> list[str]:
    longest = max((abs(span.amount) for span in spans), default=0.0) or 1.0
    rules = (f"  ({', '.join(span.reasons)})" if span.reasons else "" for span in spans)
    return [
        f"  {_bar(span.amount / longest)} {figure(explanation, span)}  {' '.join(span.text.split())}{by}"
        for span, by in zip(spans, rules, strict=True)
    ]


def _bar(share: float) -> str:
    """A bar of that share of the longest, from the middle: to the right if it is positive."""
    block = "█" * round(abs(share) * _BAR)
    return f"{block:>{_BAR}}│{'':{_BAR}}" if share < 0 else f"{'':{_BAR}}│{block:<{_BAR}}"
