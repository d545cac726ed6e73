"""Ways in which the same numbers may lie in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def plain(array: Array) -> Array:
    return array.copy()


def read_only(array: Array) -> Array:
    array = array.copy()
    array.flags.writeable = False
    return array


def backwards(array: Array) -> Array:
    """The same values; memory runs from the last to the first."""
    turned = (*(slice(None, None, -1),) * array.ndim, ...)
    return array[turned].copy()[turned]


def columns(array: Array) -> Array:
    return array.copy(order="F")


def skipping(array: Array) -> Array:
    """Every second element of a larger array, along every axis."""
    larger = np.full([2 * size for size in array.shape], 7, array.dtype)
    view = larger[(*(slice(None, None, 2),) * array.ndim, ...)]
    view[...] = array
    return view


def unaligned(array: Array) -> Array:
    raw = np.zeros(array.nbytes + 1, np.uint8)  # begins at an address that is a multiple of 16
    view = raw[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


WAYS: list[Callable[[Array], Array]] = [plain, backwards, columns, skipping, unaligned, read_only]
"""Each gives an array of its own with the same values."""
