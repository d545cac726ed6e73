"""N-grams of words, characters and Hangul letters as 64-bit hashes, for many texts at once.

A text is read as up to three sequences of symbols:

    words   runs of letters, digits and marks, and runs of other signs ("재밌다!!" is "재밌다" and "!!");
            the symbol of a word is its fold (below) over its code points
    chars   the code points of the text, with MARK before the first and after the last one
    jamo    the same after Hangul syllables were taken apart into conjoining jamo

and every n consecutive symbols are a feature (single marks are not). With `within_words`, the sequences of
characters and letters end at words: each word has its own marks. With `edges`, n-grams of up to that many characters
are also cut where they begin or end with a Hangul syllable that has a tail:

    last    the tail of the last syllable is left out, so that 먹은 counts as 먹으 too
    first   of the first syllable nothing but its tail is left, so that 간다 counts as ㄴ다 too (the tail is the
            conjoining one, U+11AB)

All arithmetic is modulo 2**64:

    fold(s_1, ..., s_n) = fold(s_1, ..., s_(n-1)) * BASE + s_n + 1,   fold() = 0
    hash(kind, n, s)    = mix(fold(s) + (256 * kind + n) * GOLDEN),   kind: words 1, chars 2, jamo 3

where mix is the output function of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
generators"), a bijection. The same text has the same hashes on every machine and in every version.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from saegim.data.ragged import Ragged, offsets_of
from saegim.errors import SettingError
from saegim.late import late
from saegim.text.hangul import TAIL, code_points, decompose_codes, tails_of
from saegim.text.parallel import in_order

_counting = late("saegim.text.counting")

BASE = 0x9FB21C651E98DF25
"""An odd number without pattern: the base of the fold."""
GOLDEN = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio."""
MARK = 0x110000
"""The symbol at both ends of a sequence of characters: the first number that is no code point."""

_INVERSE = pow(BASE, -1, 1 << 64)
MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
"""The shifts and factors of SplitMix64's output function; its last shift is 31."""

_CHUNK = 1 << 18  # characters that are worked on at once: their arrays stay in the cache
_UNKNOWN = 255
_LONGEST = 32  # symbols in one n-gram
_KIND = {"words": 1, "chars": 2, "jamo": 3}

Range = tuple[int, int]


@dataclass(frozen=True)
class Ngrams:
    """Which n-grams are features: (shortest, longest) for each kind, None for none of this kind.

    edges: n-grams of up to that many characters are also cut at the edges of Hangul syllables, where Korean stems
        and endings meet (the module's docstring says how); 0 for none
    """

    words: Range | None = (1, 2)
    chars: Range | None = (1, 4)
    jamo: Range | None = None
    within_words: bool = False
    edges: int = 0

    def __post_init__(self) -> None:
        if not self.kinds:
            raise SettingError("no kind of n-gram was chosen; give words, chars or jamo")
        for name, each in self.kinds.items():
            if not _is_range(each):
                raise SettingError(
                    f"{name} n-grams of {each!r} symbols cannot be made;"
                    f" give (shortest, longest) with 1 <= shortest <= longest <= {_LONGEST}"
                )
        if not _is_whole(self.edges) or not 0 <= self.edges <= _LONGEST:
            raise SettingError(f"edges of {self.edges!r} symbols cannot be cut; give a number from 0 to {_LONGEST}")

    @property
    def kinds(self) -> dict[str, Range]:
        """The chosen kinds with their ranges, in the order of their features."""
        return {name: each for name in _KIND if (each := getattr(self, name)) is not None}


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_range(value: object) -> bool:
    if not isinstance(value, tuple) or len(value) != 2 or not all(map(_is_whole, value)):
        return False
    return bool(1 <= value[0] <= value[1] <= _LONGEST)


@dataclass(frozen=True)
class Features:
    """The features of one text with their places.

    hashes: (F,) uint64; starts, ends: (F,) int64, feature f is made of text[starts[f]:ends[f]]
    kinds: F names of kinds; sizes: (F,) int64 symbols in the n-gram (marks count)
    """

    hashes: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    kinds: list[str] = field(repr=False)
    sizes: np.ndarray = field(repr=False)


