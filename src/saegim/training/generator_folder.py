"""The folder of a generator: what all model folders hold, the sizes of the images it draws, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from saegim.models.generator import Generator, GeneratorConfig
from saegim.training import folder as model_folder
from saegim.training.card import DRAWINGS, card
from saegim.training.folder import made
from saegim.training.learned import LearnedGenerator

QUALITY = "drawings"  # what the figures are called in metrics.json


class Quality(Protocol):
    """Figures of drawn images."""

    def to_dict(self) -> dict[str, Any]: ...

    def text(self) -> str:
        """The figures as lines for people."""


def save(learned: LearnedGenerator, parameters: Mapping[str, Any], folder: Path, quality: Quality | None) -> None:
    """Writes the folder. Raises DataError when it cannot be written."""
    config = {"task": "draw", "parameters": dict(parameters), "network": asdict(learned.network.config)}
    figures = {} if quality is None else {QUALITY: quality.to_dict()}
    measured = "Its drawings were not measured.\n" if quality is None else f"```text\n{quality.text()}\n```\n"
    text = card(learned, DRAWINGS, {"How good it is": measured})
    model_folder.save(folder, learned, config, text, figures=figures, others=["tokenizer.json"])


def load(folder: Path) -> tuple[LearnedGenerator, dict[str, Any]]:
    """What was learned, and the generator's parameters. Raises ModelFileError naming what is damaged or altered."""
    stored = model_folder.read(folder, "draw")
    with model_folder.blamed(folder / model_folder.CONFIG):
        common, config = stored.common(), made(GeneratorConfig, stored.config["network"])
        if config.classes != len(common["classes"]):
            raise ValueError("its sizes and the number of its classes differ")
        network = stored.network(lambda: Generator(config, seed=0), config.parameters)
        return LearnedGenerator(**common, network=network), stored.parameters()
