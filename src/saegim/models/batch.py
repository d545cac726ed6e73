"""What a model sees at once: the n-grams and the tokens of some texts, in shapes that recur.

A program is compiled per shape, so shapes are rounded up to a ladder of sizes and the rest is padding that stands
for nothing: a row outside of the table, an item after the last bag, a token under the mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.ragged import Ragged
from saegim.models.features import SparseRows

Array = npt.NDArray[Any]
Leaf = Any  # a NumPy array; inside of a traced program the tensor that stands for it


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


def ladder(size: int, least: int = 8) -> int:
    """`size` rounded up to a rung: a power of two, or one and a quarter, a half or three quarters of one."""
    if size <= least:
        return least
    below = 1 << ((size - 1).bit_length() - 1)
    step = max(1, below // 4)
    return below + -(-(size - below) // step) * step


@dataclass(frozen=True, eq=False)
class EncodedTexts:
    """Texts ready to be batched: `ngrams`, the width of their table, and `tokens` where a model reads in order."""

    ngrams: SparseRows
    columns: int
    tokens: Ragged | None

    def __len__(self) -> int:
        return len(self.ngrams)

    @property
    def lengths(self) -> Array:
        """(n,) how long each text is: in tokens, or in n-grams where there are none."""
        lengths: Array = np.diff(self.ngrams.offsets) if self.tokens is None else self.tokens.lengths
        return lengths

    def batch(self, rows: Array) -> TextBatch:
        """These texts as one batch."""
        return TextBatch(self._ngrams(rows), None if self.tokens is None else self._tokens(rows))

    def batches(self, groups: Iterator[Array]) -> Iterator[tuple[Array, TextBatch]]:
        """Each group of row numbers with its batch."""
        return ((rows, self.batch(rows)) for rows in groups)

    def _ngrams(self, rows: Array) -> NgramBatch:
        chosen = self.ngrams.take(rows)
        used, items = self._distinct(chosen.columns)
        table_rows = np.full(ladder(len(used), 64), self.columns, np.int32)
        table_rows[: len(used)] = used
        size = ladder(len(items), 64)
        return NgramBatch(
            rows=table_rows,
            items=_padded(items, size),
            weights=_padded(chosen.values, size),
            offsets=chosen.offsets.astype(np.int32),
        )

    def _distinct(self, columns: Array) -> tuple[Array, Array]:
        """The distinct columns, ascending, and for each given column its position among them; without a sort."""
        marks = np.zeros(self.columns, bool)
        marks[columns] = True
        used = np.flatnonzero(marks)
        position = np.empty(self.columns, np.int32)
        position[used] = np.arange(len(used), dtype=np.int32)
        return used, position[columns]

    def _tokens(self, rows: Array) -> TokenBatch:
        assert self.tokens is not None, "only texts with tokens are batched by tokens"
        values, mask = self.tokens.take(rows).padded()
        width = ladder(values.shape[1])
        wider = ((0, 0), (0, width - values.shape[1]))
        mask = np.pad(mask, wider)
        return TokenBatch(np.pad(values, wider).astype(np.int32), mask, mask.astype(np.float32))


def _padded(values: Array, size: int) -> Array:
    result = np.zeros(size, values.dtype)
    result[: len(values)] = values
    return result
