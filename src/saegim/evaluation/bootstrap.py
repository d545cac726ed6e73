"""How far the figures could be luck: percentile bootstrap intervals, and paired differences of predictors.

The question is what accuracy and macro F1 would have been on another test part of the same size. Drawing N
rows with replacement is the same as drawing how often every distinct (true, predicted, predicted, ...) cell
occurs, which is one multinomial draw over the cells. So no row is ever touched again, and all predictors
share every resample: differences are paired, luck that hits all of them cancels.

Resampling is not stratified unless asked. Stratified resampling keeps the number of rows of each true
class, which is right if the test part was drawn with fixed counts per class; without it the counts vary as
in a random sample, which assumes less about where the test part came from and gives intervals that are
equal or slightly wider.

A percentile interval is no better than its test part: with all rows right it is [1, 1], and below some 30 rows
it is too narrow. That of macro F1 also inherits a bias: with many classes of some twenty rows each, resampled
values lie below the measured one, and the interval lies too low and misses the true value more often than it
says. In paired differences that bias largely cancels. `sign_test` is exact for any N; the verdict asks both.

Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13. Letters: N rows,
C classes, K predictors, R resamples, M cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.errors import SettingError
from saegim.evaluation.metrics import IdArray, class_ids, class_names
from saegim.late import late

__all__ = ["Interval", "Intervals", "Resampled", "bootstrap", "paired_bootstrap", "resample", "sign_test"]

FloatArray = npt.NDArray[np.float64]
COUNTS_AT_ONCE = 4_000_000  # 32 MB of counts per block of resamples


@dataclass(frozen=True)
class Interval:
    """A measured value and the interval that holds the true one with probability `level`, about."""

    value: float
    low: float
    high: float
    level: float

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside: for a difference, whether chance alone would rarely give it."""
        return self.low > 0 or self.high < 0

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2

    def to_dict(self) -> dict[str, float]:
        """The same as plain values that `json.dumps` takes."""
        return vars(self).copy()


@dataclass(frozen=True)
class Intervals:
    """Accuracy and macro F1, or their differences, each with its interval."""

    accuracy: Interval
    macro_f1: Interval

    def to_dict(self) -> dict[str, dict[str, float]]:
        """The same as plain values that `json.dumps` takes."""
        return {"accuracy": self.accuracy.to_dict(), "macro_f1": self.macro_f1.to_dict()}


@dataclass(frozen=True)
class Resampled:
    """Scores of K predictors: measured, float64 (2, K), and on R resamples, float64 (2, R, K).

    The first axis is accuracy, macro F1.
    """

    measured: FloatArray
    drawn: FloatArray
    level: float

    def intervals(self, predictor: int) -> Intervals:
        """The scores of one predictor with their intervals."""
        return self._summary(self.measured[:, predictor], self.drawn[:, :, predictor])

    def differences(self, first: int, second: int) -> Intervals:
        """How much higher the scores of `first` are than those of `second`, paired."""
        return self._summary(
            self.measured[:, first] - self.measured[:, second],
            self.drawn[:, :, first] - self.drawn[:, :, second],
        )

    def _summary(self, measured: FloatArray, drawn: FloatArray) -> Intervals:
        tail = (1 - self.level) / 2
        low, high = np.quantile(drawn, [tail, 1 - tail], axis=1)
        accuracy, macro_f1 = (Interval(float(measured[i]), float(low[i]), float(high[i]), self.level) for i in (0, 1))
        return Intervals(accuracy, macro_f1)


def bootstrap(
    true: Sequence[str],
    predicted: Sequence[str | None],
    *,
    resamples: int = 1000,
    level: float = 0.95,
    stratified: bool = False,
    seed: int = 0,
) -> Intervals:
    """Accuracy and macro F1 of `predicted` (N) against `true` (N) with percentile intervals.

    None in `predicted` is an abstention, which is a miss. Raises as `resample` does.
    """
    drawn = resample(true, [predicted], resamples=resamples, level=level, stratified=stratified, seed=seed)
    return drawn.intervals(0)


def paired_bootstrap(
    true: Sequence[str],
    first: Sequence[str | None],
    second: Sequence[str | None],
    *,
    resamples: int = 1000,
    level: float = 0.95,
    stratified: bool = False,
    seed: int = 0,
) -> Intervals:
    """How much higher accuracy and macro F1 of `first` (N) are than those of `second` (N), with intervals.

    Both are scored on the same resamples. Raises as `resample` does.
    """
    both = [first, second]
    drawn = resample(true, both, resamples=resamples, level=level, stratified=stratified, seed=seed)
    return drawn.differences(0, 1)


