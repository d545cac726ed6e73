"""An explanation as a piece of a web page: the text with what counted marked, the amounts, the proof. No scripts.

The piece needs `STYLE` once per page, and no styles in elements: it may stand on pages that forbid these. Whatever
stands in texts and rules is shown as it is, and never acts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from html import escape

from saegim.explain.explanation import Explanation, Span
from saegim.explain.wording import Language, answer, figure, said

__all__ = ["SHADES", "STYLE", "marked", "reasons", "to_html"]

SHADES = 6
"""How dense a mark can be: 1 to 6 in the name of its class, `for-1` or `against-6`."""

STYLE = """\
.explanation mark { color: inherit; border-radius: .2em; padding: .1em 0; }
.explanation mark.for { background: rgb(0 158 115 / var(--share)); text-decoration: underline solid rgb(0 158 115); }
.explanation mark.against { background: rgb(213 94 0 / var(--share)); text-decoration: underline dashed rgb(213 94 0); }
.explanation mark { text-decoration-thickness: .12em; text-underline-offset: .2em; }
.explanation-text { font-size: 1.1em; overflow-wrap: anywhere; white-space: pre-wrap; }
.explanation table { border-collapse: collapse; }
.explanation th, .explanation td { padding: .1em .8em .1em 0; text-align: start; overflow-wrap: anywhere; }
.explanation td.amount { text-align: end; font-variant-numeric: tabular-nums; }
.explanation small { display: block; }
""" + "".join(
    f".explanation mark.for-{n}, .explanation mark.against-{n} {{ --share: .{n}; }}\n" for n in range(1, SHADES + 1)
)

_FAINTEST = 0.02  # share of the largest amount from which on a part is marked
_ROWS = 40  # of the table of amounts, those that count most
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def to_html(explanation: Explanation, language: Language = "en") -> str:
    """The explanation as an HTML <section>: escaped, without scripts, readable without colours."""
    parts = [
        f'<section class="explanation explanation-{explanation.source}">',
        f'<p class="explanation-text"><bdi>{marked(explanation)}</bdi></p>',
        *_answer(explanation, language),
        *_folded(explanation, language),
        *_proof(explanation, language),
        "</section>",
    ]
    return "\n".join(parts)


def marked(explanation: Explanation) -> str:
    """The text, escaped, what counted in <mark> elements: the denser, the more."""
    return "".join(_pieces(explanation))


def reasons(explanation: Explanation, language: Language = "en") -> str:
    """All but the text: the label, the amounts in a table, the proof; escaped."""
    return "\n".join([*_answer(explanation, language), *_table(explanation, language), *_proof(explanation, language)])


def _answer(explanation: Explanation, language: Language) -> Iterator[str]:
    return (f"<p>{_safe(line.removeprefix('=> '))}</p>" for line in answer(explanation, language))


def _pieces(explanation: Explanation) -> Iterator[str]:
    largest = max((abs(span.amount) for span in explanation.spans), default=0.0) or 1.0
    at = 0
    for span in explanation.spans:
        yield _safe(explanation.text[at : span.start])
        share = abs(span.amount) / largest
        text = _safe(explanation.text[span.start : span.end])
        yield text if share < _FAINTEST else _mark(text, span, share, explanation)
        at = span.end
    yield _safe(explanation.text[at:])


def _mark(text: str, span: Span, share: float, explanation: Explanation) -> str:
    side = "for" if span.amount > 0 else "against"
    title = ": ".join([figure(explanation, span), *([", ".join(span.reasons)] if span.reasons else [])])
    return f'<mark class="{side} {side}-{math.ceil(SHADES * share)}" title="{_safe(title)}">{text}</mark>'


def _folded(explanation: Explanation, language: Language) -> Iterator[str]:
    table = list(_table(explanation, language))
    return iter(["<details>", f"<summary>{said('amounts', language)}</summary>", *table, "</details>"] if table else [])


def _table(explanation: Explanation, language: Language) -> Iterator[str]:
    """The amounts of what counted most, in its order, for those who cannot see the marks or want the figures."""
    if not explanation.spans:
        return
    most = sorted(explanation.spans, key=lambda span: -abs(span.amount))[:_ROWS]
    by_rules = explanation.source == "rules"
    heads = ["part", "amount", "reasons"] if by_rules else ["part", "amount"]
    titles = "".join(f'<th scope="col">{_safe(said(head, language))}</th>' for head in heads)
    yield f"<table><thead><tr>{titles}</tr></thead><tbody>"
    for span in sorted(most, key=lambda span: span.start):
        rest = f"<td>{_safe(', '.join(span.reasons))}</td>" if by_rules else ""
        amount = f'<td class="amount">{figure(explanation, span)}</td>'
        yield f'<tr><th scope="row"><bdi>{_safe(span.text)}</bdi></th>{amount}{rest}</tr>'
    yield "</tbody></table>"


def _proof(explanation: Explanation, language: Language) -> Iterator[str]:
    if explanation.decision is None:
        return
    for section in explanation.decision.reasoning(language):
        tag = "ol" if section.kind == "steps" else "ul"
        entries = "".join(f"<li>{_item(*_safe(item).split(chr(10)))}</li>" for item in section.items)
        yield f'<p>{_safe(section.title)}</p><{tag} class="explanation-{section.kind}">{entries}</{tag}>'


def _item(first: str, *more: str) -> str:
    return "".join([first, *(f"<small>{each}</small>" for each in more)])


def _safe(text: str) -> str:
    """Text as HTML shows it: escaped, without characters that no page may hold."""
    return escape(_UNPRINTABLE.sub("\ufffd", text))
