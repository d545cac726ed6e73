"""One set of examples in two, with the same share of every class in both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saegim.errors import DataError, SettingError


def stratified_split(labels: Sequence[str], share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Hold out `share` of the rows, drawn at random within each class.

    Returns the sorted rows (int64) that stay and those held out. Of round(share * n) held-out rows each class
    gives its share, rounded by largest remainder; every class keeps at least one row, and at least one row is
    held out. The same labels, share and seed give the same rows.
    Raises SettingError for a share outside (0, 1), DataError if no class has two examples.
    """
    if not 0 < share < 1:
        raise SettingError(f"a share of {share} cannot be held out; give a number between 0 and 1")
    _, codes = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
    counts = np.bincount(codes)
    if len(counts) == 0 or counts.max() < 2:
        raise DataError(f"{len(codes)} examples cannot be split: no class has 2; add examples or give a second file")
    quotas = _quotas(counts, share)
    rng = np.random.default_rng(seed)
    # One random order of all rows, brought into classes by a stable sort: each class is then shuffled.
    order = rng.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    place = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)
    held = place < np.repeat(quotas, counts)
    return np.sort(order[~held]), np.sort(order[held])


def _quotas(counts: np.ndarray, share: float) -> np.ndarray:
    """How many rows each class gives: (C,) counts -> (C,) int64."""
    exact = counts * share
    quotas: np.ndarray = np.minimum(np.floor(exact), counts - 1).astype(np.int64)
    total = max(1, round(float(counts.sum()) * share))
    for index in np.argsort(quotas - exact, kind="stable"):
        if quotas.sum() >= total:
            break
        quotas[index] += quotas[index] < counts[index] - 1
    return quotas
