"""How well a share is known from few rows: intervals and lower bounds for "k of n are right".

Wilson's score interval (1927) is about right on average, also for few rows and shares near 0 and 1. Clopper and
Pearson's (1934) is exact: its bound is too high in at most 1 - level of all cases, whatever the true share.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.evaluation.bootstrap import Interval
from saegim.late import late

__all__ = ["exact_low", "share_interval", "wilson_low"]


def share_interval(hits: int, rows: int, level: float = 0.95) -> Interval:
    """Wilson's interval for a share of which `hits` of `rows` were seen; [0, 1] for no rows."""
    low, high = _wilson(hits, rows, (1 + level) / 2)
    return Interval(hits / rows if rows else 0.0, float(low), float(high), level)


def wilson_low(hits: Any, rows: Any, level: float) -> npt.NDArray[np.float64]:
    """The bound that a share lies above with probability `level`, about: hits (n,), rows (n,) -> (n,)."""
    return _wilson(hits, rows, level)[0]


def exact_low(hits: Any, rows: Any, level: float) -> npt.NDArray[np.float64]:
    """The bound that a share lies above with probability `level` at least: hits (n,), rows (n,) -> (n,)."""
    hits, rows = np.asarray(hits, np.float64), np.asarray(rows, np.float64)
    bounds = late("scipy.special").betaincinv(np.maximum(hits, 1), rows - hits + 1, 1 - level)
    return np.where(hits > 0, bounds, 0.0)


def _wilson(hits: Any, rows: Any, quantile: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    hits, rows = np.asarray(hits, np.float64), np.asarray(rows, np.float64)
    z = NormalDist().inv_cdf(quantile)
    some = np.maximum(rows, 1)
    share = hits / some
    middle = (share + z * z / (2 * some)) / (1 + z * z / some)
    half = z / (1 + z * z / some) * np.sqrt(share * (1 - share) / some + (z / (2 * some)) ** 2)
    low, high = np.maximum(middle - half, 0), np.minimum(middle + half, 1)
    return np.where(rows > 0, low, 0.0), np.where(rows > 0, high, 1.0)
