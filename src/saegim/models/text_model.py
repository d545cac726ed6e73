"""A text classifier's network: a wide linear part over n-grams and a deep part that reads, their scores added."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import nn
from saegim.errors import SettingError
from saegim.models.batch import TextBatch
from saegim.models.limits import check_number, check_whole
from saegim.models.readers import READERS, Reader, ReaderConfig
from saegim.models.wide import Wide
from saegim.nn.module import Seed
from saegim.tensor import Tensor, tree


@dataclass(frozen=True)
class ModelConfig:
    """All sizes of a text model.

    columns: rows of the n-gram tables; classes: C; vocabulary: tokens, 0 without a tokenizer
    reader: the deep part, None for the wide part alone
    wide_scale: factor of the summed n-grams; wide_dropout: share of n-grams dropped while training
    """

    columns: int
    classes: int
    vocabulary: int = 0
    reader: ReaderConfig | None = None
    wide_scale: float = 5.0
    wide_dropout: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("columns", 0), ("classes", 2), ("vocabulary", 0)):
            check_whole(name, getattr(self, name), least)
        check_number("wide_scale", self.wide_scale, 0)
        check_number("wide_dropout", self.wide_dropout, 0, 1, below=True)
        if self.reader is not None and self.reader.reads_tokens and not self.vocabulary:
            raise SettingError(f"a {self.reader.kind} reads tokens, but the vocabulary has none; train a tokenizer")

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        wide = (self.columns + 1) * self.classes
        if self.reader is None:
            return wide
        features, deep = READERS[self.reader.kind].sizes(self.reader, self._rows(self.reader))
        return wide + deep + features * self.classes

    def _rows(self, reader: ReaderConfig) -> int:
        """How many rows the reader's table has."""
        return self.vocabulary if reader.reads_tokens else self.columns


class TextModel(nn.Module):
    """scores (B, C) = wide(n-grams) + head(reader(text)). Both parts are trained together."""

    def __init__(self, config: ModelConfig, *, seed: Seed = None) -> None:
        rng = np.random.default_rng(seed)
        self.config = config
        self.wide = Wide(config.columns, config.classes, scale=config.wide_scale, dropout=config.wide_dropout, seed=rng)
        self.reader: Reader | None = None
        if config.reader is not None:
            self._add(config.reader, rng)

    def _add(self, config: ReaderConfig, rng: np.random.Generator) -> None:
        """The deep part."""
        kind, rows = READERS[config.kind], self.config._rows(config)
        self.reader = kind(config, rows, rng)
        self.dropout = nn.Dropout(config.dropout, seed=rng)
        self.head = nn.Linear(kind.sizes(config, rows)[0], self.config.classes, bias=False, seed=rng)

    def __call__(self, batch: TextBatch) -> Tensor:
        batch = tree.map_leaves(tree.as_tensor, batch)
        scores = self.wide(batch.ngrams)
        if self.reader is None:
            return scores
        return scores + self.head(self.dropout(self.reader(batch)))

    def coefficients(self, columns: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:
        """What one unit of each n-gram adds to the scores, columns (N,) -> (N, C); None unless scores are linear.

        Then scores = bias of the wide part + sum over a text's n-grams of value * coefficient, in prediction.
        """
        deep = None if self.reader is None else self.reader.coefficients(columns)
        if self.reader is not None and deep is None:
            return None
        wide = self.wide.coefficients(columns)
        return wide if deep is None else wide + deep @ self.head.weight.numpy().T
