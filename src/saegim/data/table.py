"""From a file to labelled texts, with every unusable row named by its line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from saegim.data.cleaning import Cleaned, clean_rows
from saegim.data.columns import find_columns, known_names
from saegim.data.delimited import first_fields, read_csv, read_tsv
from saegim.data.encoding import decode
from saegim.data.fasttext import PREFIX, read_fasttext, read_lines
from saegim.data.jsonl import read_jsonl
from saegim.data.records import BadRow, Records
from saegim.errors import DataError
from saegim.late import late

if TYPE_CHECKING:
    from saegim.data import parquet
else:
    parquet = late("saegim.data.parquet")

Reader = Callable[[str, str], Records]

_READERS: dict[str, Reader] = {
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".tab": read_tsv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": read_jsonl,
    ".ft": read_fasttext,
    ".fasttext": read_fasttext,
}
_PARQUET = b"PAR1"
_WAY_OUT = "mend the file, or pass --skip-bad-rows (skip_bad_rows=True) to count bad rows and go on"


@dataclass(frozen=True)
class Table:
    """Labelled texts, in the order of their file.

    texts: N texts, none of them empty
    labels: N labels, or None if no label column was read
    lines: the line of the file that each row starts on (from 1; the row for Parquet, the item for iterables)
    source: where the rows come from, as messages name it
    text_column, label_column: the names of the columns ("1", "2", ... where the file has none)
    notes: what a user should be told, one sentence each
    bad_rows: the rows that were left out
    """

    texts: list[str]
    labels: list[str] | None
    lines: list[int]
    source: str
    text_column: str
    label_column: str | None
    notes: list[str] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Iterable[int]) -> Table:
        """The table of these rows (from 0), in this order."""
        chosen = [int(row) for row in rows]
        return replace(
            self,
            texts=[self.texts[row] for row in chosen],
            labels=None if self.labels is None else [self.labels[row] for row in chosen],
            lines=[self.lines[row] for row in chosen],
        )


def read_table(
    path: str | os.PathLike[str],
    *,
    text: str | None = None,
    label: str | None = None,
    skip_bad_rows: bool = False,
    require_label: bool = True,
) -> Table:
    """The examples in a CSV, TSV, JSONL, Parquet or fastText file.

    text, label: the columns, by name or by number from 1; without them they are found where that is clear
    skip_bad_rows: leave rows out that cannot be used (and list them) instead of refusing the file
    require_label: without it, labels are read only from a column that `label` names
    Raises DataError if the file cannot be read, a column is not clear, or a row cannot be used.
    """
    source = str(path)
    records, encoding = _read_records(Path(path), source)
    columns = find_columns(records, source, text=text, label=label, require_label=require_label)
    names = records.names if columns.has_header else [str(k + 1) for k in range(len(records.names))]
    start = int(records.has_header is None and columns.has_header)
    cleaned = clean_rows(
        records.column(columns.text)[start:],
        None if columns.label is None else records.column(columns.label)[start:],
        records.lines[start:],
        encoding,
    )
    bad = sorted(records.bad + cleaned.bad, key=lambda row: row.line)
    if bad and not skip_bad_rows:
        raise DataError(f"{_place(bad, source, records.unit)}; {_WAY_OUT}")
    return Table(
        texts=_not_empty(cleaned, bad, source, records.unit).texts,
        labels=None if columns.label is None else cleaned.labels,
        lines=cleaned.lines,
        source=source,
        text_column=names[columns.text],
        label_column=None if columns.label is None else names[columns.label],
        notes=[*records.notes, *columns.notes, *_skipped(bad, source, records.unit)],
        bad_rows=bad,
    )


def _read_records(path: Path, source: str) -> tuple[Records, str]:
    """The rows of a file and the name of its encoding."""
    try:
        if not path.exists():
            raise DataError(f"{source} does not exist; give the path of a table with texts and labels")
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "no regular file"
            raise DataError(f"{source} is {kind} where a table was expected; give the path of a file")
        with path.open("rb") as file:
            if file.read(len(_PARQUET)) == _PARQUET or path.suffix.lower() == ".parquet":
                return parquet.read_parquet(path, source), "UTF-8"
            file.seek(0)
            data = file.read()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{source!r} cannot be read: {reason}; give the path of another file") from None
    if not data.strip():
        raise DataError(f"{source} is empty where a table with texts and labels was expected")
    decoded = decode(data, source)
    records = _reader(path.suffix.lower(), decoded.text)(decoded.text, source)
    return replace(records, notes=decoded.notes + records.notes), decoded.encoding


def _reader(suffix: str, text: str) -> Reader:
    """By the extension where it says enough, otherwise by the first line."""
    if suffix in _READERS:
        return _READERS[suffix]
    start = text.lstrip()
    if start.startswith(PREFIX):
        return read_fasttext
    if start.startswith(("{", "[{")):
        return read_jsonl
    if len(first_fields(start, "\t")) > 1:
        return read_tsv
    if known_names(first_fields(start, ",")) > 1:
        return read_csv
    return read_lines


def _not_empty(cleaned: Cleaned, bad: list[BadRow], source: str, unit: str) -> Cleaned:
    if not cleaned.texts:
        why = f" that can be used: {_place(bad, source, unit)}" if bad else " below the names of its columns"
        raise DataError(f"{source} holds no rows{why}; give texts with labels")
    return cleaned


def _place(bad: list[BadRow], source: str, unit: str) -> str:
    more = f" (the first of {len(bad):,} bad rows)" if len(bad) > 1 else ""
    return f"{source}, {unit} {bad[0].line}: {bad[0].reason}{more}"


def _skipped(bad: list[BadRow], source: str, unit: str) -> list[str]:
    if not bad:
        return []
    rows = "1 bad row was" if len(bad) == 1 else f"{len(bad):,} bad rows were"
    return [f"{rows} skipped; {_place(bad[:1], source, unit)}"]
