"""From which number of labelled examples on does one contender beat another, and how sure is that?

Measured scores are one outcome of luck. `Outcomes` draws others that the same truth could have given: normal, with the
covariance of `curve.luck`, so test rows and training samples are drawn anew together, and all contenders on the same
test rows. To each draw curves are fitted anew. The crossing of each draw is read off; the interval holds the middle 90%
of them. A crossing below the smallest size measured, or beyond ten times the largest, is only known to lie there.

A crossing is the size from which on the first contender stays ahead up to the end of the range.

Letters: K sizes, D draws, G places on a grid of sizes; index 0 of a draw is what was measured, without luck added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from saegim.curve.fit import Curves, Family
from saegim.curve.luck import Points, covariance
from saegim.evaluation.bootstrap import Interval

__all__ = ["FURTHEST", "LEAST_SIZES", "LEVEL", "Answer", "Band", "Found", "Outcomes", "crossings"]

FloatArray = npt.NDArray[np.float64]
Answer = Literal["within", "start", "beyond", "open"]

LEVEL = 0.9
DRAWS = 2000
LEAST_SIZES = 4  # for a curve; fewer say too little about its shape
FURTHEST = 10  # times the largest size: further the curve is not trusted
GRID = 160
KNOTS = 60  # between which deviations are interpolated


@dataclass(frozen=True)
class Found:
    """A crossing: its value and interval in examples; None where it lies outside of smallest..furthest.

    answer: "within" the range; already at its "start"; "beyond" its end, or never; "open" if the interval reaches over
    both ends, so that nothing is known. before, beyond: the shares of draws on either side of the range.
    """

    answer: Answer
    value: float | None
    low: float | None
    high: float | None
    before: float
    beyond: float
    smallest: float
    furthest: float


@dataclass(frozen=True)
class Band:
    """A fitted score at G sizes with its interval, float64 (G,) each."""

    value: FloatArray
    low: FloatArray
    high: FloatArray


class Outcomes:
    """What was measured of several contenders, and D - 1 other outcomes that luck could have given.

    contenders: name -> points, all of one metric; those measured at less than 4 sizes get no curve. pool: rows that
    samples were drawn from. weight: as in `luck.covariance`. The same arguments give the same bits.
    """

    def __init__(
        self, contenders: Mapping[str, Points], pool: int, weight: float, *, draws: int = DRAWS, seed: int = 0
    ) -> None:
        self._points = contenders
        self._rng = np.random.default_rng(seed)
        means = np.concatenate([one.means for one in contenders.values()])
        whole = covariance(list(contenders.values()), pool, weight)
        luck = self._rng.standard_normal((draws, len(means)))
        luck[0] = 0
        drawn = means + luck @ np.linalg.cholesky(whole).T
        self._scores: dict[str, FloatArray] = {}
        self._learners: dict[str, _Learner] = {}
        start = 0
        for name, one in contenders.items():
            place = slice(start, start + len(one.scores))
            self._scores[name] = drawn[:, place]
            if one.sizes is not None and len(one.sizes) >= LEAST_SIZES:
                family = Family(one.sizes, 1 - means[place], whole[place, place])
                self._learners[name] = _Learner(family, 1 - drawn[:, place], self._rng)
            start = place.stop

    def curve(self, name: str) -> Curves:
        """The learner's curve without luck: one curve."""
        return self._learners[name].curves.take(0)

    def deviation(self, name: str) -> float:
        """By how much a learner wanders from its curve: a standard deviation, as a share of its error."""
        return self._learners[name].family.deviation

    def scores(self, name: str, sizes: FloatArray) -> FloatArray:
        """The score at G sizes in every draw, (D, G); (D, 1) for a contender that does not learn."""
        if self._points[name].sizes is None:
            return self._scores[name]
        return 1 - self._learners[name].errors(sizes)

    def final(self, name: str) -> Interval:
        """The score at the largest size that the contender was measured at."""
        return _summary(self._scores[name][:, -1])

    def band(self, name: str, sizes: FloatArray) -> Band:
        """The score at G sizes, with its interval."""
        scores = self.scores(name, sizes)
        low, high = _ends(scores)
        return Band(scores[0], low, high)

    def gain(self, name: str, size: float, more: float) -> Interval:
        """What `more` examples would bring a learner that has `size`."""
        scores = self.scores(name, np.array([size, size + more]))
        return _summary(scores[:, 1] - scores[:, 0])

    def gap(self, first: str, second: str, size: float) -> Interval:
        """How much higher the first scores than the second at a size that both were measured at."""
        return _summary(self._measured(first, size) - self._measured(second, size))

    def crossing(self, first: str, second: str, *, furthest: float | None = None) -> Found:
        """From which size on the learner `first` beats `second`; looked for up to `furthest`."""
        sizes = self._points[first].sizes
        assert sizes is not None, "only what learns can pass another"
        grid = np.geomspace(sizes[0], FURTHEST * sizes[-1] if furthest is None else furthest, GRID)
        return _found(self.scores(first, grid) - self.scores(second, grid), grid)

    def _measured(self, name: str, size: float) -> FloatArray:
        sizes = self._points[name].sizes
        at = 0 if sizes is None else int(np.flatnonzero(sizes == size)[0])
        return self._scores[name][:, at]


