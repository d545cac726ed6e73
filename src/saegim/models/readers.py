"""The deep part of a model: reads a text and gives features (B, F) that a last linear layer turns into scores.

Four kinds: `bag` averages embeddings of n-grams (the fastText model, Joulin et al., 2017);
`cnn` slides filters over embedded tokens and keeps the largest response (Kim, 2014); `lstm` reads in both
directions (Graves and Schmidhuber, 2005); `transformer` lets every token look at every other (Vaswani et al., 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from saegim import nn
from saegim import tensor as sg
from saegim.models.batch import TextBatch, TokenBatch
from saegim.models.wide import sum_rows
from saegim.nn import init
from saegim.tensor.core import Tensor

Kind = Literal["bag", "cnn", "lstm", "transformer"]
KINDS: tuple[Kind, ...] = ("bag", "cnn", "lstm", "transformer")


@dataclass(frozen=True)
class ReaderConfig:
    """Sizes of a reader. Not every kind uses every one; None of `kind` means no deep part at all."""

    kind: Kind
    width: int = 128  # of embeddings, and of the transformer throughout
    hidden: int = 64  # lstm: units per direction
    filters: int = 100  # cnn: per filter size
    filter_sizes: tuple[int, ...] = (2, 3, 4, 5)
    layers: int = 2  # lstm, transformer
    heads: int = 4
    dropout: float = 0.3
    token_dropout: float = 0.1
    max_tokens: int = 128  # transformer: the longest text it has positions for

    @property
    def reads_tokens(self) -> bool:
        return self.kind != "bag"


class Reader(nn.Module):
    """The base of all readers: `features` is the number F of features that it gives for each text."""

    features: int


class BagReader(Reader):
    """Embeddings of a text's n-grams, summed by weight: a low-rank companion of the wide part. -> (B, width)"""

    def __init__(self, config: ReaderConfig, columns: int, *, scale: float, seed: np.random.Generator) -> None:
        self.columns, self.features, self.scale = columns, config.width, scale
        self.item_dropout = nn.Dropout(config.token_dropout, seed=seed)
        self.reset(seed)

    def reset(self, rng: np.random.Generator) -> None:
        self.weight = nn.Parameter(init.normal(rng, (self.columns, self.features), 0.1))

    def __call__(self, batch: TextBatch) -> Tensor:
        return sum_rows(self.weight, batch.ngrams, self.item_dropout(batch.ngrams.weights)) * self.scale


class Embedded(nn.Module):
    """Tokens (B, T) as vectors (B, T, width); while training whole tokens are dropped at random."""

    def __init__(self, config: ReaderConfig, vocabulary: int, seed: np.random.Generator) -> None:
        self.table = nn.Embedding(vocabulary, config.width, seed=seed)
        self.token_dropout = nn.Dropout(config.token_dropout, seed=seed)

    def __call__(self, batch: TokenBatch) -> Tensor:
        return self.table(batch.tokens) * self.token_dropout(batch.weights)[..., None]


class CnnReader(Reader):
    """For each filter size, filters over the embedded text and the largest response of each. -> (B, sizes*filters)"""

    def __init__(self, config: ReaderConfig, vocabulary: int, *, seed: np.random.Generator) -> None:
        self.features = config.filters * len(config.filter_sizes)
        self.embedded = Embedded(config, vocabulary, seed)
        self.convolutions = [
            nn.Conv1d(config.width, config.filters, size, padding="same", seed=seed) for size in config.filter_sizes
        ]

    def __call__(self, batch: TextBatch) -> Tensor:
        tokens = _tokens(batch)
        x = self.embedded(tokens)
        return sg.concat([nn.max_over_time(nn.relu(conv(x)), tokens.mask) for conv in self.convolutions], axis=-1)


class LstmReader(Reader):
    """A bidirectional LSTM; the largest value of each unit over time. -> (B, 2*hidden)"""

    def __init__(self, config: ReaderConfig, vocabulary: int, *, seed: np.random.Generator) -> None:
        self.features = 2 * config.hidden
        self.embedded = Embedded(config, vocabulary, seed)
        self.lstm = nn.LSTM(config.width, config.hidden, config.layers, bidirectional=True, seed=seed)

    def __call__(self, batch: TextBatch) -> Tensor:
        tokens = _tokens(batch)
        outputs, _state = self.lstm(self.embedded(tokens), mask=tokens.mask)
        return nn.max_over_time(outputs, tokens.mask)


class TransformerReader(Reader):
    """Transformer layers (normalised first) over tokens with learned positions; the mean over time. -> (B, width)"""

    def __init__(self, config: ReaderConfig, vocabulary: int, *, seed: np.random.Generator) -> None:
        self.features, self.max_tokens = config.width, config.max_tokens
        self.width = config.width
        self.embedded = Embedded(config, vocabulary, seed)
        self.layers = [
            nn.TransformerEncoderLayer(
                config.width, config.heads, 4 * config.width, dropout=config.dropout, norm_first=True, seed=seed
            )
            for _ in range(config.layers)
        ]
        self.norm = nn.LayerNorm(config.width)
        self.reset(seed)

    def reset(self, rng: np.random.Generator) -> None:
        self.positions = nn.Parameter(init.normal(rng, (self.max_tokens, self.width), 0.02))

    def __call__(self, batch: TextBatch) -> Tensor:
        tokens = _tokens(batch)
        x = self.embedded(tokens) + self.positions[: tokens.mask.shape[1]]
        for layer in self.layers:
            x = layer(x, mask=tokens.mask)
        return nn.mean_over_time(self.norm(x), tokens.mask)


def _tokens(batch: TextBatch) -> TokenBatch:
    assert batch.tokens is not None, "this reader needs tokens; the encoder was made without a tokenizer"
    return batch.tokens


TOKEN_READERS: dict[str, Callable[..., Reader]] = {
    "cnn": CnnReader,
    "lstm": LstmReader,
    "transformer": TransformerReader,
}
