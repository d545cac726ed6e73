"""What is learned from what: examples, the loss of a step, and how good a model is on what it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from saegim.evaluation.metrics import accuracy_and_macro_f1
from saegim.losses import cross_entropy
from saegim.nn.module import Module
from saegim.tensor import Tensor, mean
from saegim.training.scoring import Inputs, Scorer
from saegim.training.settings import Settings

__all__ = ["Classification", "Examples", "Inputs", "Objective"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and what should be said of them.

    inputs: n texts or images, ready to be batched
    labels: (n,) int64 the number of each one's class, or (n, C) float32 the share of each class
    weights: (n,) float32 how much each counts; None for all alike
    """

    inputs: Inputs
    labels: Array
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def classes(self) -> Array:
        """(n,) the class of each, the most likely one where there are shares."""
        return self.labels if self.labels.ndim == 1 else self.labels.argmax(1)

    def take(self, rows: Array) -> Self:
        """These examples, in this order."""
        weights = None if self.weights is None else self.weights[rows]
        return type(self)(self.inputs.take(rows), self.labels[rows], weights)


class Objective(Protocol):
    """What a trainer trains for."""

    def importance(self, train: Examples) -> Array:
        """(n,) float32 how much each training example counts in the loss, 1 on average."""

    def loss(self, output: Any, target: tuple[Tensor, Tensor]) -> Tensor:
        """The loss of a step, a scalar, from the model's output and (labels, importance) of the examples in it."""

    def validate(self, valid: Examples) -> dict[str, float]:
        """Figures of the model on examples that it is not trained on; `valid_loss`, and what `monitor` may name."""


class Classification:
    """Putting examples into classes: cross entropy, each class weighted by how rare it is; accuracy and macro F1.

    A label may also be a distribution over the classes: then the loss is the cross entropy to that.
    """

    def __init__(self, model: Module, classes: int, settings: Settings) -> None:
        self.classes, self.settings = classes, settings
        self.scores = Scorer(model, classes)

    def importance(self, train: Examples) -> Array:
        """Each example's weight times that of its class."""
        labels, weights = train.labels, train.weights
        shares = _shares(labels, weights, self.classes)
        of_class = _class_weights(shares, self.settings.class_balance)
        each: Array = of_class[labels] if labels.ndim == 1 else labels @ of_class
        if weights is not None:
            each = each * (weights / max(float(np.mean(weights)), 1e-30))
        return each.astype(np.float32, copy=False)

    def loss(self, output: Tensor, target: tuple[Tensor, Tensor]) -> Tensor:
        """scores (B, C), (labels (B,) or (B, C), importance (B,)) -> the mean of weighted cross entropies."""
        labels, importance = target
        each = cross_entropy(output, labels, label_smoothing=self.settings.label_smoothing, reduction="none")
        return mean(each * importance)

    def validate(self, valid: Examples) -> dict[str, float]:
        """Loss, accuracy and macro F1; every example counts alike."""
        scores, labels = self.scores(valid.inputs), valid.classes
        accuracy, macro_f1 = accuracy_and_macro_f1(labels, scores.argmax(1), self.classes)
        shifted = scores - scores.max(1, keepdims=True)
        likelihood = shifted[np.arange(len(valid)), labels] - np.log(np.exp(shifted).sum(1))
        return {"valid_loss": float(-likelihood.mean()), "accuracy": float(accuracy), "macro_f1": float(macro_f1)}


def _shares(labels: Array, weights: Array | None, classes: int) -> Array:
    """(C,) the share of each class among the examples, as much as each counts."""
    if labels.ndim == 2:
        return np.average(labels, axis=0, weights=weights)
    return np.bincount(labels, weights, minlength=classes) / max(len(labels) if weights is None else weights.sum(), 1)


def _class_weights(shares: Array, balance: float) -> Array:
    """(C,) float32 share**-balance, scaled so that the mean over the examples is 1."""
    weights = np.where(shares > 0, np.maximum(shares, 1e-9) ** -balance, 0)
    scaled: Array = (weights / (weights * shares).sum()).astype(np.float32)
    return scaled
