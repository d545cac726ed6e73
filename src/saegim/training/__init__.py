"""The loop: steps, epochs, validation, checkpoints, resuming, progress."""

from saegim.training.step import TrainStep, train_step

__all__ = ["TrainStep", "train_step"]
