"""Fitting a policy to labelled texts that the network was not trained on, and trying it on texts it was not fitted to.

**Which rules go first.** A rule is judged by the texts that it decided (where it was among the strongest, and they
agreed). It goes first if

1. it is precise: with 90% certainty (Wilson's bound) its share right is no less than the network's on all texts, nor
   than what the user asked for, and
2. the network was not right more often on the very same texts.

The first alone lets rules in where the network is better still; the second alone is a coin's toss for rules that
decided few texts. Of ten ways tried on movie reviews, beside networks trained on 300 to 20,000 texts, this one gains
nearly as much as any where rules are better, and loses next to nothing where they are not (`benchmarks/policy.py`).

**As a whole.** Each text is also answered by a policy that was fitted to four fifths of the others (`Trial`). If rules
first gets fewer of these right than the network alone, no rule goes first.

**When nothing is answered.** A threshold for the network's calibrated probability is given (`min_confidence`), or
follows from the accuracy wanted (`min_accuracy`): the lowest at which the exact bound of the share right among the
texts above it, with 90% certainty, is what was asked for. Choosing among many thresholds makes the bound bolder than
one alone, but texts above a lower threshold are nearly those above a higher one: in simulations the accuracy fell short
in at most a tenth of the cases, which is what 90% says.

Letters: N texts, C classes, R rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.errors import DataError, SettingError
from saegim.evaluation.shares import exact_low, wilson_low
from saegim.together.policy import LEVEL, Policy, RuleRecord, Trial, Who
from saegim.training.calibration import fit_temperature, folds, probabilities

__all__ = ["Evidence", "Fitted", "Tried", "Wish", "fit", "try_out"]

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Wish:
    """What the user wants of answers: a share right, or a probability. Raises SettingError for what is none."""

    min_accuracy: float | None = None
    min_confidence: float | None = None

    def __post_init__(self) -> None:
        if self.min_accuracy is not None and self.min_confidence is not None:
            raise SettingError(
                "both a wanted accuracy and a wanted confidence were given, and each asks for a threshold; give one"
            )
        for name, value in (("accuracy", self.min_accuracy), ("confidence", self.min_confidence)):
            if value is not None and not 0 < value < 1:
                raise SettingError(f"a wanted {name} between 0 and 1 expected, {value} given; 0.95 is 95 of 100")

    @property
    def least(self) -> float:
        """What every answer, also a rule's, has to be worth."""
        return max(self.min_accuracy or 0.0, self.min_confidence or 0.0)


@dataclass(frozen=True, eq=False)
class Evidence:
    """N labelled texts as network and rules see them.

    scores (N, C) of the network; numbers (N,) the true classes
    said (N,) the class that the rules decided on, -1 where they did not, C for a label that is no class
    won (N, R) whether a rule was among those that decided
    """

    scores: Array
    numbers: Array
    said: Array
    won: Array

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def network(self) -> Array:
        """(N,) the network's answers."""
        answers: Array = self.scores.argmax(1)
        return answers

    def take(self, rows: Array) -> Evidence:
        return Evidence(self.scores[rows], self.numbers[rows], self.said[rows], self.won[rows])


@dataclass(frozen=True, eq=False)
class Fitted:
    """What was found from some texts: temperature; which rules go first (R,); the bar for them; the threshold."""

    temperature: float
    first: Array
    bar: float
    threshold: float | None

    def answers(self, texts: Evidence) -> tuple[Array, Array]:
        """(N,) the answers, -1 for none; (N,) whether they are the rules'."""
        by_rules = np.asarray((texts.won & self.first).any(1))
        sure = probabilities(texts.scores, self.temperature).max(1)
        network: Array = np.where(sure >= (np.inf if self.threshold is None else self.threshold), texts.network, -1)
        return np.where(by_rules, texts.said, network), by_rules


@dataclass(frozen=True, eq=False)
class Tried:
    """Each text answered by what was fitted without it: answers (N,), -1 for none; by_rules (N,).

    borne_out: whether rules first did no worse than the network alone; otherwise no rule goes first here either.
    """

    answers: Array
    by_rules: Array
    borne_out: bool

    def trial(self, texts: Evidence) -> Trial:
        """The figures."""
        right = self.answers == texts.numbers
        return Trial(
            texts=len(texts),
            decided=int((self.answers >= 0).sum()),
            right=int(right.sum()),
            by_rules=int(self.by_rules.sum()),
            rules_right=int((right & self.by_rules).sum()),
            network_right=int((texts.network == texts.numbers).sum()),
        )


