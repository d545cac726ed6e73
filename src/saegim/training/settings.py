"""How a classifier is trained: every number that can be set, with its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from saegim.errors import SettingError

Monitor = Literal["macro_f1", "accuracy", "loss"]


@dataclass(frozen=True)
class Settings:
    """Numbers of a training run.

    epochs: passes over the data (fewer when a time budget ends or validation stops improving)
    batch_size: texts per step
    wide_rate: learning rate of the wide part (plain gradient descent on rows), times the cube root of the number
        of classes, since each class's share of the gradient is the smaller the more there are
    embedding_rate: learning rate of the bag's embeddings (Adagrad)
    rate: learning rate of the rest of the deep part (AdamW)
    warmup: share of all steps during which learning rates rise; afterwards they fall linearly to 0
    label_smoothing: share of the target that is spread over all classes
    class_balance: weight of a class is its share to the power of -class_balance; 0 treats every text alike,
        1 every class alike
    clip_norm: limit of the gradients' global norm
    patience: epochs without a better score on the validation part before training ends
    monitor: the score that chooses the best epoch
    validation_share: part of the training texts held out for it when none are given
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
            if getattr(self, name) < 1:
                raise SettingError(f"{name} of at least 1 expected, {getattr(self, name)} given")
        for name in ("warmup", "label_smoothing", "class_balance", "validation_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingError(f"{name} between 0 and 1 expected, {getattr(self, name)} given")
        if self.monitor not in ("macro_f1", "accuracy", "loss"):
            raise SettingError(f"monitor macro_f1, accuracy or loss expected, {self.monitor!r} given")
        if self.time_budget is not None and not self.time_budget > 0:
            raise SettingError(f"a time budget above 0 seconds expected, {self.time_budget} given")
