"""Texts that say nearly the same and have different labels: one of the labels is likely wrong.

Texts are compared by their letters alone (compatibility forms unified, case folded, white space and signs left out).
Equal ones are found by sorting; similar ones by the share of character n-grams that they have in common (the Jaccard
index). Not all pairs are compared: every text gets a short signature of minima over hashed n-grams, two texts agreeing
in each of its numbers as often as they are similar (MinHash; Broder 1997), and only texts that agree in a whole band
of numbers are candidates. The time grows with the number of texts, not with its square.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.ragged import Ragged
from saegim.late import late
from saegim.rules.view import words_of
from saegim.text.ngrams import Ngrams, hash_chunks, hash_ngrams

_csgraph, _sparse = late("scipy.sparse.csgraph"), late("scipy.sparse")

Array = npt.NDArray[Any]

SIMILAR = 0.6
"""From that share of common n-grams on, texts count as near duplicates."""

_NGRAMS = Ngrams(words=None, chars=(2, 4))
_BANDS, _ROWS = 32, 4  # of a signature: texts alike by 0.6 agree in a band in 99 of 100 cases
_AT_ONCE = 1 << 15  # pairs
_NEIGHBOURS = 3  # that a text is compared with in each band, beside the band's first text


@dataclass(frozen=True)
class Duplicates:
    """Rows (numbers from 0, rising) whose texts are alike and whose labels are not.

    similarity: the smallest share of common n-grams between those that were compared; 1 for equal letters
    """

    rows: tuple[int, ...]
    similarity: float


def conflicting_duplicates(texts: Sequence[str], labels: Sequence[str], similar: float = SIMILAR) -> list[Duplicates]:
    """The groups of near duplicates with different labels, the most similar first; texts and labels (n)."""
    keys, members = _grouped([letters_of(text) or " " for text in texts])  # none without n-grams
    numbers = numbered(labels)
    usual = [np.bincount(numbers[rows]).argmax() for rows in members]
    left, right, shares = _near(keys, np.array(usual), similar)
    graph = _sparse.coo_array((shares, (left, right)), shape=(len(keys), len(keys)))
    _count, group = _csgraph.connected_components(graph, directed=False)
    least = np.ones(len(keys))
    np.minimum.at(least, group[left], shares)
    return _conflicts(members, group, least, numbers)


def numbered(labels: Sequence[str]) -> Array:
    """(n,) int64: the place of each label among the different ones, sorted."""
    place = {label: number for number, label in enumerate(sorted(set(labels)))}
    return np.fromiter((place[label] for label in labels), np.int64, len(labels))


def letters_of(text: str) -> str:
    """What texts are compared by: their letters and digits; all that is not white space where there are none."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(words_of(folded)) or "".join(folded.split())


def _grouped(keys: Sequence[str]) -> tuple[list[str], list[list[int]]]:
    """The different keys and the rows of each, in order."""
    rows: dict[str, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    return list(rows), list(rows.values())


def _conflicts(members: list[list[int]], group: Array, least: Array, numbers: Array) -> list[Duplicates]:
    order = np.argsort(group, kind="stable")
    found = []
    for part in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        rows = sorted(row for key in part.tolist() for row in members[key])
        if len(rows) > 1 and len(set(numbers[rows].tolist())) > 1:
            found.append(Duplicates(tuple(rows), float(least[group[part[0]]])))
    return sorted(found, key=lambda each: (-each.similarity, each.rows))


def _near(keys: Sequence[str], usual: Array, similar: float) -> tuple[Array, Array, Array]:
    """Pairs of keys with different usual labels that are similar enough, and how similar they are."""
    pairs = np.unique(np.concatenate([np.empty(0, np.int64), *_candidates(_signatures(keys), usual)]))
    left, right = pairs // len(keys), pairs % len(keys)
    used, places = np.unique([left, right], return_inverse=True)
    places = places.reshape(2, -1)
    shares = _common(hash_ngrams([keys[each] for each in used.tolist()], _NGRAMS), *places)
    enough = shares >= similar
    return left[enough], right[enough], shares[enough]


def _signatures(keys: Sequence[str]) -> Array:
    """(keys, bands) uint64: a hash of each band of minima."""
    rng = np.random.default_rng(0)
    masks, factors = rng.integers(0, 1 << 64, (2, _BANDS * _ROWS), np.uint64, endpoint=False)
    factors |= np.uint64(1)
    parts = [np.empty((0, _BANDS), np.uint64)]
    for chunk in hash_chunks(keys, _NGRAMS):
        bands = np.zeros((len(chunk), _BANDS), np.uint64)
        for number, (mask, factor) in enumerate(zip(masks, factors, strict=True)):
            minima = np.minimum.reduceat((chunk.values ^ mask) * factor, chunk.offsets[:-1])
            band = bands[:, number // _ROWS]
            band *= factors[0]
            band += minima ^ (minima >> np.uint64(32))
        parts.append(bands)
    return np.concatenate(parts)


def _candidates(signatures: Array, usual: Array) -> Iterator[Array]:
    """Pairs (smaller number * keys + larger number) of keys with different labels that agree in a band."""
    count = len(signatures)
    for band in signatures.T:
        order = np.argsort(band, kind="stable")
        begins = np.flatnonzero(np.diff(band[order], prepend=~band[order[:1]]))
        firsts = np.repeat(begins, np.diff(begins, append=count))
        places = np.arange(count)
        for before in (firsts, *(places - distance for distance in range(1, _NEIGHBOURS + 1))):
            inside = (before >= firsts) & (before < places)
            left, right = order[before[inside]], order[places[inside]]
            differ = usual[left] != usual[right]
            yield left[differ] * count + right[differ]


def _common(rows: Ragged, left: Array, right: Array) -> Array:
    """(pairs,) how many different values two rows share, as a share of those that they have together."""
    values, columns = np.unique(rows.values, return_inverse=True)
    ones = np.ones(len(columns), np.int32)
    table = _sparse.csr_array((ones, columns, rows.offsets), shape=(len(rows), len(values)))
    table.sum_duplicates()
    table.data[:] = 1
    sizes = np.diff(table.indptr)
    both = np.empty(len(left), np.int64)
    for start in range(0, len(left), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        both[part] = table[left[part]].multiply(table[right[part]]).sum(1).ravel()
    shares: Array = both / (sizes[left] + sizes[right] - both)
    return shares