def resample(
    true: Sequence[str],
    predictions: Sequence[Sequence[str | None]],
    *,
    resamples: int = 1000,
    level: float = 0.95,
    stratified: bool = False,
    seed: int = 0,
) -> Resampled:
    """Scores of K `predictions` (each N) against `true` (N) on the same R resamples of the N rows.

    Deterministic for a seed. Raises SettingError for fewer than 1 resample or a level outside (0, 1),
    DataError for no rows or labels that are not text, ShapeError for different lengths.
    """
    if resamples < 1:
        raise SettingError(f"resamples is {resamples}, but at least 1 is needed; 1000 is usual")
    if not 0 < level < 1:
        raise SettingError(f"level is {level}, but it should lie between 0 and 1; 0.95 is usual")
    classes = class_names(true, *predictions)
    cells = _Cells.count(class_ids(true, classes), [class_ids(one, classes) for one in predictions], len(classes))
    rng = np.random.default_rng(seed)
    blocks = [cells.scores(counts) for counts in _draw(cells, resamples, stratified, rng)]
    return Resampled(cells.scores(cells.counts[None])[:, 0], np.concatenate(blocks, axis=1), level)


def sign_test(wins: int, losses: int) -> float:
    """The probability that two equal predictors differ at least this much: exact, two-sided (McNemar's test).

    wins, losses: rows on which only the first, only the second is right. 1.0 if there are none.
    """
    rows = wins + losses
    tail = float(late("scipy.special").bdtr(min(wins, losses), rows, 0.5)) if rows else 1.0
    return min(1.0, 2 * tail)


@dataclass(frozen=True)
class _Cells:
    """The M distinct combinations of a true class and K predictions, sorted by true class, and their counts.

    counts int64 (M,); true int64 (M,); predicted int64 (K, M), -1 for an abstention.
    """

    counts: IdArray
    true: IdArray
    predicted: IdArray
    classes: int

    @classmethod
    def count(cls, true_ids: IdArray, predicted_ids: Sequence[IdArray], classes: int) -> _Cells:
        key, first_row, counts = true_ids, np.arange(len(true_ids)), np.ones(len(true_ids), dtype=np.int64)
        for ids in predicted_ids:  # numbered anew after each, so that the key never overflows
            key = key * (classes + 1) + ids + 1
            _, first_row, key, counts = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
        predicted = np.stack([ids[first_row] for ids in predicted_ids])
        return cls(counts.astype(np.int64), true_ids[first_row], predicted, classes)

    def scores(self, counts: IdArray) -> FloatArray:
        """Accuracy and macro F1 of K predictors: counts int64 (R, M) -> float64 (2, R, K)."""
        rows = counts.sum(axis=1)
        support = self._per_class(counts, self.true, np.ones(len(self.true), dtype=bool))
        scores = [self._scores_of(counts, ids, support, rows) for ids in self.predicted]
        return np.stack(scores, axis=-1)

    def _scores_of(self, counts: IdArray, ids: IdArray, support: IdArray, rows: IdArray) -> FloatArray:
        hits = self._per_class(counts, self.true, ids == self.true)
        total = support + self._per_class(counts, ids, ids >= 0)
        f1 = 2 * hits / np.maximum(total, 1)  # 0 for classes that do not occur, which the mean leaves out
        return np.stack([hits.sum(axis=1) / rows, f1.sum(axis=1) / np.count_nonzero(total, axis=1)])

    def _per_class(self, counts: IdArray, ids: IdArray, chosen: npt.NDArray[np.bool_]) -> IdArray:
        """The counts of the chosen cells added up by the class that `ids` (M,) gives them: (R, C)."""
        cells = np.flatnonzero(chosen)
        shape = (len(ids), self.classes)
        indicator = late("scipy.sparse").csr_array((np.ones(len(cells), np.int64), (cells, ids[cells])), shape)
        added: Any = counts @ indicator
        return np.asarray(added)


def _draw(cells: _Cells, resamples: int, stratified: bool, rng: np.random.Generator) -> Iterator[IdArray]:
    """Blocks of resampled counts, int64 (r, M) each."""
    block = max(1, COUNTS_AT_ONCE // len(cells.counts))
    strata = np.split(cells.counts, np.flatnonzero(np.diff(cells.true)) + 1) if stratified else [cells.counts]
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        drawn = [rng.multinomial(part.sum(), part / part.sum(), size=size) for part in strata]
        yield np.concatenate(drawn, axis=1)
