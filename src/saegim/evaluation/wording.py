"""What a language must be able to say for the verdict, and how figures look in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from saegim.evaluation.bootstrap import Interval
from saegim.evaluation.comparison import Comparison, Kind, Result
from saegim.evaluation.judgement import MUCH_CHEAPER, ClassEdges, Edge, Firing, Judgement, Rivalry

__all__ = ["Wording", "f1_pair", "first_few", "negated", "percent", "points", "two_digits"]

LABELS_NAMED = 3


class Wording(ABC):
    """One method per sentence; each is called only when it is true."""

    def __init__(self, comparison: Comparison, judgement: Judgement) -> None:
        self.comparison = comparison
        self.judgement = judgement
        self.rows = len(comparison.true)
        self.leader = comparison.result(judgement.leader)
        self.trusted = comparison.result(judgement.trusted)

    def kind(self, name: str) -> Kind:
        """What kind of contender that is."""
        return self.comparison.result(name).kind

    @property
    def majority(self) -> Result | None:
        """The majority class, if it took part."""
        return next((one for one in self.comparison.finished() if one.kind == "majority"), None)

    @property
    def classes_in_test(self) -> int:
        """How many classes the test rows have."""
        return len(set(self.comparison.true))

    def named_in_conclusion(self) -> tuple[str, ...]:
        """The other contenders that the first sentences speak of."""
        if self.judgement.outcome == "tie":
            return self.judgement.tied
        runner_up = self.runner_up()
        return () if runner_up is None else (runner_up.other,)

    def runner_up(self) -> Rivalry | None:
        """The most accurate of the others; the majority class only if there is nothing else."""
        others = self.judgement.rivalries
        return next((one for one in others if self.kind(one.other) != "majority"), None) or next(iter(others), None)

    def has_together(self) -> bool:
        """Whether rules and network together took part: then what both reach has been measured."""
        judged = [self.judgement.leader, *(one.other for one in self.judgement.rivalries)]
        return any(self.kind(name) == "together" for name in judged)

    def improves_on_leader(self, firing: Firing) -> bool:
        """Whether rules first and the other for the rest gets more right than the leader alone."""
        return firing.together > self.accuracy(self.leader).value

    def accuracy(self, result: Result) -> Interval:
        """The accuracy of a contender that did not fail."""
        assert result.intervals is not None, f"{result.name} failed, so no sentence may speak of its accuracy"
        return result.intervals.accuracy

    @abstractmethod
    def clear(self) -> str:
        """The leader is clearly ahead of all others."""

    @abstractmethod
    def tie(self) -> str:
        """Some cannot be told apart; which to take, and why."""

    @abstractmethod
    def too_few_rows(self) -> str:
        """The test part cannot tell the best ones apart, and it is small."""

    @abstractmethod
    def nothing_beats_the_majority(self) -> str:
        """No contender is clearly better than one constant answer."""

    @abstractmethod
    def alone(self) -> str:
        """Only one contender, but for the majority class, has figures."""

    @abstractmethod
    def constant_answer(self, majority: Result) -> str:
        """What always giving the most frequent label would reach."""

    @abstractmethod
    def few_rows(self) -> str:
        """A caution: the conclusion rests on few rows."""

    @abstractmethod
    def better_by_macro_f1(self, rivalry: Rivalry) -> str:
        """The leader is more accurate, this one has the better macro F1."""

    @abstractmethod
    def also_behind(self, rivalry: Rivalry) -> str:
        """How far another contender is behind the leader."""

    @abstractmethod
    def where_rules_fire(self, firing: Firing) -> str:
        """Coverage of the rules, and both accuracies there."""

    @abstractmethod
    def rules_first(self, firing: Firing) -> str:
        """What rules and the other would reach together."""

    @abstractmethod
    def rule_labels(self, firing: Firing, *, better: bool) -> str:
        """The labels on which rules beat the other, or lose to it, where they fire."""

    @abstractmethod
    def classes(self, edges: ClassEdges) -> str:
        """The classes that set another apart from the trusted one."""

    @abstractmethod
    def costs(self) -> Iterator[str]:
        """Seconds, bytes, labels, and whether decisions can be explained."""

    @abstractmethod
    def failed(self) -> str:
        """Who has no figures."""

    def slower_tied(self) -> Result | None:
        """In a tie, the best of the others if it takes much longer to build than the trusted one."""
        tied = [self.leader, *(self.comparison.result(name) for name in self.judgement.tied)]
        rival = next(one for one in tied if one is not self.trusted)
        mine, its = self.trusted.measurement.build_seconds, rival.measurement.build_seconds
        return rival if mine is not None and its is not None and mine < MUCH_CHEAPER * its else None

    def timed(self) -> list[Result]:
        """Contenders whose costs are worth a word, in the order of the table."""
        return [
            one
            for one in self.comparison.finished()
            if one.kind not in ("majority", "together") and one.measurement.build_seconds is not None
        ]


def percent(share: float) -> str:
    """0.8743 -> '87.4%'; never rounded to all or nothing when it is not."""
    text = f"{share:.1%}"
    if (text == "100.0%" and share < 1) or (text == "0.0%" and share > 0):
        return f"{share:.2%}"
    return text


def points(difference: float) -> str:
    """A difference of shares in percentage points: 0.0123 -> '1.2', 0.0004 -> '0.04'; never '-0.00'."""
    value = 100 * difference
    return f"{value:.2f}" if 0.005 <= abs(value) < 0.1 else f"{round(value, 1) + 0.0:.1f}"


def f1_pair(first: float, second: float) -> tuple[str, str]:
    """Two F1 with as many digits, from 2 to 4, as it takes to tell them apart."""
    for digits in (2, 3, 4):
        texts = f"{first:.{digits}f}", f"{second:.{digits}f}"
        if texts[0] != texts[1]:
            break
    return texts


def first_few(edges: Sequence[Edge]) -> tuple[Sequence[Edge], int]:
    """The edges to name, and how many more there are."""
    return edges[:LABELS_NAMED], max(0, len(edges) - LABELS_NAMED)


def negated(difference: Interval) -> Interval:
    """The same difference seen from the other side."""
    return Interval(-difference.value, -difference.high, -difference.low, difference.level)


def two_digits(rows: int) -> str:
    """12,345 -> '12,000': an estimate should not look like a count."""
    return f"{int(float(f'{rows:.1e}')):,}"
