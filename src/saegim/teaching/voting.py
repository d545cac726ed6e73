"""Rules as voters: what each of them says of each text, and the plainest ways to count their votes.

Letters: n texts, m voters, C classes. Votes are whole numbers (n, m): the number of a class, or ABSTAIN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.errors import DataError
from saegim.rules import Rule, RuleSet

__all__ = ["ABSTAIN", "Heard", "agreement", "check_votes", "counted", "hear", "voters", "votes"]

Array = npt.NDArray[Any]

ABSTAIN = -1


def voters(rules: RuleSet) -> tuple[Rule, ...]:
    """The rules that give a label, in the order of the file: each is a voter of its own.

    Rules that only derive facts vote through those that need these facts. A default is nobody's vote.
    """
    return tuple(rule for rule in rules.rules if rule.label is not None)


@dataclass(frozen=True, eq=False)
class Heard:
    """What rules say of n texts: `votes` (n, m), and the whole set's `verdicts` (n,), ABSTAIN where no rule decides."""

    votes: Array
    verdicts: Array


def votes(rules: RuleSet, texts: Sequence[str], classes: Sequence[str] | None = None) -> Array:
    """(n, m) int16: for every text the class that each voter wants, ABSTAIN where it does not fire.

    classes: names in their order; by default the labels of the voters, sorted. Raises DataError for a voter whose
    label is none of them.
    """
    return hear(rules, texts, rules.labels if classes is None else classes).votes


def hear(rules: RuleSet, texts: Sequence[str], classes: Sequence[str]) -> Heard:
    """The votes and the verdicts, each text read once. Raises as `votes`."""
    place = {name: number for number, name in enumerate(classes)}
    unknown = sorted({str(rule.label) for rule in voters(rules)} - place.keys())
    if unknown:
        raise DataError(f"the rules give labels that are none of the classes: {', '.join(unknown[:5])}; add them")
    labels = [place.get(str(rule.label), ABSTAIN) for rule in rules.rules]
    column = {number: at for at, number in enumerate(n for n, rule in enumerate(rules.rules) if rule.label is not None)}
    found = np.full((len(texts), len(column)), ABSTAIN, np.int16)
    verdicts = np.full(len(texts), ABSTAIN, np.int16)
    for row, (fired, verdict) in enumerate(rules.fire(texts)):
        for number in fired:
            if number in column:
                found[row, column[number]] = labels[number]
        if verdict.won:
            verdicts[row] = labels[verdict.won[0]]
    return Heard(found, verdicts)


def check_votes(found: Any, classes: int) -> Array:
    """The votes as an array (n, m). Raises DataError for what are none."""
    array = np.asarray(found)
    if array.ndim != 2 or array.dtype.kind not in "iu":
        raise DataError(f"votes: whole numbers of shape (n, m) expected, {array.dtype} of shape {array.shape} given")
    if array.size and not ABSTAIN <= int(array.min()) <= int(array.max()) < classes:
        raise DataError(
            f"votes: numbers from {ABSTAIN} (abstains) to {classes - 1} expected, {array.min()} to {array.max()} given"
        )
    return array


def counted(found: Array, classes: int, weights: Array | None = None) -> Array:
    """(n, C) the sum of the votes for each class, each voter's counted by its weight (m,), 1 each by default."""
    each = np.ones(found.shape[1]) if weights is None else weights
    return np.stack([(found == number) @ each for number in range(classes)], axis=1)


def agreement(found: Array, classes: int) -> Array:
    """(m,) how good each voter is, estimated from the others alone.

    The share of its votes that the majority of the other voters agree with, where there is a majority; one vote of
    each kind is added, so that no voter is always right or always wrong.
    """
    tally = counted(found, classes)
    shares = np.empty(found.shape[1])
    for voter in range(found.shape[1]):
        rows = np.flatnonzero(found[:, voter] != ABSTAIN)
        own = found[rows, voter].astype(np.int64)
        others = tally[rows]
        others[np.arange(len(rows)), own] -= 1
        top = others.max(1, keepdims=True)
        clear = ((others == top).sum(1) == 1) & (top[:, 0] > 0)
        agreed = others[np.arange(len(rows)), own] == top[:, 0]
        shares[voter] = ((agreed & clear).sum() + 1) / (clear.sum() + 2)
    return shares
