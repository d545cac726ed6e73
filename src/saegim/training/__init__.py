"""The loop: steps, epochs, validation, checkpoints, resuming, progress; and what uses it: classifiers, a generator.

Everything is imported at its first use: a step of one's own model needs no tokenizers and no tables.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saegim.training.classifier import TextClassifier
    from saegim.training.generator import ImageGenerator
    from saegim.training.image_classifier import ImageClassifier
    from saegim.training.loading import load_classifier, load_model
    from saegim.training.objective import Classification, Examples
    from saegim.training.settings import Settings
    from saegim.training.step import TrainStep, train_step
    from saegim.training.trainer import Trainer

__all__ = [
    "Classification",
    "Examples",
    "ImageClassifier",
    "ImageGenerator",
    "Settings",
    "TextClassifier",
    "TrainStep",
    "Trainer",
    "load_classifier",
    "load_model",
    "train_step",
]

_HOME = {
    "Classification": "objective",
    "Examples": "objective",
    "ImageClassifier": "image_classifier",
    "ImageGenerator": "generator",
    "Settings": "settings",
    "TextClassifier": "classifier",
    "TrainStep": "step",
    "Trainer": "trainer",
    "load_classifier": "loading",
    "load_model": "loading",
    "train_step": "step",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'saegim.training' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"saegim.training.{_HOME[name]}"), name)
    return value