def hash_ngrams(texts: Sequence[str], ngrams: Ngrams) -> Ragged:
    """The hashes of all features of each text: B texts -> Ragged of uint64, B rows.

    A row is ordered by kind (words, chars, jamo), length and place, where those cut at the last and then those cut at
    the first syllable follow the whole n-grams of their length; a feature occurs as often as in the text.
    """
    none = Ragged(np.empty(0, np.uint64), np.zeros(1, np.int64))
    return Ragged.concatenate([none, *hash_chunks(texts, ngrams)])


def hash_chunks(texts: Sequence[str], ngrams: Ngrams) -> Iterator[Ragged]:
    """`hash_ngrams` in pieces: consecutive texts of together about 260,000 characters at a time."""
    return in_order(partial(hash_chunk, ngrams), chunks_of(texts))


def hash_chunk(ngrams: Ngrams, chunk: Sequence[str]) -> Ragged:
    """`hash_ngrams` of texts that are few enough to be worked on at once."""
    return _by_text([(group.hashes, group.counts(len(chunk))) for group in _groups(chunk, ngrams)], len(chunk))


def locate_ngrams(text: str, ngrams: Ngrams) -> Features:
    """The features of one text in the order of `hash_ngrams`, with the characters each is made of.

    A mark has no characters of its own: an n-gram with marks covers the characters beside them.
    """
    groups = list(_groups([text], ngrams))
    starts = [group.sequence.starts[group.at] for group in groups]
    ends = [group.sequence.ends[group.at + group.size - 1] for group in groups]
    return Features(
        hashes=np.concatenate([np.empty(0, np.uint64), *(group.hashes for group in groups)]),
        starts=np.concatenate([np.empty(0, np.int64), *starts]),
        ends=np.concatenate([np.empty(0, np.int64), *ends]),
        kinds=[group.sequence.kind for group in groups for _ in range(len(group.at))],
        sizes=np.repeat([group.size for group in groups], [len(group.at) for group in groups]).astype(np.int64),
    )


@dataclass(frozen=True)
class _Segments:
    """Stretches of the chunk's characters: where each starts and ends, and which text it is part of; (K,) each."""

    starts: np.ndarray
    ends: np.ndarray
    text: np.ndarray


@dataclass(frozen=True)
class _Sequence:
    """The symbols of all texts of a chunk; (S,) each.

    symbols: uint64; room: symbols from here to the end of the word or text that no n-gram may leave
    text: which text of the chunk; starts, ends: the characters of the symbol (none for a mark)
    """

    kind: str
    symbols: np.ndarray
    room: np.ndarray
    text: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


@dataclass(frozen=True)
class _Group:
    """All n-grams of one kind and size: the symbol each begins at, and its hash; (F,) each."""

    sequence: _Sequence
    size: int
    at: np.ndarray
    hashes: np.ndarray

    def counts(self, texts: int) -> np.ndarray:
        """(B,) how many each text has; they stand text after text."""
        first = np.searchsorted(self.sequence.text, np.arange(texts + 1))
        return np.diff(np.searchsorted(self.at, first))


