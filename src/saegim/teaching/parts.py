"""Which labelled texts are used for what: no text that a figure is measured on has decided anything before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data import stratified_split

__all__ = ["divide"]

Array = npt.NDArray[Any]


def divide(labels: Sequence[str], parts: int, seed: int) -> list[Array]:
    """The rows of so many parts of about the same size, each class in proportion, ascending.

    The same labels and seed give the same parts. Raises DataError where there are too few labels for that.
    """
    rows = np.arange(len(labels))
    found: list[Array] = []
    for left in range(parts, 1, -1):
        rest, held = stratified_split([labels[int(row)] for row in rows], 1 / left, seed)
        found.append(rows[held])
        rows = rows[rest]
    return [*found, rows]
