"""The wide part: a sparse linear layer over weighted n-grams, inside every model."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import nn
from saegim.models.batch import NgramBatch
from saegim.nn import init
from saegim.nn.module import Seed
from saegim.tensor.core import Tensor, apply


def sum_rows(table: Tensor, batch: NgramBatch, weights: Tensor) -> Tensor:
    """The weighted sum of each text's rows: table (V, D) -> (B, D). Only the rows in use are touched, both ways."""
    rows = apply("take", table, batch.rows, mode="fill", unique=True)
    return apply("bag", rows, batch.items, weights, batch.offsets)


class Wide(nn.Module):
    """scores = scale * sum over a text's n-grams of weight * row + bias; batch of B texts -> (B, C).

    A linear classifier over the n-grams: what a linear SVM over TF-IDF is, trained by backpropagation. Rows start
    at zero and the bias at the log of the classes' shares, so that the first prediction is how frequent they are.
    """

    def __init__(
        self, columns: int, classes: int, *, scale: float = 5.0, dropout: float = 0.0, seed: Seed = None
    ) -> None:
        self.columns, self.classes, self.scale = columns, classes, scale
        self.dropout = nn.Dropout(dropout, seed=seed)
        self.reset(np.random.default_rng(seed))

    def reset(self, rng: np.random.Generator) -> None:  # noqa: ARG002 - nothing to draw
        self.weight = nn.Parameter(init.zeros((self.columns, self.classes)))
        self.bias = nn.Parameter(init.zeros((self.classes,)))

    def __call__(self, batch: NgramBatch) -> Tensor:
        return sum_rows(self.weight, batch, self.dropout(batch.weights)) * self.scale + self.bias

    def coefficients(self, columns: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """What one unit of each n-gram adds to the scores: columns (N,) -> (N, C)."""
        coefficients: npt.NDArray[np.float64] = self.scale * self.weight.numpy()[columns].astype(np.float64)
        return coefficients

    def start_from(self, labels: npt.NDArray[Any]) -> None:
        """Sets the bias to the log of each class's share of `labels` (n,): what is known before reading a text."""
        share = np.bincount(labels, minlength=self.classes) / max(len(labels), 1)
        self.bias = nn.Parameter(np.log(np.maximum(share, 1e-6)).astype(np.float32))
