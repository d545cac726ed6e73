"""Turns saegim's docstrings, which are plain text, into the Markdown that the reference is made of.

Lines of the form `name: meaning` become a list, `>>>` examples and tables of two columns become code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

import griffe

_FIELD = re.compile(r"(?P<names>[a-z_]\w*(?:, [a-z_]\w*)*): (?P<meaning>\S.*)")
_COLUMNS = re.compile(r"\S.* {2,}\S")
_ENDS = (".", ":", ")")  # a line that ends so is complete: what follows may be a field


class PlainDocstrings(griffe.Extension):
    """The extension that mkdocs.yml names."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """The docstring as Markdown."""
    paragraphs = re.split(r"\n{2,}", text.strip("\n"))
    return "\n\n".join(_paragraph(paragraph.split("\n")) for paragraph in paragraphs)


def _paragraph(lines: list[str]) -> str:
    if all(line.startswith("    ") for line in lines):
        return "\n".join(lines)  # code already
    if lines[0].startswith(">>>"):
        return "\n".join(["```pycon", *lines, "```"])
    if sum(bool(_COLUMNS.match(line)) for line in lines) > 1:
        return "\n".join(["```text", *lines, "```"])
    return "\n\n".join(_blocks(lines))


def _blocks(lines: list[str]) -> Iterator[str]:
    """Runs of fields as lists, everything else as it is."""
    for _, run in groupby(_statements(lines), key=lambda statement: statement.startswith("- ")):
        yield "\n".join(run)


def _statements(lines: list[str]) -> Iterator[str]:
    """Each field as one item of a list, with the lines that go on with it; other lines as they are."""
    item, indent, complete = "", 0, True
    for line in lines:
        here = len(line) - len(line.lstrip())
        if (item or complete) and _FIELD.fullmatch(line.strip()):
            if item:
                yield _item(item)
            item, indent = line.strip(), here
        elif item and here > indent:
            item += f" {line.strip()}"
        else:
            if item:
                yield _item(item)
            item = ""
            yield line
        complete = line.endswith(_ENDS)
    if item:
        yield _item(item)


def _item(line: str) -> str:
    found = _FIELD.fullmatch(line)
    assert found is not None, line
    names = ", ".join(f"`{name}`" for name in found["names"].split(", "))
    return f"- {names}: {found['meaning']}"
