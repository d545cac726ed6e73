"""Where each character of a changed text came from: texts that are normalised step by step, with their places kept.

Every step knows which stretch of the text before it a new character was made of; the steps one after the other lead
from a normalised character to the stretch of the text as it was given.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

Form = Literal["NFC", "NFKC"]

_WHITE_SPACE = re.compile(r"\s+")
_VOWELS_AND_TAILS = range(0x1160, 0x1200)  # Hangul jamo that join the one before; Unicode computes these syllables
_LAST_WITH_PAIRS = 0x30000  # no character beyond is written as a pair of others


@dataclass(frozen=True)
class Traced:
    """A text of n characters, made of one of `size` characters; character i of given[starts[i]:ends[i]].

    starts, ends (n,) int64, neither ever falling. What was left out (white space at the ends, invisible characters)
    may lie between or outside of the stretches. A stretch may stand behind several characters (ﬁ, which became f and
    i), and is longer than one where characters were composed.
    """

    text: str
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    size: int

    @classmethod
    def of(cls, text: str) -> Traced:
        """A text that nothing was done to."""
        places = np.arange(len(text) + 1)
        return cls(text, places[:-1], places[1:], len(text))

    def __len__(self) -> int:
        return len(self.text)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the given text behind text[start:end]; an empty one lies where the next character begins."""
        if start < end:
            return int(self.starts[start]), int(self.ends[end - 1])
        at = int(self.starts[start]) if start < len(self.text) else self.size
        return at, at

    def cut(self, size: int) -> Traced:
        """The first `size` characters."""
        return replace(self, text=self.text[:size], starts=self.starts[:size], ends=self.ends[:size])

    def without(self, pattern: re.Pattern[str]) -> Traced:
        """Without the characters that the pattern, which is of single ones, matches."""
        kept = [at for at, character in enumerate(self.text) if not pattern.match(character)]
        if len(kept) == len(self.text):
            return self
        return replace(self, text=pattern.sub("", self.text), starts=self.starts[kept], ends=self.ends[kept])

    def in_form(self, form: Form) -> Traced:
        """In a Unicode normal form: NFC or NFKC."""
        if unicodedata.is_normalized(form, self.text):
            return self
        pieces = ((unicodedata.normalize(form, part), at, part) for at, part in _clusters(self.text, form))
        return self._made_of((new, at, at + len(part), part == new) for new, at, part in pieces)

    def lowered(self) -> Traced:
        """In lower case. Some letters become two; which sigma a word ends with is seen from the whole text."""
        pieces = ((each.lower(), at, at + 1, True) for at, each in enumerate(self.text))
        return replace(self._made_of(pieces), text=self.text.lower())

    def spaced(self) -> Traced:
        """With one space for every run of white space, none at either end."""
        runs = [run for run in _WHITE_SPACE.finditer(self.text) if run.start() > 0 and run.end() < len(self.text)]
        edges = [run.span() for run in runs]
        begin = len(self.text) - len(self.text.lstrip())
        return self._made_of(_spaced(self.text, edges, begin, len(self.text.rstrip())))

    def _made_of(self, pieces: Iterator[tuple[str, int, int, bool]]) -> Traced:
        """What comes of pieces (new text, start, end of the old one, whether character by character)."""
        text: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for new, start, end, each in pieces:
            text.append(new)
            one_by_one = each and len(new) == end - start
            starts += range(start, end) if one_by_one else [start] * len(new)
            ends += range(start + 1, end + 1) if one_by_one else [end] * len(new)
        first, last = np.array(starts, np.int64), np.array(ends, np.int64) - 1
        return Traced("".join(text), self.starts[first], self.ends[last], self.size)


def _spaced(text: str, gaps: list[tuple[int, int]], begin: int, end: int) -> Iterator[tuple[str, int, int, bool]]:
    at = begin
    for start, stop in gaps:
        yield text[at:start], at, start, True
        yield " ", start, stop, False
        at = stop
    if at < end:
        yield text[at:end], at, end, True


def _clusters(text: str, form: Form) -> Iterator[tuple[int, str]]:
    """Stretches that are brought into the form each by itself, and where they begin."""
    start = 0
    for at in range(1, len(text)):
        if not _joins(text[at], form):
            yield start, text[start:at]
            start = at
    yield start, text[start:]


@cache
def _joins(character: str, form: Form) -> bool:
    """Whether normalising may join a character to what is before it, or exchange the two."""
    if character < "\u0300":
        return False  # the first combining mark
    first = unicodedata.normalize("NFD" if form == "NFC" else "NFKD", character)[0]
    return bool(unicodedata.combining(first)) or ord(first) in _VOWELS_AND_TAILS or first in _seconds()


@cache
def _seconds() -> frozenset[str]:
    """The characters that stand second in a pair which is written as one character."""
    pairs = (unicodedata.decomposition(chr(code)).split() for code in range(_LAST_WITH_PAIRS))
    return frozenset(chr(int(pair[1], 16)) for pair in pairs if len(pair) == 2 and pair[0][0] != "<")
