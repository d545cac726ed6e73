"""A text classifier's network: a wide linear part over n-grams and a deep part that reads, their scores added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saegim import nn
from saegim.models.batch import TextBatch
from saegim.models.readers import TOKEN_READERS, BagReader, Reader, ReaderConfig
from saegim.models.wide import Wide
from saegim.nn.module import Seed
from saegim.tensor.core import Tensor


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


class TextModel(nn.Module):
    """scores (B, C) = wide(n-grams) + head(reader(text)). Both parts are trained together."""

    def __init__(self, config: ModelConfig, *, seed: Seed = None) -> None:
        rng = np.random.default_rng(seed)
        self.config = config
        self.wide = Wide(config.columns, config.classes, scale=config.wide_scale, dropout=config.wide_dropout, seed=rng)
        self.reader = None if config.reader is None else _reader(config, config.reader, rng)
        if config.reader is not None and self.reader is not None:
            self.dropout = nn.Dropout(config.reader.dropout, seed=rng)
            self.head = nn.Linear(self.reader.features, config.classes, bias=False, seed=rng)

    def __call__(self, batch: TextBatch) -> Tensor:
        scores = self.wide(batch.ngrams)
        if self.reader is None:
            return scores
        return scores + self.head(self.dropout(self.reader(batch)))


def _reader(config: ModelConfig, reader: ReaderConfig, rng: np.random.Generator) -> Reader:
    if reader.kind == "bag":
        return BagReader(reader, config.columns, scale=config.wide_scale, seed=rng)
    return TOKEN_READERS[reader.kind](reader, config.vocabulary, seed=rng)
