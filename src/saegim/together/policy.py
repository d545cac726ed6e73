"""A policy: which rules go first, how sure the network has to be, and what that gave on texts it was not fitted on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

from saegim.training.pattern import NONE, NUMBER, require

__all__ = ["LEVEL", "Policy", "RuleRecord", "Trial", "Who"]

Who = Literal["network", "together"]  # who answers where nothing else is asked for

LEVEL = 0.9  # how certain it has to be that a rule is precise, or that the network is right above the threshold


@dataclass(frozen=True)
class RuleRecord:
    """A rule on the validation texts that it decided.

    decided, right: of how many texts it was among the deciding rules, and how often the label was right
    ahead, behind: on how many of them only the rule, only the network was right
    low: the share right lies above this with probability `LEVEL`
    first: whether it goes first
    """

    id: str
    label: str
    decided: int
    right: int
    ahead: int
    behind: int
    low: float
    first: bool

    @property
    def precision(self) -> float:
        """How probable it is that its next answer is right, (right + 1) / (decided + 2): Laplace's rule."""
        return (self.right + 1) / (self.decided + 2)


@dataclass(frozen=True)
class Trial:
    """What came out when each of `texts` texts was answered by a policy that was fitted without it.

    decided, right: by rules and network together; by_rules, rules_right: of these by rules
    network_right: the network alone, which always decides
    """

    texts: int
    decided: int
    right: int
    by_rules: int
    rules_right: int
    network_right: int


@dataclass(frozen=True)
class Policy:
    """Rules first where they are precise, otherwise the network, nothing where that is not sure enough.

    answers: whether `saegim predict` answers by the policy ("together") or by the network alone
    min_accuracy: what was asked for where anything is answered; min_confidence: how probable an answer has to be
    bar: what a rule's share right had to lie above; borne_out: whether rules first did no worse in the trial
    rules: the record of every rule that decided a validation text
    threshold: the network answers where its answer is at least so probable; None where it never is sure enough
    """

    answers: Who
    min_accuracy: float | None
    min_confidence: float | None
    bar: float
    borne_out: bool
    rules: tuple[RuleRecord, ...]
    threshold: float | None
    trial: Trial

    @property
    def first(self) -> tuple[RuleRecord, ...]:
        """The rules that go first."""
        return tuple(one for one in self.rules if one.first)

    def is_sure(self, confidence: float) -> bool:
        """Whether the network answers where its answer is so probable."""
        return self.threshold is not None and confidence >= self.threshold

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes."""
        return {**asdict(self), "rules": [asdict(one) for one in self.rules]}

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """Back from `to_dict`; what else is there is left out. Raises TypeError or ValueError for anything else."""
        require(stored, _POLICY, "the policy")
        if stored["answers"] not in get_args(Who):
            raise ValueError("it does not say who answers")
        for name in ("min_accuracy", "min_confidence", "threshold"):
            if stored[name] is not None:
                _check_share(name, stored[name])
        _check_share("bar", stored["bar"])
        found = cls(
            **{name: stored[name] for name in _POLICY}
            | {"rules": tuple(map(_record, stored["rules"])), "trial": _trial(stored["trial"])}
        )
        if len({one.id for one in found.rules}) < len(found.rules):
            raise ValueError("two rules have the same name")
        return found


_PERHAPS = (*NUMBER, *NONE)
_RECORD = {
    "id": (str,),
    "label": (str,),
    "decided": (int,),
    "right": (int,),
    "ahead": (int,),
    "behind": (int,),
    "low": NUMBER,
    "first": (bool,),
}
_TRIAL = dict.fromkeys(("texts", "decided", "right", "by_rules", "rules_right", "network_right"), (int,))
_POLICY: dict[str, Any] = {
    "answers": (str,),
    "min_accuracy": _PERHAPS,
    "min_confidence": _PERHAPS,
    "bar": NUMBER,
    "borne_out": (bool,),
    "rules": [_RECORD],
    "threshold": _PERHAPS,
    "trial": _TRIAL,
}


def _record(stored: dict[str, Any]) -> RuleRecord:
    one = RuleRecord(**{name: stored[name] for name in _RECORD})
    _check_share("low", one.low)
    _check_order(f"rule {one.id!r}", one.right, one.decided)
    _check_order(f"rule {one.id!r}", one.ahead, one.right)
    _check_order(f"rule {one.id!r}", one.behind, one.decided - one.right)
    return one


def _trial(stored: dict[str, Any]) -> Trial:
    found = Trial(**{name: stored[name] for name in _TRIAL})
    for some, all_ in (
        (found.decided, found.texts),
        (found.right, found.decided),
        (found.by_rules, found.decided),
        (found.rules_right, found.by_rules),
        (found.rules_right, found.right),
        (found.network_right, found.texts),
    ):
        _check_order("the trial", some, all_)
    return found


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}, which is no share from 0 to 1")


def _check_order(whose: str, some: int, all_: int) -> None:
    if not 0 <= some <= all_:
        raise ValueError(f"the counts of {whose[:60]} contradict each other")
