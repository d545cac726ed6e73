"""From labelled texts to a trained classifier: encode, make a network, train it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.__about__ import __version__
from saegim.models.choose import Choice
from saegim.models.encoder import TextEncoder
from saegim.models.text_model import ModelConfig, TextModel
from saegim.training import checkpoint, text_folder
from saegim.training import folder as model_folder
from saegim.training.examples import Labelled
from saegim.training.learned import LearnedText, Run
from saegim.training.objective import Classification, Examples
from saegim.training.optimizers import optimizer_for
from saegim.training.progress import Noting
from saegim.training.runs import identity, is_finished, outcome
from saegim.training.scoring import Scorer
from saegim.training.settings import Settings
from saegim.training.trainer import Trainer


@dataclass(frozen=True, eq=False)
class Task:
    """What is learned from what; it decides, with the version, how a run goes.

    valid: the texts that the best epoch is chosen by; share: of all texts, how many the time budget was enough for
    """

    choice: Choice
    settings: Settings
    classes: npt.NDArray[Any]
    train: Labelled
    valid: Labelled | None
    share: float = 1.0

    def run(self) -> Run:
        """A digest of it all; time limits, and how often a checkpoint is saved, do not count."""
        made_of = (__version__, self.choice.kind, self.choice.encoder, self.choice.reader, self.classes.tolist())
        parts = [part for part in (self.train, self.valid) if part is not None]
        return Run(identity(made_of, self.settings, chain.from_iterable(map(_content, parts))), self.share)


def _content(part: Labelled) -> Iterator[bytes]:
    yield from (text.encode("utf-8", "surrogatepass") + b"\0" for text in part.texts)
    yield np.ascontiguousarray(part.numbers, np.int64).tobytes()
    for each in (part.shares, part.weights):
        if each is not None:
            yield np.ascontiguousarray(each, np.float32).tobytes()


def learn(task: Task, notes: Noting, folder: Path | None, *, resume: bool, began: float) -> LearnedText:
    """Does the task. `began` is when its time budget began to run (`time.monotonic()`)."""
    run = task.run()
    if resume and folder is not None and is_finished(folder, run, notes):
        found = text_folder.load(folder)[0]
        if found.calibration is not None or task.valid is None:
            return found
        scores = Scorer(found.network, len(found.classes))(found.encoder.encode(task.valid.texts))
        return found.calibrated(scores, task.valid.numbers)

    encoder = TextEncoder(task.choice.encoder)
    encoded = encoder.fit(task.train.texts, task.train.numbers, len(task.classes), notes.say)
    valid = None if task.valid is None else Examples(encoder.encode(task.valid.texts), task.valid.numbers)
    sizes = ModelConfig(encoded.columns, len(task.classes), encoder.vocabulary, task.choice.reader)
    network = TextModel(sizes, seed=task.settings.seed)
    network.wide.start_from(task.train.numbers)
    classes, settings = len(task.classes), task.settings
    objective, optimizer = Classification(network, classes, settings), optimizer_for(settings, classes)
    trainer = Trainer(network, objective, optimizer, settings, notes, folder=folder, run=run, began=began)
    trainer.fit(Examples(encoded, task.train.targets, task.train.weights), valid, resume=resume)
    learned = LearnedText(
        kind=task.choice.kind, classes=task.classes, encoder=encoder, network=network, **outcome(trainer, notes)
    )
    scored = trainer.validation
    return learned if scored is None else learned.calibrated(objective.scores(scored.inputs), scored.classes)


def stored_share(folder: Path) -> float | None:
    """The share of the texts that the run in a folder uses; None when there is none to go on with.

    Raises ModelFileError for a damaged checkpoint.
    """
    run = checkpoint.run_of(folder) or model_folder.finished_run(folder)
    return None if run is None else run.share