def fit(
    texts: Evidence, rules: list[tuple[str, str]], wish: Wish, *, temperature: float, answers: Who, seed: int = 0
) -> tuple[Policy, Tried]:
    """The policy for labelled texts, and what came out when it was tried. Raises DataError for no texts.

    rules: (id, label) of each of the R rules; temperature: that of the network, for the policy that is used
    """
    if not len(texts):
        raise DataError("a policy is fitted to validation texts, but there are 0; hold some out, or give others")
    tried = try_out(texts, wish, seed)
    fitted = _fit(texts, wish, rules_first=tried.borne_out, temperature=temperature)
    records = [
        _record(texts, *named, number, fitted) for number, named in enumerate(rules) if texts.won[:, number].any()
    ]
    policy = Policy(
        answers=answers,
        min_accuracy=wish.min_accuracy,
        min_confidence=wish.min_confidence,
        bar=fitted.bar,
        borne_out=tried.borne_out,
        rules=tuple(records),
        threshold=fitted.threshold,
        trial=tried.trial(texts),
    )
    return policy, tried


def try_out(texts: Evidence, wish: Wish, seed: int = 0) -> Tried:
    """Each text answered by what was fitted to four fifths of the others; without rules if that did worse."""
    answers, by_rules = _cross_fitted(texts, wish, seed, rules_first=True)
    right, network_right = answers == texts.numbers, texts.network == texts.numbers
    if right[by_rules].sum() >= network_right[by_rules].sum():
        return Tried(answers, by_rules, borne_out=True)
    return Tried(*_cross_fitted(texts, wish, seed, rules_first=False), borne_out=False)


def _cross_fitted(texts: Evidence, wish: Wish, seed: int, *, rules_first: bool) -> tuple[Array, Array]:
    answers, by_rules = np.full(len(texts), -1), np.zeros(len(texts), bool)
    for rest, held in folds(len(texts), seed):
        fitted = _fit(texts.take(rest), wish, rules_first=rules_first)
        answers[held], by_rules[held] = fitted.answers(texts.take(held))
    return answers, by_rules


def _fit(texts: Evidence, wish: Wish, *, rules_first: bool, temperature: float | None = None) -> Fitted:
    if temperature is None:
        temperature = fit_temperature(texts.scores, texts.numbers)
    right = texts.network == texts.numbers
    bar = max(float(right.mean()) if len(texts) else 0.0, wish.least)
    decided, hits, ahead, behind = _counts(texts)
    precise = wilson_low(hits, decided, LEVEL) >= bar
    first = precise & (ahead >= behind) & (decided > 0) & rules_first
    left = ~(texts.won & first).any(1)
    sure = probabilities(texts.scores[left], temperature).max(1)
    return Fitted(temperature, first, bar, _threshold(sure, right[left], wish))


def _threshold(sure: Array, right: Array, wish: Wish) -> float | None:
    """The lowest probability that answers may have: sure (N,), whether they are right (N,)."""
    if wish.min_accuracy is None:
        return wish.min_confidence or 0.0
    order = np.argsort(-sure, kind="stable")
    sure, rows = sure[order], np.arange(1, len(sure) + 1)
    last = np.append(sure[1:] < sure[:-1], True)  # of those that are equally sure, all or none
    enough = last & (exact_low(right[order].cumsum(), rows, LEVEL) >= wish.min_accuracy)
    return float(sure[enough][-1]) if enough.any() else None


def _counts(texts: Evidence) -> tuple[Array, Array, Array, Array]:
    """For each rule (R,): texts that it decided, that it was right on, that only it, only the network was right on."""
    hit, network_hit = texts.said == texts.numbers, texts.network == texts.numbers
    chosen = (np.ones(len(texts), bool), hit, hit & ~network_hit, network_hit & ~hit)
    decided, hits, ahead, behind = (texts.won[which].sum(0) for which in chosen)
    return decided, hits, ahead, behind


def _record(texts: Evidence, name: str, label: str, number: int, fitted: Fitted) -> RuleRecord:
    decided, hits, ahead, behind = (int(each[number]) for each in _counts(texts))
    low = float(wilson_low(hits, decided, LEVEL))
    return RuleRecord(name, label, decided, hits, ahead, behind, low, bool(fitted.first[number]))
