"""What follows from a comparison, as facts; `verdict` puts them into words.

A difference counts as clear only if it survives both questions: its bootstrap interval excludes zero, and
an exact sign test on the rows where only one of the two is right calls it rarer than 1 - level. Where many
classes or rule labels are looked at, the tests are corrected for that (Holm's method), since among 90
classes some will differ by luck alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from saegim.evaluation.bootstrap import Interval, sign_test
from saegim.evaluation.comparison import Comparison, Result
from saegim.evaluation.metrics import IdArray, class_ids, class_names

__all__ = ["ClassEdges", "Edge", "Firing", "Judgement", "Outcome", "Rivalry", "Standing", "judge"]

Outcome = Literal["clear", "tie", "too few rows", "nothing beats the majority", "alone"]
Standing = Literal["worse", "worse by macro F1", "tied", "better by macro F1", "better"]
FEW_ROWS = 100  # below, an accuracy is known to about 10 points at best
MUCH_CHEAPER = 0.5
MOST_ROWS_WORTH_NAMING = 1_000_000


@dataclass(frozen=True)
class Rivalry:
    """The leader against one other contender: how much higher the leader's scores are, and what that means.

    `standing` is the other's: "better" happens to nobody but the majority class. `rows_to_tell`: in a tie,
    about how many test rows would tell the difference from chance, None if that many are out of reach.
    """

    other: str
    accuracy: Interval
    macro_f1: Interval
    standing: Standing
    rows_to_tell: int | None = None


@dataclass(frozen=True)
class Edge:
    """One label on which one of two predictors is clearly ahead; `first`, `second`: the scores of the two.

    The scores are F1 for a class, and the share of right answers where the rules said this label for a rule
    label. `rows` is the class's support, or how often the rules said it.
    """

    label: str
    rows: int
    first: float
    second: float


@dataclass(frozen=True)
class ClassEdges:
    """The classes on which `other` is clearly better, clearly worse than the trusted predictor; best cases
    first.

    In every edge `first` is the trusted predictor's F1, `second` that of `other`.
    """

    other: str
    better: tuple[Edge, ...]
    worse: tuple[Edge, ...]


@dataclass(frozen=True)
class Firing:
    """Rules against the best other predictor on the rows where the rules decided.

    Those rows, and their share of all; how many labels the rules gave; the share right of both there; `ahead` is
    which is clearly better there, if any; the labels on which the rules are clearly better and worse (in every edge
    `first` is the rules' share); `together` is the accuracy over all rows of the rules where they decide and the
    other elsewhere.
    """

    rules: str
    other: str
    rows: int
    coverage: float
    labels: int
    rules_right: float
    other_right: float
    ahead: Literal["rules", "other"] | None
    better: tuple[Edge, ...]
    worse: tuple[Edge, ...]
    together: float


@dataclass(frozen=True)
class Judgement:
    """The conclusions. `leader` has the best figures, `trusted` is the advice; they differ only in a tie."""

    outcome: Outcome
    leader: str
    trusted: str
    rivalries: tuple[Rivalry, ...]
    firings: tuple[Firing, ...]
    class_edges: tuple[ClassEdges, ...]
    few_rows: bool
    failed: tuple[str, ...]

    def rivalry(self, other: str) -> Rivalry:
        """The leader against `other`."""
        return next(one for one in self.rivalries if one.other == other)

    @property
    def tied(self) -> tuple[str, ...]:
        """Those that the test rows cannot tell from the leader; the majority class is none of them."""
        return tuple(one.other for one in self.rivalries if one.standing == "tied")


def judge(comparison: Comparison) -> Judgement:
    """Draw the conclusions from a comparison."""
    finished = [one for one in comparison.finished() if not _adds_nothing(one, comparison)]
    contestants = [one for one in finished if one.kind != "majority"] or finished
    pairs = _Pairs(comparison)
    leader = _leader(contestants, pairs)
    others = sorted((one for one in finished if one is not leader), key=_accuracy, reverse=True)
    rivalries = tuple(pairs.rivalry(leader, one) for one in others)
    outcome = _outcome(leader, rivalries, comparison)
    trusted = _trusted(leader, rivalries, comparison) if outcome == "tie" else leader
    return Judgement(
        outcome=outcome,
        leader=leader.name,
        trusted=trusted.name,
        rivalries=rivalries,
        firings=tuple(_firings(contestants, pairs)),
        class_edges=tuple(pairs.class_edges(trusted, one) for one in contestants if one is not trusted),
        few_rows=len(comparison.true) < FEW_ROWS,
        failed=tuple(one.name for one in comparison.results if one.scores is None),
    )


def _adds_nothing(result: Result, comparison: Comparison) -> bool:
    """Whether it is rules and a network together, and answers just as another one does alone."""
    others = (one.measurement.predictions for one in comparison.finished() if one is not result)
    return result.kind == "together" and result.measurement.predictions in others


def _accuracy(result: Result) -> float:
    return result.scores.accuracy if result.scores else 0.0


def _leader(contestants: Sequence[Result], pairs: _Pairs) -> Result:
    """The most accurate; or one as accurate, as far as the rows can tell, of clearly better macro F1."""
    top = max(contestants, key=_accuracy)
    ahead = [one for one in contestants if one is not top and pairs.rivalry(one, top).standing == "worse by macro F1"]
    return max(ahead, key=lambda one: one.scores.macro_f1 if one.scores else 0.0) if ahead else top


def _outcome(leader: Result, rivalries: Sequence[Rivalry], comparison: Comparison) -> Outcome:
    majority = [one for one in rivalries if comparison.result(one.other).kind == "majority"]
    others = [one for one in rivalries if one not in majority]
    few = len(comparison.true) < FEW_ROWS
    if any(one.standing == "better" for one in majority):
        return "nothing beats the majority"
    if any(one.standing == "tied" for one in majority):
        return "too few rows" if few else "nothing beats the majority"
    if leader.kind == "majority" or not others:
        return "alone"
    if any(one.standing == "tied" for one in others):
        return "too few rows" if few else "tie"
    return "clear"


def _trusted(leader: Result, rivalries: Sequence[Rivalry], comparison: Comparison) -> Result:
    """Among those that cannot be told apart: rules, which explain themselves, or else what is much cheaper."""
    tied = [leader, *(comparison.result(one.other) for one in rivalries if one.standing == "tied")]
    for one in tied:
        if one.kind == "rules":
            return one
    timed = [one for one in tied if one.measurement.build_seconds is not None]
    if leader.measurement.build_seconds is None or not timed:
        return leader
    cheapest = min(timed, key=lambda one: one.measurement.build_seconds or 0.0)
    seconds = cheapest.measurement.build_seconds or 0.0
    return cheapest if seconds < MUCH_CHEAPER * leader.measurement.build_seconds else leader


def _firings(contestants: Sequence[Result], pairs: _Pairs) -> list[Firing]:
    """Every rule set against the best learned model, or the best classical one if none was learned."""
    learned = [one for one in contestants if one.kind == "learned"]
    rivals = learned or [one for one in contestants if one.kind == "classical"]
    if not rivals:
        return []
    best = max(rivals, key=_accuracy)
    found = [pairs.firing(one, best) for one in contestants if one.kind == "rules"]
    return [one for one in found if one is not None]


class _Pairs:
    """Predictors of one comparison against each other, row by row."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        predictions = {r.name: r.measurement.predictions or () for r in comparison.finished()}
        self._classes = class_names(comparison.true, *predictions.values())
        self._true = class_ids(comparison.true, self._classes)
        self._ids = {name: class_ids(given, self._classes) for name, given in predictions.items()}
        self._alpha = 1 - comparison.level

    def rivalry(self, leader: Result, other: Result) -> Rivalry:
        """How `leader` stands against `other`."""
        difference = self._comparison.differences(leader.name, other.name)
        wins, losses = self._wins_and_losses(leader.name, other.name)
        clear = difference.accuracy.excludes_zero and sign_test(wins, losses) < self._alpha
        clear_macro = difference.macro_f1.excludes_zero and len(self._true) >= FEW_ROWS
        macro_worse = clear_macro and difference.macro_f1.value < 0
        standing: Standing = "tied"
        if clear and difference.accuracy.value < 0:
            standing = "better"
        elif clear:
            standing = "better by macro F1" if macro_worse else "worse"
        elif not clear and clear_macro and not macro_worse:
            standing = "worse by macro F1"
        needed = _rows_to_tell(difference.accuracy, len(self._true)) if standing == "tied" else None
        return Rivalry(other.name, difference.accuracy, difference.macro_f1, standing, needed)

    def class_edges(self, trusted: Result, other: Result) -> ClassEdges:
        """On which classes the two clearly differ."""
        first, second = self._ids[trusted.name], self._ids[other.name]
        wins = self._class_wins(second, first)
        losses = self._class_wins(first, second)
        clear = _holm([sign_test(int(w), int(x)) for w, x in zip(wins, losses, strict=True)], self._alpha)
        better: list[Edge] = []
        worse: list[Edge] = []
        for c in np.flatnonzero(clear):
            edge = self._edge(trusted, other, self._classes[c])
            (better if wins[c] > losses[c] else worse).append(edge)
        return ClassEdges(other.name, tuple(sorted(better, key=_gap)), tuple(sorted(worse, key=_gap)))

    def firing(self, rules: Result, other: Result) -> Firing | None:
        """Rules against another predictor where the rules decided; None if they never did."""
        said, answer = self._ids[rules.name], self._ids[other.name]
        fired = said >= 0
        if not fired.any():
            return None
        rules_hit, other_hit = said == self._true, answer == self._true
        wins = int(np.count_nonzero(fired & rules_hit & ~other_hit))
        losses = int(np.count_nonzero(fired & other_hit & ~rules_hit))
        better, worse = self._label_edges(said, rules_hit, other_hit)
        return Firing(
            rules=rules.name,
            other=other.name,
            rows=int(fired.sum()),
            coverage=float(fired.mean()),
            labels=len(np.unique(said[fired])),
            rules_right=float(rules_hit[fired].mean()),
            other_right=float(other_hit[fired].mean()),
            ahead=None if sign_test(wins, losses) >= self._alpha else ("rules" if wins > losses else "other"),
            better=better,
            worse=worse,
            together=float(np.where(fired, rules_hit, other_hit).mean()),
        )

    def _label_edges(
        self, said: IdArray, rules_hit: npt.NDArray[np.bool_], other_hit: npt.NDArray[np.bool_]
    ) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
        labels = np.unique(said[said >= 0])
        rows = [said == label for label in labels]
        wins = [int(np.count_nonzero(r & rules_hit & ~other_hit)) for r in rows]
        losses = [int(np.count_nonzero(r & other_hit & ~rules_hit)) for r in rows]
        clear = _holm([sign_test(w, x) for w, x in zip(wins, losses, strict=True)], self._alpha)
        better: list[Edge] = []
        worse: list[Edge] = []
        for i in np.argsort([x - w for w, x in zip(wins, losses, strict=True)], kind="stable"):
            if not clear[i]:
                continue
            right = float(rules_hit[rows[i]].mean()), float(other_hit[rows[i]].mean())
            edge = Edge(self._classes[labels[i]], int(rows[i].sum()), *right)
            (better if wins[i] > losses[i] else worse).append(edge)
        return tuple(better), tuple(reversed(worse))

    def _edge(self, trusted: Result, other: Result, label: str) -> Edge:
        def f1(result: Result) -> float:
            per_class = result.scores.per_class if result.scores else {}
            return per_class[label].f1 if label in per_class else 0.0

        return Edge(label, self._comparison.true.count(label), f1(trusted), f1(other))

    def _wins_and_losses(self, first: str, second: str) -> tuple[int, int]:
        first_hit, second_hit = self._ids[first] == self._true, self._ids[second] == self._true
        return int(np.count_nonzero(first_hit & ~second_hit)), int(np.count_nonzero(second_hit & ~first_hit))

    def _class_wins(self, first: IdArray, second: IdArray) -> IdArray:
        """int64 (C,): rows on which only `first` is right about whether they belong to the class.

        That is: it finds a member that the other misses, or leaves out a row that the other wrongly puts in.
        """
        found = self._true[(first == self._true) & (second != self._true)]
        left_out = second[(second >= 0) & (second != self._true) & (first != second)]
        return np.bincount(np.concatenate([found, left_out]), minlength=len(self._classes))


def _gap(edge: Edge) -> float:
    return -abs(edge.first - edge.second)


def _rows_to_tell(difference: Interval, rows: int) -> int | None:
    """About how many rows would tell such a difference from chance; intervals shrink as 1/sqrt(N)."""
    if difference.value == 0:
        return None
    needed = rows * max(1.0, difference.half_width / abs(difference.value)) ** 2
    return round(needed) if needed <= MOST_ROWS_WORTH_NAMING else None


def _holm(p_values: Sequence[float], alpha: float) -> npt.NDArray[np.bool_]:
    """Which of many tests are significant when all are looked at (Holm 1979): bool (tests,)."""
    order = np.argsort(p_values)
    passed = np.zeros(len(p_values), dtype=bool)
    for rank, test in enumerate(order):
        if p_values[test] >= alpha / (len(order) - rank):
            break
        passed[test] = True
    return passed
