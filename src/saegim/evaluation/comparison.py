"""What a side-by-side comparison found: one row per contender, differences between them, and a printed form.

Building it from predictions (`assemble`) is apart from running contenders (`compare`), so that a comparison
can be made from predictions that were stored, or in a test.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from saegim.errors import SettingError
from saegim.evaluation.bootstrap import Intervals, Resampled, resample
from saegim.evaluation.metrics import Scores, score
from saegim.evaluation.tables import Language, PlainTable, comparison_table

__all__ = ["Comparison", "Kind", "Measurement", "Result", "assemble"]

Kind = Literal["majority", "rules", "classical", "learned", "together"]


@dataclass(frozen=True)
class Measurement:
    """What running one contender gave: predictions for the N test rows, or the sentence why there are none.

    seconds; bytes; predictions per second of wall time, all test texts in one call.
    """

    name: str
    kind: Kind
    predictions: tuple[str | None, ...] | None = None
    error: str | None = None
    build_seconds: float | None = None
    predictions_per_second: float | None = None
    size_bytes: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """One contender's row: what it cost, and its scores with intervals (None if it failed)."""

    measurement: Measurement
    scores: Scores | None
    intervals: Intervals | None

    @property
    def name(self) -> str:
        """The contender's name."""
        return self.measurement.name

    @property
    def kind(self) -> Kind:
        """The contender's kind."""
        return self.measurement.kind

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes; without the predictions."""
        plain = vars(self.measurement).copy()
        del plain["predictions"]
        plain["notes"] = list(self.measurement.notes)
        if self.scores is None or self.intervals is None:
            return plain
        scores = self.scores.to_dict()
        intervals = self.intervals.to_dict()
        return plain | scores | {f"{name}_interval": [i["low"], i["high"]] for name, i in intervals.items()}


@dataclass(frozen=True)
class Comparison:
    """Contenders measured on the same N test rows.

    `true` holds the N true labels. `results` has all contenders as given, failed ones too.
    """

    results: tuple[Result, ...]
    true: tuple[str, ...]
    train_rows: int
    level: float
    seed: int
    resamples: int
    _resampled: Resampled

    def result(self, name: str) -> Result:
        """The row of the contender of that name. Raises SettingError for another name."""
        for one in self.results:
            if one.name == name:
                return one
        raise SettingError(f"no contender is called {name!r}; choose among {[r.name for r in self.results]}")

    def finished(self) -> list[Result]:
        """The rows of contenders that did not fail."""
        return [one for one in self.results if one.scores is not None]

    def differences(self, first: str, second: str) -> Intervals:
        """How much higher accuracy and macro F1 of `first` are than those of `second`, paired, with
        intervals.

        Raises SettingError if one of them is unknown or failed.
        """
        names = [one.name for one in self.finished()]
        for name in (first, second):
            if name not in names:
                raise SettingError(f"{name!r} has no scores to compare; choose among {names}")
        return self._resampled.differences(names.index(first), names.index(second))

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes, with the difference of every pair."""
        names = [one.name for one in self.finished()]
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        return {
            "train_rows": self.train_rows,
            "test_rows": len(self.true),
            "level": self.level,
            "resamples": self.resamples,
            "seed": self.seed,
            "contenders": [one.to_dict() for one in self.results],
            "differences": [{"first": a, "second": b, **self.differences(a, b).to_dict()} for a, b in pairs],
        }

    def table(self, language: Language = "en") -> PlainTable:
        """One row per contender as text, for printing; failed contenders carry their reason."""
        return comparison_table([one.to_dict() for one in self.results], self.level, language)


def assemble(
    measurements: Sequence[Measurement],
    true: Sequence[str],
    *,
    train_rows: int,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Score measurements against the N true labels.

    Raises SettingError for no contender, a name used twice or none that has predictions; otherwise as
    `bootstrap.resample`.
    """
    names = [one.name for one in measurements]
    if not names:
        raise SettingError("0 contenders were given, but a comparison needs at least 1; pass some")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingError(f"two contenders are called {twice[0]!r}, but names must differ; rename one")
    given = [one.predictions for one in measurements if one.predictions is not None]
    if not given:
        reasons = "; ".join(f"{one.name}: {one.error}" for one in measurements)
        raise SettingError(f"every contender failed, so there is nothing to compare ({reasons})")
    resampled = resample(true, given, resamples=resamples, level=level, seed=seed)
    place = iter(range(len(given)))
    results = tuple(
        Result(one, None, None)
        if one.predictions is None
        else Result(one, score(true, one.predictions), resampled.intervals(next(place)))
        for one in measurements
    )
    return Comparison(results, tuple(true), train_rows, level, seed, resamples, resampled)
