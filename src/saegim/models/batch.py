"""What a model sees at once: the n-grams and the tokens of some texts, in shapes that recur.

A program is recorded per shape, so that sizes are rounded up to a few (`capacity`, `_room_for`, `_rows_room`), and the
rest is padding that stands for nothing: a row outside of the table, an item after the last bag, a token under the mask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.ragged import Ragged, offsets_of
from saegim.late import late
from saegim.models.features import SparseRows

_loops, _sparse = late("saegim.compiler.loops"), late("saegim.models.sparse")

Array = npt.NDArray[Any]
Leaf = Any  # a NumPy array; inside of a traced program the tensor that stands for it

_LEAST_ITEMS = 1024
_LEAST_TOKENS = 8
_SORTING = 128  # to sort an n-gram costs as much as to look through so many columns


@dataclass(frozen=True)
class NgramBatch:
    """Bags of weighted n-grams over the U distinct table rows that B texts use.

    rows (U,) int32 ascending, padded with the table's size; items (N,) int32 positions in `rows`;
    weights (N,) float32; offsets (B+1,) int32: bag b holds the items from offsets[b] to offsets[b+1].
    """

    rows: Leaf
    items: Leaf
    weights: Leaf
    offsets: Leaf


@dataclass(frozen=True)
class TokenBatch:
    """tokens (B, T) int32; mask (B, T) bool, True for real tokens; weights (B, T) float32 that embeddings are
    multiplied with: 1 for real tokens (explanations vary them), 0 for padding."""

    tokens: Leaf
    mask: Leaf
    weights: Leaf


@dataclass(frozen=True)
class TextBatch:
    """B texts as n-grams and, for the models that read in order, as tokens."""

    ngrams: NgramBatch
    tokens: TokenBatch | None


def capacity(size: int, least: int = _LEAST_TOKENS) -> int:
    """`size` rounded up to a power of two or to one and a half of one, at least `least`."""
    if size <= least:
        return least
    above = 1 << (size - 1).bit_length()
    between = above // 4 * 3
    return between if size <= between else above


def padding_share(groups: Sequence[Array]) -> float:
    """The share of the positions of batches that is padding; `groups` are the lengths of the texts of each batch."""
    room = sum(len(lengths) * capacity(int(lengths.max())) for lengths in groups if len(lengths))
    return 1 - sum(int(lengths.sum()) for lengths in groups) / room if room else 0.0


def _room_for(items: int, dtype: npt.DTypeLike) -> Array:
    """Memory for `items` items: a power of two, zeros behind them. Items after the last bag cost nothing."""
    room = np.empty(max(_LEAST_ITEMS, 1 << max(items - 1, 0).bit_length()), dtype)
    room[items:] = 0
    return room


def _rows_room(most: int, rows: int) -> int:
    """For how many distinct rows there is room beside room for `most` items: as many eighths of it as are needed.

    Rows are computed with; and the two grow together, so that the pair takes few values.
    """
    eighth = most // 8
    return max(1, -(-rows // eighth)) * eighth


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """Texts ready to be batched: `ngrams`, the width of their table, and `tokens` where a model reads in order."""

    ngrams: SparseRows
    columns: int
    tokens: Ragged | None

    def __len__(self) -> int:
        return len(self.ngrams)

    @cached_property
    def lengths(self) -> Array:
        """(n,) how long each text is: in tokens, or in n-grams where there are none."""
        lengths: Array = np.diff(self.ngrams.offsets) if self.tokens is None else self.tokens.lengths
        return lengths

    @property
    def is_padded(self) -> bool:
        """Whether the texts of a batch are filled up to the longest: tokens are, n-grams need it not."""
        return self.tokens is not None

    def take(self, rows: Array) -> EncodedTexts:
        """These texts, in this order."""
        tokens = None if self.tokens is None else self.tokens.take(rows)
        return EncodedTexts(self.ngrams.take(rows), self.columns, tokens)

    def batch(self, rows: Array) -> TextBatch:
        """These texts as one batch."""
        return TextBatch(self._ngrams(rows), None if self.tokens is None else _padded_tokens(self.tokens.take(rows)))

    def batches(self, groups: Iterable[Array]) -> Iterator[tuple[Array, TextBatch]]:
        """Each group of row numbers with its batch."""
        return ((rows, self.batch(rows)) for rows in groups)

    def _ngrams(self, rows: Array) -> NgramBatch:
        given = self.ngrams
        offsets = offsets_of(given.offsets[rows + 1] - given.offsets[rows])
        count = int(offsets[-1])
        items, weights = _room_for(count, np.int32), _room_for(count, np.float32)
        if _loops.are_wanted():
            rows = np.ascontiguousarray(rows, np.int64)
            used = _sparse.gather(given.columns, given.values, given.offsets, rows, items, weights, self.columns)
        else:
            chosen = given.take(rows)
            used, items[:count] = self._distinct(chosen.columns)
            weights[:count] = chosen.values
        row_room = _rows_room(len(items), len(used))
        return NgramBatch(_filled(used, row_room, self.columns), items, weights, offsets.astype(np.int32))

    def _distinct(self, columns: Array) -> tuple[Array, Array]:
        """The distinct columns, ascending, and for each given column its position among them."""
        if len(columns) * _SORTING < self.columns:
            return np.unique(columns, return_inverse=True)
        marks = np.zeros(self.columns, bool)
        marks[columns] = True
        used = np.flatnonzero(marks)
        position = np.empty(self.columns, np.int32)
        position[used] = np.arange(len(used), dtype=np.int32)
        return used, position[columns]


def _filled(rows: Array, size: int, fill: int) -> Array:
    """`rows` with `fill` behind them, (size,) int32 in all."""
    result = np.full(size, fill, np.int32)
    result[: len(rows)] = rows
    return result


def _padded_tokens(tokens: Ragged) -> TokenBatch:
    values, mask = tokens.padded()
    missing = ((0, 0), (0, capacity(values.shape[1]) - values.shape[1]))
    mask = np.pad(mask, missing)
    return TokenBatch(np.pad(values, missing).astype(np.int32), mask, mask.astype(np.float32))
