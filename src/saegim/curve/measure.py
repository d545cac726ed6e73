"""Measuring a learning curve: every learner on growing samples, within the time there is, and what is kept of it.

The sizes ascend, and of each size come all samples and learners. Within a time budget the point that takes the least
time comes first: times are estimated from the points that are done. What does not fit into the rest of the budget is
left out and said. A learner that may take longer than estimated asks meanwhile whether time is up, and then the point
is dropped: a point is measured as it should be or not at all, so a budget decides which points there are, never what
they say.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from saegim.__about__ import __version__
from saegim.curve.analysis import Answers, Setting, analyse
from saegim.curve.result import Curve, Skipped
from saegim.curve.sampling import nested_order, sizes_up_to
from saegim.curve.store import Store, digest_of
from saegim.errors import DataError, SaegimError, SettingError
from saegim.evaluation.baselines import MajorityClass
from saegim.evaluation.compare import Examples, Predictor
from saegim.evaluation.comparison import Kind
from saegim.evaluation.metrics import class_ids
from saegim.evaluation.tables import human_seconds

__all__ = ["Learner", "OutOfTimeError", "Task", "measure"]

CAREFUL = 1.2  # a point is begun if so many times its estimate is left
GROWTH = 0.5  # how the time of a learner seen at one size only is taken to grow: with the size to this power


class OutOfTimeError(Exception):
    """The budget is spent in the middle of a point, which is therefore dropped."""


@dataclass(frozen=True)
class Learner:
    """Something that learns from texts and labels.

    build(texts, labels, seed, check) gives a predictor; it may call check() now and then, which raises OutOfTimeError
    when the budget is spent. by_seed: whether the same texts give another predictor with another seed.
    """

    name: str
    kind: Kind
    build: Callable[[Sequence[str], Sequence[str], int, Callable[[], None]], Predictor] = field(repr=False)
    by_seed: bool = True


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be measured: a pool to draw samples from, the test part, rules (or none), the number of samples.

    labelled: how many labelled texts there are in all; pool and test together if left out.
    """

    pool: Examples
    test: Examples
    rules: Predictor | None = None
    samples: int = 5
    seed: int = 0
    labelled: int | None = None

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise SettingError(f"samples is {self.samples}, but at least 1 of each size is needed; 5 is usual")
        if not self.pool.labels or not self.test.labels:
            raise DataError("a learning curve needs labelled texts to learn from and to measure on; give both")

    @property
    def labels(self) -> Sequence[str]:
        """The labels of the pool."""
        return self.pool.labels or ()

    @property
    def true(self) -> Sequence[str]:
        """The labels of the test part."""
        return self.test.labels or ()


def measure(
    task: Task,
    learners: Sequence[Learner],
    *,
    folder: Path | None = None,
    resume: bool = False,
    budget: float | None = None,
    say: Callable[[str], None] | None = None,
    clock: Callable[[], float] = time.monotonic,
    began: float | None = None,
) -> Curve:
    """The learning curve of every learner on the task, the rules and the majority class beside them.

    folder: keeps every point in its `curve.json`. resume: goes on with the points there. budget: seconds, which
    began to run at `began` (of `clock`). say: is told every point, and what is left out.

    What goes wrong inside a learner leaves out its point. Raises SettingError for learners of the same name, DataError
    when the folder cannot be written to, ModelFileError for points there that are damaged or of other data or settings.
    """
    twice = sorted({one.name for one in learners if [each.name for each in learners].count(one.name) > 1})
    if twice:
        raise SettingError(f"two learners are called {twice[0]!r}, but names must differ; leave one out")
    run = _Run(task, learners, folder, say or (lambda _sentence: None), clock)
    if resume:
        run.resume()
    if budget is not None:
        run.deadline = (clock() if began is None else began) + budget
    return run.curve()


