"""The loop: steps, epochs, validation, checkpoints, resuming, progress; and the classifier that uses it."""

from saegim.training.classifier import TextClassifier
from saegim.training.settings import Settings
from saegim.training.step import TrainStep, train_step
from saegim.training.trainer import Examples, Trainer

__all__ = ["Examples", "Settings", "TextClassifier", "TrainStep", "Trainer", "train_step"]
