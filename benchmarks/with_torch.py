"""The workloads' networks in PyTorch: eager, compiled, and with rows where a table is large."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as fn

from workloads import RATE, Array, Batch, State, Workload

LAYOUT = torch.channels_last


class Bag(nn.Module):
    def __init__(self, work: Workload, sparse: bool = False) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(work.vocabulary, work.width, mode="mean", sparse=sparse)
        self.head = nn.Linear(work.width, work.classes)

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        return self.head(self.table(items))


class Cnn(nn.Module):
    def __init__(self, work: Workload) -> None:
        super().__init__()
        self.table = nn.Embedding(work.vocabulary, work.width)
        self.convolutions = nn.ModuleList(nn.Conv1d(work.width, work.filters, size) for size in work.filter_sizes)
        self.head = nn.Linear(work.filters * len(work.filter_sizes), work.classes)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.table(tokens).transpose(1, 2)
        return self.head(torch.cat([torch.relu(conv(x)).amax(2) for conv in self.convolutions], 1))


class Lstm(nn.Module):
    def __init__(self, work: Workload) -> None:
        super().__init__()
        self.table = nn.Embedding(work.vocabulary, work.width)
        self.lstm = nn.LSTM(work.width, work.width, batch_first=True)
        self.head = nn.Linear(work.width, work.classes)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        _outputs, (last, _cell) = self.lstm(self.table(tokens))
        return self.head(last[0])


class PixelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel, x (B, C, H, W)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = PixelNorm(before), PixelNorm(after)
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1)
        self.skip = nn.Conv2d(before, after, 1, stride) if stride > 1 or before != after else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv1(torch.relu(self.norm1(x)))
        return self.skip(x) + self.conv2(torch.relu(self.norm2(y)))


class Image(nn.Module):
    def __init__(self, work: Workload) -> None:
        super().__init__()
        self.stem = nn.Conv2d(work.channels, work.widths[0], 3, 1, 1)
        self.blocks = nn.ModuleList(Block(*sizes) for sizes in work.blocks())
        self.norm = PixelNorm(work.widths[-1])
        self.head = nn.Linear(work.widths[-1], work.classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(torch.relu(self.norm(x)).mean((2, 3)))


class Encoder(nn.Module):
    def __init__(self, work: Workload) -> None:
        super().__init__()
        self.table = nn.Embedding(work.vocabulary, work.width)
        self.positions = nn.Parameter(torch.zeros(work.tokens, work.width))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                work.width, work.heads, work.feed_forward, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(work.layers)
        )
        self.norm = nn.LayerNorm(work.width)
        self.head = nn.Linear(work.width, work.classes)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.table(tokens) + self.positions
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x).mean(1))


def _mlp(work: Workload) -> nn.Module:
    last = nn.Linear(work.width, work.classes)
    return nn.Sequential(
        nn.Linear(work.inputs, work.width), nn.ReLU(), nn.Linear(work.width, work.width), nn.ReLU(), last
    )


NETWORKS = {"mlp": _mlp, "bag": Bag, "cnn": Cnn, "lstm": Lstm, "image": Image, "encoder": Encoder}


def network(work: Workload, state: State) -> nn.Module:
    """The network with these weights, in training or in prediction."""
    model = _loaded(NETWORKS[work.kind](work), state).train(work.learns)
    return model.to(memory_format=LAYOUT) if work.kind == "image" else model


def _loaded(model: nn.Module, state: State) -> nn.Module:
    model.load_state_dict({name: torch.from_numpy(each.copy()) for name, each in state.items()})
    return model


class Torch:
    """Eager PyTorch with fused Adam; prediction in `inference_mode`, where encoder layers take the fast path."""

    def __init__(self, work: Workload, state: State, threads: int) -> None:
        torch.set_num_threads(threads)
        self.model: Any = network(work, state)
        self.optimizers: list[torch.optim.Optimizer] = [torch.optim.Adam(self.model.parameters(), RATE, fused=True)]

    def prepare(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        inputs, labels = (torch.from_numpy(each) for each in batch)
        if inputs.ndim == 4:
            inputs = inputs.permute(0, 3, 1, 2).contiguous(memory_format=LAYOUT)
        return inputs if inputs.is_floating_point() else inputs.long(), labels

    def step(self, batch: Any) -> float:
        for each in self.optimizers:
            each.zero_grad()
        loss = self._loss(*batch)
        loss.backward()
        for each in self.optimizers:
            each.step()
        return loss.item()

    def _loss(self, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return fn.cross_entropy(self.model(inputs), labels)

    def scores(self, batch: Any) -> Array:
        with torch.inference_mode():
            found: Array = self.model(batch[0]).numpy()
            return found


class TorchCompile(Torch):
    """The model and its loss through `torch.compile`, the optimiser fused Adam."""

    def __init__(self, work: Workload, state: State, threads: int) -> None:
        super().__init__(work, state, threads)
        self._compiled_loss = torch.compile(super()._loss, dynamic=False)
        self._compiled_model = torch.compile(self.model, dynamic=False)

    def _loss(self, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self._compiled_loss(inputs, labels)
        return found

    def scores(self, batch: Any) -> Array:
        with torch.no_grad():
            found: Array = np.asarray(self._compiled_model(batch[0]))
            return found


class TorchRows(Torch):
    """A bag whose gradient is rows, moved by SparseAdam: the best that PyTorch offers for a large table."""

    def __init__(self, work: Workload, state: State, threads: int) -> None:
        torch.set_num_threads(threads)
        self.model = _loaded(Bag(work, sparse=True), state)
        self.optimizers = [
            torch.optim.SparseAdam(self.model.table.parameters(), RATE),
            torch.optim.Adam(self.model.head.parameters(), RATE, fused=True),
        ]
