"""Who is measured on a workload, and that all of them compute the same."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np

from workloads import Array, Batch, State, Workload

OURS = "saegim"
TOLERANCE = 1e-3  # relative, of losses and scores: float32, other orders of summation
_STEPS = 3  # whose losses are compared


class Contender(Protocol):
    """A framework with a workload's network in it."""

    def prepare(self, batch: Batch) -> Any:
        """The batch as the framework's own arrays; not part of what is measured."""

    def step(self, batch: Any) -> float:
        """The loss, after forward pass, backward pass and update, all of it finished."""

    def scores(self, batch: Any) -> Array:
        """The network's output (B, C)."""


@dataclass(frozen=True)
class Entry:
    """A contender's module and class; what must be installed; which workloads it takes part in."""

    module: str
    kind: str
    needs: tuple[str, ...] = ()
    takes: Callable[[Workload], bool] = lambda _work: True

    def missing(self) -> list[str]:
        return [package for package in self.needs if find_spec(package) is None]

    def make(self, work: Workload, state: State, threads: int) -> Contender:
        made: Contender = getattr(import_module(self.module), self.kind)(work, state, threads)
        return made


def _has_large_table(work: Workload) -> bool:
    return work.kind == "bag"


CONTENDERS = {
    OURS: Entry("with_saegim", "Saegim"),
    "torch": Entry("with_torch", "Torch", ("torch",)),
    "torch.compile": Entry("with_torch", "TorchCompile", ("torch",)),
    "torch rows": Entry("with_torch", "TorchRows", ("torch",), _has_large_table),
    "jax": Entry("with_jax", "Jax", ("jax",)),
    "jax rows": Entry("with_jax", "JaxRows", ("jax",), _has_large_table),
    "onnxruntime": Entry(
        "with_onnx", "OnnxRuntime", ("torch", "onnx", "onnxscript", "onnxruntime"), lambda work: not work.learns
    ),
}


def chosen(names: str, work: Workload | None = None) -> list[str]:
    """Names of contenders from a list with commas: saegim and these, or all of them. Says which are not installed.

    With a workload only those that take part in it.
    """
    wanted = list(CONTENDERS) if names == "all" else [OURS, *(each for each in names.split(",") if each != "none")]
    unknown = sorted(set(wanted) - CONTENDERS.keys())
    if unknown:
        raise SystemExit(f"no contender is called {', '.join(unknown)}; there are {', '.join(CONTENDERS)}")
    absent = {name: CONTENDERS[name].missing() for name in wanted}
    for name in wanted:
        if absent[name]:
            print(f"{name} is left out: {', '.join(absent[name])} not installed (pip install -e '.[bench]')")
    there = (name for name in dict.fromkeys(wanted) if not absent[name])
    return [name for name in there if work is None or CONTENDERS[name].takes(work)]


def gather(names: Iterable[str], work: Workload, threads: int) -> dict[str, Contender]:
    """Those of the contenders that take part in a workload, all with the same first weights."""
    state = work.state()
    taking_part = [name for name in names if CONTENDERS[name].takes(work)]
    with contextlib.redirect_stdout(io.StringIO()):  # exporters chat
        return {name: CONTENDERS[name].make(work, state, threads) for name in taking_part}


def agree(contenders: dict[str, Contender], work: Workload) -> None:
    """Raises SystemExit unless all give the same losses in the first steps on one batch, or the same scores.

    One batch again and again: there, moving only the rows in use is exactly what moving the whole table is.
    """
    (batch,) = work.batches(1)
    found = {name: _first_results(each, batch, work.learns) for name, each in contenders.items()}
    reference = found[OURS]
    for name, values in found.items():
        worst = float(np.max(np.abs(values - reference) / np.maximum(np.abs(reference), 1e-2)))
        if not worst <= TOLERANCE:
            raise SystemExit(f"{work.name}: {name} computes something else: {values} where saegim has {reference}")


def _first_results(contender: Contender, batch: Batch, learns: bool) -> Array:
    own = contender.prepare(batch)
    return np.array([contender.step(own) for _ in range(_STEPS)]) if learns else contender.scores(own)


def ready(contender: Contender, work: Workload, batches: Sequence[Batch]) -> Callable[[], object]:
    """What is timed: the next batch's step, or its scores."""
    own = [contender.prepare(batch) for batch in batches]
    run = contender.step if work.learns else contender.scores
    place = 0

    def once() -> object:
        nonlocal place
        place = (place + 1) % len(own)
        return run(own[place])

    return once
