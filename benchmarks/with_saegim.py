"""The workloads' networks in saegim."""

from __future__ import annotations

from typing import Any

import numpy as np

import saegim as sg
from saegim import losses, nn, optim
from saegim.models import ImageConfig, ImageModel
from workloads import RATE, Array, Batch, State, Workload


class Bag(nn.Module):
    def __init__(self, work: Workload) -> None:
        self.table = nn.EmbeddingBag(work.vocabulary, work.width, "mean")
        self.head = nn.Linear(work.width, work.classes)

    def __call__(self, items: sg.Tensor) -> sg.Tensor:
        return self.head(self.table(items))


class Cnn(nn.Module):
    def __init__(self, work: Workload) -> None:
        self.table = nn.Embedding(work.vocabulary, work.width)
        self.convolutions = [nn.Conv1d(work.width, work.filters, size) for size in work.filter_sizes]
        self.head = nn.Linear(work.filters * len(work.filter_sizes), work.classes)

    def __call__(self, tokens: sg.Tensor) -> sg.Tensor:
        x = self.table(tokens)
        return self.head(sg.concat([nn.max_over_time(nn.relu(conv(x))) for conv in self.convolutions], axis=-1))


class Lstm(nn.Module):
    def __init__(self, work: Workload) -> None:
        self.table = nn.Embedding(work.vocabulary, work.width)
        self.lstm = nn.LSTM(work.width, work.width)
        self.head = nn.Linear(work.width, work.classes)

    def __call__(self, tokens: sg.Tensor) -> sg.Tensor:
        _outputs, (last, _cell) = self.lstm(self.table(tokens))
        return self.head(last[0])


class Encoder(nn.Module):
    def __init__(self, work: Workload) -> None:
        self.table = nn.Embedding(work.vocabulary, work.width)
        self.positions = nn.Parameter(np.zeros((work.tokens, work.width), np.float32))
        self.layers = [
            nn.TransformerEncoderLayer(
                work.width, work.heads, work.feed_forward, dropout=0.0, activation=nn.gelu, norm_first=True
            )
            for _ in range(work.layers)
        ]
        self.norm = nn.LayerNorm(work.width)
        self.head = nn.Linear(work.width, work.classes)

    def __call__(self, tokens: sg.Tensor) -> sg.Tensor:
        x = self.table(tokens) + self.positions
        for layer in self.layers:
            x = layer(x)
        return self.head(nn.mean_over_time(self.norm(x)))


def _mlp(work: Workload) -> nn.Module:
    last = nn.Linear(work.width, work.classes)
    return nn.Sequential(nn.Linear(work.inputs, work.width), nn.relu, nn.Linear(work.width, work.width), nn.relu, last)


def _image(work: Workload) -> nn.Module:
    """The classifier's own network, with images as they come."""
    mean, spread = (0.0,) * work.channels, (1.0,) * work.channels
    sizes = (work.side, work.side, work.channels, work.classes)
    return ImageModel(ImageConfig(*sizes, mean, spread, widths=work.widths, shift=0.0, turn=0.0, scale=0.0))


NETWORKS = {"mlp": _mlp, "bag": Bag, "cnn": Cnn, "lstm": Lstm, "image": _image, "encoder": Encoder}


class Saegim:
    """`train_step` and `compile`, as a user calls them; tables move by rows."""

    def __init__(self, work: Workload, state: State, threads: int) -> None:
        sg.set_threads(threads)
        self.model = NETWORKS[work.kind](work)
        self.model.load_state_dict(self.model.state_dict() | state)
        self._step = sg.train_step(self.model, optim.Adam(RATE), losses.cross_entropy)
        self._forward = sg.compile(self.model)
        self.model.train(work.learns)

    def prepare(self, batch: Batch) -> tuple[sg.Tensor, sg.Tensor]:
        return sg.asarray(batch[0]), sg.asarray(batch[1])

    def step(self, batch: Any) -> float:
        return float(self._step(*batch))

    def scores(self, batch: Any) -> Array:
        return np.asarray(self._forward(batch[0]))
