"""From labelled images to a trained classifier: choose a network, train it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.__about__ import __version__
from saegim.models.images import EncodedImages, ImageConfig, ImageModel
from saegim.optim import AdamW
from saegim.training import image_folder
from saegim.training.learned import LearnedImages, Run
from saegim.training.objective import Classification, Examples
from saegim.training.progress import Noting
from saegim.training.runs import identity, is_finished, outcome
from saegim.training.settings import Settings
from saegim.training.trainer import Trainer

KIND = "residual"
_FEW, _MANY = 500, 5_000  # images: fewer are learned from in smaller batches, more in fewer passes
_LEAST_STEPS, _MOST_EPOCHS = 600, 200


@dataclass(frozen=True, eq=False)
class ImageTask:
    """What is learned from what; it decides, with the version, how a run goes."""

    config: ImageConfig
    settings: Settings
    classes: npt.NDArray[Any]
    train: Examples
    valid: Examples | None

    def run(self) -> Run:
        """A digest of it all; time limits, and how often a checkpoint is saved, do not count."""
        parts = [part for part in (self.train, self.valid) if part is not None]
        made_of = (__version__, KIND, self.config, self.classes.tolist())
        return Run(identity(made_of, self.settings, chain.from_iterable(map(_content, parts))))


def _content(part: Examples) -> Iterator[bytes]:
    assert isinstance(part.inputs, EncodedImages)
    pixels = np.ascontiguousarray(part.inputs.pixels)
    yield f"{pixels.shape} {pixels.dtype}".encode()
    yield pixels.tobytes()
    yield np.ascontiguousarray(part.labels, np.int64).tobytes()


def chosen_settings(count: int) -> dict[str, Any]:
    """How a network is trained on so many images, as far as nobody says otherwise."""
    batch_size = 64 if count >= _FEW else 16
    epochs = 30 if count < _MANY else 15
    steps = -(-count // batch_size)
    epochs = max(epochs, min(_MOST_EPOCHS, -(-_LEAST_STEPS // steps)))
    return {"rate": 3e-3, "weight_decay": 0.05, "warmup": 0.1, "epochs": epochs, "batch_size": batch_size}


def learn_images(task: ImageTask, notes: Noting, folder: Path | None, *, resume: bool, began: float) -> LearnedImages:
    """Does the task. `began` is when its time budget began to run (`time.monotonic()`)."""
    run = task.run()
    if resume and folder is not None and is_finished(folder, run, notes):
        return image_folder.load(folder)[0]
    network, settings = ImageModel(task.config, seed=task.settings.seed), task.settings
    objective = Classification(network, len(task.classes), settings)
    optimizer = AdamW(lr=settings.rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99))
    trainer = Trainer(network, objective, optimizer, settings, notes, folder=folder, run=run, began=began)
    trainer.fit(task.train, task.valid, resume=resume)
    learned = LearnedImages(kind=KIND, classes=task.classes, network=network, **outcome(trainer, notes))
    scored = trainer.validation
    return learned if scored is None else learned.calibrated(objective.scores(scored.inputs), scored.classes)
