"""Which samples of the training rows a curve is measured on: growing sizes, each sample holding the smaller ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["nested_order", "sizes_up_to"]

SMALLEST = 10
FEW_ROWS = 1000  # up to so many rows sizes stand closer, or else there would be too few of them for a curve
STEPS, CLOSER_STEPS = (1, 3), (1, 2, 5)  # of every power of ten
NEARLY_ALL = 0.8  # a sample of more than this share of all rows is left out: all of them say it better


def sizes_up_to(rows: int) -> tuple[int, ...]:
    """The sizes to measure with so many training rows, ascending: 10, 30, 100, 300, ... and all of them.

    Up to 1,000 rows: 10, 20, 50, 100, ... With fewer than 10 rows there is only one size, all of them.
    """
    steps = CLOSER_STEPS if rows <= FEW_ROWS else STEPS
    powers = (SMALLEST * 10**power for power in range(len(str(rows))))
    inner = [step * power for power in powers for step in steps if step * power < NEARLY_ALL * rows]
    return (*inner, rows)


def nested_order(labels: Sequence[str], seed: int | Sequence[int]) -> npt.NDArray[np.int64]:
    """An order of the N rows, int64 (N,), of which every beginning is a stratified sample of its size.

    The rows of a class are shuffled and spread evenly over the order, so that a beginning of n rows holds n times the
    class's share of all rows, give or take one. So samples of growing size are nested. The same labels and seed give
    the same order.
    """
    _, codes = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(codes))
    by_class = shuffled[np.argsort(codes[shuffled], kind="stable")]
    counts = np.bincount(codes)
    place = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
    # The middle of its share of the order; classes of equal size take turns in an order that is drawn.
    position = (place + 0.5) / np.repeat(counts, counts)
    turn = np.repeat(rng.permutation(len(counts)), counts)
    return by_class[np.lexsort((turn, position))]
