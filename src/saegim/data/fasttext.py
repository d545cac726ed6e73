"""fastText's training files, `__label__x` and then the text in each line; and plain lines of text."""

from __future__ import annotations

from saegim.data.delimited import lines_of
from saegim.data.records import BadRow, Records
from saegim.errors import DataError

PREFIX = "__label__"


def read_fasttext(text: str, source: str) -> Records:
    """Columns `label` and `text`. A line without a label has a missing one; with two it is a bad row."""
    labels: list[object] = []
    texts: list[object] = []
    lines: list[int] = []
    bad: list[BadRow] = []
    for number, line in enumerate(lines_of(text), start=1):
        found, rest = _split(line.strip())
        if len(found) > 1:
            bad.append(BadRow(number, f"{len(found)} labels where one was expected"))
        elif found or rest:
            labels.append(found[0] if found else None)
            texts.append(rest)
            lines.append(number)
    if not texts:
        why = f" that can be used: {bad[0].reason}" if bad else ""
        raise DataError(f"{source} holds no rows{why}; give texts with labels")
    columns = [labels, texts]
    return Records(["label", "text"], True, lambda index: columns[index], lines, bad, fixed=True)


def read_lines(text: str, _source: str) -> Records:
    """One text per line, without labels."""
    numbered = [(k, line.strip()) for k, line in enumerate(lines_of(text), start=1) if line.strip()]
    lines = [number for number, _ in numbered]
    return Records(["text"], True, lambda _: [line for _, line in numbered], lines, fixed=True)


def _split(line: str) -> tuple[list[str], str]:
    """The labels at the start of a line, and the text after them."""
    labels = []
    while line.startswith(PREFIX):
        word, _, line = line.partition(" ") if " " in line else line.partition("\t")
        labels.append(word.removeprefix(PREFIX))
        line = line.lstrip()
    return labels, line
