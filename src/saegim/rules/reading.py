"""From the bytes of a rule file to plain values with line numbers.

The file is hostile until proven otherwise. It is read as a stream of YAML events, so that nesting needs
no recursion, and what rule files have no use for is refused by name: anchors and aliases (which can
unfold a small file into gigabytes), tags (which could ask for objects), several documents, keys twice.
Plain scalars follow YAML 1.2: `no`, `off` and `y` are words, only `true` and `false` are truth values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import yaml

from saegim.errors import RuleError
from saegim.rules.source import MAX_DEPTH, Path, clipped, quoted

MAX_BYTES = 4_000_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
# Narrower than YAML 1.1's, so that whatever PyYAML writes without quotes reads back as the same value.
_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def read_file(path: FilePath) -> tuple[object, dict[Path, int]]:
    """The document in a rule file and the line of every value. Raises RuleError."""
    return read_document(_decoded(_bytes_of(path), str(path)), str(path))


def read_document(text: str, name: str) -> tuple[object, dict[Path, int]]:
    """The document in YAML text and the line of every value, counted from 1. Raises RuleError."""
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        raise RuleError(_syntax_message(name, error)) from None
    if not builder.documents:
        raise RuleError(f"{name}: the file is empty; a rule file has facts: and rules:")
    return builder.document, builder.lines


def _bytes_of(path: FilePath) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RuleError(f"{clipped_path(path)}: cannot read the rule file: {reason}; give the path of one") from None
    if len(content) > MAX_BYTES:
        raise RuleError(
            f"{path}: the rule file is larger than {MAX_BYTES // 1_000_000} MB; split it into smaller files"
        )
    return content


def clipped_path(path: FilePath) -> str:
    return str(path).encode("unicode_escape").decode("ascii") if "\0" in str(path) else str(path)


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise RuleError(f"{name}, line {line}: the file is not UTF-8 (byte 0x{byte:02x}); save it as UTF-8") from None


def _syntax_message(name: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = f", line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    hint = "; mend the file there" if place else "; take them out"
    if any(word in problem for word in ("alias", "anchor", "alphabetic or numeric")):
        hint = "; an entry that begins with * or & must stand in quotes"
    elif "escape" in problem:
        hint = "; patterns with backslashes belong in single quotes"
    elif "start any token" in problem:
        hint = "; put entries with special characters in quotes"
    return f"{name}{place}: not valid YAML: {problem}{hint}"


@dataclass
class _Open:
    """A list or mapping whose end has not been read; `key` waits for its value."""

    items: dict[str, object] | list[object]
    path: Path
    key: str | None = None


class _Builder:
    """Builds plain values from YAML events, with a stack of its own instead of recursion."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.document: object = None
        self.documents = 0
        self.lines: dict[Path, int] = {}
        self._stack: list[_Open] = []

    def take(self, event: Any) -> None:
        self._refuse(event)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise self._error(event, "a second document (---) begins; a rule file holds one")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._open(event, {})
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open(event, [])
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._stack.pop()

    def _refuse(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            raise self._error(
                event,
                f"{sign}{clipped(event.anchor)} is a YAML {'alias' if sign == '*' else 'anchor'}, which rule"
                f" files do not use; text that begins with {sign} must stand in quotes",
            )
        if getattr(event, "tag", None) is not None:
            raise self._error(event, f"the YAML tag {quoted(event.tag)} is not allowed; put text with ! in quotes")

    def _scalar(self, event: Any) -> None:
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.items, dict) and top.key is None:
            if event.value in top.items:
                raise self._error(event, f"the key {quoted(event.value)} stands twice; keep one of them")
            top.key = event.value
            self.lines[(*top.path, event.value)] = event.start_mark.line + 1
        else:
            self._place(event, _resolved(event))

    def _open(self, event: Any, items: dict[str, object] | list[object]) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise self._error(event, f"nested more than {MAX_DEPTH} deep; name the inner parts as facts")
        path = self._place(event, items)
        self._stack.append(_Open(items, path))

    def _place(self, event: Any, value: object) -> Path:
        """Put a value where it belongs; returns its path."""
        if not self._stack:
            self.document = value
            return ()
        top = self._stack[-1]
        if isinstance(top.items, list):
            path: Path = (*top.path, len(top.items))
            top.items.append(value)
            self.lines[path] = event.start_mark.line + 1
            return path
        if top.key is None:
            raise self._error(event, "a key must be text, not a list or a mapping; put it in quotes")
        path = (*top.path, top.key)
        top.items[top.key] = value
        top.key = None
        return path

    def _error(self, event: Any, sentence: str) -> RuleError:
        return RuleError(f"{self.name}, line {event.start_mark.line + 1}: {sentence}")


def _resolved(event: Any) -> object:
    """The value of a scalar: quoted and block scalars are text, plain ones by YAML 1.2's core schema."""
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
