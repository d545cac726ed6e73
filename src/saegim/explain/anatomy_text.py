"""The anatomy of a training step of a text classifier on one text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.sources import texts_from
from saegim.errors import SettingError
from saegim.explain.anatomy import Anatomy, anatomy_of_step
from saegim.explain.attribution import class_number
from saegim.losses import cross_entropy
from saegim.models.batch import NgramBatch, TextBatch, TokenBatch
from saegim.models.choose import choose
from saegim.optim import SGD, Adagrad, Adam, AdamW, ByName, Optimizer
from saegim.tensor import tree
from saegim.training import Settings, TextClassifier
from saegim.training.optimizers import optimizer_for

Array = npt.NDArray[Any]

OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {"sgd": SGD, "adagrad": Adagrad, "adam": Adam, "adamw": AdamW}


@dataclass(frozen=True)
class TextAnatomy:
    """One training step on one text.

    text: as the model read it; ngrams, tokens: how many it read (tokens None where it reads none)
    label: the class it is taught; classes: all of them; target: what each one's probability should be
    probabilities, probabilities_after: softmax of the scores, before and after the update
    label_smoothing: the share of the target that is spread over all classes; dropout: whether it dropped
    step: the step itself
    """

    text: str
    ngrams: int
    tokens: int | None
    label: str
    classes: tuple[str, ...]
    target: tuple[float, ...]
    probabilities: tuple[float, ...]
    probabilities_after: tuple[float, ...]
    label_smoothing: float
    dropout: bool
    step: Anatomy

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def anatomy_of_text(
    classifier: TextClassifier,
    text: str,
    label: Any,
    *,
    optimizer: str | None = None,
    lr: float | None = None,
    dropout: bool = False,
) -> TextAnatomy:
    """One training step of the classifier's network on `text` with `label`, slowly; the classifier stays as it is.

    optimizer: "sgd", "adagrad", "adam" or "adamw" for all parameters; by default those of training, at its learning
        rates for a batch of one text, at their first step (nothing remembered of earlier ones)
    lr: the learning rate instead of the optimiser's own
    dropout: whether it drops, as in training; by default the numbers are those of prediction

    Raises SettingError for a label that the classifier does not know or an optimiser there is none of, DataError for a
    text that is no string.
    """
    network = classifier.network
    chosen = class_number(classifier, label)
    read = classifier.encoder.encode(texts_from([text])).batch(np.array([0]))
    batch = _without_padding(read, network.config.columns)
    smoothing, classes = classifier.label_smoothing, len(classifier.classes_)
    network.train(dropout)
    try:
        step = anatomy_of_step(
            network,
            _optimizer(classifier, text, optimizer, lr),
            partial(cross_entropy, label_smoothing=smoothing),
            batch,
            np.array([chosen]),
        )
    finally:
        network.eval()
    target = np.full(classes, smoothing / classes)
    target[chosen] += 1 - smoothing
    return TextAnatomy(
        text=classifier.encoder.traced(text).text,
        ngrams=len(batch.ngrams.items),
        tokens=None if batch.tokens is None else int(batch.tokens.mask.sum()),
        label=str(classifier.classes_[chosen]),
        classes=tuple(map(str, classifier.classes_)),
        target=tuple(target.tolist()),
        probabilities=_softmax(step.prediction[0]),
        probabilities_after=_softmax(step.prediction_after[0]),
        label_smoothing=smoothing,
        dropout=dropout,
        step=step,
    )


def _optimizer(classifier: TextClassifier, text: str, name: str | None, lr: float | None) -> Optimizer | ByName:
    if name is not None:
        if name not in OPTIMIZERS:
            raise SettingError(f"optimiser {name!r} is not one of {', '.join(OPTIMIZERS)}; choose one of these")
        return OPTIMIZERS[name]() if lr is None else OPTIMIZERS[name](lr=lr)
    settings = Settings(batch_size=1, rate=choose(classifier.kind_, [text]).rate)
    training = optimizer_for(settings, len(classifier.classes_))
    if lr is None:
        return training
    return ByName({pattern: replace(each, lr=lr) for pattern, each in training.patterns.items()})


def _without_padding(batch: TextBatch, columns: int) -> TextBatch:
    """The batch of one text without what only rounds its sizes up: it would count among what layers give."""
    ngrams, tokens = batch.ngrams, batch.tokens
    count = int(ngrams.offsets[-1])
    ngrams = NgramBatch(
        ngrams.rows[ngrams.rows < columns], ngrams.items[:count], ngrams.weights[:count], ngrams.offsets
    )
    if tokens is not None:
        length = max(1, int(tokens.mask.sum()))
        tokens = TokenBatch(*(np.ascontiguousarray(each[:, :length]) for each in tree.flatten(tokens)[0]))
    return TextBatch(ngrams, tokens)


def _softmax(scores: Any) -> tuple[float, ...]:
    powers = np.exp(np.asarray(scores, np.float64) - np.max(scores))
    return tuple((powers / powers.sum()).tolist())
