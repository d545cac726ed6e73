"""The teachers: ways to make one opinion of many votes, from the plainest to the label model.

Each is made from the votes on unlabelled texts alone, and gives for every text how likely each class is and how much
that is worth teaching. Letters: n texts, m voters, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.errors import SettingError
from saegim.teaching.label_model import LabelModel, fit
from saegim.teaching.voting import ABSTAIN, Heard, agreement, counted

__all__ = ["TEACHERS", "Opinion", "Teacher", "teacher"]

Array = npt.NDArray[Any]

# From the plainest on: of those whose networks are equally good the first is used.
TEACHERS = ("rules", "majority", "weighted", "independent", "correlated")

_WORTHLESS = 1e-6  # a confidence so small is rounding


@dataclass(frozen=True, eq=False)
class Opinion:
    """What a teacher thinks: `shares` (n, C) how likely each class is, `confidence` (n,) from 0 to 1 how much each
    text is worth teaching; 0 where it has no opinion."""

    shares: Array
    confidence: Array

    @property
    def decided(self) -> Array:
        """(n,) bool: where there is an opinion."""
        return self.confidence > 0

    def labels(self, classes: Sequence[str]) -> list[str | None]:
        """The most likely class of each text; None where there is no opinion."""
        best = self.shares.argmax(1).tolist()
        return [classes[one] if decided else None for one, decided in zip(best, self.decided.tolist(), strict=True)]


@dataclass(frozen=True, eq=False)
class Teacher:
    """Gives an opinion of what was heard of any texts; `model` is what it was estimated by, if by a label model."""

    opinion: Callable[[Heard], Opinion]
    model: LabelModel | None = None


def teacher(name: str, heard: Heard, balance: Array) -> Teacher:
    """The teacher of that name, made from what rules say of unlabelled texts.

    rules: the rule set's own verdict, by the strengths that its author gave. majority: what most rules say.
    weighted: votes count the log odds of their accuracy, as the other rules' majority suggests it. independent and
    correlated: the label model without and with correlations. balance: (C,) shares of the classes.
    Raises DataError where nothing can be estimated, SettingError for another name.
    """
    if name not in TEACHERS:
        raise SettingError(f"{name!r} is no teacher; choose one of {', '.join(TEACHERS)}")
    classes = len(balance)
    if name == "rules":
        return Teacher(lambda of: _certain(np.eye(classes)[of.verdicts], (of.verdicts != ABSTAIN).astype(float)))
    if name == "majority":
        return Teacher(lambda of: _majority(counted(of.votes, classes)))
    if name == "weighted":
        accuracy = agreement(heard.votes, classes)
        weights = np.log(accuracy / (1 - accuracy))
        return Teacher(lambda of: _likely(_softmax(counted(of.votes, classes, weights)), of))
    model = fit(heard.votes, classes, correlations=name == "correlated", balance=balance)
    return Teacher(lambda of: _likely(model.predict(of.votes), of), model)


def _certain(shares: Array, confidence: Array) -> Opinion:
    """An opinion of one class each; even shares where there is none."""
    even = np.full_like(shares, 1 / shares.shape[1])
    kept = np.where(confidence > _WORTHLESS, confidence, 0.0)
    return Opinion(np.where((kept > 0)[:, None], shares, even), kept)


def _majority(tally: Array) -> Opinion:
    """The class of most votes (n, C), worth its lead over the next as a part of all votes: nothing in a tie."""
    second, first = np.sort(tally, axis=1)[:, -2:].T
    lead = (first - second) / np.maximum(tally.sum(1), 1)
    return _certain(np.eye(tally.shape[1])[tally.argmax(1)], lead)


def _likely(shares: Array, heard: Heard) -> Opinion:
    """Chances (n, C), worth what they say: 1 - entropy / log C, the part of what there is to know that is known.

    No opinion where nobody voted: that rules are silent says little of a text, and what it says is the same for all.
    """
    entropy = -(shares * np.log(np.maximum(shares, 1e-300))).sum(1)
    known = 1 - entropy / np.log(shares.shape[1])
    spoken = (heard.votes != ABSTAIN).any(1)
    return Opinion(shares, np.where(spoken & (known > _WORTHLESS), np.clip(known, 0, 1), 0.0))


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    shares: Array = powers / powers.sum(1, keepdims=True)
    return shares
