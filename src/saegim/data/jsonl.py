"""JSONL: one JSON object per line."""

from __future__ import annotations

import json

from saegim.data.delimited import lines_of
from saegim.data.records import BadRow, Records, shown
from saegim.errors import DataError

_KEYS_FROM = 100  # objects whose keys make up the columns


def read_jsonl(text: str, source: str) -> Records:
    """The objects of a file; a key that an object lacks is a missing value."""
    if text.lstrip().startswith("["):
        raise DataError(f"{source} is one JSON array where one object per line was expected; write it as JSONL")
    objects: list[dict[str, object]] = []
    lines: list[int] = []
    bad: list[BadRow] = []
    for number, line in enumerate(lines_of(text), start=1):
        if not line.strip():
            continue
        value = _parse(line)
        if isinstance(value, dict):
            objects.append(value)
            lines.append(number)
        else:
            bad.append(BadRow(number, value))
    if not objects:
        why = f": line {bad[0].line}: {bad[0].reason}" if bad else ""
        raise DataError(f"{source} holds no JSON object{why}; write one object per line")
    names = list(dict.fromkeys(key for value in objects[:_KEYS_FROM] for key in value))
    if not names:
        raise DataError(f"{source}: the objects are empty; give each a text and a label")
    return Records(names, True, lambda index: [value.get(names[index]) for value in objects], lines, bad)


def _parse(line: str) -> dict[str, object] | str:
    """The object on a line, or what is wrong with it."""
    try:
        value = json.loads(line)
    except RecursionError:
        return "the JSON is nested too deeply"
    except ValueError as error:
        return f"not JSON: {error}"
    return value if isinstance(value, dict) else f"a JSON object was expected, not {shown(value)}"
