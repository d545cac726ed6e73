"""A part of the page: plain data for a fragment of HTML, `templates/KEY.html`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["en", "ko"]

MISSING = {"en": "n/a", "ko": "없음"}


@dataclass(frozen=True)
class Section:
    """key: of its template and of the link to it; title: its heading; context: what the template shows"""

    key: str
    title: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """caption, headers: of its columns; rows: of texts, the first of which names the row

    A pair is a text and a smaller one below it.
    """

    caption: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str | tuple[str, str]]]


def percent(share: float, digits: int = 1) -> str:
    """0.8123 -> '81.2%'."""
    return f"{100 * share:.{digits}f}%"
