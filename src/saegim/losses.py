"""Losses: the distance from prediction to truth, as one number.

`reduction` is "mean", "sum" or "none" (one value per item). `weights` says how much each item counts; a mean is then
divided by their sum.
"""

from __future__ import annotations

from typing import Literal

from saegim import tensor as sg
from saegim.dtypes import int64, is_integer
from saegim.errors import DataError, SettingError, ShapeError
from saegim.tensor import Tensor
from saegim.tensor.core import apply, asarray_like

__all__ = ["binary_cross_entropy_with_logits", "cross_entropy", "huber", "mean_squared_error"]

Reduction = Literal["mean", "sum", "none"]


def cross_entropy(
    logits: Tensor,
    targets: Tensor,
    *,
    class_weights: Tensor | None = None,
    label_smoothing: float = 0.0,
    weights: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """-log of the probability given to the true class: logits (..., C), targets (...) int or (..., C) shares -> scalar.

    `class_weights` (C,) multiplies what each class contributes; `label_smoothing` spreads that share of every target
    evenly over all classes (Szegedy et al., 2016). For integer targets the mean is divided by the sum of the true
    classes' weights, for shares by the number of items, both as in PyTorch. `weights` (...) says how much each item
    counts. Raises DataError for a known target that is no class (when traced: IndexError when it runs).
    """
    logits, targets = asarray_like(logits), asarray_like(targets)
    if not 0 <= label_smoothing <= 1:
        raise SettingError(f"cross_entropy: a label_smoothing between 0 and 1 expected, {label_smoothing} given")
    if not logits.ndim:
        raise ShapeError("cross_entropy: logits (..., C) expected, a scalar given")
    classes = logits.shape[-1]
    if class_weights is not None:
        class_weights = sg.astype(asarray_like(class_weights), logits.dtype)
        if class_weights.shape != (classes,):
            raise ShapeError(
                f"cross_entropy: class_weights of shape {(classes,)} expected, {class_weights.shape} given"
            )
    costs = -sg.log_softmax(logits)
    costs = costs if class_weights is None else costs * class_weights
    if not is_integer(targets.dtype):
        _same_shape("cross_entropy", logits, targets)
        shares = targets if not label_smoothing else targets * (1 - label_smoothing) + label_smoothing / classes
        return _reduced(sg.sum(costs * shares, axis=-1), weights, reduction)

    if targets.shape != logits.shape[:-1]:
        raise ShapeError(f"cross_entropy: targets of shape {logits.shape[:-1]} expected, {targets.shape} given")
    chosen = _checked(targets, classes)
    own = sg.expand_dims(chosen, axis=-1) == sg.arange(classes)
    each = sg.sum(sg.where(own, costs, 0.0), axis=-1)
    if label_smoothing:
        each = (1 - label_smoothing) * each + (label_smoothing / classes) * sg.sum(costs, axis=-1)
    counts = None if class_weights is None else apply("take", class_weights, chosen, mode="raise", unique=False)
    return _reduced(each, weights, reduction, counts)


def _checked(targets: Tensor, classes: int) -> Tensor:
    """The targets as int64; one that is no class is an error, at once where they are known."""
    if not targets.is_traced:
        known = targets.numpy()
        if known.size and not 0 <= known.min() <= known.max() < classes:
            raise DataError(
                f"cross_entropy: targets between 0 and {classes - 1} expected, {known.min()} to {known.max()} given; "
                "is the model's last layer as wide as there are classes?"
            )
    return apply("take", sg.arange(classes), sg.astype(targets, int64), mode="raise", unique=False)


def binary_cross_entropy_with_logits(
    logits: Tensor,
    targets: Tensor,
    *,
    positive_weight: Tensor | float | None = None,
    weights: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """-t log(p) - (1-t) log(1-p) with p = sigmoid(logit): logits and targets of one shape, each on its own -> scalar.

    Targets lie between 0 and 1. `positive_weight`, a number or one per class (last axis), multiplies the first term.
    """
    logits, targets = asarray_like(logits), asarray_like(targets)
    _same_shape("binary_cross_entropy_with_logits", logits, targets)
    truth = sg.astype(targets, logits.dtype)
    # -log(p) = log(1 + exp(-x)) and -log(1-p) = log(1 + exp(x)), each accurate where it is small.
    positive = truth * sg.logaddexp(-logits, 0.0)
    if positive_weight is not None:
        positive = positive * sg.asarray(positive_weight, dtype=logits.dtype)
    return _reduced(positive + (1 - truth) * sg.logaddexp(logits, 0.0), weights, reduction)


def mean_squared_error(
    predictions: Tensor, targets: Tensor, *, weights: Tensor | None = None, reduction: Reduction = "mean"
) -> Tensor:
    """(prediction - target)^2: two tensors of one shape -> scalar."""
    difference = _difference("mean_squared_error", predictions, targets)
    return _reduced(difference * difference, weights, reduction)


def huber(
    predictions: Tensor,
    targets: Tensor,
    *,
    delta: float = 1.0,
    weights: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """d^2/2 for differences d up to `delta`, delta (|d| - delta/2) beyond (Huber, 1964): of one shape -> scalar."""
    if not delta > 0:
        raise SettingError(f"huber: a delta above 0 expected, {delta} given")
    size = sg.abs(_difference("huber", predictions, targets))
    # The smaller of size and delta carries both branches, each with its own derivative.
    near = sg.where(size < delta, size, delta)
    return _reduced(near * (size - 0.5 * near), weights, reduction)


def _difference(name: str, predictions: Tensor, targets: Tensor) -> Tensor:
    predictions, targets = asarray_like(predictions), asarray_like(targets)
    _same_shape(name, predictions, targets)
    return predictions - sg.astype(targets, predictions.dtype)


def _same_shape(name: str, predictions: Tensor, targets: Tensor) -> None:
    if predictions.shape != targets.shape:
        raise ShapeError(
            f"{name}: targets of the predictions' shape {predictions.shape} expected, {targets.shape} given"
        )


def _reduced(each: Tensor, weights: Tensor | None, reduction: Reduction, counts: Tensor | None = None) -> Tensor:
    """One number from a loss per item; `counts` are what a mean is divided by the sum of, 1 each unless given."""
    if weights is not None:
        weights = sg.astype(asarray_like(weights), each.dtype)
        if weights.shape != each.shape:
            raise ShapeError(f"weights of the items' shape {each.shape} expected, {weights.shape} given")
        each = each * weights
        counts = weights if counts is None else counts * weights
    if reduction == "none":
        return each
    if reduction == "sum":
        return sg.sum(each)
    if reduction != "mean":
        raise SettingError(f"reduction 'mean', 'sum' or 'none' expected, {reduction!r} given")
    return sg.mean(each) if counts is None else sg.sum(each) / sg.sum(counts)