def chunks_of(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Consecutive texts of together about 260,000 characters at a time."""
    start = characters = 0
    for index, text in enumerate(texts):
        characters += len(text)
        if characters >= _CHUNK:
            yield texts[start : index + 1]
            start, characters = index + 1, 0
    if start < len(texts):
        yield texts[start:]


def count_buckets(ngrams: Ngrams, buckets: int, chunk: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By native code: each text's different buckets (hash % buckets), rising; how often each occurs; how many each has.

    -> (N,) int32, (N,) int32, (B,) int64
    """
    found: tuple[np.ndarray, ...] = _counting.count(list(_symbols(chunk, ngrams)), len(chunk), buckets)
    return found[0], found[1], found[2]


def mark_hashes(ngrams: Ngrams, cells: np.ndarray, chunk: Sequence[str]) -> None:
    """By native code: sets cell hash % C for every n-gram; cells (C,) bool, C a power of two."""
    _counting.mark(list(_symbols(chunk, ngrams)), len(chunk), cells)


def _symbols(chunk: Sequence[str], ngrams: Ngrams) -> Iterator[Any]:
    """The sequences as native code takes them."""
    for sequence in _sequences(chunk, ngrams):
        shortest, longest = ngrams.kinds[sequence.kind]
        edges = ngrams.edges if sequence.kind == "chars" else 0
        yield _counting.Symbols(
            symbols=sequence.symbols,
            room=sequence.room,
            offsets=np.searchsorted(sequence.text, np.arange(len(chunk) + 1)),
            alone=sequence.ends > sequence.starts,
            tails=tails_of(sequence.symbols) if edges else np.zeros(len(sequence.symbols), np.uint64),
            salts=np.array([_salt(sequence.kind, size) for size in range(longest + 1)], np.uint64),
            powers=np.array([pow(BASE, max(size - 1, 0), 1 << 64) for size in range(longest + 1)], np.uint64),
            shortest=shortest,
            longest=longest,
            edges=edges,
        )


def _salt(kind: str, size: int) -> int:
    return (256 * _KIND[kind] + size) * GOLDEN % (1 << 64)


def _groups(chunk: Sequence[str], ngrams: Ngrams) -> Iterator[_Group]:
    for sequence in _sequences(chunk, ngrams):
        shortest, longest = ngrams.kinds[sequence.kind]
        folds = np.zeros(len(sequence.symbols), np.uint64)
        edges = ngrams.edges if sequence.kind == "chars" else 0
        tails = tails_of(sequence.symbols) if edges else folds
        for size in range(1, min(longest, len(sequence.symbols)) + 1):
            folds = folds[: len(sequence.symbols) - size + 1] * np.uint64(BASE)
            folds += sequence.symbols[size - 1 :]
            folds += np.uint64(1)
            if size < shortest:
                continue
            fits = sequence.room[: len(folds)] >= size
            if size == 1:
                fits &= sequence.ends > sequence.starts  # a mark alone says nothing
            at = np.flatnonzero(fits)
            salt = np.uint64(_salt(sequence.kind, size))
            yield _Group(sequence, size, at, _mix(folds[at] + salt))
            if size <= edges:
                yield from _edge_groups(sequence, tails, size, fits, folds, salt)


def _edge_groups(
    sequence: _Sequence, tails: np.ndarray, size: int, fits: np.ndarray, folds: np.ndarray, salt: np.uint64
) -> Iterator[_Group]:
    """The n-grams that fit whose last, or first, symbol is a syllable with a tail, cut there.

    A fold is a polynomial in BASE, so that exchanging a symbol adds the difference times BASE**place.
    """
    at = np.flatnonzero(fits & (tails[size - 1 :] > 0))
    yield _Group(sequence, size, at, _mix(folds[at] - tails[at + size - 1] + salt))
    at = np.flatnonzero(fits & (tails[: len(fits)] > 0))
    change = (np.uint64(TAIL) + tails[at] - sequence.symbols[at]) * np.uint64(pow(BASE, size - 1, 1 << 64))
    yield _Group(sequence, size, at, _mix(folds[at] + change + salt))


def _mix(z: np.ndarray) -> np.ndarray:
    """The output function of SplitMix64, in place."""
    for shift, factor in MIX:
        z ^= z >> np.uint64(shift)
        z *= np.uint64(factor)
    z ^= z >> np.uint64(31)
    return z


def _sequences(chunk: Sequence[str], ngrams: Ngrams) -> Iterator[_Sequence]:
    codes = code_points("".join(chunk))
    bounds = offsets_of(np.fromiter(map(len, chunk), np.int64, len(chunk)))
    whole = _Segments(bounds[:-1], bounds[1:], np.arange(len(chunk)))
    words = _words(codes, whole) if ngrams.words or ngrams.within_words else whole
    segments = words if ngrams.within_words else whole
    if ngrams.words:
        yield _word_sequence(codes, words, len(chunk))
    if ngrams.chars:
        yield _marked("chars", codes, np.arange(len(codes)), segments)
    if ngrams.jamo:
        letters, source = decompose_codes(codes)
        yield _marked("jamo", letters, source, segments)


def _words(codes: np.ndarray, texts: _Segments) -> _Segments:
    """Runs of characters of one class (letters or signs) between white space."""
    kind = _classes(codes)
    text = np.repeat(texts.text, texts.ends - texts.starts)
    change = np.ones(len(codes) + 1, bool)
    change[1:-1] = (kind[1:] != kind[:-1]) | (text[1:] != text[:-1])
    starts = np.flatnonzero(change[:-1] & (kind > 0))
    ends = np.flatnonzero(change[1:] & (kind > 0)) + 1
    return _Segments(starts, ends, text[starts])


_known = np.full(MARK, _UNKNOWN, np.uint8)  # the classes of all characters that were met so far


def _classes(codes: np.ndarray) -> np.ndarray:
    """(N,) uint8: 0 white space, 1 letters, digits, marks and underscores, 2 all other signs."""
    found: np.ndarray = np.take(_known, codes)
    new = found == _UNKNOWN
    if new.any():
        for code in np.unique(codes[new]):
            character = chr(code)
            is_letter = unicodedata.category(character)[0] in "LNM" or character == "_"
            _known[code] = 0 if character.isspace() else 1 if is_letter else 2
        found = np.take(_known, codes)
    return found


def _word_sequence(codes: np.ndarray, words: _Segments, texts: int) -> _Sequence:
    """The fold of every word at once: from running sums of (code + 1) / BASE**i, times BASE**(end - 1)."""
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum((codes + np.uint64(1)) * _powers(_INVERSE, len(codes)), out=sums[1:])
    folds = (sums[words.ends] - sums[words.starts]) * _powers(BASE, len(codes))[words.ends - 1]
    counts = np.bincount(words.text, minlength=texts)
    room = np.repeat(np.cumsum(counts), counts) - np.arange(len(folds))
    return _Sequence("words", folds, room, words.text, words.starts, words.ends)


def _powers(base: int, count: int) -> np.ndarray:
    """(N,) uint64: base**0, base**1, ... modulo 2**64."""
    powers = np.full(count, base, np.uint64)
    powers[:1] = 1
    np.multiply.accumulate(powers, out=powers)
    return powers


def _marked(kind: str, codes: np.ndarray, source: np.ndarray, segments: _Segments) -> _Sequence:
    """Each segment that is not empty between two marks; codes[k] stems from the character source[k]."""
    full = segments.ends > segments.starts
    starts, ends, text = segments.starts[full], segments.ends[full], segments.text[full]
    first, last = np.searchsorted(source, starts), np.searchsorted(source, ends)
    offsets = offsets_of(last - first + 2)
    sizes = np.diff(offsets)
    inner = np.ones(offsets[-1], bool)
    inner[offsets[:-1]] = inner[offsets[1:] - 1] = False
    taken = (np.repeat(first - 1 - offsets[:-1], sizes) + np.arange(offsets[-1]))[inner]

    symbols = np.full(len(inner), MARK, np.uint64)
    symbols[inner] = codes[taken]
    begin, end = np.repeat(starts, sizes), np.repeat(ends, sizes)
    end[offsets[:-1]] = starts
    begin[offsets[1:] - 1] = ends
    begin[inner] = source[taken]
    end[inner] = source[taken] + 1
    room = np.repeat(offsets[1:], sizes) - np.arange(len(inner))
    return _Sequence(kind, symbols, room, np.repeat(text, sizes), begin, end)


def _by_text(groups: list[tuple[np.ndarray, np.ndarray]], texts: int) -> Ragged:
    """Merge groups of (hashes, count per text) so that the hashes of one text stand together."""
    totals = np.zeros(texts, np.int64)
    for _, counts in groups:
        totals += counts
    offsets = offsets_of(totals)
    values = np.empty(offsets[-1], np.uint64)
    begin = offsets[:-1].copy()
    for hashes, counts in groups:
        values[np.repeat(begin - (np.cumsum(counts) - counts), counts) + np.arange(len(hashes))] = hashes
        begin += counts
    return Ragged(values, offsets)
