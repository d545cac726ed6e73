"""Operands for kernels of rows: strided, with guards around what is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

GUARD = 0x5B
"""Every byte around a result before a kernel runs, and after it."""

WIDTHS = (1, 2, 7, 8, 16, 17, 33, 64, 129)
"""Elements of a row, around the sizes of vectors."""


def numbers(rng: np.random.Generator, shape: Sequence[int], dtype: Any) -> Array:
    """Numbers of any dtype; integers over their whole range."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return rng.normal(size=shape).astype(kind)
    if kind.kind == "b":
        return rng.random(shape) < 0.5
    drawn: Array = rng.integers(0, 256, (*shape, kind.itemsize), np.uint8).view(kind)[..., 0]
    return drawn


def spread(array: Array) -> Array:
    """The same values with gaps: every third place along each axis of a larger array."""
    base = np.zeros([3 * size + 1 for size in array.shape], array.dtype)
    view = base[tuple(slice(1, 1 + 3 * size, 3) for size in array.shape)]
    view[...] = array
    return view


class Guarded:
    """A result between guards; `array` lies dense, or with gaps."""

    def __init__(self, shape: Sequence[int], dtype: Any, gaps: bool = False) -> None:
        by = 3 if gaps else 1
        sizes = [by * size for size in shape]
        count = int(np.prod(sizes, dtype=int)) * np.dtype(dtype).itemsize
        self._raw = np.full(count + 128, GUARD, np.uint8)
        base = self._raw[64 : 64 + count].view(dtype).reshape(sizes)
        self.array: Array = base[(..., *(slice(None, None, by) for _ in sizes))]

    def intact(self) -> bool:
        """Whether only the array was written to; its values are lost."""
        self.array.view(f"u{self.array.itemsize}")[...] = np.full(self.array.itemsize, GUARD, np.uint8).view(
            f"u{self.array.itemsize}"
        )
        return bool((self._raw == GUARD).all())
