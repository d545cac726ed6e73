"""The model folder: everything that prediction needs, in files that are data and nothing else.

    config.json         sizes and settings, and the SHA-256 of the files below
    model.safetensors   all arrays
    metrics.json        the figures of every epoch
    README.md           the model card; for people, who may change it

This much all models have; `text_folder` and its kin add what is theirs. Loading checks every digest, so that a
truncated or altered file is refused by name. Digests only tell accidents apart, since whoever writes a file can write
a digest too: what is read is checked again, and no code from the folder runs.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from saegim.__about__ import __version__
from saegim.errors import ModelFileError, SaegimError
from saegim.nn.module import Module
from saegim.training import checkpoint
from saegim.training.calibration import Calibration
from saegim.training.doctor import Finding
from saegim.training.files import (
    Arrays,
    Writer,
    arrays_writer,
    content_writer,
    digest,
    json_writer,
    read_arrays,
    read_content,
    require_file,
    write_together,
)
from saegim.training.learned import Learned, Run

Task = Literal["text", "images", "draw"]

FORMAT = 1
CONFIG, MODEL, METRICS, CARD = "config.json", "model.safetensors", "metrics.json", "README.md"
POLICY = "policy.json"  # of `together`: it was measured with the model that it stands beside
NETWORK = "network."  # what the names of the network's arrays begin with
TASKS: dict[str, str] = {  # task -> what such a model is called
    "text": "a text classifier",
    "images": "an image classifier",
    "draw": "a generator of images",
}
_MOST_CHARACTERS = 1 << 28  # of all names of classes, each as long as the longest: NumPy stores them so
_TYPES: dict[str, tuple[str, type, Any]] = {  # dtype kind -> name, Python's type, dtype
    "U": ("string", str, np.str_),
    "i": ("integer", int, np.int64),
    "u": ("integer", int, np.int64),
    "b": ("boolean", bool, np.bool_),
    "f": ("number", float, np.float64),
}
_Network = TypeVar("_Network", bound=Module)


# --- writing --------------------------------------------------------------------------------------------------------


def save(
    folder: Path,
    learned: Learned,
    config: Mapping[str, Any],
    card: str,
    *,
    arrays: Arrays | None = None,
    figures: Mapping[str, Any] | None = None,
    files: Mapping[str, Writer] | None = None,
    others: Iterable[str] = (),
) -> None:
    """Writes the folder, and removes the checkpoint that led to it, and the policy that an earlier model had. Raises
    DataError when it cannot be written.

    config: what the kind of model adds to config.json; arrays: besides the network's; figures: what it adds to
    metrics.json; files: besides those of all models; others: names of files that a model which was here before may
    have left
    """
    weights = {f"{NETWORK}{name}": each.numpy() for name, each in learned.network.named_parameters()}
    listed: dict[str, Writer] = {
        MODEL: arrays_writer(weights | (arrays or {})),
        METRICS: json_writer(_metrics(learned) | dict(figures or {})),
        **(files or {}),
    }

    def write_config(path: Path) -> None:
        digests = {name: digest(path.with_name(name)) for name in listed}  # they stand beside it already
        whole = {**_common(learned), **config, "files": digests}
        json_writer(whole | {"digest": _digest(whole)})(path)

    written = content_writer(card.encode("utf-8", "replace"))
    write_together(folder, listed | {CARD: written, CONFIG: write_config})
    for name in (checkpoint.NAME, POLICY, *others):
        if name not in listed:
            with suppress(OSError):
                (folder / name).unlink(missing_ok=True)


def _common(learned: Learned) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "saegim": __version__,
        "kind": learned.kind,
        "classes": _classes_to_json(learned.classes),
        "run": {"identity": learned.run.identity, "share": learned.run.share},
        "calibration": None if learned.calibration is None else learned.calibration.to_dict(),
    }


def _metrics(learned: Learned) -> dict[str, Any]:
    """The figures of training: every epoch, which was best, how long it took."""
    return {
        "epochs": learned.history,
        "best_epoch": learned.best_epoch + 1,
        "seconds": round(learned.seconds, 3),
        "notes": learned.notes,
        "findings": learned.history[-1]["findings"] if learned.history else [],
    }


def _classes_to_json(classes: npt.NDArray[Any]) -> dict[str, Any]:
    if classes.dtype.kind not in _TYPES:
        classes = classes.astype(str)  # labels of other types are saved by their names
    return {"type": _TYPES[classes.dtype.kind][0], "values": classes.tolist()}


def _digest(config: Mapping[str, Any]) -> str:
    """Of everything in config.json but the digest itself."""
    rest = {key: each for key, each in config.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


# --- reading --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stored:
    """What a model folder holds, read and whole; what it says is still to be checked.

    figures: the fields of `Learned` that metrics.json holds, checked
    """

    folder: Path
    config: dict[str, Any]
    arrays: Arrays
    figures: dict[str, Any]

    def common(self) -> dict[str, Any]:
        """The fields that everything that was learned has, but the network."""
        run = Run.from_json(self.config["run"])
        if run is None:
            raise ValueError("it does not say which run it is of")
        classes = _classes_from_json(self.config["classes"])
        common = {"kind": of_type(self.config["kind"], str), "classes": classes, "run": run}
        return common | {"calibration": _calibration(self.config.get("calibration"))} | self.figures

    def parameters(self) -> dict[str, Any]:
        """The estimator's parameters."""
        found: dict[str, Any] = of_type(self.config["parameters"], dict)
        return found

    def network(self, make: Callable[[], _Network], parameters: int) -> _Network:
        """The network with its weights; it is made only if it has as many `parameters` as there are weights."""
        weights = {name.removeprefix(NETWORK): each for name, each in self.arrays.items() if name.startswith(NETWORK)}
        if parameters != sum(each.size for each in weights.values()):
            raise ValueError(f"{MODEL} holds another number of weights")
        if not all(each.dtype == np.float32 and np.isfinite(each).all() for each in weights.values()):
            raise ValueError(f"{MODEL} holds weights that are no finite single-precision numbers")
        network = make()
        try:
            network.load_state_dict(weights)
        except ModelFileError as error:  # which knows of no file
            raise ValueError(f"{MODEL}: {error}") from None
        return network


