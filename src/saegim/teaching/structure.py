"""Which voters depend on each other: pairs that vote together far more, or less, often than the model expects.

A pair is added where the likelihood would rise most: with O the share of texts in which both vote, and E what the
model expects, the gain of a factor for the pair is about n (O - E)^2 / 2 E (a score test). Only pairs that are both
beyond chance and far apart (by half or more) count: with many texts every small flaw of a model is beyond chance, and
a model with a factor for everything would need no class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.teaching.layout import Layout, Pair

__all__ = ["next_pairs"]

Array = npt.NDArray[Any]

_FAR = np.log(1.5)
_AT_ONCE = 0.25  # of the voters: so many pairs are added before the model is fitted again


def next_pairs(observed: Array, expected: Array, texts: int, layout: Layout) -> list[Pair]:
    """The pairs to add: observed and expected (m, m) above the diagonal, shares of the texts."""
    gain = texts * (observed - expected) ** 2 / (2 * np.maximum(expected, 1e-12))
    apart = np.abs(np.log((observed * texts + 1) / (expected * texts + 1)))
    enough = np.log(max(texts, 2)) + np.log(max(gain.size, 2))  # as BIC asks, and for having looked at many pairs
    wanted = np.triu((gain > enough) & (apart > _FAR), 1)
    chosen: list[Pair] = []
    for place in np.argsort(-np.where(wanted, gain, -1), axis=None, kind="stable")[: int(wanted.sum())]:
        pair = (int(place) // len(gain), int(place) % len(gain))
        if pair not in layout.pairs and layout.fits([*layout.pairs, *chosen, pair]):
            chosen.append(pair)
        if len(chosen) >= max(1, round(_AT_ONCE * len(gain))):
            break
    return chosen
