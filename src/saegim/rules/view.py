"""A text as the predicates see it: normalised, cut into words, with the hits of all words and patterns.

Everything is found in the NFC form of the text; `View.place` maps a span back to the text as given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from saegim.late import late
from saegim.rules.decision import Place
from saegim.rules.scripts import character_class

if TYPE_CHECKING:
    from saegim.rules.index import Index
    from saegim.text import origins
else:
    origins = late("saegim.text.origins")

Span: TypeAlias = tuple[int, int]
# Where something was found, computed only when asked: most texts are never asked for a proof.
Found: TypeAlias = Callable[[], Sequence[Span]]


class View:
    """One text during recognition. `seen` fills with the facts that hold, in the order of recognition."""

    def __init__(self, text: str, index: Index) -> None:
        self.original = text
        self.text = text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
        # A lone surrogate has no UTF-8; one byte "?" in its place keeps the count of characters.
        self.data = self.text.encode("utf-8", "replace")
        self.index = index
        self.hits = index.hits(self)
        self.seen: dict[str, Found] = {}

    @cached_property
    def tokens(self) -> list[str]:
        """The words of the text."""
        return token_pattern().findall(self.text)

    @cached_property
    def token_spans(self) -> list[Span]:
        return [match.span() for match in token_pattern().finditer(self.text)]

    def word_spans(self, atom: int) -> list[Span]:
        spans = self.token_spans
        return [spans[index] for index in self.hits[atom]]

    def pattern_spans(self, atom: int) -> list[Span]:
        regex = self.index.regex(atom)
        spans = [match.span() for match in regex.finditer(self.data)]
        return spans if self.text.isascii() else self._in_characters(spans)

    def _in_characters(self, spans: Sequence[Span]) -> list[Span]:
        before = self._characters_before
        return [(before[start], before[end]) for start, end in spans]

    @cached_property
    def _characters_before(self) -> list[int]:
        """For every byte of `data`, and its end, how many characters begin before it."""
        begins = (np.frombuffer(self.data, dtype=np.uint8) & 0xC0) != 0x80
        return [0, *np.cumsum(begins).tolist()]

    def place(self, span: Span) -> Place:
        """A span of the normalised text as a place in the text that was given."""
        start, end = span if self.text is self.original else self._traced.span(*span)
        return Place(start, end, self.original[start:end])

    @cached_property
    def _traced(self) -> origins.Traced:
        return origins.Traced.of(self.original).in_form("NFC")


def words_of(text: str) -> list[str]:
    """The words of NFC text: runs of letters, marks, digits and _, with apostrophes inside Latin words."""
    return token_pattern().findall(text)


@cache
def token_pattern() -> re.Pattern[str]:
    # Python's \w leaves out combining marks, which would tear words of Hindi or Thai apart.
    word = rf"[\w{character_class(_marks())}]+"
    latin = "A-Za-z\u00c0-\u024f"
    return re.compile(rf"{word}(?:(?<=[{latin}])['’](?=[{latin}]){word})*")


def _marks() -> Iterable[int]:
    for block in (range(0x300, 0x20000), range(0xE0100, 0xE01F0)):
        yield from (code for code in block if unicodedata.category(chr(code))[0] == "M")
