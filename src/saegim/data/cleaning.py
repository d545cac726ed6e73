"""From the raw values of two columns to texts and labels, and to the rows that hold none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from saegim.data.encoding import BROKEN
from saegim.data.records import BadRow, shown


@dataclass(frozen=True)
class Cleaned:
    """The usable rows, their lines, and the others."""

    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


class _UnusableError(Exception):
    """Why a value cannot be used."""


def clean_rows(
    texts: Sequence[object], labels: Sequence[object] | None, lines: Sequence[int], encoding: str
) -> Cleaned:
    """Texts as they are; labels without white space around them, numbers and truth values written out.

    A label 1.0 becomes "1": tables with a missing value anywhere turn whole numbers into such.
    """
    cleaned = Cleaned()
    for row, line in enumerate(lines):
        try:
            text = _text(texts[row], encoding)
            label = None if labels is None else _label(labels[row], encoding)
        except _UnusableError as fault:
            cleaned.bad.append(BadRow(line, str(fault)))
            continue
        cleaned.texts.append(text)
        cleaned.lines.append(line)
        if label is not None:
            cleaned.labels.append(label)
    return cleaned


def _text(value: object, encoding: str) -> str:
    if not isinstance(value, str):
        raise _UnusableError(
            "the text is missing" if _is_missing(value) else f"the text is {shown(value)}, not a string"
        )
    if not value or value.isspace():
        raise _UnusableError("the text is empty")
    return _whole(value, "text", encoding)


def _label(value: object, encoding: str) -> str:
    if _is_missing(value):
        raise _UnusableError("the label is missing")
    if isinstance(value, str):
        return _whole(value.strip(), "label", encoding)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    raise _UnusableError(f"the label is {shown(value)}, not a string or a number")


def _whole(value: str, role: str, encoding: str) -> str:
    if BROKEN.search(value):
        raise _UnusableError(f"the {role} is not valid {encoding}")
    if "\0" in value:
        raise _UnusableError(f"the {role} holds a NUL character")
    return value


def _is_missing(value: object) -> bool:
    if isinstance(value, str):
        return not value or value.isspace()
    return value is None or (isinstance(value, float) and math.isnan(value))
