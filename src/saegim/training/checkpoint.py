"""Checkpoints: everything that a run needs to go on as if it had never stopped, in one file that is whole or absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from saegim.errors import ModelFileError
from saegim.nn.module import Module
from saegim.tensor.core import Tensor
from saegim.training.files import Arrays, read_arrays, write_arrays
from saegim.training.step import TrainStep

NAME = "checkpoint.safetensors"


def arrays_of(model: Module) -> Arrays:
    """A copy of every tensor of the model, buffers that are not persistent included."""
    return {name: np.array(each) for name, each in model.named_tensors()}


def set_arrays(model: Module, arrays: Arrays) -> None:
    """Puts back what `arrays_of` copied."""
    for name, tensor in model.named_tensors():
        tensor._value = arrays[name].copy()


def write_checkpoint(
    folder: Path, model: Module, step: TrainStep, best: Arrays, state: dict[str, Any], identity: str
) -> None:
    """Writes the checkpoint of a run into its folder, in place of the one before."""
    arrays = {f"model/{name}": np.asarray(each) for name, each in model.named_tensors()}
    arrays |= {
        f"optimizer/{name}/{slot}": np.asarray(each)
        for name, slots in step.state.items()
        for slot, each in slots.items()
    }
    arrays |= {f"best/{name}": each for name, each in best.items()}
    write_arrays(folder / NAME, arrays, {"state": state, "steps": step.steps, "identity": identity})


def read_checkpoint(
    folder: Path, model: Module, step: TrainStep, identity: str
) -> tuple[Arrays, dict[str, Any]] | None:
    """Puts a checkpoint's arrays into the model and its optimiser; gives (best weights, state), None without one.

    Raises ModelFileError when the checkpoint is damaged, or is of another model, data or settings.
    """
    path = folder / NAME
    if not path.exists():
        return None
    arrays, about = read_arrays(path)
    if not isinstance(about, dict) or about.get("identity") != identity:
        raise ModelFileError(
            f"{path} belongs to a run with other data, settings or version; repeat that run's options, or train "
            "without --resume"
        )
    expected = {f"model/{name}": each for name, each in model.named_tensors()}
    expected |= {f"optimizer/{n}/{slot}": each for n, slots in step.state.items() for slot, each in slots.items()}
    for name, tensor in expected.items():
        if name not in arrays or arrays[name].shape != tensor.shape or arrays[name].dtype != tensor.dtype:
            raise ModelFileError(f"{path} does not fit the model at {name}; train without --resume")
    set_arrays(model, _under("model/", arrays))
    step.state = {
        name: {slot: Tensor(arrays[f"optimizer/{name}/{slot}"]) for slot in slots} for name, slots in step.state.items()
    }
    step.steps = int(about["steps"])
    return _under("best/", arrays), dict(about["state"])


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
