"""From labelled images to a trained generator: what it learns for, how its training goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import tensor as sg
from saegim.__about__ import __version__
from saegim.models.drawing import Velocities
from saegim.models.generator import Flow, Generator, GeneratorConfig, LabelledImages
from saegim.optim import AdamW
from saegim.tensor import Tensor
from saegim.training import generator_folder
from saegim.training.learned import LearnedGenerator, Run
from saegim.training.objective import Examples
from saegim.training.progress import Noting
from saegim.training.runs import identity, is_finished, outcome
from saegim.training.settings import Settings
from saegim.training.trainer import Trainer

Array = npt.NDArray[Any]

KIND = "flow"
_STEPS = 8_000  # that a network takes to learn to draw; fewer draw what was not learned yet, more learn by heart
_FEW = 500  # images: fewer are learned from in smaller batches
_EPOCH_STEPS = 150  # an epoch of fewer would say little: its loss is of few noises


@dataclass(frozen=True, eq=False)
class GeneratorTask:
    """What is learned from what; it decides, with the version, how a run goes.

    valid: images that are held out; by the loss on them the best epoch is chosen
    """

    config: GeneratorConfig
    settings: Settings
    classes: Array
    train: Examples
    valid: Examples | None

    @property
    def shown(self) -> int:
        """How often an epoch shows each training image, each time with other noise."""
        return _shown(len(self.train), self.settings.batch_size)

    def run(self) -> Run:
        """A digest of it all; time limits, and how often a checkpoint is saved, do not count."""
        parts = [part for part in (self.train, self.valid) if part is not None]
        made_of = (__version__, KIND, self.config, self.classes.tolist())
        return Run(identity(made_of, self.settings, chain.from_iterable(map(_content, parts))))


def _content(part: Examples) -> Iterator[bytes]:
    assert isinstance(part.inputs, LabelledImages)
    yield f"{part.inputs.pixels.shape}".encode()
    yield np.ascontiguousarray(part.inputs.pixels).tobytes()
    yield np.ascontiguousarray(part.labels, np.int64).tobytes()


def chosen_settings(count: int) -> dict[str, Any]:
    """How a generator is trained on so many images, as far as nobody says otherwise."""
    batch_size = 64 if count >= _FEW else 16
    epochs = max(1, round(_STEPS / _steps(count, batch_size)))
    return {
        "rate": 4e-3,
        "warmup": 0.02,
        "clip_norm": 1.0,
        "monitor": "loss",
        "epochs": epochs,
        "batch_size": batch_size,
    }


def _shown(count: int, batch_size: int) -> int:
    """How often an epoch shows each of so many images."""
    return max(1, round(_EPOCH_STEPS * batch_size / count))


def _steps(count: int, batch_size: int) -> int:
    """How many steps an epoch has."""
    return -(-count * _shown(count, batch_size) // batch_size)


class FlowMatching:
    """Telling velocities: the mean of their squared errors."""

    def __init__(self, generator: Generator, seed: int) -> None:
        self.velocities, self.seed = Velocities(generator), seed

    def importance(self, train: Examples) -> Array:
        """Every image counts alike."""
        return np.ones(len(train), np.float32)

    def loss(self, output: Tensor, target: tuple[Tensor, Tensor]) -> Tensor:
        """Errors (B, H, W, channels), (labels (B,), importance (B,)) -> the mean of their squares."""
        _labels, importance = target
        return sg.mean(sg.mean(output * output, axis=(1, 2, 3)) * importance)

    def validate(self, valid: Examples) -> dict[str, float]:
        """The loss on images, always with the same noise and at the same times: evenly spread over the whole way."""
        images = valid.inputs
        assert isinstance(images, LabelledImages)
        rng, count = np.random.default_rng(self.seed), len(images)
        noise = rng.standard_normal(images.pixels.shape, np.float32)
        time = ((rng.permutation(count) + 0.5) / count).astype(np.float32)
        way = time[:, None, None, None]
        told = self.velocities((1 - way) * noise + way * images.pixels, time, images.classes)
        return {"valid_loss": float(np.square(told - (images.pixels - noise), dtype=np.float64).mean())}


def learn_to_draw(
    task: GeneratorTask, notes: Noting, folder: Path | None, *, resume: bool, began: float
) -> LearnedGenerator:
    """Does the task. `began` is when its time budget began to run (`time.monotonic()`)."""
    run, settings = task.run(), task.settings
    if resume and folder is not None and is_finished(folder, run, notes):
        return generator_folder.load(folder)[0]
    network = Generator(task.config, seed=settings.seed)
    flow = Flow(network, seed=settings.seed)
    optimizer = AdamW(lr=settings.rate, weight_decay=settings.weight_decay, betas=(0.9, 0.99))
    objective = FlowMatching(network, settings.seed)
    trainer = Trainer(flow, objective, optimizer, settings, notes, folder=folder, run=run, began=began)
    train = task.train.take(np.tile(np.arange(len(task.train)), task.shown))
    trainer.fit(train, task.valid, resume=resume)
    return LearnedGenerator(kind=KIND, classes=task.classes, network=network, **outcome(trainer, notes))
