"""Labelled texts from a file, or images from a folder, with what a user should know about them announced."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from saegim.cli.console import Console
from saegim.late import late

if TYPE_CHECKING:
    from saegim import data
else:
    data = late("saegim.data")


def labelled_texts(
    console: Console, path: Path, text: str | None, label: str | None, *, skip_bad_rows: bool = False
) -> data.Table:
    """The table in a file; its notes are announced. Raises DataError."""
    table = data.read_table(path, text=text, label=label, skip_bad_rows=skip_bad_rows)
    for note in table.notes:
        console.say(note if table.source in note else f"{table.source}: {note}")
    return table


def labelled_images(
    console: Console,
    source: str,
    *,
    side: int = 64,
    size: tuple[int, int, int] | None = None,
    skip_bad_files: bool = False,
) -> data.Images:
    """The images in a folder, or those that are built in; its notes are announced. Raises DataError."""
    found = data.read_images(source, side=side, size=size, skip_bad_files=skip_bad_files)
    for note in found.notes:
        console.say(note if found.source in note else f"{found.source}: {note}")
    return found


def checked(console: Console, train: data.Table, other: data.Table | None = None) -> data.CheckedData:
    """The tables after the check of the examples; its findings are announced. Raises DataError for the first error."""
    found = data.check_examples(train, other)
    for finding in found.findings:
        if finding.level != "error":
            console.say(f"{finding.level}: {finding.message}")
    found.raise_errors()
    return found


def parts(console: Console, table: data.Table, test: data.Table | None, *, share: float, seed: int) -> data.CheckedData:
    """Texts to learn from and to measure on, checked; the latter are a stratified part of the table if none are given.

    Raises DataError for the first error.
    """
    if test is not None:
        return checked(console, table, test)
    data.check_examples(table).raise_errors()
    kept, held_out = data.stratified_split(table.labels or [], share, seed)
    train = replace(table.take(kept), source=f"the training part of {table.source}")
    return checked(console, train, replace(table.take(held_out), source=f"the test part of {table.source}"))
