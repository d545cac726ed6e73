"""Graphs as the floors above record them, with the arrays that they ran on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import saegim as sg
from saegim import losses, nn, optim
from saegim.compiler.share import share_scans
from saegim.ir import Graph
from saegim.reference import Schedule

Array = npt.NDArray[Any]


class Recorded:
    """A program that keeps its graph and the arrays of the last call."""

    def __init__(self, graph: Graph) -> None:
        self.graph = share_scans(graph)
        self.arrays: list[Array] = []
        self._run = Schedule(self.graph)

    def __call__(self, *arrays: Array) -> tuple[Array, ...]:
        self.arrays = [each.copy() for each in arrays]
        return self._run(*arrays)


def _recording(module: str, run: Callable[[], object]) -> Recorded:
    made: list[Recorded] = []

    def compile_graph(graph: Graph) -> Recorded:
        made.append(Recorded(graph))
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{module}.compile_graph", compile_graph)
        run()
    return made[-1]


def training(model: nn.Module, *args: Any, loss: Any = losses.cross_entropy, **settings: Any) -> Recorded:
    """The second of two training steps on `args`, the last of which is the target."""
    optimizer = settings.pop("optimizer", optim.SGD(0.1, momentum=0.9))
    step = sg.train_step(model, optimizer, loss, **settings)

    def run() -> None:
        for _ in range(2):
            step(*args)

    return _recording("saegim.training.step", run)


def prediction(fn: Callable[..., Any], *args: Any) -> Recorded:
    """A call of a compiled function."""
    return _recording("saegim.tensor.transforms", lambda: sg.compile(fn)(*args))


def tokens(rng: np.random.Generator, batch: int, length: int, vocabulary: int) -> tuple[Array, Array]:
    """Random tokens (B, T) and the mask (B, T) of real ones, at least one each."""
    lengths = rng.integers(1, length + 1, batch)
    return rng.integers(0, vocabulary, (batch, length)), np.arange(length) < lengths[:, None]


def products(nodes: Sequence[Any]) -> int:
    """How many products there are, those in bodies of scans included."""
    return sum(
        (node.op == "dot") + (products(node.attrs["body"].nodes()) if node.op == "scan" else 0) for node in nodes
    )
