"""The model folder: everything that prediction needs, in files that are data and nothing else.

    config.json         sizes and settings, and the SHA-256 of the files below
    model.safetensors   all arrays: the network's, and the n-gram weights of the encoder
    tokenizer.json      only for models that read tokens
    metrics.json        the figures of every epoch
    README.md           the model card

Loading checks every digest, so that a truncated or altered file is refused by name; no code from the folder runs.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saegim.__about__ import __version__
from saegim.errors import ModelFileError, SaegimError
from saegim.models.encoder import EncoderConfig, TextEncoder
from saegim.models.features import Weighting
from saegim.models.readers import ReaderConfig
from saegim.models.text_model import ModelConfig, TextModel
from saegim.text import Ngrams, Normalizer, Tokenizer
from saegim.training.card import model_card
from saegim.training.files import Arrays, digest, read_arrays, write_arrays, write_atomically, write_json

if TYPE_CHECKING:
    from saegim.training.classifier import TextClassifier

FORMAT = 1
_KINDS = {"U": "string", "i": "integer", "u": "integer", "b": "boolean", "f": "number"}
_DTYPES = {"string": str, "integer": np.int64, "boolean": np.bool_, "number": np.float64}


def save(classifier: TextClassifier, folder: Path) -> None:
    """Writes the folder; config.json comes last, so that a folder with one is whole."""
    encoder, network = classifier._encoder, classifier._network
    arrays = {f"network.{name}": array for name, array in network.state_dict().items()}
    arrays |= {"encoder.kept": encoder.vectorizer.kept, "encoder.weights": encoder.vectorizer.weights}
    write_arrays(folder / "model.safetensors", arrays)
    names = ["model.safetensors", "metrics.json"]
    if encoder.tokenizer is not None:
        encoder.tokenizer.save(folder / "tokenizer.json")
        names.append("tokenizer.json")
    write_json(folder / "metrics.json", metrics(classifier))
    config = {
        "format": FORMAT,
        "saegim": __version__,
        "kind": classifier.kind_,
        "classes": _classes_to_json(classifier.classes_),
        "parameters": classifier.get_params(),
        "encoder": asdict(encoder.config) | {"buckets": encoder.vectorizer.buckets},
        "network": asdict(network.config),
        "files": {name: digest(folder / name) for name in names},
    }
    write_atomically(folder / "README.md", model_card(classifier).encode())
    write_json(folder / "config.json", config | {"digest": _digest(config)})


def metrics(classifier: TextClassifier) -> dict[str, Any]:
    """The figures of training: every epoch, which was best, how long it took."""
    return {
        "epochs": classifier.history_,
        "best_epoch": classifier.best_epoch_ + 1,
        "notes": classifier.notes_,
    }


def load(cls: type[TextClassifier], folder: Path) -> TextClassifier:
    """The classifier in a folder. Raises ModelFileError naming what is missing, damaged or altered."""
    config = _read_config(folder)
    for name, expected in config["files"].items():
        if Path(name).name != name or digest(folder / name) != expected:
            raise ModelFileError(
                f"{folder / name} is not the file that was saved (it was truncated or altered); train again"
            )
    arrays, _about = read_arrays(folder / "model.safetensors")
    try:
        return _rebuild(cls, folder, config, arrays)
    except (KeyError, TypeError, ValueError, AttributeError, MemoryError, OverflowError) as error:
        if isinstance(error, SaegimError):
            raise ModelFileError(f"{folder / 'config.json'} does not fit the model: {error}") from None
        raise ModelFileError(
            f"{folder / 'config.json'} does not describe a model of this version "
            f"({type(error).__name__}: {error}); train again"
        ) from None


def _rebuild(cls: type[TextClassifier], folder: Path, config: dict[str, Any], arrays: Arrays) -> TextClassifier:
    classifier = cls(**config["parameters"])
    classifier.classes_ = _classes_from_json(config["classes"])
    classifier.kind_ = config["kind"]
    encoder = _encoder(folder, dict(config["encoder"]), arrays)
    model = _model_config(config["network"])
    fits = model.columns == encoder.vectorizer.columns and model.classes == len(classifier.classes_)
    if not fits or model.vocabulary != encoder.vocabulary:
        raise ValueError("its sizes and the files' differ")
    network = TextModel(model, seed=0)
    network.load_state_dict(
        {name.removeprefix("network."): each for name, each in arrays.items() if name.startswith("network.")}
    )
    figures = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    classifier.history_, classifier.best_epoch_ = figures["epochs"], figures["best_epoch"] - 1
    classifier.notes_, classifier.validation_ = figures["notes"], None
    classifier._take(encoder, network)
    return classifier


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not folder.is_dir():
        raise ModelFileError(f"{folder} is not a folder; give the folder that `saegim train --out` wrote")
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise ModelFileError(
            f"{folder} holds no config.json, so no finished model; train with --out {folder}"
        ) from None
    except (ValueError, RecursionError):
        raise ModelFileError(f"{path} is not whole JSON (it was truncated or altered); train again") from None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise ModelFileError(f"{path} is not of format {FORMAT}, the one this version reads; train again")
    if config.get("digest") != _digest({key: each for key, each in config.items() if key != "digest"}):
        raise ModelFileError(f"{path} was altered after it was saved; train again")
    if not isinstance(config.get("files"), dict):
        raise ModelFileError(f"{path} lists no files; train again")
    return config


def _digest(config: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(config, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _encoder(folder: Path, config: dict[str, Any], arrays: Arrays) -> TextEncoder:
    buckets = config.pop("buckets")
    config["normalizer"] = Normalizer(**config["normalizer"])
    ngrams: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in config["ngrams"].items()}
    config["ngrams"] = Ngrams(**ngrams)
    config["weighting"] = Weighting(**config["weighting"])
    encoder = TextEncoder(EncoderConfig(**config))
    encoder.vectorizer.restore(int(buckets), arrays["encoder.kept"], arrays["encoder.weights"])
    if config["tokenizer"] is not None:
        encoder.tokenizer = Tokenizer.load(folder / "tokenizer.json")
    return encoder


def _model_config(config: dict[str, Any]) -> ModelConfig:
    reader = config["reader"]
    if reader is not None:
        reader = ReaderConfig(**(reader | {"filter_sizes": tuple(reader["filter_sizes"])}))
    return ModelConfig(**(config | {"reader": reader}))


def _classes_to_json(classes: Any) -> dict[str, Any]:
    if classes.dtype.kind not in _KINDS:
        classes = classes.astype(str)  # labels of other types are saved by their names
    return {"type": _KINDS[classes.dtype.kind], "values": classes.tolist()}


def _classes_from_json(stored: dict[str, Any]) -> Any:
    return np.asarray(stored["values"], _DTYPES[stored["type"]])
