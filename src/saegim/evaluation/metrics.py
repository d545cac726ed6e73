"""How good predictions are: accuracy, macro F1, scores per class, and what abstaining costs.

A predictor may abstain on a text (its prediction is None). An abstention is a miss: it lowers `accuracy` and
the recall of the true class, but it is not a prediction of any class, so no precision suffers from it.

Which classes exist: those among the true labels or the predictions, and macro F1 is the plain mean of their
F1. That is scikit-learn's own convention, so the figures here can be checked with it. A label that a
predictor invented therefore counts as a class with F1 = 0.

Letters: N rows, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.errors import DataError, ShapeError
from saegim.late import late

__all__ = ["ClassScore", "Scores", "accuracy_and_macro_f1", "class_ids", "class_names", "score"]

IdArray = npt.NDArray[np.int64]
ABSTAINED = -1


@dataclass(frozen=True)
class ClassScore:
    """One class: precision, recall and F1 (0 where undefined), rows that have it, rows predicted as it."""

    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


@dataclass(frozen=True)
class Scores:
    """All scores of one predictor on N rows.

    `confusion` is int64 (C, C + 1): rows are true classes and columns predicted ones, in the order of
    `per_class`; the last column counts abstentions. `accuracy_decided` is None when it never decided.
    """

    n: int
    accuracy: float
    macro_f1: float
    coverage: float
    accuracy_decided: float | None
    per_class: dict[str, ClassScore]
    confusion: IdArray

    @property
    def classes(self) -> list[str]:
        """The C class names, sorted: the order of the confusion matrix."""
        return list(self.per_class)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "coverage": self.coverage,
            "accuracy_decided": self.accuracy_decided,
            "per_class": {name: vars(one).copy() for name, one in self.per_class.items()},
            "classes": self.classes,
            "confusion": self.confusion.tolist(),
        }


def score(true: Sequence[str], predicted: Sequence[str | None]) -> Scores:
    """Scores of `predicted` (N) against the labels `true` (N), both text; None in `predicted` is an
    abstention.

    Raises DataError for no rows or a label that is not text, ShapeError for different lengths.
    """
    classes = class_names(true, predicted)
    true_ids, predicted_ids = class_ids(true, classes), class_ids(predicted, classes)
    decided = predicted_ids != ABSTAINED
    right = true_ids == predicted_ids
    per_class = _per_class(true_ids, predicted_ids, classes)
    return Scores(
        n=len(true_ids),
        accuracy=float(right.mean()),
        macro_f1=float(np.mean([one.f1 for one in per_class.values()])),
        coverage=float(decided.mean()),
        accuracy_decided=float(right[decided].mean()) if decided.any() else None,
        per_class=per_class,
        confusion=_confusion(true_ids, predicted_ids, len(classes)),
    )


def accuracy_and_macro_f1(true_ids: IdArray, predicted_ids: IdArray, classes: int) -> tuple[float, float]:
    """Accuracy and macro F1 for early stopping: plain counting, a few passes over N.

    true_ids (N,) int in 0..classes-1; predicted_ids (N,) int, a negative one is an abstention. The macro
    mean is over the classes that occur in either. Raises DataError for no rows, ShapeError for different
    shapes.
    """
    true_ids, predicted_ids = np.asarray(true_ids), np.asarray(predicted_ids)
    if true_ids.shape != predicted_ids.shape or true_ids.ndim != 1:
        raise ShapeError(
            f"true_ids has shape {true_ids.shape} and predicted_ids {predicted_ids.shape}, "
            "but both should be (N,); give one prediction per row"
        )
    if not len(true_ids):
        raise DataError("there are 0 rows to score, but at least 1 is needed; check the test part")
    right = true_ids == predicted_ids
    hits = np.bincount(true_ids[right], minlength=classes)
    support = np.bincount(true_ids, minlength=classes)
    predicted = np.bincount(predicted_ids[predicted_ids >= 0], minlength=classes)
    total = support + predicted
    occurs = total > 0
    return float(right.mean()), float(np.mean(2 * hits[occurs] / total[occurs]))


def class_names(true: Sequence[str], *predictions: Sequence[str | None]) -> list[str]:
    """The sorted class names among the true labels and any number of predictions.

    Raises as `score` does.
    """
    if not len(true):
        raise DataError("there are 0 rows to score, but at least 1 is needed; check the test part")
    names: set[Any] = set(true)
    for predicted in predictions:
        if len(predicted) != len(true):
            raise ShapeError(f"{len(predicted)} predictions were given for {len(true)} true labels; give one per row")
        names.update(predicted)
        names.discard(None)
    for name in names:
        if not isinstance(name, str):
            raise DataError(f"the label {name!r} is a {type(name).__name__}, but labels should be text; use str(label)")
    return sorted(names)


def class_ids(labels: Sequence[str | None], classes: Sequence[str]) -> IdArray:
    """int64 (N,): the place of every label in `classes`; -1 for None. Raises KeyError for another label."""
    place: dict[str | None, int] = {name: number for number, name in enumerate(classes)}
    place[None] = ABSTAINED
    return np.fromiter((place[label] for label in labels), dtype=np.int64, count=len(labels))


def _per_class(true_ids: IdArray, predicted_ids: IdArray, classes: Sequence[str]) -> dict[str, ClassScore]:
    metrics = late("sklearn.metrics")
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        true_ids, predicted_ids, labels=np.arange(len(classes)), average=None, zero_division=0
    )
    predicted = np.bincount(predicted_ids[predicted_ids >= 0], minlength=len(classes))
    return {
        name: ClassScore(float(precision[c]), float(recall[c]), float(f1[c]), int(support[c]), int(predicted[c]))
        for c, name in enumerate(classes)
    }


def _confusion(true_ids: IdArray, predicted_ids: IdArray, classes: int) -> IdArray:
    columns = np.where(predicted_ids == ABSTAINED, classes, predicted_ids)
    full = late("sklearn.metrics").confusion_matrix(true_ids, columns, labels=np.arange(classes + 1))
    square_and_abstained: IdArray = full[:classes].astype(np.int64)
    return square_and_abstained
