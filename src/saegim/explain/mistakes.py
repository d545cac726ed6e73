"""What a model gets wrong on labelled texts, and which labels are likely wrong themselves.

A label is suspect if the model is at least as sure of another one as it is, on average, of the texts that have that
other one (after "Confident Learning", Northcutt, Jiang and Chuang, 2021). Each label has its own measure, so that one
which the model is easily sure of does not draw all the others to it. The model must not have been trained on the text:
what has seen a wrong label has learned it.

Letters: n texts, C classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from saegim.errors import DataError
from saegim.explain.duplicates import conflicting_duplicates

Array = npt.NDArray[Any]

Basis = Literal["unseen", "held out", "folds", "trained on"]
"""What the model has to do with the texts it judges: nothing that is known; training held them out; there are several
models, each trained without those that it judges; it was trained on them."""


_ROUNDING = 1e-9  # of averages: equal probabilities are their own average


@dataclass(frozen=True)
class Labelled:
    """A text and its label. row: from 0; line: where it stands in its file."""

    row: int
    line: int
    text: str
    label: str


@dataclass(frozen=True)
class Judged(Labelled):
    """And what a model says. probability: of the predicted label; of_label: of its own, 0 if it never gives that."""

    predicted: str
    probability: float
    of_label: float


@dataclass(frozen=True)
class Confusion:
    """So many texts of a label that are taken for another; share: of all with the label; example: the surest one."""

    label: str
    predicted: str
    count: int
    share: float
    example: Judged


@dataclass(frozen=True)
class Disagreement:
    """Texts that are nearly the same and have different labels, in the order of the file.

    counts: how many have each label, the most frequent first; similarity: 1 if they have all n-grams in common
    """

    similarity: float
    counts: dict[str, int]
    rows: tuple[Labelled, ...]


@dataclass(frozen=True)
class Mistakes:
    """What a model gets wrong.

    texts, judged: how many there are, and how many of them the model judged; basis, folds: see `Judgement`
    confusions: the most frequent first
    surest: all texts that it gets wrong, those that it is surest of first
    suspects: those of them whose labels are likely wrong, the likeliest first; the label suggested is `predicted`
    duplicates: near duplicates with different labels among all texts, the most similar first
    """

    texts: int
    judged: int
    basis: Basis
    folds: int | None
    confusions: tuple[Confusion, ...]
    surest: tuple[Judged, ...]
    suspects: tuple[Judged, ...]
    duplicates: tuple[Disagreement, ...]

    @property
    def others(self) -> tuple[Judged, ...]:
        """The mistakes that are no suspects, the surest first."""
        suspects = {each.row for each in self.suspects}
        return tuple(each for each in self.surest if each.row not in suspects)

    def to_dict(self, most: int | None = None) -> dict[str, Any]:
        """As plain data for JSON; of each list the first `most`, but all of them counted."""
        lists = ("confusions", "surest", "suspects", "duplicates")
        return {
            **{name: value for name, value in vars(self).items() if name not in lists},
            "wrong": len(self.surest),
            "likely_wrong_labels": len(self.suspects),
            "disagreements": len(self.duplicates),
            **{name: [asdict(each) for each in getattr(self, name)[:most]] for name in lists},
        }


@dataclass(frozen=True, eq=False)
class Judgement:
    """What models say of texts.

    classes: C labels; probabilities (n, C); rows (n,): which texts these are, all if None
    basis: what the models have to do with the texts; folds: how many models there are, if each judged a part
    """

    classes: Sequence[str]
    probabilities: Array
    rows: Array | None = None
    basis: Basis = "unseen"
    folds: int | None = None


def find_mistakes(
    texts: Sequence[str], labels: Sequence[str], judgement: Judgement, lines: Sequence[int] | None = None
) -> Mistakes:
    """What is wrong with texts and their labels (n), by a judgement of some or all of them.

    lines: where each text stands in its file; its number from 1 if left out
    Raises DataError if the numbers do not fit each other.
    """
    rows = np.arange(len(texts)) if judgement.rows is None else judgement.rows
    if not len(texts) == len(labels) or len(rows) != len(judgement.probabilities):
        raise DataError(
            f"{len(texts)} texts, {len(labels)} labels and probabilities of {len(judgement.probabilities)} were given;"
            " give a label and a row of probabilities for each text"
        )
    given = [
        Labelled(row, line, text, label)
        for row, (line, text, label) in enumerate(zip(lines or range(1, len(texts) + 1), texts, labels, strict=True))
    ]
    judged = list(_judged([given[row] for row in rows.tolist()], judgement))
    wrong = [each for each in judged if each.label != each.predicted]
    averages = average_confidence([each.label for each in judged], judgement)
    suspects = [each for each in wrong if each.probability >= averages.get(each.predicted, np.inf) - _ROUNDING]
    return Mistakes(
        texts=len(texts),
        judged=len(judged),
        basis=judgement.basis,
        folds=judgement.folds,
        confusions=tuple(_confusions(wrong, Counter(each.label for each in judged))),
        surest=tuple(sorted(wrong, key=lambda each: -each.probability)),
        suspects=tuple(sorted(suspects, key=lambda each: each.of_label - each.probability)),
        duplicates=tuple(_disagreements(given)),
    )


def average_confidence(labels: Sequence[str], judgement: Judgement) -> dict[str, float]:
    """For each class that texts with labels (n) have, the mean probability that the judgement gives it on these."""
    place = {name: number for number, name in enumerate(judgement.classes)}
    known = np.array([row for row, label in enumerate(labels) if label in place], np.int64)
    own = np.array([place[labels[row]] for row in known], np.int64)
    counts = np.bincount(own, minlength=len(place))
    sums = np.bincount(own, judgement.probabilities[known, own], len(place))
    return {name: float(sums[number] / counts[number]) for name, number in place.items() if counts[number]}


def _judged(given: Sequence[Labelled], judgement: Judgement) -> Iterator[Judged]:
    place = {name: number for number, name in enumerate(judgement.classes)}
    best = judgement.probabilities.argmax(1).tolist()
    for each, chosen, chances in zip(given, best, judgement.probabilities, strict=True):
        own = place.get(each.label)
        of_label = 0.0 if own is None else float(chances[own])
        predicted, probability = judgement.classes[chosen], float(chances[chosen])
        yield Judged(**vars(each), predicted=predicted, probability=probability, of_label=of_label)


def _confusions(wrong: Sequence[Judged], texts: Counter[str]) -> Iterator[Confusion]:
    """texts: how many have each label"""
    pairs: dict[tuple[str, str], list[Judged]] = {}
    for each in wrong:
        pairs.setdefault((each.label, each.predicted), []).append(each)
    for (label, predicted), found in sorted(pairs.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        surest = max(found, key=lambda each: each.probability)
        yield Confusion(label, predicted, len(found), len(found) / texts[label], surest)


def _disagreements(given: Sequence[Labelled]) -> Iterator[Disagreement]:
    for group in conflicting_duplicates([each.text for each in given], [each.label for each in given]):
        rows = tuple(given[row] for row in group.rows)
        counts = Counter(each.label for each in rows)
        yield Disagreement(group.similarity, dict(sorted(counts.items(), key=lambda each: (-each[1], each[0]))), rows)
