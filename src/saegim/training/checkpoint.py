"""Checkpoints: everything that a run needs to go on as if it had never stopped, in one file that is whole or absent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from saegim.errors import ModelFileError
from saegim.nn.module import Module
from saegim.tensor.core import Tensor
from saegim.training.files import Arrays, read_about, read_arrays, write_arrays
from saegim.training.learned import Run
from saegim.training.step import TrainStep
from saegim.training.vitals import SIGNS, layers_of

NAME = "checkpoint.safetensors"


@dataclass
class State:
    """Where a run is: all that a checkpoint holds besides arrays.

    epoch: the one in progress, from 0; batch: batches of it that are done; loss_sum: over its texts so far
    steps: made in all; seconds: spent in all; first_step: seconds spent before the first step; first_loss: its loss
    signs: the layers' vital signs, summed over the steps of the epoch so far
    best_score, best_epoch: of the epoch whose weights are kept; history: a record per finished epoch
    """

    epoch: int = 0
    batch: int = 0
    loss_sum: float = 0.0
    signs: list[list[float]] = field(default_factory=list)
    steps: int = 0
    seconds: float = 0.0
    first_step: float | None = None
    first_loss: float | None = None
    best_score: float | None = None
    best_epoch: int = -1
    history: list[dict[str, Any]] = field(default_factory=list)


def arrays_of(model: Module) -> Arrays:
    """A copy of every tensor of the model, buffers that are not persistent included."""
    return {name: np.array(each) for name, each in model.named_tensors()}


def set_arrays(model: Module, arrays: Arrays) -> None:
    """Makes these the arrays of the model, without a copy: leave them alone afterwards."""
    for name, tensor in model.named_tensors():
        tensor._value = arrays[name]


def write_checkpoint(folder: Path, model: Module, step: TrainStep, best: Arrays, state: State, run: Run) -> None:
    """Writes the checkpoint of a run into its folder, in place of the one before."""
    arrays = _model_arrays(model) | _optimizer_arrays(step) | {f"best/{name}": each for name, each in best.items()}
    write_arrays(folder / NAME, arrays, {"run": asdict(run), "state": asdict(state)})


def read_checkpoint(folder: Path, model: Module, step: TrainStep, run: Run) -> tuple[Arrays, State] | None:
    """Puts a checkpoint's arrays into the model and its optimiser; gives (best weights, state), None without one.

    Raises ModelFileError when the checkpoint is damaged, or is of another model, data or settings.
    """
    path = folder / NAME
    if not path.exists():
        return None
    arrays, about = read_arrays(path)
    if not isinstance(about, dict) or about.get("run") != asdict(run):
        raise ModelFileError(
            f"{path} belongs to a run with other data, settings or version; repeat that run's options, or train "
            "without --resume"
        )
    own, slots = _model_arrays(model), _optimizer_arrays(step)
    best = _under("best/", arrays)
    expected = own | slots | ({name.replace("model/", "best/", 1): each for name, each in own.items()} if best else {})
    state = _state(about.get("state"))
    if state is None or not _fit(expected, arrays) or not _are_signs(state.signs, step):
        raise ModelFileError(f"{path} does not fit the model; train without --resume")
    set_arrays(model, _under("model/", arrays))
    for name, slot in step.state.items():
        step.state[name] = {key: Tensor(arrays[f"optimizer/{name}/{key}"]) for key in slot}
    step.steps = state.steps
    return best, state


_KINDS: dict[str, tuple[type, ...]] = {
    "epoch": (int,),
    "batch": (int,),
    "loss_sum": (float,),
    "signs": (list,),
    "steps": (int,),
    "seconds": (float,),
    "first_step": (float, type(None)),
    "first_loss": (float, type(None)),
    "best_score": (float, type(None)),
    "best_epoch": (int,),
    "history": (list,),
}


def _state(stored: Any) -> State | None:
    """A state that was read from a file; None unless it is one."""
    if not isinstance(stored, dict) or stored.keys() != _KINDS.keys():
        return None
    if not all(type(stored[name]) in kinds for name, kinds in _KINDS.items()):
        return None
    return State(**stored)


def _are_signs(stored: list[Any], step: TrainStep) -> bool:
    """Whether these are sums of the vital signs of the step's layers; there are none between epochs."""
    layers = layers_of(step.state)
    rows = [row for row in stored if isinstance(row, list) and len(row) == SIGNS and {*map(type, row)} == {float}]
    return not stored or len(rows) == len(stored) == len(layers)


def run_of(folder: Path) -> Run | None:
    """The run whose checkpoint is in a folder; None without one. Raises ModelFileError when it is damaged."""
    path = folder / NAME
    if not path.exists():
        return None
    about = read_about(path)
    run = Run.from_json(about.get("run") if isinstance(about, dict) else None)
    if run is None:
        raise ModelFileError(f"{path} does not say which run it is of; train without --resume")
    return run


def _model_arrays(model: Module) -> Arrays:
    return {f"model/{name}": each.numpy() for name, each in model.named_tensors()}


def _optimizer_arrays(step: TrainStep) -> Arrays:
    return {f"optimizer/{name}/{key}": each.numpy() for name, slot in step.state.items() for key, each in slot.items()}


def _fit(expected: Mapping[str, Any], arrays: Arrays) -> bool:
    return expected.keys() == arrays.keys() and all(
        each.shape == arrays[name].shape and each.dtype == arrays[name].dtype for name, each in expected.items()
    )


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
