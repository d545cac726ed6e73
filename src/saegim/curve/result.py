"""What a learning curve found: everything that a chart and the verdict need, as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from saegim.curve.crossing import Answer
from saegim.curve.plain import from_plain
from saegim.curve.scores import Metric
from saegim.errors import DataError, SettingError
from saegim.evaluation.bootstrap import Interval
from saegim.evaluation.comparison import Kind

__all__ = ["Crossing", "Curve", "Fit", "Gain", "Measured", "Point", "Reason", "Skipped"]

Reason = Literal["few test texts", "few sizes", "one sample", "no prediction", "failed"]


@dataclass(frozen=True)
class Point:
    """One measurement: a contender that learned from `size` texts, sample number `sample` (from 0), on the test part.

    class_f1: F1 by class, for classes that occur in the test part. seconds: to build it, and to predict.
    """

    size: int
    sample: int
    accuracy: float
    macro_f1: float
    class_f1: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Fit:
    """The fitted curve of accuracy, 1 - (a + b (n + s)^-c), and what it says at `sizes`, with its interval.

    deviation: by how much the learner wanders from the formula, as a share of its error. `value` includes how it does,
    so that the line passes the points. Sizes above the largest one measured are extrapolated.
    """

    a: float
    b: float
    c: float
    s: float
    deviation: float
    sizes: tuple[int, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Gain:
    """By how much accuracy would rise with `more` labelled texts than `size`."""

    size: int
    more: int
    change: Interval


@dataclass(frozen=True)
class Measured:
    """One that was measured. Those that do not learn have one point, of size 0.

    decided: the share of test texts that it decides at all, in its last point. final: accuracy at its largest size,
    with its interval; None if it has no point. fit: None where the data do not allow it. gains: of 100 labelled texts
    more, and of twice as many; none where a fit does not reach so far.
    """

    name: str
    kind: Kind
    points: tuple[Point, ...]
    decided: float
    final: Interval | None
    fit: Fit | None
    gains: tuple[Gain, ...]

    @property
    def sizes(self) -> list[int]:
        """The sizes measured, ascending."""
        return sorted({point.size for point in self.points})

    def at(self, size: int) -> list[Point]:
        """The points of one size, in order of their samples."""
        return sorted((point for point in self.points if point.size == size), key=lambda point: point.sample)


@dataclass(frozen=True)
class Crossing:
    """From how many labelled texts on `first` beats `second`.

    metric: "accuracy" (an undecided text counts as wrong), "decided" (accuracy among the texts that the rules decide),
    "macro_f1", or "f1" of the class `label`.
    answer: "within" the range smallest..furthest, where value is the number; already at its "start"; "beyond" its end,
    or never; "open": the interval reaches over both ends, or `reason` says why nothing can be said. low, high: the
    interval; None: outside of the range on that side. before, beyond: the probabilities of that. gap: how much higher
    the score of `first` is at the largest size that both were measured at, `gap_size`.
    """

    first: str
    second: str
    metric: Metric
    label: str | None
    answer: Answer
    reason: Reason | None
    value: float | None
    low: float | None
    high: float | None
    before: float
    beyond: float
    smallest: int
    furthest: int
    gap: Interval | None
    gap_size: int


@dataclass(frozen=True)
class Skipped:
    """Points of a contender that were not measured; why: "time" was not left, or a sentence about a failure."""

    name: str
    size: int
    samples: int
    why: str


@dataclass(frozen=True)
class Curve:
    """A learning curve.

    labelled: labelled texts that there are, those for measuring included. pool: those that samples were drawn from.
    test: test texts by class. level: of all intervals. samples: of each size, asked for. crossings: the first
    contender is always a network.
    """

    saegim: str
    labelled: int
    pool: int
    test: dict[str, int]
    seed: int
    samples: int
    level: float
    contenders: tuple[Measured, ...]
    crossings: tuple[Crossing, ...]
    skipped: tuple[Skipped, ...]

    @property
    def test_rows(self) -> int:
        """How many texts it was measured on."""
        return sum(self.test.values())

    @property
    def networks(self) -> list[Measured]:
        """The contenders that are networks, the most accurate (at the largest size that all have) first."""
        found = [one for one in self.contenders if one.kind == "learned"]
        shared = set.intersection(*(set(one.sizes) for one in found)) if found else set()
        if not shared:
            return found
        size = max(shared)
        return sorted(found, key=lambda one: -_mean([point.accuracy for point in one.at(size)]))

    def contender(self, name: str) -> Measured:
        """The contender of that name. Raises SettingError for another name."""
        for one in self.contenders:
            if one.name == name:
                return one
        raise SettingError(f"no contender is called {name!r}; choose among {[one.name for one in self.contenders]}")

    def of_kind(self, kind: Kind) -> Measured | None:
        """The first contender of that kind."""
        return next((one for one in self.contenders if one.kind == kind), None)

    def crossing(
        self, first: str, second: str, metric: Metric = "accuracy", label: str | None = None
    ) -> Crossing | None:
        """The crossing of two contenders, if it was looked for."""
        for one in self.crossings:
            if (one.first, one.second, one.metric, one.label) == (first, second, metric, label):
                return one
        return None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Any) -> Curve:
        """What `to_dict` gave, also after JSON. Raises DataError for anything else."""
        curve = from_plain(cls, plain)
        for wrong in _contradictions(curve):
            raise DataError(f"{wrong}; measure the curve again")
        return curve


def _contradictions(curve: Curve) -> Iterator[str]:
    """What types alone do not tell."""
    names = [one.name for one in curve.contenders]
    if len(set(names)) < len(names):
        yield "contenders: two have the same name, but names must differ"
    if not 0 < curve.level < 1:
        yield f"level: expected a number between 0 and 1, got {curve.level}"
    if min([curve.labelled, curve.pool, curve.samples, *curve.test.values()]) < 0:
        yield "labelled, pool, samples, test: expected no negative numbers"
    for one in curve.contenders:
        yield from _contradictions_of(one)
    for each in curve.crossings:
        if not {each.first, each.second} <= set(names):
            yield f"crossings: of contenders that there are expected, got {each.first!r} and {each.second!r}"
        if each.answer == "within" and each.value is None:
            yield "crossings: a crossing within the range needs a value"


def _contradictions_of(one: Measured) -> Iterator[str]:
    for point in one.points:
        scores = (point.accuracy, point.macro_f1, *point.class_f1.values())
        if not all(0 <= score <= 1 for score in scores) or min(point.size, point.sample, point.seconds) < 0:
            yield f"contenders: {one.name!r}: scores from 0 to 1 and no negative numbers expected"
    fit = one.fit
    if fit is not None:
        lengths = {len(each) for each in (fit.sizes, fit.value, fit.low, fit.high)}
        if len(lengths) > 1 or list(fit.sizes) != sorted(set(fit.sizes)) or (fit.sizes and fit.sizes[0] < 1):
            yield f"contenders: {one.name!r}: rising sizes with as many values expected in its fit"
        if not all(0 <= value <= 1 for each in (fit.value, fit.low, fit.high) for value in each):
            yield f"contenders: {one.name!r}: values from 0 to 1 expected in its fit"


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
