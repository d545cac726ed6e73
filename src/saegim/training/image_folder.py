"""The folder of an image classifier: what all model folders hold, and the sizes of the images it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from saegim.models.images import ImageConfig, ImageModel
from saegim.training import folder as model_folder
from saegim.training.card import IMAGES, model_card
from saegim.training.folder import made
from saegim.training.learned import LearnedImages


def save(learned: LearnedImages, parameters: Mapping[str, Any], folder: Path) -> None:
    """Writes the folder. Raises DataError when it cannot be written."""
    config = {"task": "images", "parameters": dict(parameters), "network": asdict(learned.network.config)}
    model_folder.save(folder, learned, config, model_card(learned, IMAGES), others=["tokenizer.json"])


def load(folder: Path) -> tuple[LearnedImages, dict[str, Any]]:
    """What was learned, and the classifier's parameters. Raises ModelFileError naming what is damaged or altered."""
    stored = model_folder.read(folder, "images")
    with model_folder.blamed(folder / model_folder.CONFIG):
        common, config = stored.common(), made(ImageConfig, stored.config["network"])
        if config.classes != len(common["classes"]):
            raise ValueError("its sizes and the number of its classes differ")
        network = stored.network(lambda: ImageModel(config, seed=0), config.parameters)
        return LearnedImages(**common, network=network), stored.parameters()
