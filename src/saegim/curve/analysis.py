"""From the answers of every contender at every size to the learning curve: scores, fits, crossings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from saegim.__about__ import __version__
from saegim.curve import scores
from saegim.curve.crossing import FURTHEST, LEAST_SIZES, LEVEL, Outcomes
from saegim.curve.luck import Points
from saegim.curve.result import Crossing, Curve, Fit, Gain, Measured, Point, Reason, Skipped
from saegim.curve.scores import Metric, Score
from saegim.evaluation.comparison import Kind
from saegim.evaluation.metrics import class_ids

__all__ = ["Answers", "Setting", "analyse"]

IdArray = npt.NDArray[np.int64]

MORE = 100  # labelled texts, whose worth is told
LEAST_TEXTS, LEAST_OF_CLASS = 50, 20  # test texts, overall and of a class, without which nothing is said
ON_GRID = 60  # sizes at which a fitted curve is told


@dataclass(frozen=True, eq=False)
class Setting:
    """What was measured on: N true labels, the labels that there are, and the sizes of the parts.

    classes: all labels in the data or predicted, sorted. names: contenders and their kinds, in order.
    """

    true: Sequence[str]
    classes: Sequence[str]
    names: Mapping[str, Kind]
    labelled: int
    pool: int
    samples: int
    seed: int

    @property
    def true_ids(self) -> IdArray:
        """The place of every true label in `classes`, (N,)."""
        return class_ids(self.true, self.classes)

    @property
    def support(self) -> IdArray:
        """Test texts of every class, (C,)."""
        return np.bincount(self.true_ids, minlength=len(self.classes))


@dataclass(frozen=True, eq=False)
class Answers:
    """What a contender answered: numbers of classes, int64 (N,), -1 where it abstained.

    size: texts that it learned from, 0 for one that does not learn. sample: number of the sample, from 0.
    """

    name: str
    size: int
    sample: int
    predicted: IdArray
    seconds: float


def analyse(setting: Setting, answers: Sequence[Answers], skipped: Sequence[Skipped] = ()) -> Curve:
    """The learning curve. The same answers give the same curve, bit for bit."""
    return _Analysis(setting, answers, skipped).curve()


class _Analysis:
    def __init__(self, setting: Setting, answers: Sequence[Answers], skipped: Sequence[Skipped]) -> None:
        self.setting = setting
        self.true, self.support = setting.true_ids, setting.support
        self.skipped = tuple(skipped)
        self.answers: dict[str, dict[int, list[Answers]]] = {}
        for one in sorted(answers, key=lambda one: (list(setting.names).index(one.name), one.size, one.sample)):
            self.answers.setdefault(one.name, {}).setdefault(one.size, []).append(one)
        by_rules = [one.predicted for one in answers if setting.names[one.name] == "rules"]
        self.decided = by_rules[0] >= 0 if by_rules else np.zeros(len(self.true), np.bool_)

    def curve(self) -> Curve:
        setting = self.setting
        overall = self._outcomes("accuracy", None, list(self.answers))
        return Curve(
            saegim=__version__,
            labelled=setting.labelled,
            pool=setting.pool,
            test={name: int(n) for name, n in zip(setting.classes, self.support, strict=True) if n},
            seed=setting.seed,
            samples=setting.samples,
            level=LEVEL,
            contenders=tuple(self._measured(name, overall) for name in setting.names),
            crossings=tuple(self._crossings(overall)),
            skipped=self.skipped,
        )

    def _outcomes(self, metric: Metric, number: int | None, names: Sequence[str]) -> Outcomes:
        points = {name: self._points(name, metric, number) for name in names}
        return Outcomes(points, self.setting.pool, float(self._texts(metric, number)), seed=self.setting.seed)

    def _points(self, name: str, metric: Metric, number: int | None) -> Points:
        by_size = self.answers[name]
        of_size = tuple(tuple(self._score(one.predicted, metric, number) for one in some) for some in by_size.values())
        return Points(None if 0 in by_size else np.array(list(by_size), np.float64), of_size)

    def _score(self, predicted: IdArray, metric: Metric, number: int | None) -> Score:
        if metric == "accuracy":
            return scores.accuracy(self.true, predicted)
        if metric == "decided":
            return scores.accuracy_among(self.true, predicted, self.decided)
        if metric == "macro_f1":
            return scores.macro_f1(self.true, predicted, len(self.setting.classes))
        assert number is not None, "F1 is of a class"
        return scores.class_f1(self.true, predicted, number)

    def _texts(self, metric: Metric, number: int | None) -> int:
        """How many test texts count for a score."""
        if number is not None:
            return int(self.support[number])
        return int(np.count_nonzero(self.decided)) if metric == "decided" else len(self.true)

    # --- one contender ---

    def _measured(self, name: str, overall: Outcomes) -> Measured:
        kind, by_size = self.setting.names[name], self.answers.get(name)
        if by_size is None:
            return Measured(name, kind, (), 0.0, None, None, ())
        last = by_size[max(by_size)][-1]
        fits = 0 not in by_size and self._reason(name) is None
        return Measured(
            name=name,
            kind=kind,
            points=tuple(self._point(one) for some in by_size.values() for one in some),
            decided=float(np.mean(last.predicted >= 0)),
            final=overall.final(name),
            fit=self._fit(name, overall) if fits else None,
            gains=tuple(self._gains(name, overall)) if fits else (),
        )

    def _gains(self, name: str, overall: Outcomes) -> Iterator[Gain]:
        """None where twice the labelled texts lie beyond what the curve is trusted for."""
        labelled = self.setting.labelled
        if 2 * labelled <= FURTHEST * max(self.answers[name]):
            for more in (MORE, labelled):
                yield Gain(labelled, more, overall.gain(name, labelled, more))

    def _point(self, one: Answers) -> Point:
        classes = self.setting.classes
        return Point(
            size=one.size,
            sample=one.sample,
            accuracy=scores.accuracy(self.true, one.predicted).value,
            macro_f1=scores.macro_f1(self.true, one.predicted, len(classes)).value,
            class_f1={
                classes[number]: scores.class_f1(self.true, one.predicted, number).value
                for number in np.flatnonzero(self.support).tolist()
            },
            seconds=one.seconds,
        )

    def _fit(self, name: str, overall: Outcomes) -> Fit:
        measured = list(self.answers[name])
        even = np.geomspace(measured[0], FURTHEST * measured[-1], ON_GRID)
        sizes = np.union1d(np.round(even).astype(np.int64), [*measured, self.setting.labelled])
        sizes = sizes[(sizes >= measured[0]) & (sizes <= FURTHEST * measured[-1])]
        curve, band = overall.curve(name), overall.band(name, sizes.astype(np.float64))
        a, b, c, s = (float(each[0]) for each in (curve.a, curve.b, curve.c, curve.s))
        value, low, high = (tuple(each.tolist()) for each in (band.value, band.low, band.high))
        return Fit(a, b, c, s, overall.deviation(name), tuple(sizes.tolist()), value, low, high)

    # --- two contenders ---

    def _crossings(self, overall: Outcomes) -> Iterator[Crossing]:
        kinds = self.setting.names
        networks, rules, classical = (
            [name for name in kinds if kinds[name] == kind] for kind in ("learned", "rules", "classical")
        )
        by_macro_f1 = self._outcomes("macro_f1", None, list(self.answers))
        among_decided = self._outcomes("decided", None, list(self.answers))
        for network in networks:
            for other in rules:
                yield self._crossing(network, other, "decided", None, among_decided)
            for other in (*rules, *classical):
                yield self._crossing(network, other, "accuracy", None, overall)
                yield self._crossing(network, other, "macro_f1", None, by_macro_f1)
        for one in classical:
            for other in rules:
                yield self._crossing(one, other, "accuracy", None, overall)
        for number in np.flatnonzero(self.support).tolist():
            names = [name for name in (*networks, *rules) if name in self.answers]
            by_class = self._outcomes("f1", number, names)
            for network in networks:
                for other in rules:
                    yield self._crossing(network, other, "f1", number, by_class)

    def _crossing(self, first: str, second: str, metric: Metric, number: int | None, outcomes: Outcomes) -> Crossing:
        label = None if number is None else self.setting.classes[number]
        one, other = self.answers.get(first, {}), self.answers.get(second, {})
        shared = [size for size in one if size in other or 0 in other]
        smallest, largest = (min(one), max(one)) if one else (0, 0)
        furthest = FURTHEST * largest if 0 in other else max(shared, default=0)
        reason = self._reason(first, second, metric, number)
        found = None if reason else outcomes.crossing(first, second, furthest=float(furthest))
        return Crossing(
            first=first,
            second=second,
            metric=metric,
            label=label,
            answer="open" if found is None else found.answer,
            reason=reason,
            value=None if found is None else found.value,
            low=None if found is None else found.low,
            high=None if found is None else found.high,
            before=0.0 if found is None else found.before,
            beyond=0.0 if found is None else found.beyond,
            smallest=smallest,
            furthest=furthest,
            gap=outcomes.gap(first, second, max(shared)) if shared else None,
            gap_size=max(shared, default=0),
        )

    def _reason(
        self, name: str, other: str | None = None, metric: Metric = "accuracy", number: int | None = None
    ) -> Reason | None:
        """Why nothing can be said about the curve of a learner, or about where it passes another."""
        names = [name] if other is None else [name, other]
        if any(each not in self.answers for each in names):
            return "failed"
        if self._texts(metric, number) < (LEAST_TEXTS if number is None else LEAST_OF_CLASS):
            return "few test texts"
        learners = [self.answers[each] for each in names if 0 not in self.answers[each]]
        if any(len(by_size) < LEAST_SIZES for by_size in learners):
            return "few sizes"
        if any(all(len(some) == 1 for some in by_size.values()) for by_size in learners):
            return "one sample"
        if other is not None and 0 in self.answers[other]:
            predicted = self.answers[other][0][0].predicted
            if not np.any(predicted >= 0 if number is None else predicted == number):
                return "no prediction"
        return None
