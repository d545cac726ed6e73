"""CSV and TSV: rows of fields between delimiters, with and without quoting."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from saegim.data.records import BadRow, Records
from saegim.errors import DataError

_LARGEST_FIELD = 1 << 28  # characters; the csv module's own limit of 131,072 is less than a book
_REREADS = 10  # how many times the lines of a file may be read again after errors, in multiples of its length


@dataclass(frozen=True)
class _Rows:
    fields: list[list[str]]
    lines: list[int]
    bad: list[BadRow]

    @property
    def flaws(self) -> int:
        """Rows that cannot be right: broken ones, and those with another number of fields than the first."""
        width = len(self.fields[0]) if self.fields else 0
        return len(self.bad) + sum(len(row) != width for row in self.fields)


def read_csv(text: str, source: str) -> Records:
    """Fields between commas (or semicolons, tabs, bars: announced); quote marks inside quotes are doubled."""
    delimiter = _delimiter(text)
    rows = _quoted_rows(text, delimiter)
    notes = [] if delimiter == "," else [f"the fields of {source} are separated by {delimiter!r}"]
    return _records(rows, source, notes)


def read_tsv(text: str, source: str) -> Records:
    """Fields between tabs, quoted only if every quote mark in the file makes sense as one."""
    rows = _plain_rows(text)
    if '"' not in text:
        return _records(rows, source, [])
    enclosed = _quotes_enclose_fields(rows)
    if rows.flaws or enclosed:
        quoted = _quoted_rows(text, "\t")
        if quoted.flaws < rows.flaws or (quoted.flaws == rows.flaws and enclosed):
            return _records(quoted, source, [])
    return _records(rows, source, [f"quote marks in {source} were read as ordinary characters"])


def first_fields(text: str, delimiter: str) -> list[str]:
    """The fields of the first row that is not blank, read with this delimiter."""
    reader = csv.reader(io.StringIO(text.lstrip()[: 1 << 16], newline="\n"), delimiter=delimiter)
    try:
        return next(reader, [])
    except csv.Error:
        return []


def lines_of(text: str) -> list[str]:
    """The lines of a text, each with its end; carriage returns end lines only where no line feed is."""
    if "\n" not in text:
        text = text.replace("\r", "\n")
    return io.StringIO(text, newline="\n").readlines()


def _delimiter(text: str) -> str:
    return next((mark for mark in ",;\t|" if len(first_fields(text, mark)) > 1), ",")


def _records(rows: _Rows, source: str, notes: list[str]) -> Records:
    if not rows.fields:
        why = f" that can be read: {rows.bad[0].reason}" if rows.bad else ""
        raise DataError(f"{source} holds no rows{why}; give texts with labels")
    width = len(rows.fields[0])
    wrong = [k for k, row in enumerate(rows.fields) if len(row) != width]
    bad = rows.bad + [
        BadRow(rows.lines[k], f"{_count(len(rows.fields[k]))} where the first row has {width}") for k in wrong
    ]
    skip = set(wrong)
    kept = [row for k, row in enumerate(rows.fields) if k not in skip] if skip else rows.fields
    lines = [line for k, line in enumerate(rows.lines) if k not in skip] if skip else rows.lines
    return Records(
        names=[name.strip() for name in kept[0]],
        has_header=None,
        column=lambda index: [row[index] for row in kept],
        lines=lines,
        bad=bad,
        notes=notes,
    )


def _count(fields: int) -> str:
    return "1 field" if fields == 1 else f"{fields} fields"


def _plain_rows(text: str) -> _Rows:
    fields, lines = [], []
    for number, line in enumerate(lines_of(text), start=1):
        row = line.rstrip("\r\n")
        if row:
            fields.append(row.split("\t"))
            lines.append(number)
    return _Rows(fields, lines, [])


class _Rewindable(Iterator[str]):
    """Lines, with a position that can be set back."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.position = 0

    def __next__(self) -> str:
        if self.position >= len(self.lines):
            raise StopIteration
        self.position += 1
        return self.lines[self.position - 1]


def _quoted_rows(text: str, delimiter: str) -> _Rows:
    previous = csv.field_size_limit(_LARGEST_FIELD)
    try:
        return _read_quoted(_Rewindable(lines_of(text)), delimiter)
    finally:
        csv.field_size_limit(previous)


def _read_quoted(source: _Rewindable, delimiter: str) -> _Rows:
    """After an error, reading goes on with the line below the one where the broken row began.

    A quote mark that is never closed thus costs one row and not the rest of the file. What is read again
    is limited, so that a file made of such rows still takes time proportional to its length.
    """
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    rows = _Rows([], [], [])
    rereads = _REREADS * len(source.lines)
    while True:
        start = source.position
        try:
            row = next(reader)
        except StopIteration:
            return rows
        except csv.Error as error:
            rows.bad.append(BadRow(start + 1, _reason(error, delimiter)))
            again = source.position - start - 1
            if 0 < again <= rereads:
                rereads -= again
                source.position = start + 1
            continue
        if row:
            rows.fields.append(row)
            rows.lines.append(start + 1)


def _reason(error: csv.Error, delimiter: str) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote mark is opened and never closed"
    if "expected after" in text:
        return f"{delimiter!r} was expected after a closing quote mark (inside quotes they are doubled)"
    if "new-line character" in text:
        return "a carriage return stands inside a field without quotes"
    if "field larger" in text:
        return f"a field is longer than {_LARGEST_FIELD:,} characters"
    return text


def _quotes_enclose_fields(rows: _Rows) -> bool:
    """Whether every field with a quote mark is enclosed in quotes, with the marks inside doubled."""
    return all(_is_enclosed(field) for row in rows.fields for field in row if '"' in field)


def _is_enclosed(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] == '"' and '"' not in field[1:-1].replace('""', "")
