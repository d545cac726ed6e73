"""The model folder: everything that prediction needs, in files that are data and nothing else.

    config.json         sizes and settings, and the SHA-256 of the three files below
    model.safetensors   all arrays: the network's, and the n-gram weights of the encoder
    tokenizer.json      only for models that read tokens
    metrics.json        the figures of every epoch
    README.md           the model card; for people, who may change it

Loading checks every digest, so that a truncated or altered file is refused by name. Digests only tell accidents
apart, since whoever writes a file can write a digest too: what is read is checked again, and no code from the folder
runs.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.__about__ import __version__
from saegim.errors import ModelFileError, SaegimError
from saegim.models.encoder import EncoderConfig, TextEncoder
from saegim.models.features import Weighting
from saegim.models.readers import ReaderConfig
from saegim.models.text_model import ModelConfig, TextModel
from saegim.text import Ngrams, Normalizer, Tokenizer
from saegim.training import checkpoint
from saegim.training.card import model_card
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

FORMAT = 1
CONFIG, MODEL, METRICS, TOKENIZER, CARD = (
    "config.json", "model.safetensors", "metrics.json", "tokenizer.json", "README.md",
)  # fmt: skip
_MOST_CHARACTERS = 1 << 28  # of all names of classes, each as long as the longest: NumPy stores them so
_TYPES: dict[str, tuple[str, type, Any]] = {  # dtype kind -> name, Python's type, dtype
    "U": ("string", str, np.str_),
    "i": ("integer", int, np.int64),
    "u": ("integer", int, np.int64),
    "b": ("boolean", bool, np.bool_),
    "f": ("number", float, np.float64),
}


# --- writing --------------------------------------------------------------------------------------------------------


def save(learned: Learned, parameters: Mapping[str, Any], folder: Path) -> None:
    """Writes the folder, and removes the checkpoint that led to it. Raises DataError when it cannot be written."""
    network, encoder = learned.network, learned.encoder
    arrays = {f"network.{name}": each.numpy() for name, each in network.named_parameters()}
    arrays |= {"encoder.kept": encoder.vectorizer.kept, "encoder.weights": encoder.vectorizer.weights}
    files: dict[str, Writer] = {MODEL: arrays_writer(arrays), METRICS: json_writer(_metrics(learned))}
    if encoder.tokenizer is not None:
        files[TOKENIZER] = encoder.tokenizer.save

    def write_config(path: Path) -> None:
        digests = {name: digest(path.with_name(name)) for name in files}  # they stand beside it already
        config = _config(learned, parameters) | {"files": digests}
        json_writer(config | {"digest": _digest(config)})(path)

    card = content_writer(model_card(learned).encode("utf-8", "replace"))
    write_together(folder, files | {CARD: card, CONFIG: write_config})
    old = [checkpoint.NAME] if encoder.tokenizer else [checkpoint.NAME, TOKENIZER]  # of a model that was here before
    for name in old:
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)


def _config(learned: Learned, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "saegim": __version__,
        "kind": learned.kind,
        "classes": _classes_to_json(learned.classes),
        "parameters": dict(parameters),
        "encoder": asdict(learned.encoder.config) | {"buckets": learned.encoder.vectorizer.buckets},
        "network": asdict(learned.network.config),
        "run": asdict(learned.run),
    }


def _metrics(learned: Learned) -> dict[str, Any]:
    """The figures of training: every epoch, which was best, how long it took."""
    return {
        "epochs": learned.history,
        "best_epoch": learned.best_epoch + 1,
        "seconds": round(learned.seconds, 3),
        "notes": learned.notes,
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


def load(folder: Path) -> tuple[Learned, dict[str, Any]]:
    """What was learned, and the classifier's parameters. Raises ModelFileError naming what is damaged or altered."""
    config = _read_config(folder)
    for name, expected in _listed_files(folder, config).items():
        require_file(folder / name)
        if digest(folder / name) != expected:
            raise ModelFileError(
                f"{folder / name} is not the file that was saved (it was truncated or altered); train again"
            )
    arrays, _about = read_arrays(folder / MODEL)
    with _blamed(folder / METRICS):
        figures = _figures(_read_json(folder / METRICS))
    with _blamed(folder / CONFIG):
        return _rebuilt(folder, config, arrays, figures), _of_type(config["parameters"], dict)


@contextmanager
def _blamed(path: Path) -> Iterator[None]:
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
    return config


def _read_json(path: Path) -> Any:
    try:
        return json.loads(read_content(path).decode("utf-8"))
    except (ValueError, RecursionError):
        raise ModelFileError(f"{path} is not whole JSON (it was truncated or altered); train again") from None


def _listed_files(folder: Path, config: dict[str, Any]) -> dict[str, str]:
    """The files whose digests config.json holds: exactly those that a model of its kind has."""
    files, encoder = config.get("files"), config.get("encoder")
    expected = {MODEL, METRICS}
    if isinstance(encoder, dict) and encoder.get("tokenizer") is not None:
        expected.add(TOKENIZER)
    if not isinstance(files, dict) or files.keys() != expected:
        raise ModelFileError(f"{folder / CONFIG} does not list the files {', '.join(sorted(expected))}; train again")
    return files


