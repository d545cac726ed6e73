"""From labelled texts to a trained classifier: encode, make a network, train it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
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
        settings = asdict(self.settings) | {"time_budget": None, "checkpoint_seconds": None}
        digest = hashlib.sha256(f"{made_of!r}\0{json.dumps(settings, sort_keys=True)}".encode("utf-8", "replace"))
        for part in (self.train, self.valid):
            if part is not None:
                for text in part.texts:
                    digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
                digest.update(np.ascontiguousarray(part.numbers, np.int64).tobytes())
                for each in (part.shares, part.weights):
                    if each is not None:
                        digest.update(np.ascontiguousarray(each, np.float32).tobytes())
        return Run(digest.hexdigest(), self.share)


def learn(task: Task, notes: Noting, folder: Path | None, *, resume: bool, began: float) -> LearnedText:
    """Does the task. `began` is when its time budget began to run (`time.monotonic()`)."""
    run = task.run()
    if resume and folder is not None and model_folder.finished_run(folder) == run:
        notes.say("the run is finished already: the model in the folder is taken as it is")
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
    state = trainer.fit(Examples(encoded, task.train.targets, task.train.weights), valid, resume=resume)
    learned = LearnedText(
        kind=task.choice.kind,
        classes=task.classes,
        encoder=encoder,
        network=network,
        run=run,
        history=state.history,
        best_epoch=state.best_epoch,
        seconds=trainer.clock.elapsed(),
        notes=notes.sentences,
    )
    scored = trainer.validation
    return learned if scored is None else learned.calibrated(objective.scores(scored.inputs), scored.classes)


def stored_share(folder: Path) -> float | None:
    """The share of the texts that the run in a folder uses; None when there is none to go on with.

    Raises ModelFileError for a damaged checkpoint.
    """
    run = checkpoint.run_of(folder) or model_folder.finished_run(folder)
    return None if run is None else run.share
