"""Where a rule document came from, and how to speak about a place in it.

`Setting` is a value of the document that knows its path; every reading method either returns the
checked value or raises a `RuleError` that names file, line and path in one sentence.
"""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from saegim.errors import RuleError

Path: TypeAlias = tuple[str | int, ...]

MAX_DEPTH = 50
MAX_NODES = 2_000_000
MAX_WHOLE = 10**15  # whole numbers beyond this are a mistake, and str() and float() fail far beyond
_SHOWN = 40  # characters of the user's own text that a message repeats


@dataclass(frozen=True)
class Source:
    """The name of a rule document and, where it was a file, the line of every value in it."""

    name: str = "rules"
    lines: Mapping[Path, int] = field(default_factory=dict)

    def error(self, path: Path, sentence: str) -> RuleError:
        return RuleError(f"{self.place(path)}: {sentence}")

    def place(self, path: Path) -> str:
        """`reviews.yaml, line 7, facts.praise.words[2]`."""
        parts = [self.name]
        line = self.line(path)
        if line is not None:
            parts.append(f"line {line}")
        if path:
            parts.append(dotted(path))
        return ", ".join(parts)

    def line(self, path: Path) -> int | None:
        """The line of the innermost known value around `path`, counted from 1."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None


@dataclass(frozen=True)
class Setting:
    """A value in a rule document, with its path, for reading with checks."""

    value: object
    path: Path
    source: Source

    def error(self, sentence: str) -> RuleError:
        return self.source.error(self.path, sentence)

    def wrong(self, expected: str, hint: str = "") -> RuleError:
        return self.error(f"expected {expected}, got {shown(self.value)}{hint and '; ' + hint}")

    def mapping(self, allowed: Iterable[str] | None = None) -> dict[str, Setting]:
        """The entries of a mapping; with `allowed`, any other key is an error with a suggestion."""
        if not isinstance(self.value, Mapping):
            known = f" with {', '.join(allowed)}" if allowed is not None else ""
            raise self.wrong(f"a mapping (name: value){known}")
        entries = {key: self._child(key, value) for key, value in self.value.items()}
        if allowed is not None:
            allowed = list(allowed)
            for key, setting in entries.items():
                if key not in allowed:
                    comma = "; text with a comma inside { } must stand in quotes"
                    hint = comma if setting.value is None else suggestion(key, allowed)
                    raise setting.error(f"unknown key {quoted(key)}{hint}")
        return entries

    def items(self) -> list[Setting]:
        """The entries of a list that is not empty."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        if not self.value:
            raise self.error("the list is empty; write at least one entry")
        return [self._child(index, value) for index, value in enumerate(self.value)]

    def one_or_more(self) -> list[Setting]:
        """The entries of a list, or the single value that stands without brackets."""
        return self.items() if isinstance(self.value, list) else [self]

    def text(self) -> str:
        """Text that is not blank, as written."""
        if not isinstance(self.value, str):
            plain = isinstance(self.value, bool | int | float) or self.value is None
            raise self.wrong("text", 'write it in quotes, like "1"' if plain else "")
        if not self.value.strip():
            raise self.error("the text is empty; write at least one character")
        return self.value

    def label(self) -> str:
        """A label: text or a whole number, which stands for its digits."""
        if isinstance(self.value, int) and not isinstance(self.value, bool) and abs(self.value) <= MAX_WHOLE:
            return str(self.value)
        return self.text()

    def name(self) -> str:
        """The name of a fact or rule: a label without line breaks, in Unicode NFC."""
        name = unicodedata.normalize("NFC", self.label().strip())
        if len(name.splitlines()) > 1:
            raise self.error("a name stands on one line; take the line break out")
        return name

    def number(self, low: float, high: float = math.inf, *, above: bool = False) -> float:
        """A finite number in [low, high], or in (low, high] with `above`."""
        value = self.value
        wanted = f"a number {'above' if above else 'of at least'} {low:g}"
        wanted += f" and at most {high:g}" if high < math.inf else ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(wanted)
        too_large = value > high or value >= math.inf or (isinstance(value, int) and value > MAX_WHOLE)
        if too_large or not value >= low or (above and value == low):  # `not >=` also refuses NaN
            raise self.wrong(wanted)
        return value

    def whole(self, low: int) -> int:
        """A whole number of at least `low`."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= MAX_WHOLE:
            raise self.wrong(f"a whole number of at least {low}")
        return value

    def choice(self, options: Sequence[str]) -> str:
        """One of a few words."""
        if not isinstance(self.value, str) or self.value not in options:
            raise self.wrong(f"one of {', '.join(options)}")
        return self.value

    def _child(self, key: str | int, value: object) -> Setting:
        return Setting(value, (*self.path, key), self.source)


def plain_copy(document: object, source: Source) -> object:
    """A copy of nested mappings, lists and scalars, so that nothing outside can change it later.

    Raises RuleError for other types, for keys that are not text, and beyond `MAX_DEPTH` or `MAX_NODES`.
    """
    budget = iter(range(MAX_NODES))

    def copy(value: object, path: Path) -> object:
        if next(budget, None) is None:
            raise source.error((), f"more than {MAX_NODES:,} values; make the rule set smaller")
        if len(path) > MAX_DEPTH:
            raise source.error(path[:3], f"nested more than {MAX_DEPTH} deep; name the inner parts as facts")
        if isinstance(value, Mapping):
            return dict(_pairs(value, path))
        if isinstance(value, list | tuple):
            return [copy(item, (*path, index)) for index, item in enumerate(value)]
        return _scalar(value, path, source)

    def _pairs(mapping: Mapping[object, object], path: Path) -> Iterator[tuple[str, object]]:
        for key, item in mapping.items():
            if not isinstance(key, str):
                raise source.error(path, f"keys must be text, got {shown(key)}")
            yield str(_scalar(key, path, source)), copy(item, (*path, key))

    return copy(document, ())


def _scalar(value: object, path: Path, source: Source) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if not isinstance(value, str):
        raise source.error(path, f"expected text, a number, a list or a mapping, got {shown(value)}")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise source.error(path, "the text holds half of a surrogate pair, which is not a character")
    return value


def dotted(path: Path) -> str:
    """`facts.praise.words[2]`."""
    joined = ""
    for part in path:
        joined += f"[{part}]" if isinstance(part, int) else ("." if joined else "") + clipped(part)
    return joined


def clipped(text: str) -> str:
    """Text of the user's for one line of a message: short, and with control characters escaped."""
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def quoted(text: str) -> str:
    return f"'{clipped(text)}'"


def shown(value: object) -> str:
    """A value in words: `the number 3`, `the text 'abc'`, `a list`."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the truth value {str(value).lower()}"
        case int() | float():
            return f"the number {_short_number(value)}"
        case str():
            return f"the text {quoted(value)}"
        case list() | tuple():
            return "a list"
        case Mapping():
            return "a mapping"
        case _:
            return f"a value of type {type(value).__name__}"


def _short_number(value: float) -> str:
    # str() of an int refuses beyond 4,300 digits
    return "of enormous size" if isinstance(value, int) and abs(value) >= 10**30 else str(value)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'praise'?`, or the known names when none is close."""
    names = list(known)
    near = [name for name in names if abs(len(name) - len(word)) <= 3][:5000]
    close = difflib.get_close_matches(word, near, n=1, cutoff=0.6) if len(word) <= 200 else []
    close = close or [name for name in near if name.casefold() == word.casefold()]
    if close:
        return f"; did you mean {quoted(close[0])}?"
    if not names:
        return ""
    more = ", …" if len(names) > 8 else ""
    return f"; known are {', '.join(clipped(name) for name in names[:8])}{more}"