def _rebuilt(folder: Path, config: dict[str, Any], arrays: Arrays, figures: dict[str, Any]) -> Learned:
    classes = _classes_from_json(config["classes"])
    encoder = _encoder(folder, dict(config["encoder"]), arrays)
    weights = {name.removeprefix("network."): each for name, each in arrays.items() if name.startswith("network.")}
    network = _network(_model_config(config["network"]), encoder, len(classes), weights)
    run = Run.from_json(config["run"])
    if run is None:
        raise ValueError("it does not say which run it is of")
    return Learned(
        kind=_of_type(config["kind"], str),
        classes=classes,
        encoder=encoder,
        network=network,
        run=run,
        **figures,
    )


def _figures(stored: Any) -> dict[str, Any]:
    """The fields of `Learned` that metrics.json holds."""
    history, best = _history(stored)
    return {
        "history": history,
        "best_epoch": best,
        "seconds": float(_of_type(stored["seconds"], int, float)),
        "notes": [_of_type(note, str) for note in _of_type(stored["notes"], list)],
    }


def _encoder(folder: Path, config: dict[str, Any], arrays: Arrays) -> TextEncoder:
    buckets = config.pop("buckets")
    for name, kind in (("normalizer", Normalizer), ("ngrams", Ngrams), ("weighting", Weighting)):
        config[name] = _made(kind, config[name])
    encoder = TextEncoder(_made(EncoderConfig, config))
    encoder.vectorizer.restore(buckets, arrays["encoder.kept"], arrays["encoder.weights"])
    if config["tokenizer"] is not None:
        encoder.tokenizer = Tokenizer.load(folder / TOKENIZER)
    return encoder


def _model_config(config: dict[str, Any]) -> ModelConfig:
    reader = config["reader"]
    made: ModelConfig = _made(ModelConfig, config | {"reader": None if reader is None else _made(ReaderConfig, reader)})
    return made


def _made(kind: Any, stored: Any) -> Any:
    """The configuration of that class with exactly these fields; lists are tuples there."""
    if not isinstance(stored, dict) or stored.keys() != {each.name for each in fields(kind)}:
        raise ValueError(f"its {kind.__name__} has other fields")
    return kind(**{name: tuple(each) if isinstance(each, list) else each for name, each in stored.items()})


def _network(config: ModelConfig, encoder: TextEncoder, classes: int, weights: Arrays) -> TextModel:
    """The network with its weights; it is made only if its size is that of the weights."""
    sizes = (config.columns, config.classes, config.vocabulary)
    if sizes != (encoder.vectorizer.columns, classes, encoder.vocabulary):
        raise ValueError("its sizes and the files' differ")
    if config.reader is not None and encoder.config.max_tokens > config.reader.max_tokens:
        raise ValueError("it reads longer texts than its network")
    if config.parameters != sum(each.size for each in weights.values()):
        raise ValueError(f"{MODEL} holds another number of weights")
    if not all(each.dtype == np.float32 and np.isfinite(each).all() for each in weights.values()):
        raise ValueError(f"{MODEL} holds weights that are no finite single-precision numbers")
    network = TextModel(config, seed=0)
    try:
        network.load_state_dict(weights)
    except ModelFileError as error:  # which knows of no file
        raise ValueError(f"{MODEL}: {error}") from None
    return network


def _classes_from_json(stored: dict[str, Any]) -> npt.NDArray[Any]:
    kind, dtype = {name: (kind, dtype) for name, kind, dtype in _TYPES.values()}[stored["type"]]
    values = [_of_type(value, kind) for value in _of_type(stored["values"], list)]
    if len(set(values)) != len(values) or any(value != value for value in values):
        raise ValueError("its classes are not different from each other")
    if kind is str and len(values) * max(map(len, values), default=0) > _MOST_CHARACTERS:
        raise ValueError("its classes have endless names")
    return np.asarray(values, dtype)


def _history(figures: Any) -> tuple[list[dict[str, Any]], int]:
    """The records of all epochs, numbers as numbers, and which was best."""
    history = [_of_type(record, dict) for record in _of_type(figures["epochs"], list)]
    for record in history:
        for key, value in record.items():
            if not math.isfinite(_of_type(value, int, float, bool)):
                raise ValueError(f"{key} of an epoch is {value}")
    best = _of_type(figures["best_epoch"], int) - 1
    if not (0 <= best < len(history) or (best == -1 and not history)):
        raise ValueError("the best epoch is none of the epochs")
    return history, best


def _of_type(value: Any, *kinds: type) -> Any:
    """The value, if it is of exactly one of these types."""
    if type(value) not in kinds:
        raise TypeError(f"{str(value)[:50]!r} is no {' or '.join(kind.__name__ for kind in kinds)}")
    return value
