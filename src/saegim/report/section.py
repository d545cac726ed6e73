"""A part of the page: plain data for a fragment of HTML, `templates/KEY.html`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

Language = Literal["en", "ko"]

_Each = TypeVar("_Each")

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


def thinned(records: Sequence[_Each], most: int) -> list[tuple[int, _Each]]:
    """Records with their numbers, from 1; where they are too many, so many at even distances, the last one too."""
    step = max((len(records) - 1) / (most - 1), 1.0)
    places = [round(place * step) for place in range(min(len(records), most))]
    return [(place + 1, records[place]) for place in places]


def percent(share: float, digits: int = 1) -> str:
    """0.8123 -> '81.2%'."""
    return f"{100 * share:.{digits}f}%"
