"""Every kind of model with batches to learn from: large enough to be cut into tiles, small enough to be quick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

import saegim as sg
from compiler.recorded import tokens
from saegim import losses, nn, optim
from saegim.models.batch import NgramBatch, TextBatch, TokenBatch
from saegim.models.readers import ReaderConfig
from saegim.models.text_model import ModelConfig, TextModel
from saegim.tensor import tree

Array = npt.NDArray[Any]
Draw = Callable[[np.random.Generator], tuple[Any, ...]]

B, T, D, V, C = 22, 11, 16, 50, 3


@dataclass(frozen=True)
class Learner:
    """build: the model with its first weights; draw: a batch, the target last; settings: of the training step."""

    name: str
    build: Callable[[], nn.Module]
    draw: Draw
    optimizer: optim.Optimizer = field(default_factory=lambda: optim.Adam(2e-3))
    settings: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def train(self, steps: int, dtype: Any = np.float32) -> tuple[Array, dict[str, Array]]:
        """The loss of every step and what the model is afterwards; three batches take turns."""
        model = self.build().astype(dtype)
        rng = np.random.default_rng(1)
        batches = [tree.map_leaves(lambda each: _as(dtype, each), self.draw(rng)) for _ in range(3)]
        step = sg.train_step(model, self.optimizer, losses.cross_entropy, **self.settings)
        found = [float(step(*batches[number % 3])) for number in range(steps)]
        return np.array(found), model.state_dict()


def _as(dtype: Any, array: Array) -> Array:
    return array.astype(dtype) if array.dtype.kind == "f" else array


# --- batches --------------------------------------------------------------------------------------------------------


def vectors(*shape: int) -> Draw:
    """Numbers (B, *shape), and labels that depend on them."""

    def draw(rng: np.random.Generator) -> tuple[Array, Array]:
        x = rng.normal(size=(B, *shape)).astype(np.float32)
        return x, (x.reshape(B, -1)[:, :C]).argmax(1)

    return draw


def masked(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Tokens (B, T), their mask, and labels."""
    ids, mask = tokens(rng, B, T, V)
    return ids, mask, ids[:, 0] % C


def texts(rng: np.random.Generator) -> tuple[TextBatch, Array]:
    """N-grams and tokens of B texts, and labels."""
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 6, B))]).astype(np.int32)
    room = max(128, 5 * B)
    rows = np.sort(rng.choice(V, 32, replace=False)).astype(np.int32)
    items, weights = rng.integers(0, 32, room).astype(np.int32), rng.random(room).astype(np.float32)
    ids, mask = tokens(rng, B, T, V)
    read = TokenBatch(ids.astype(np.int32), mask, mask.astype(np.float32))
    return TextBatch(NgramBatch(rows, items, weights, offsets), read), ids[:, 0] % C


def following(rng: np.random.Generator) -> tuple[Array, Array]:
    """Tokens (B, T), and the next one of each."""
    ids = rng.integers(0, V, (B, T + 1))
    return ids[:, :-1], ids[:, 1:]


# --- models ---------------------------------------------------------------------------------------------------------


def perceptron(layers: int, *more: type[nn.BatchNorm1d] | type[nn.LayerNorm]) -> nn.Module:
    inner = [each for n in range(layers) for each in (nn.Linear(D, D, seed=n), *(kind(D) for kind in more), sg.tanh)]
    return nn.Sequential(*inner, nn.Linear(D, C, seed=layers))


def text_model(kind: str | None, **sizes: Any) -> TextModel:
    """A text model with dropout everywhere; with its wide part alone where `kind` is None."""
    read = {"width": D, "hidden": D, "filters": 7, "heads": 2, "max_tokens": T, "layers": 2, **sizes}
    reader = None if kind is None else ReaderConfig(kind, **read)  # type: ignore[arg-type]
    vocabulary = 0 if kind in (None, "bag") else V
    return TextModel(ModelConfig(V, C, vocabulary, reader=reader, wide_dropout=0.2), seed=0)


class Recurrent(nn.Module):
    """Two layers in both directions over masked tokens."""

    def __init__(self, kind: type[nn.LSTM] | type[nn.GRU]) -> None:
        self.table = nn.Embedding(V, D, seed=0)
        self.run = kind(D, D, 2, dropout=0.2, bidirectional=True, seed=1)
        self.head = nn.Linear(2 * D, C, seed=2)

    def __call__(self, ids, mask):
        outputs, _last = self.run(self.table(ids), mask=mask)
        return self.head(nn.max_over_time(outputs, mask))


class Encoder(nn.Module):
    """Transformer layers with dropout over masked tokens."""

    def __init__(self) -> None:
        self.table = nn.Embedding(V, D, seed=0)
        self.layers = [nn.TransformerEncoderLayer(D, 2, 2 * D, dropout=0.2, seed=n) for n in range(2)]
        self.head = nn.Linear(D, C, seed=2)

    def __call__(self, ids, mask):
        x = self.table(ids)
        for layer in self.layers:
            x = layer(x, mask)
        return self.head(nn.mean_over_time(x, mask))


class Language(nn.Module):
    """The next token from those before."""

    def __init__(self) -> None:
        self.table = nn.Embedding(V, D, seed=0)
        self.attention = nn.MultiHeadAttention(D, 2, seed=1)
        self.norm, self.head = nn.RMSNorm(D), nn.Linear(D, V, seed=2)

    def __call__(self, ids):
        x = self.table(ids)
        return self.head(self.norm(x + self.attention(x, causal=True)))


class Image(nn.Module):
    """Filters over pictures, statistics of the batch, and pooling."""

    def __init__(self) -> None:
        self.filters, self.pool = nn.Conv2d(2, 8, 3, padding="same", seed=0), nn.MaxPool2d(2)
        self.head = nn.Linear(8 * 3 * 3, C, seed=1)

    def __call__(self, x):
        y = self.pool(nn.relu(self.filters(x)))
        return self.head(sg.reshape(y, (y.shape[0], -1)))


LEARNERS = [
    Learner("deep", lambda: perceptron(50), vectors(D), optim.SGD(0.05, momentum=0.9)),
    Learner("batch norm", lambda: perceptron(2, nn.BatchNorm1d), vectors(D), optim.SGD(0.1)),
    Learner("layer norm, clipped", lambda: perceptron(2, nn.LayerNorm), vectors(D), settings={"clip_norm": 0.3}),
    Learner("conv2d", Image, vectors(6, 6, 2), optim.AdamW(2e-3, weight_decay=0.1)),
    Learner("wide", lambda: text_model(None), texts, optim.Adagrad(0.1)),
    Learner("bag", lambda: text_model("bag"), texts),
    Learner("cnn", lambda: text_model("cnn"), texts),
    Learner("lstm", lambda: text_model("lstm"), texts, settings={"clip_norm": 1.0}),
    Learner("transformer", lambda: text_model("transformer"), texts),
    Learner("masked lstm", lambda: Recurrent(nn.LSTM), masked),
    Learner("masked gru", lambda: Recurrent(nn.GRU), masked),
    Learner("encoder", Encoder, masked),
    Learner("causal attention", Language, following, optim.SGD(0.1, momentum=0.9, nesterov=True)),
]