class _Learner:
    """The errors of one learner at any size, in every draw: its curves, and how it wanders from them.

    A draw of the deviation is taken off the measured errors before the curve is fitted, and what the curve leaves of
    them is interpolated; with the draw added again, that is one outcome of the deviation given the errors (Matheron's
    rule).
    """

    def __init__(self, family: Family, errors: FloatArray, rng: np.random.Generator) -> None:
        self.family = family
        sizes = family.sizes
        if family.deviation == 0:
            self.curves = family.fit(errors)
            return
        even = np.geomspace(sizes[0], FURTHEST * sizes[-1], KNOTS)
        apart = np.abs(np.log(even[:, None] / sizes)).min(axis=1) > 1e-6  # no two knots are one but for rounding
        self._knots = np.sort(np.concatenate([sizes, even[apart]]))
        together = np.linalg.cholesky(family.wandering(self._knots, self._knots) + 1e-12 * np.eye(len(self._knots)))
        wanders = rng.standard_normal((len(errors), len(self._knots))) @ together.T
        wanders[0] = 0
        errors = errors - wanders[:, np.searchsorted(self._knots, sizes)]
        self.curves = family.fit(errors)
        left = errors - self.curves.errors(sizes)
        pull = np.linalg.solve(family.covariance, family.wandering(sizes, self._knots))
        self._wanders = wanders + left @ pull

    def errors(self, sizes: FloatArray) -> FloatArray:
        errors = self.curves.errors(sizes)
        if self.family.deviation > 0:
            errors = errors + self._wanders @ _between(self._knots, sizes)
        return np.clip(errors, 0.0, 1.0)


def _between(knots: FloatArray, sizes: FloatArray) -> FloatArray:
    """Weights (knots, G) that interpolate over the logarithm of the size."""
    where, logarithm = np.log(np.clip(sizes, knots[0], knots[-1])), np.log(knots)
    after = np.clip(np.searchsorted(logarithm, where), 1, len(knots) - 1)
    share = (where - logarithm[after - 1]) / (logarithm[after] - logarithm[after - 1])
    weights = np.zeros((len(knots), len(sizes)))
    place = np.arange(len(sizes))
    weights[after, place], weights[after - 1, place] = share, 1 - share
    return weights


def crossings(lead: FloatArray, grid: FloatArray) -> FloatArray:
    """From which size on each row of leads (D, G) stays above 0: (D,); 0 if throughout, infinity if never.

    Between two places of the grid the lead is taken for a line over the logarithm of the size.
    """
    behind = lead <= 0
    last = np.where(behind.any(axis=1), lead.shape[1] - 1 - behind[:, ::-1].argmax(axis=1), -1)
    inside = (last >= 0) & (last < lead.shape[1] - 1)
    row, place = np.flatnonzero(inside), last[inside]
    before, after = lead[row, place], lead[row, place + 1]
    logarithm = np.log(grid)
    found = np.where(last < 0, 0.0, np.inf)
    found[row] = np.exp(logarithm[place] + (logarithm[place + 1] - logarithm[place]) * before / (before - after))
    return found


def _found(lead: FloatArray, grid: FloatArray) -> Found:
    every = crossings(lead, grid)
    low, high = np.quantile(every, _tails(), method="inverted_cdf")
    value = every[0]
    low, high = min(low, value), max(high, value)
    answer: Answer = "within"
    if low == 0 and np.isinf(high):
        answer = "open"
    elif value == 0:
        answer = "start"
    elif np.isinf(value):
        answer = "beyond"
    return Found(
        answer=answer,
        value=_inside(value),
        low=_inside(low),
        high=_inside(high),
        before=float(np.mean(every == 0)),
        beyond=float(np.mean(np.isinf(every))),
        smallest=float(grid[0]),
        furthest=float(grid[-1]),
    )


def _inside(size: float) -> float | None:
    return float(size) if 0 < size < np.inf else None


def _summary(differences: FloatArray) -> Interval:
    low, high = _ends(differences)
    value = float(differences[0])
    return Interval(value, min(float(low), value), max(float(high), value), LEVEL)


def _ends(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    low, high = np.quantile(draws, _tails(), axis=0)
    return low, high


def _tails() -> list[float]:
    return [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