class _Run:
    def __init__(
        self,
        task: Task,
        learners: Sequence[Learner],
        folder: Path | None,
        say: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self.task, self.learners, self.say, self.clock = task, learners, say, clock
        self.deadline = math.inf
        self.sizes = sizes_up_to(len(task.labels))
        self.taught = set(task.labels)
        self.classes = sorted(self.taught | set(task.true))
        self.constant = [
            self._answered("majority class", "majority", MajorityClass().fit(task.pool.texts, task.labels))
        ]
        if task.rules is not None:
            self.constant.append(self._answered("rules", "rules", task.rules))
        in_data = len(self.classes)
        # What only the rules know comes last: numbers that points are kept by do not depend on the rules.
        self.classes += sorted({label for one in self.constant for label in one.labels if label} - set(self.classes))
        parts = (task.pool.texts, task.labels, task.test.texts, task.true)
        self.store = Store(folder, digest_of(parts, __version__, task.seed), len(task.true), in_data)
        self.left_out: Counter[tuple[str, int, str]] = Counter()
        self.orders: dict[int, npt.NDArray[np.int64]] = {}

    def resume(self) -> None:
        self.store.resume()
        if self.store.answers:
            self.say(f"going on after {len(self.store.answers):,} points that are measured already")

    def curve(self) -> Curve:
        planned = list(self._planned())
        left = [point for point in planned if self.store.find(point[0].name, *point[1:]) is None]
        while left:
            number, point = len(planned) - len(left) + 1, self._cheapest(left)
            left.remove(point)
            self._take(*point, f"{number:,} of {len(planned):,}")
        curve = analyse(self._setting(), [*map(self._numbered, self.constant), *self._wanted(planned)], self._skipped())
        self.store.finish(curve)
        return curve

    def _cheapest(self, left: Sequence[tuple[Learner, int, int]]) -> tuple[Learner, int, int]:
        """The point to take next: the first of the plan, or within a budget the one that takes the least time."""
        if self.deadline == math.inf:
            return left[0]
        return min(left, key=lambda point: self._expected(point[0].name, point[1]))

    def _planned(self) -> Iterator[tuple[Learner, int, int]]:
        """Every point, by size. All of the pool is one sample, which only seeds can vary."""
        for size in self.sizes:
            for sample in range(self.task.samples):
                for learner in self.learners:
                    if sample == 0 or size < self.sizes[-1] or learner.by_seed:
                        yield learner, size, sample

    def _wanted(self, planned: Sequence[tuple[Learner, int, int]]) -> list[Answers]:
        """The points of this plan: a file may hold more, of other learners or more samples."""
        found = (self.store.find(learner.name, size, sample) for learner, size, sample in planned)
        return [one for one in found if one is not None]

    def _take(self, learner: Learner, size: int, sample: int, which: str) -> None:
        """Measures one point, or says why not."""
        name = learner.name
        if self.clock() + CAREFUL * self._expected(name, size) > self.deadline:
            self._leave_out(name, size, "time")
            return
        started = self.clock()
        try:
            predictor = self._built(learner, size, sample)
            predicted = self._checked(predictor.predict(self.task.test.texts))
        except OutOfTimeError:
            self._leave_out(name, size, "time")
            return
        except Exception as error:
            why = str(error) if isinstance(error, SaegimError) else f"{type(error).__name__}: {error}"
            self._leave_out(name, size, why)
            return
        seconds = self.clock() - started
        self.store.add(Answers(name, size, sample, class_ids(predicted, self.classes), seconds))
        right = np.mean([one == other for one, other in zip(predicted, self.task.true, strict=True)])
        self.say(
            f"{which}: {name}, {size:,} texts, sample {sample + 1}: accuracy {right:.3f}, {human_seconds(seconds)}"
        )

    def _built(self, learner: Learner, size: int, sample: int) -> Predictor:
        task = self.task
        if sample not in self.orders:
            self.orders[sample] = nested_order(task.labels, (task.seed, sample))
        rows = self.orders[sample][:size].tolist()
        texts, labels = [task.pool.texts[row] for row in rows], [task.labels[row] for row in rows]
        if len(set(labels)) == 1:  # nothing to learn yet
            return MajorityClass().fit(texts, labels)
        return learner.build(texts, labels, task.seed + sample, self._check)

    def _check(self) -> None:
        if self.clock() > self.deadline:
            raise OutOfTimeError

    def _expected(self, name: str, size: int) -> float:
        """The seconds that a point will take, by those that are done."""
        seconds: dict[int, list[float]] = {}
        for one in self.store.answers:
            if one.name == name:
                seconds.setdefault(one.size, []).append(one.seconds)
        if not seconds:
            return 0.0
        *smaller, largest = sorted(seconds)
        mean: dict[int, float] = {each: sum(seconds[each]) / len(seconds[each]) for each in seconds}
        if size <= largest:
            return mean[min(each for each in mean if each >= size)]
        if not smaller:
            return float(mean[largest] * (size / largest) ** GROWTH)
        per_text = max((mean[largest] - mean[smaller[-1]]) / (largest - smaller[-1]), 0.0)
        return float(mean[largest] + per_text * (size - largest))

    def _leave_out(self, name: str, size: int, why: str) -> None:
        self.left_out[name, size, why] += 1
        if why != "time":
            self.say(f"{name} on {size:,} texts is left out: {why}")

    def _skipped(self) -> tuple[Skipped, ...]:
        found = tuple(Skipped(name, size, count, why) for (name, size, why), count in self.left_out.items())
        late = sum(one.samples for one in found if one.why == "time")
        if late:
            self.say(f"{late:,} points did not fit into the time budget; the same command with --resume measures more")
        return found

    def _setting(self) -> Setting:
        task = self.task
        kinds: dict[str, Kind] = {one.name: one.kind for one in self.constant} | {
            one.name: one.kind for one in self.learners
        }
        labelled = len(task.labels) + len(task.true) if task.labelled is None else task.labelled
        return Setting(task.true, self.classes, kinds, labelled, len(task.labels), task.samples, task.seed)

    def _answered(self, name: str, kind: Kind, predictor: Predictor) -> _Constant:
        started = self.clock()
        labels = self._text_or_none(predictor.predict(self.task.test.texts))
        return _Constant(name, kind, labels, self.clock() - started)

    def _numbered(self, one: _Constant) -> Answers:
        return Answers(one.name, 0, 0, class_ids(one.labels, self.classes), one.seconds)

    def _checked(self, predicted: Sequence[str | None]) -> list[str | None]:
        """The labels that a learner gave. Raises DataError for one that it cannot have learned."""
        found = self._text_or_none(predicted)
        unknown = {label for label in found if label is not None} - self.taught
        if unknown:
            raise DataError(f"it predicted {min(unknown)!r}, which is none of the labels that it learned from")
        return found

    def _text_or_none(self, predicted: Sequence[str | None]) -> list[str | None]:
        rows = len(self.task.true)
        if len(predicted) != rows:
            raise DataError(f"it gave {len(predicted)} predictions for {rows} texts; predict must give one per text")
        return [None if label is None else str(label) for label in predicted]


@dataclass(frozen=True)
class _Constant:
    """The answers of something that does not learn from more texts, as labels."""

    name: str
    kind: Kind
    labels: list[str | None]
    seconds: float
