"""From predictions to scores, and to what every test row contributes to them.

A score of N test rows is a mean, or nearly one: accuracy is the mean of right and wrong; F1 is a ratio of means, which
moves like a mean when rows are drawn again (the delta method). So each score comes with an influence per row, float64
(N,), of mean 0: drawing the rows again with weights w (mean 1) changes the score by about mean(w x influence). All
contenders answer the same rows, so the covariance of their scores follows from their influences, pairing included.

Metrics: "accuracy"; "decided", accuracy among the rows that the rules decide; "macro_f1"; "f1" of one class.

Letters: N test rows, C classes. Predictions are class numbers, int64 (N,), -1 where there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Metric", "Score", "accuracy", "accuracy_among", "class_f1", "macro_f1"]

IdArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Metric = Literal["accuracy", "decided", "macro_f1", "f1"]


@dataclass(frozen=True)
class Score:
    """A score, and how every row moves it: float64 (N,)."""

    value: float
    influence: FloatArray


def accuracy(true: IdArray, predicted: IdArray) -> Score:
    """The share of rows that are right."""
    right = (true == predicted).astype(np.float64)
    value = float(right.mean())
    return Score(value, right - value)


def accuracy_among(true: IdArray, predicted: IdArray, rows: npt.NDArray[np.bool_]) -> Score:
    """The share that is right among some rows, bool (N,); 0 without any."""
    share = float(rows.mean())
    if not share:
        return Score(0.0, np.zeros(len(true)))
    right = true == predicted
    value = float(right[rows].mean())
    return Score(value, np.where(rows, (right - value) / share, 0.0))


def class_f1(true: IdArray, predicted: IdArray, number: int) -> Score:
    """F1 of one class; 0 if it occurs nowhere."""
    is_true, is_predicted = true == number, predicted == number
    both = is_true.astype(np.float64) + is_predicted
    total = float(both.mean())
    if not total:
        return Score(0.0, np.zeros(len(true)))
    hits = 2.0 * (is_true & is_predicted)
    value = float(hits.mean()) / total
    return Score(value, (hits - value * both) / total)


def macro_f1(true: IdArray, predicted: IdArray, classes: int) -> Score:
    """The mean of F1 over the classes that occur among true or predicted labels, as `evaluation.score` has it."""
    right, rows = true == predicted, len(true)
    decided = predicted >= 0
    hits = np.bincount(true[right], minlength=classes) / rows
    total = (np.bincount(true, minlength=classes) + np.bincount(predicted[decided], minlength=classes)) / rows
    occurs = total > 0
    scale = np.zeros(classes)
    scale[occurs] = 1 / (total[occurs] * np.count_nonzero(occurs))
    f1 = np.zeros(classes)
    f1[occurs] = 2 * hits[occurs] / total[occurs]
    lost = np.where(decided, (f1 * scale)[predicted], 0.0)
    influence = 2.0 * right * scale[true] - (f1 * scale)[true] - lost
    return Score(float(f1[occurs].mean()), influence)
