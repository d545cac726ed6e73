"""From hashed n-grams to the columns of a table: how many, which one, and how often in each text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from saegim.data.ragged import Ragged, offsets_of
from saegim.errors import SettingError
from saegim.late import late
from saegim.text.ngrams import Ngrams, chunks_of, count_buckets, hash_chunk, hash_chunks, mark_hashes
from saegim.text.parallel import in_order

_loops, _counting = late("saegim.compiler.loops"), late("saegim.text.counting")

_CELLS = 1 << 25  # of the table that distinct hashes are counted with: good to 0.1% for 100 million
_CHUNK = 1 << 17  # features that are sorted at once: they stay in the cache
LEAST_BUCKETS, MOST_BUCKETS = 1 << 10, 1 << 21


@dataclass(frozen=True)
class Bag:
    """The different features of each text and how often each occurs.

    features: Ragged of int32 buckets, rising within a row; counts: (N,) int32, beside features.values
    """

    features: Ragged
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.features)


def count_distinct(chunks: Iterable[Ragged], *, enough: int | None = None) -> int:
    """About how many different hashes there are, in memory that does not grow with them.

    Linear counting (Whang, Vander-Zanden, Taylor 1990): each hash marks one of 2**25 cells; from the share of
    cells left empty follows how many hashes there were. With `enough`, counting ends when there are as many.
    """

    cells = np.zeros(_CELLS, bool)

    def mark(chunk: Ragged) -> None:
        cells[chunk.values & np.uint64(_CELLS - 1)] = True

    return _count_marked(cells, map(mark, chunks), enough)


def _count_marked(cells: np.ndarray, marking: Iterable[None], enough: int | None) -> int:
    """How many different hashes there are, while `marking` marks their cells, chunk by chunk."""
    found = 0
    for _ in marking:
        empty = max(1, _CELLS - int(np.count_nonzero(cells)))
        found = round(-_CELLS * float(np.log(empty / _CELLS)))
        if enough is not None and found >= enough:
            break
    return found


def choose_buckets(distinct: int, *, least: int = LEAST_BUCKETS, most: int = MOST_BUCKETS) -> int:
    """The power of two that gives every different feature a bucket, within [least, most]."""
    return min(most, max(least, 1 << max(0, distinct - 1).bit_length()))


def choose_buckets_for(chunks: Iterable[Ragged], *, most: int = MOST_BUCKETS) -> int:
    """`choose_buckets` for the different hashes in `chunks`, of which only so many are read that it is clear."""
    return choose_buckets(count_distinct(chunks, enough=_enough(most)), most=most)


def choose_buckets_of(texts: Sequence[str], ngrams: Ngrams, *, most: int = MOST_BUCKETS) -> int:
    """`choose_buckets_for` the n-grams of texts."""
    if not _loops.are_wanted():
        return choose_buckets_for(hash_chunks(texts, ngrams), most=most)
    cells = np.zeros(_CELLS, bool)
    marking = in_order(partial(mark_hashes, ngrams, cells), chunks_of(texts))
    return choose_buckets(_count_marked(cells, marking, _enough(most)), most=most)


def _enough(most: int) -> int:
    """With more than the power of two below `most`, the next one is `most` or above it."""
    return (1 << max(0, most - 1).bit_length()) // 2 + 1


def to_buckets(hashes: Ragged, buckets: int) -> Ragged:
    """hash % buckets: Ragged of uint64 -> Ragged of int32."""
    if not 1 <= buckets < 1 << 31:
        raise SettingError(f"{buckets} buckets cannot be used; give 1 to 2**31 - 1")
    return Ragged((hashes.values % np.uint64(buckets)).astype(np.int32), hashes.offsets)


def count_features(features: Ragged) -> Bag:
    """Each row's different features (int32, not negative) in rising order, with their numbers."""
    parts, counts, lengths = [np.empty(0, np.int32)], [np.empty(0, np.int32)], [np.empty(0, np.int64)]
    bits = int(features.values.max(initial=0)).bit_length()
    row = 0
    while row < len(features):
        limit = features.offsets[row] + _CHUNK
        end = max(row + 1, int(np.searchsorted(features.offsets, limit, "right")) - 1)
        end = min(end, row + (1 << (32 - bits)))
        values, number, length = _count_rows(features, row, end, bits)
        parts.append(values)
        counts.append(number)
        lengths.append(length)
        row = end
    return Bag(Ragged(np.concatenate(parts), offsets_of(np.concatenate(lengths))), np.concatenate(counts))


def _count_rows(features: Ragged, start: int, end: int, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, counts and numbers of features of rows start to end: one sort of (row, feature) pairs.

    A feature has `bits` bits; row and feature together are a number of 32 bits, which sorts faster than one of 64.
    """
    values = features.values[features.offsets[start] : features.offsets[end]]
    rows = np.arange(end - start, dtype=np.uint32) << np.uint32(bits)
    pairs = np.repeat(rows, np.diff(features.offsets[start : end + 1]))
    pairs |= values.astype(np.uint32)
    pairs.sort()
    first = np.ones(len(pairs), bool)
    first[1:] = pairs[1:] != pairs[:-1]
    at = np.flatnonzero(first)
    counts = np.diff(at, append=len(pairs)).astype(np.int32)
    found = pairs[at]
    lengths = np.diff(np.searchsorted(found, rows), append=len(found))
    return (found & np.uint32((1 << bits) - 1)).astype(np.int32), counts, lengths


def bags_of_ngrams(texts: Sequence[str], ngrams: Ngrams, buckets: int) -> Iterator[Bag]:
    """The counted buckets of each text's n-grams, some thousand texts at a time; at least one bag.

    What `hash_ngrams`, `to_buckets` and `count_features` give together.
    """
    if not len(texts):
        yield Bag(Ragged(np.empty(0, np.int32), np.zeros(1, np.int64)), np.empty(0, np.int32))
    yield from in_order(partial(_bag_of_chunk, ngrams, buckets), chunks_of(texts))


def bag_of_ngrams(texts: Sequence[str], ngrams: Ngrams, buckets: int) -> Bag:
    """The counted buckets of each text's n-grams, all texts together."""
    bags = list(bags_of_ngrams(texts, ngrams, buckets))
    return Bag(Ragged.concatenate([bag.features for bag in bags]), np.concatenate([bag.counts for bag in bags]))


def _bag_of_chunk(ngrams: Ngrams, buckets: int, chunk: Sequence[str]) -> Bag:
    if _loops.are_wanted() and buckets <= _counting.MOST_BUCKETS:
        features, counts, lengths = count_buckets(ngrams, buckets, chunk)
        return Bag(Ragged(features, offsets_of(lengths)), counts)
    return count_features(to_buckets(hash_chunk(ngrams, chunk), buckets))
