"""Optimisers: how parameters move against their gradient."""

from saegim.optim.adaptive import Adagrad, Adam, AdamW
from saegim.optim.base import ByName, Optimizer
from saegim.optim.clipping import clip_by_global_norm, global_norm_squared
from saegim.optim.sgd import SGD

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "ByName", "Optimizer", "clip_by_global_norm", "global_norm_squared"]
