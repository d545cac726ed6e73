"""What every file format is read into: named columns of values, the line of each row, and the bad rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

SHOWN = 40  # characters of a value that an error message shows


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used: its line (from 1; for Parquet its row) and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Records:
    """The rows of a file, column by column.

    names: the columns; of a delimited file without a header its first row, which is then a row as well
    has_header: True, False, or None when only the contents can tell (then row 0 holds the names)
    column: index -> the values of this column, one for each row
    lines: the line each row starts on (from 1)
    unit: what `lines` counts
    fixed: the format itself says which column is which
    """

    names: list[str]
    has_header: bool | None
    column: Callable[[int], list[object]]
    lines: list[int]
    bad: list[BadRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unit: str = "line"
    fixed: bool = False


def shown(value: object) -> str:
    """A value as an error message shows it: short, and with its control characters made visible."""
    text = repr(value[: SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= SHOWN + 2 else text[: SHOWN + 1] + "…"