def read(folder: Path, task: Task, files: Callable[[dict[str, Any]], set[str]] = lambda _config: set()) -> Stored:
    """What is in a model folder for a task. `files` says which files a model with such a config has besides those of
    all models. Raises ModelFileError naming what is damaged or altered, or what the model is for."""
    config = _read_config(folder)
    if task_in(config) != task:
        raise ModelFileError(
            f"{folder / CONFIG} is of {TASKS[task_in(config)]} where {TASKS[task]} was expected; give another folder"
        )
    for name, expected in _listed_files(folder, config, {MODEL, METRICS} | files(config)).items():
        require_file(folder / name)
        if digest(folder / name) != expected:
            raise ModelFileError(
                f"{folder / name} is not the file that was saved (it was truncated or altered); train again"
            )
    arrays, _about = read_arrays(folder / MODEL)
    with blamed(folder / METRICS):
        figures = _figures(_read_json(folder / METRICS))
    return Stored(folder, config, arrays, figures)


def task_of(folder: Path) -> Task:
    """What the model in a folder is for. Raises ModelFileError for a folder that is missing or damaged."""
    return task_in(_read_config(folder))


def task_in(config: Mapping[str, Any]) -> Task:
    """The task that config.json names; text where it names none."""
    task: Task = config.get("task", "text")
    return task


@contextmanager
def blamed(path: Path) -> Iterator[None]:
    """Whatever cannot be made of what is in a file, as ModelFileError."""
    try:
        yield
    except ModelFileError:
        raise
    except SaegimError as error:
        raise ModelFileError(f"{path} does not fit the model: {error}; train again") from None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, MemoryError) as error:
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        raise ModelFileError(f"{path} does not describe a model of this version ({reason}); train again") from None


