"""The folder of a text classifier: what all model folders hold, how texts are read, and a tokenizer for models that
read tokens (tokenizer.json)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from saegim.models.encoder import EncoderConfig, TextEncoder
from saegim.models.features import Weighting
from saegim.models.readers import ReaderConfig
from saegim.models.text_model import ModelConfig, TextModel
from saegim.text import Ngrams, Normalizer, Tokenizer
from saegim.training import folder as model_folder
from saegim.training.card import TEXTS, model_card
from saegim.training.files import Arrays
from saegim.training.folder import Stored, made
from saegim.training.learned import LearnedText

TOKENIZER = "tokenizer.json"


def save(learned: LearnedText, parameters: Mapping[str, Any], folder: Path) -> None:
    """Writes the folder. Raises DataError when it cannot be written."""
    encoder = learned.encoder
    config = {
        "parameters": dict(parameters),
        "encoder": asdict(encoder.config) | {"buckets": encoder.vectorizer.buckets},
        "network": asdict(learned.network.config),
    }
    arrays = {"encoder.kept": encoder.vectorizer.kept, "encoder.weights": encoder.vectorizer.weights}
    files = {} if encoder.tokenizer is None else {TOKENIZER: encoder.tokenizer.save}
    card = model_card(learned, TEXTS)
    model_folder.save(folder, learned, config, card, arrays=arrays, files=files, others=[TOKENIZER])


def load(folder: Path) -> tuple[LearnedText, dict[str, Any]]:
    """What was learned, and the classifier's parameters. Raises ModelFileError naming what is damaged or altered."""
    stored = model_folder.read(folder, "text", _files)
    with model_folder.blamed(folder / model_folder.CONFIG):
        return _rebuilt(stored), stored.parameters()


def _files(config: dict[str, Any]) -> set[str]:
    encoder = config.get("encoder")
    return {TOKENIZER} if isinstance(encoder, dict) and encoder.get("tokenizer") is not None else set()


def _rebuilt(stored: Stored) -> LearnedText:
    common = stored.common()
    encoder = _encoder(stored.folder, dict(stored.config["encoder"]), stored.arrays)
    config = _model_config(stored.config["network"])
    sizes = (config.columns, config.classes, config.vocabulary)
    if sizes != (encoder.vectorizer.columns, len(common["classes"]), encoder.vocabulary):
        raise ValueError("its sizes and the files' differ")
    if config.reader is not None and encoder.config.max_tokens > config.reader.max_tokens:
        raise ValueError("it reads longer texts than its network")
    network = stored.network(lambda: TextModel(config, seed=0), config.parameters)
    return LearnedText(**common, encoder=encoder, network=network)


def _encoder(folder: Path, config: dict[str, Any], arrays: Arrays) -> TextEncoder:
    buckets = config.pop("buckets")
    for name, kind in (("normalizer", Normalizer), ("ngrams", Ngrams), ("weighting", Weighting)):
        config[name] = made(kind, config[name])
    encoder = TextEncoder(made(EncoderConfig, config))
    encoder.vectorizer.restore(buckets, arrays["encoder.kept"], arrays["encoder.weights"])
    if config["tokenizer"] is not None:
        encoder.tokenizer = Tokenizer.load(folder / TOKENIZER)
    return encoder


def _model_config(config: dict[str, Any]) -> ModelConfig:
    reader = config["reader"]
    found: ModelConfig = made(ModelConfig, config | {"reader": None if reader is None else made(ReaderConfig, reader)})
    return found
