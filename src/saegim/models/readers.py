"""The deep part of a model: reads a text and gives features (B, F) that a last linear layer turns into scores.

Four kinds: `bag` averages embeddings of n-grams (the fastText model, Joulin et al., 2017);
`cnn` slides filters over embedded tokens and keeps the largest response (Kim, 2014); `lstm` reads in both
directions (Graves and Schmidhuber, 2005); `transformer` lets every token look at every other (Vaswani et al., 2017).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from saegim import nn
from saegim import tensor as sg
from saegim.errors import SettingError
from saegim.models.batch import TextBatch, TokenBatch, capacity
from saegim.models.limits import check_number, check_whole
from saegim.models.wide import sum_rows
from saegim.nn import init
from saegim.tensor.core import Tensor

Kind = Literal["bag", "cnn", "lstm", "transformer"]


@dataclass(frozen=True)
class ReaderConfig:
    """Sizes of a reader. Not every kind uses every one."""

    kind: Kind
    scale: float = 5.0  # bag: factor of the summed embeddings
    width: int = 128  # of embeddings, and of the transformer throughout
    hidden: int = 64  # lstm: units per direction
    filters: int = 100  # cnn: per filter size
    filter_sizes: tuple[int, ...] = (2, 3, 4, 5)
    layers: int = 2  # lstm, transformer
    heads: int = 4
    dropout: float = 0.3
    token_dropout: float = 0.1
    max_tokens: int = 128  # transformer: the longest text it has positions for

    def __post_init__(self) -> None:
        if self.kind not in READERS:
            raise SettingError(f"{self.kind!r} is no kind of reader; choose one of {', '.join(READERS)}")
        if not isinstance(self.filter_sizes, tuple) or not self.filter_sizes:
            raise SettingError(f"filter_sizes: a tuple of sizes expected, {self.filter_sizes!r} given")
        for name in ("width", "hidden", "filters", "layers", "heads", "max_tokens"):
            check_whole(name, getattr(self, name))
        for size in self.filter_sizes:
            check_whole("filter_sizes", size)
        check_number("scale", self.scale, 0)
        for name in ("dropout", "token_dropout"):
            check_number(name, getattr(self, name), 0, 1, below=True)

    @property
    def reads_tokens(self) -> bool:
        return self.kind != "bag"


class Reader(nn.Module, ABC):
    """The base of all readers: reads a batch of B texts, gives features (B, F).

    `rows` is the height of its table: how many n-grams there are for the bag, else how many tokens.
    """

    @abstractmethod
    def __init__(self, config: ReaderConfig, rows: int, seed: np.random.Generator) -> None: ...

    @staticmethod
    @abstractmethod
    def sizes(config: ReaderConfig, rows: int) -> tuple[int, int]:
        """(F, parameters): known without making the reader, which a hostile config could make larger than memory."""

    def coefficients(self, columns: npt.NDArray[Any]) -> npt.NDArray[np.float64] | None:  # noqa: ARG002
        """What one unit of each n-gram adds to the features, (N,) -> (N, F); None where features are not linear."""
        return None


class BagReader(Reader):
    """Embeddings of a text's n-grams, summed by weight: a low-rank companion of the wide part. -> (B, width)"""

    def __init__(self, config: ReaderConfig, rows: int, seed: np.random.Generator) -> None:
        self.rows, self.width, self.scale = rows, config.width, config.scale
        self.item_dropout = nn.Dropout(config.token_dropout, seed=seed)
        self.reset(seed)

    @staticmethod
    def sizes(config: ReaderConfig, rows: int) -> tuple[int, int]:
        return config.width, rows * config.width

    def reset(self, rng: np.random.Generator) -> None:
        self.weight = nn.Parameter(init.normal(rng, (self.rows, self.width), 0.1))

    def __call__(self, batch: TextBatch) -> Tensor:
        return sum_rows(self.weight, batch.ngrams, self.item_dropout(batch.ngrams.weights)) * self.scale

    def coefficients(self, columns: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        coefficients: npt.NDArray[np.float64] = self.scale * self.weight.numpy()[columns].astype(np.float64)
        return coefficients


class Embedded(nn.Module):
    """Tokens (B, T) as vectors (B, T, width); while training whole tokens are dropped at random."""

    def __init__(self, config: ReaderConfig, vocabulary: int, seed: np.random.Generator) -> None:
        self.table = nn.Embedding(vocabulary, config.width, seed=seed)
        self.token_dropout = nn.Dropout(config.token_dropout, seed=seed)

    def __call__(self, batch: TokenBatch) -> Tensor:
        return self.table(batch.tokens) * self.token_dropout(batch.weights)[..., None]


class CnnReader(Reader):
    """For each filter size, filters over the embedded text and the largest response of each. -> (B, sizes*filters)"""

    def __init__(self, config: ReaderConfig, rows: int, seed: np.random.Generator) -> None:
        self.embedded = Embedded(config, rows, seed)
        self.convolutions = [
            nn.Conv1d(config.width, config.filters, size, padding="same", seed=seed) for size in config.filter_sizes
        ]

    @staticmethod
    def sizes(config: ReaderConfig, rows: int) -> tuple[int, int]:
        weights = sum(config.filter_sizes) * config.width * config.filters
        features = len(config.filter_sizes) * config.filters
        return features, rows * config.width + weights + features

    def __call__(self, batch: TextBatch) -> Tensor:
        tokens = _tokens(batch)
        x = self.embedded(tokens)
        return sg.concat([nn.max_over_time(nn.relu(conv(x)), tokens.mask) for conv in self.convolutions], axis=-1)


class LstmReader(Reader):
    """A bidirectional LSTM; the largest value of each unit over time. -> (B, 2*hidden)"""

    def __init__(self, config: ReaderConfig, rows: int, seed: np.random.Generator) -> None:
        self.embedded = Embedded(config, rows, seed)
        self.lstm = nn.LSTM(config.width, config.hidden, config.layers, bidirectional=True, seed=seed)

    @staticmethod
    def sizes(config: ReaderConfig, rows: int) -> tuple[int, int]:
        hidden = config.hidden
        inputs = config.width + (config.layers - 1) * 2 * hidden  # of all layers together
        return 2 * hidden, rows * config.width + 2 * 4 * hidden * (inputs + config.layers * (hidden + 2))

    def __call__(self, batch: TextBatch) -> Tensor:
        tokens = _tokens(batch)
        outputs, _state = self.lstm(self.embedded(tokens), mask=tokens.mask)
        return nn.max_over_time(outputs, tokens.mask)


class TransformerReader(Reader):
    """Transformer layers (normalised first) over tokens with learned positions; the mean over time. -> (B, width)"""

    def __init__(self, config: ReaderConfig, rows: int, seed: np.random.Generator) -> None:
        self.max_tokens, self.width = capacity(config.max_tokens), config.width  # as long as padded texts may be
        self.embedded = Embedded(config, rows, seed)
        self.layers = [
            nn.TransformerEncoderLayer(
                config.width, config.heads, 4 * config.width, dropout=config.dropout, norm_first=True, seed=seed
            )
            for _ in range(config.layers)
        ]
        self.norm = nn.LayerNorm(config.width)
        self.reset(seed)

    @staticmethod
    def sizes(config: ReaderConfig, rows: int) -> tuple[int, int]:
        width = config.width
        layer = width * (12 * width + 13)
        return width, (rows + capacity(config.max_tokens) + 2) * width + config.layers * layer

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


READERS: dict[str, type[Reader]] = {
    "bag": BagReader,
    "cnn": CnnReader,
    "lstm": LstmReader,
    "transformer": TransformerReader,
}
