"""Which voters depend on each other: pairs that vote together far more, or less, often than the model expects.

Near copies come first, before anything is fitted. Two voters that are independent given the class vote together most
often if both are always right: in sum over labels of m_1 m_2 / balance of the texts, where m is how often each gives
the label. Voters that do so clearly more often depend on each other, whatever the class is.

Afterwards a pair is added where the likelihood would rise most: with O the share of texts in which both vote, and E
what the fitted model expects, the gain of a factor for the pair is about n (O - E)^2 / 2 E (a score test). Only pairs
that are both beyond chance and far apart (by half or more) count: with many texts every small flaw of a model is
beyond chance, and a model with a factor for everything would need no class.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.teaching.layout import Layout, Pair

__all__ = ["near_copies", "next_pairs"]

Array = npt.NDArray[Any]

_FAR = np.log(1.5)
_AT_ONCE = 0.25  # of the voters: so many pairs are added before the model is fitted again,
_LEAST_GAIN = 0.2  # those that gain at least this part of what the best one does: it may explain the others, too


def near_copies(observed: Array, most: Array, rarer: Array, texts: int, layout: Layout) -> list[Pair]:
    """Voters that do the same on half of the texts or more of the rarer one, and more often than faultless ones would.

    observed, most, rarer: (m, m) above the diagonal, shares of the texts: in which both vote, in which two faultless
    voters would, in which the one that votes less often does.
    """
    alike = (observed >= 0.5 * rarer) & (rarer > 0)
    return _chosen(_gain(observed, most, texts), alike & _beyond(observed, most, texts) & (observed > most), layout)


def next_pairs(observed: Array, expected: Array, texts: int, layout: Layout) -> list[Pair]:
    """The pairs to add: observed and expected (m, m) above the diagonal, shares of the texts."""
    gain, most = _gain(observed, expected, texts), max(1, round(_AT_ONCE * len(observed)))
    return _chosen(gain, _beyond(observed, expected, texts), layout, most, _LEAST_GAIN)


def _gain(observed: Array, expected: Array, texts: int) -> Array:
    """How much the log likelihood would rise, about."""
    gain: Array = texts * (observed - expected) ** 2 / (2 * np.maximum(expected, 1e-12))
    return gain


def _beyond(observed: Array, expected: Array, texts: int) -> Array:
    """Whether shares of the texts are apart beyond chance, as BIC asks (and for looking at many pairs), and far."""
    enough = np.log(max(texts, 2)) + np.log(max(observed.size, 2))
    apart = np.abs(np.log((observed * texts + 1) / (expected * texts + 1)))
    beyond: Array = (_gain(observed, expected, texts) > enough) & (apart > _FAR)
    return beyond


def _chosen(gain: Array, wanted: Array, layout: Layout, most: int | None = None, least: float = 0.0) -> list[Pair]:
    """The wanted pairs of highest gain that can be listed: at most so many, of at least that part of the highest."""
    chosen: list[Pair] = []
    wanted = np.triu(wanted, 1)
    for place in np.argsort(-np.where(wanted, gain, -1), axis=None, kind="stable")[: int(wanted.sum())]:
        pair = (int(place) // len(gain), int(place) % len(gain))
        if len(chosen) == most or (chosen and gain[pair] < least * gain[chosen[0]]):
            break
        if pair not in layout.pairs and layout.fits([*layout.pairs, *chosen, pair]):
            chosen.append(pair)
    return chosen