def finished_run(folder: Path) -> Run | None:
    """Which run the model in a folder is of; None without one, or with a run that is still to be finished."""
    if not (folder / CONFIG).exists() or (folder / checkpoint.NAME).exists():
        return None
    try:
        return Run.from_json(_read_config(folder).get("run"))
    except ModelFileError:
        return None


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not folder.is_dir():
        raise ModelFileError(f"{folder} is not a folder; give the folder that `saegim train --out` wrote")
    if not path.exists():
        raise ModelFileError(f"{folder} holds no {CONFIG}, so no finished model; train with --out {folder}")
    config = _read_json(path)
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ModelFileError(f"{path} is not of format {FORMAT}, the one this version reads; train again")
    try:
        unchanged = config.get("digest") == _digest(config)
    except RecursionError:
        unchanged = False
    if not unchanged:
        raise ModelFileError(f"{path} was altered after it was saved; train again")
    if config.get("task", "text") not in list(TASKS):
        raise ModelFileError(f"{path} names a task that this version does not know; train again")
    return config


def _read_json(path: Path) -> Any:
    try:
        return json.loads(read_content(path).decode("utf-8"))
    except (ValueError, RecursionError):
        raise ModelFileError(f"{path} is not whole JSON (it was truncated or altered); train again") from None


def _listed_files(folder: Path, config: dict[str, Any], expected: set[str]) -> dict[str, str]:
    """The files whose digests config.json holds: exactly those that a model of its kind has."""
    files = config.get("files")
    if not isinstance(files, dict) or files.keys() != expected:
        raise ModelFileError(f"{folder / CONFIG} does not list the files {', '.join(sorted(expected))}; train again")
    return files


def _calibration(stored: Any) -> Calibration | None:
    """None for models without validation, and for those of earlier versions."""
    return None if stored is None else Calibration.from_dict(stored)


def _figures(stored: Any) -> dict[str, Any]:
    history, best = _history(stored)
    return {
        "history": history,
        "best_epoch": best,
        "seconds": float(of_type(stored["seconds"], int, float)),
        "notes": [of_type(note, str) for note in of_type(stored["notes"], list)],
    }


def _history(figures: Any) -> tuple[list[dict[str, Any]], int]:
    """The records of all epochs, numbers as numbers, and which was best."""
    history = [of_type(record, dict) for record in of_type(figures["epochs"], list)]
    for record in history:
        for finding in of_type(record["findings"], list):
            Finding.from_dict(finding)
        for signs in of_type(record["flow"], dict).values():
            if not {"gradient", "update", "dead"} <= _finite(signs).keys():
                raise ValueError("the flow of an epoch has other fields")
        _finite({key: value for key, value in record.items() if key not in ("flow", "findings")})
    best = of_type(figures["best_epoch"], int) - 1
    if not (0 <= best < len(history) or (best == -1 and not history)):
        raise ValueError("the best epoch is none of the epochs")
    return history, best


def _classes_from_json(stored: dict[str, Any]) -> npt.NDArray[Any]:
    kind, dtype = {name: (kind, dtype) for name, kind, dtype in _TYPES.values()}[stored["type"]]
    values = [of_type(value, kind) for value in of_type(stored["values"], list)]
    if len(set(values)) != len(values) or any(value != value for value in values):
        raise ValueError("its classes are not different from each other")
    if kind is str and len(values) * max(map(len, values), default=0) > _MOST_CHARACTERS:
        raise ValueError("its classes have endless names")
    return np.asarray(values, dtype)


def made(kind: Any, stored: Any) -> Any:
    """The configuration of that class with exactly these fields; lists are tuples there."""
    if not isinstance(stored, dict) or stored.keys() != {each.name for each in fields(kind)}:
        raise ValueError(f"its {kind.__name__} has other fields")
    return kind(**{name: tuple(each) if isinstance(each, list) else each for name, each in stored.items()})


def _finite(figures: Any) -> dict[str, Any]:
    """A dictionary all of whose values are finite numbers."""
    for key, value in of_type(figures, dict).items():
        if not math.isfinite(of_type(value, int, float, bool)):
            raise ValueError(f"{key} of an epoch is {value}")
    found: dict[str, Any] = figures
    return found


def of_type(value: Any, *kinds: type) -> Any:
    """The value, if it is of exactly one of these types."""
    if type(value) not in kinds:
        raise TypeError(f"{str(value)[:50]!r} is no {' or '.join(kind.__name__ for kind in kinds)}")
    return value
