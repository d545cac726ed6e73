"""Of a long text the part that counted most: a page has room for many texts, not for books."""

from __future__ import annotations

from dataclasses import replace

from saegim.explain import Explanation, Span

LONGEST = 500  # characters
MORE = "… "


def excerpt(explanation: Explanation, longest: int = LONGEST) -> Explanation:
    """The explanation of so many characters at most, those that counted most, with what counted in them."""
    text, spans = explanation.text, explanation.spans
    if len(text) <= longest:
        return explanation
    start = _best_start(spans, longest)
    end = min(start + longest, len(text))
    before, after = MORE if start else "", MORE[::-1] if end < len(text) else ""
    shift = len(before) - start
    kept = [span for span in spans if start <= span.start and span.end <= end]
    moved = tuple(replace(span, start=span.start + shift, end=span.end + shift) for span in kept)
    return replace(explanation, text=before + text[start:end] + after, spans=moved, characters=())


def _best_start(spans: tuple[Span, ...], longest: int) -> int:
    """Where the window begins in which most of the amounts lie; windows begin where spans do."""
    best, start, amount, first = 0.0, 0, 0.0, 0
    for last, span in enumerate(spans):
        amount += abs(span.amount)
        while first <= last and span.end - spans[first].start > longest:
            amount -= abs(spans[first].amount)
            first += 1
        if amount > best:
            best, start = amount, spans[first].start
    return start
