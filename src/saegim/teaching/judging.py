"""How good teachers and the networks that they taught are, on labelled texts that none of them has seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saegim.evaluation import Interval
from saegim.evaluation.bootstrap import bootstrap, paired_bootstrap
from saegim.late import late

__all__ = ["Passing", "RuleFigures", "passing", "rule_figures"]

Labels = Sequence[str]
Predictions = Sequence[str | None]


@dataclass(frozen=True)
class Passing:
    """A network beside a teacher, all figures accuracies.

    over_all, where_decided: (teacher, network, how much the network is ahead); a teacher that abstains is wrong
    with_frequent: the teacher's with the most frequent class wherever it abstains, and how much the network is ahead
    where_abstained: the network's where the teacher abstains
    decided, abstained: in how many texts; where there are none, the figures are None
    """

    decided: int
    abstained: int
    over_all: tuple[Interval, Interval, Interval]
    with_frequent: tuple[Interval, Interval]
    where_decided: tuple[Interval, Interval, Interval] | None
    where_abstained: Interval | None

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes."""
        return {
            "decided": self.decided,
            "abstained": self.abstained,
            "over_all": _three(self.over_all),
            "with_frequent": {"teacher": self.with_frequent[0].to_dict(), "ahead": self.with_frequent[1].to_dict()},
            "where_decided": None if self.where_decided is None else _three(self.where_decided),
            "where_abstained": None if self.where_abstained is None else self.where_abstained.to_dict(),
        }


def _three(found: tuple[Interval, Interval, Interval]) -> dict[str, Any]:
    return {name: each.to_dict() for name, each in zip(("teacher", "network", "ahead"), found, strict=True)}


def passing(true: Labels, teacher: Predictions, network: Predictions, frequent: str, seed: int = 0) -> Passing:
    """A network's predictions beside a teacher's (None where it abstains); `frequent` is the most frequent class."""
    decided = [one for one in zip(true, teacher, network, strict=True) if one[1] is not None]
    abstained = [one for one in zip(true, teacher, network, strict=True) if one[1] is None]
    filled = [frequent if said is None else said for said in teacher]
    return Passing(
        decided=len(decided),
        abstained=len(abstained),
        over_all=_beside(true, teacher, network, seed),
        with_frequent=(_accuracy(true, filled, seed), _ahead(true, filled, network, seed)),
        where_decided=_beside(*_columns(decided), seed=seed) if decided else None,
        where_abstained=_silent(abstained, seed) if abstained else None,
    )


def _silent(rows: Sequence[tuple[str, str | None, str | None]], seed: int) -> Interval:
    true, _teacher, network = _columns(rows)
    return _accuracy(true, network, seed)


def _columns(rows: Sequence[tuple[str, str | None, str | None]]) -> tuple[Labels, Predictions, Predictions]:
    return [true for true, _, _ in rows], [teacher for _, teacher, _ in rows], [network for _, _, network in rows]


def _beside(true: Labels, teacher: Predictions, network: Predictions, seed: int) -> tuple[Interval, Interval, Interval]:
    return _accuracy(true, teacher, seed), _accuracy(true, network, seed), _ahead(true, teacher, network, seed)


def _accuracy(true: Labels, predicted: Predictions, seed: int) -> Interval:
    return bootstrap(true, predicted, seed=seed).accuracy


def _ahead(true: Labels, teacher: Predictions, network: Predictions, seed: int) -> Interval:
    return paired_bootstrap(true, network, teacher, seed=seed).accuracy


@dataclass(frozen=True)
class RuleFigures:
    """A rule as a voter.

    fired: in how many unlabelled texts; judged, right: in how many labelled ones it fired, and was right
    chance: the share of its label among the labelled texts, which naming it at random would reach
    estimated: how often it is right, by the label model with correlations, without labels; None if it never fires
    worse_than_chance: its accuracy on labelled texts is clearly (at 95%) below chance
    estimated_worse: the label model puts it below the share that its class has in the model
    """

    id: str
    label: str
    fired: int
    judged: int
    right: int
    chance: float
    estimated: float | None
    worse_than_chance: bool
    estimated_worse: bool

    def to_dict(self) -> dict[str, Any]:
        return vars(self).copy()


def rule_figures(
    rule: tuple[str, str], *, fired: int, judged: int, right: int, chance: float, estimated: float | None, share: float
) -> RuleFigures:
    """The figures of a rule (id, label); `share` is that of its class in the label model."""
    return RuleFigures(
        *rule, fired, judged, right, chance, estimated,
        worse_than_chance=_at_most(right, judged) < chance,
        estimated_worse=estimated is not None and estimated < share,
    )  # fmt: skip


def _at_most(right: int, judged: int) -> float:
    """The highest true share that is compatible (at 97.5%) with so many right (Clopper and Pearson, 1934)."""
    return 1.0 if right == judged else float(late("scipy.special").betaincinv(right + 1, judged - right, 0.975))
