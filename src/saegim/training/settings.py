"""How a classifier is trained: every number that can be set, with its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from saegim.errors import SettingError
from saegim.models.limits import check_number, check_whole

Monitor = Literal["macro_f1", "accuracy", "loss", "last"]

_MOST_SEED = (1 << 63) - 1


@dataclass(frozen=True)
class Settings:
    """Numbers of a training run.

    epochs: passes over the data (fewer when a time budget ends or validation stops improving)
    batch_size: texts per step
    wide_rate: learning rate of the wide part (plain gradient descent on rows) at 256 texts per step; in proportion
        for other batches, so that a text moves the rows by as much in any batch; and times the cube root of the
        number of classes, since each class's share of the gradient is the smaller the more there are
    embedding_rate: learning rate of the bag's embeddings (Adagrad)
    rate, weight_decay: of the rest of the deep part (AdamW)
    warmup: share of all steps during which learning rates rise; afterwards they fall linearly to 0
    label_smoothing: share of the target that is spread over all classes
    class_balance: weight of a class is its share to the power of -class_balance; 0 treats every text alike,
        1 every class alike
    clip_norm: limit of the gradients' global norm; None for no limit
    patience: epochs without a better score on the validation part before training ends
    monitor: the score that chooses the best epoch; "last" takes the last one, whose learning rate has fallen to 0
    validation_share: part of the training texts held out for it when none are given; 0 for none
    seed: everything random follows from it
    time_budget: seconds that training may take in all; None for no limit
    checkpoint_seconds: how often what was learned so far is saved
    """

    epochs: int = 3
    batch_size: int = 256
    wide_rate: float = 8.0
    embedding_rate: float = 0.02
    rate: float = 2e-3
    weight_decay: float = 0.01
    warmup: float = 0.02
    label_smoothing: float = 0.1
    class_balance: float = 0.3
    clip_norm: float | None = None
    patience: int = 3
    monitor: Monitor = "macro_f1"
    validation_share: float = 0.1
    seed: int = 0
    time_budget: float | None = None
    checkpoint_seconds: float = 30.0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "patience"):
            check_whole(name, getattr(self, name))
        check_whole("seed", self.seed, 0, _MOST_SEED)
        for name in ("wide_rate", "embedding_rate", "rate", "weight_decay", "checkpoint_seconds"):
            check_number(name, getattr(self, name), 0)
        for name in ("label_smoothing", "class_balance"):
            check_number(name, getattr(self, name), 0, 1)
        for name in ("warmup", "validation_share"):
            check_number(name, getattr(self, name), 0, 1, below=True)
        for name in ("clip_norm", "time_budget"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), 0, above=True)
        if self.monitor not in get_args(Monitor):
            raise SettingError(f"monitor: macro_f1, accuracy, loss or last expected, {self.monitor!r} given")
