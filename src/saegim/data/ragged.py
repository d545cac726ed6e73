"""Rows of different lengths in one array: the values one after the other, and where each row begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from saegim.errors import SettingError, ShapeError


@dataclass(frozen=True, eq=False)
class Ragged:
    """B rows of N values in all.

    values: (N,) of any dtype; offsets: (B + 1,) int64, row b is values[offsets[b]:offsets[b + 1]]
    """

    values: np.ndarray
    offsets: np.ndarray

    def __post_init__(self) -> None:
        offsets = self.offsets
        if offsets.ndim != 1 or len(offsets) == 0 or offsets.dtype != np.int64:
            raise ShapeError(f"Ragged: offsets must be (B + 1,) int64, not {offsets.shape} {offsets.dtype}")
        if self.values.ndim != 1 or offsets[0] != 0 or offsets[-1] != len(self.values) or (np.diff(offsets) < 0).any():
            raise ShapeError(
                f"Ragged: offsets must rise from 0 to the number of values, here {self.values.shape};"
                f" they run from {offsets[0]} to {offsets[-1]}"
            )

    @staticmethod
    def from_rows(rows: Sequence[Any], dtype: Any = None) -> Ragged:
        """One row for each sequence in `rows`."""
        lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
        values = np.concatenate([np.asarray(row, dtype) for row in rows]) if len(rows) else np.empty(0, dtype)
        return Ragged(values if dtype is None else values.astype(dtype, copy=False), offsets_of(lengths))

    @staticmethod
    def concatenate(parts: Sequence[Ragged]) -> Ragged:
        """The rows of all parts, one part after the other; at least one part."""
        lengths = np.concatenate([part.lengths for part in parts])
        return Ragged(np.concatenate([part.values for part in parts]), offsets_of(lengths))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        """The values of one row, as a view; negative rows count from the end."""
        if not -len(self) <= row < len(self):
            raise IndexError(f"Ragged: row {row} of {len(self)}")
        row %= len(self)
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """(B,) int64: the number of values in each row."""
        return np.diff(self.offsets)

    def take(self, rows: np.ndarray | Sequence[int]) -> Ragged:
        """These rows (from 0), in this order, copied."""
        chosen = np.asarray(rows, np.int64)
        offsets = offsets_of(self.lengths[chosen])
        moves = np.repeat(self.offsets[chosen] - offsets[:-1], np.diff(offsets))
        return Ragged(self.values[moves + np.arange(offsets[-1])], offsets)

    def truncate(self, length: int) -> tuple[Ragged, int]:
        """Every row cut to its first `length` values, and how many rows lost some."""
        if length < 1:
            raise SettingError(f"rows cannot be cut to {length} values; give 1 or more")
        lengths = self.lengths
        cut = int((lengths > length).sum())
        if cut == 0:
            return self, 0
        place = np.arange(len(self.values)) - np.repeat(self.offsets[:-1], lengths)
        return Ragged(self.values[place < length], offsets_of(np.minimum(lengths, length))), cut

    def padded(self, fill: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """(B, T) values with `fill` behind each row, T the longest; and (B, T) bool, true for values."""
        lengths = self.lengths
        mask = np.arange(int(lengths.max(initial=0))) < lengths[:, None]
        table = np.full(mask.shape, fill, self.values.dtype)
        table[mask] = self.values
        return table, mask


def offsets_of(lengths: np.ndarray) -> np.ndarray:
    """(B,) lengths -> (B + 1,) int64 offsets."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
