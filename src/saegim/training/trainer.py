"""The loop: over all data, again and again, until it stops getting better; best weights kept, resumable exactly."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.batches import epoch_rng, length_buckets
from saegim.evaluation.metrics import accuracy_and_macro_f1
from saegim.losses import cross_entropy
from saegim.models.batch import EncodedTexts
from saegim.nn.module import Module
from saegim.tensor import Tensor, mean
from saegim.training.checkpoint import arrays_of, read_checkpoint, set_arrays, write_checkpoint
from saegim.training.files import Arrays, write_atomically
from saegim.training.optimizers import optimizer_for
from saegim.training.progress import Progress, in_words
from saegim.training.scoring import Scorer
from saegim.training.settings import Settings
from saegim.training.step import TrainStep

Array = npt.NDArray[Any]

_LEAST_STEPS = 20  # made even when the time budget is over, so that there is a model at all


@dataclass(frozen=True, eq=False)
class Examples:
    """Encoded texts with the number of each one's class."""

    texts: EncodedTexts
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)


@dataclass
class State:
    """Where a run is: all that a checkpoint holds besides arrays."""

    epoch: int = 0  # the epoch in progress, from 0
    batch: int = 0  # batches of it that are done
    steps: int = 0
    seconds: float = 0.0  # spent so far, over all resumed parts
    loss_sum: float = 0.0  # of the epoch in progress
    best_score: float | None = None
    best_epoch: int = -1
    history: list[dict[str, Any]] = field(default_factory=list)


class Trainer:
    """Trains a text model by `settings`. After `fit` the model holds the weights of its best epoch.

    `identity` says what is trained on what: a checkpoint of another identity is not resumed. `began` is when the
    time budget began to run (`time.monotonic()`).
    """

    def __init__(
        self,
        model: Module,
        classes: int,
        settings: Settings,
        progress: Progress,
        *,
        folder: Path | None = None,
        identity: str = "",
        began: float | None = None,
    ) -> None:
        self.model, self.classes, self.settings, self.progress = model, classes, settings, progress
        self.folder, self.identity = folder, identity
        self.state = State()
        self.best: Arrays = {}
        self.step = TrainStep(model, optimizer_for(settings, classes), self._loss, clip_norm=settings.clip_norm)
        self.scores = Scorer(model, classes)
        self._began = time.monotonic() if began is None else began
        self._earlier = 0.0
        self._interrupted = False
        self._save_cost = 0.0

    def fit(self, train: Examples, valid: Examples | None, *, resume: bool = False) -> State:
        """Trains until the epochs, the time budget or the patience end.

        Raises KeyboardInterrupt after an interrupt, when the step in progress is done and a checkpoint is saved.
        """
        if resume:
            self._resume()
        self._saved = time.monotonic()
        self._earlier = self.state.seconds  # before this part of a resumed run
        self._importance = _class_weights(train.labels, self.classes, self.settings.class_balance)
        per_epoch = -(-len(train) // self.settings.batch_size)
        self._planned = per_epoch * self.settings.epochs
        self.progress.start(self._planned)
        try:
            with self._finishing_steps():
                while not self._is_over():
                    self._run_epoch(train, valid)
        finally:
            self.progress.finish()
        if self.best:
            set_arrays(self.model, self.best)
        self.model.eval()
        return self.state

    # --- one epoch ---

    def _run_epoch(self, train: Examples, valid: Examples | None) -> None:
        state = self.state
        rng = epoch_rng(self.settings.seed, state.epoch)
        groups = list(length_buckets(train.texts.lengths, self.settings.batch_size, rng))
        self.model.train()
        for rows in groups[state.batch :]:
            self.step.factor = self._rate_factor()
            batch = train.texts.batch(rows)
            labels = train.labels[rows]
            loss = float(self.step(batch, (labels, self._importance[labels])))
            state.steps += 1
            state.batch += 1
            state.loss_sum += loss * len(rows)
            self.progress.step(state.steps, self._planned, loss, int(train.texts.lengths[rows].sum()))
            self._save_if_due()
            if self._time_is_up():
                break
        complete = state.batch == len(groups)
        seen = len(train) if complete else min(len(train), state.batch * self.settings.batch_size)
        self._end_epoch(valid, state.loss_sum / max(seen, 1), complete)
        if not complete:
            done = state.steps / max(len(groups), 1)
            self.progress.say(f"the time budget ended after {done:.1f} of {self.settings.epochs} epochs")

    def _end_epoch(self, valid: Examples | None, train_loss: float, complete: bool) -> None:
        state = self.state
        record: dict[str, Any] = {"epoch": state.epoch + 1, "complete": complete, "train_loss": train_loss}
        score = -train_loss
        if valid is not None and len(valid):
            record |= self._validate(valid)
            score = -record["valid_loss"] if self.settings.monitor == "loss" else record[self.settings.monitor]
        record["seconds"] = round(self._elapsed(), 3)
        if state.best_score is None or score > state.best_score:
            state.best_score, state.best_epoch = score, state.epoch
            self.best = arrays_of(self.model)
        state.history.append(record)
        state.epoch += 1
        state.batch, state.loss_sum = 0, 0.0
        self.progress.epoch(record)
        self._write_log()
        self._save_if_due()

    def _validate(self, valid: Examples) -> dict[str, float]:
        scores = self.scores(valid.texts)
        accuracy, macro_f1 = accuracy_and_macro_f1(valid.labels, scores.argmax(1), self.classes)
        shifted = scores - scores.max(1, keepdims=True)
        likelihood = shifted[np.arange(len(valid)), valid.labels] - np.log(np.exp(shifted).sum(1))
        return {"valid_loss": float(-likelihood.mean()), "accuracy": float(accuracy), "macro_f1": float(macro_f1)}

    def _loss(self, scores: Tensor, target: tuple[Tensor, Tensor]) -> Tensor:
        """Cross entropy, each text counted by the weight of its class."""
        labels, importance = target
        each = cross_entropy(scores, labels, label_smoothing=self.settings.label_smoothing, reduction="none")
        return mean(each * importance)

    def _rate_factor(self) -> float:
        """Linear warm-up, then linear decay to 0 at the end of the epochs or of the time budget."""
        progress = self.state.steps / self._planned
        if self.settings.time_budget is not None:
            progress = max(progress, min(1.0, self._elapsed() / self._training_budget()))
        warmup = self.settings.warmup
        if progress < warmup:
            return (progress + 1 / self._planned) / warmup
        return max(1e-3, (1 - progress) / (1 - warmup))

    # --- when to end ---

    def _is_over(self) -> bool:
        state, settings = self.state, self.settings
        if state.epoch >= settings.epochs or self._time_is_up():
            return True
        if state.best_score is not None and state.epoch - 1 - state.best_epoch >= settings.patience:
            self.progress.say(f"no better score for {settings.patience} epochs: training ended after {state.epoch}")
            return True
        return False

    def _elapsed(self) -> float:
        return self._earlier + time.monotonic() - self._began

    def _training_budget(self) -> float:
        """Seconds until training ends; a tenth is left for validation and saving."""
        return 0.9 * (self.settings.time_budget or float("inf"))

    def _time_is_up(self) -> bool:
        return self._elapsed() > self._training_budget() and self.state.steps >= _LEAST_STEPS

    @contextmanager
    def _finishing_steps(self) -> Iterator[None]:
        """An interrupt (Ctrl-C, SIGTERM) waits for the step in progress, saves a checkpoint, then ends the run."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def remember(_number: int, _frame: Any) -> None:
            self._interrupted = True

        signals = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(each, remember) for each in signals]
        try:
            yield
        finally:
            for each, handler in zip(signals, before, strict=True):
                signal.signal(each, handler)

    # --- what is kept on disk ---

    def _save_if_due(self) -> None:
        since = time.monotonic() - self._saved
        # Saving takes at most a twentieth of the time, however large the model is.
        if self._interrupted or since >= max(self.settings.checkpoint_seconds, 20 * self._save_cost):
            began = time.monotonic()
            if self.folder is not None:
                self.state.seconds = self._elapsed()
                write_checkpoint(self.folder, self.model, self.step, self.best, asdict(self.state), self.identity)
            self._saved = time.monotonic()
            self._save_cost = self._saved - began
        if self._interrupted:
            raise KeyboardInterrupt

    def _resume(self) -> None:
        found = None
        if self.folder is not None:
            found = read_checkpoint(self.folder, self.model, self.step, self.identity)
        if found is None:
            self.progress.say("there is no checkpoint yet: training starts from the beginning")
            return
        self.best, state = found
        self.state = State(**state)
        self.progress.say(
            f"resumed in epoch {self.state.epoch + 1} after {self.state.steps} steps and {in_words(self.state.seconds)}"
        )

    def _write_log(self) -> None:
        if self.folder is not None:
            lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in self.state.history]
            write_atomically(self.folder / "log.jsonl", "".join(lines).encode())


def _class_weights(labels: Array, classes: int, balance: float) -> Array:
    """(C,) float32 share**-balance, scaled so that the mean over the texts is 1."""
    share = np.bincount(labels, minlength=classes) / max(len(labels), 1)
    weights = np.where(share > 0, np.maximum(share, 1e-9) ** -balance, 0)
    scaled: Array = (weights / (weights * share).sum()).astype(np.float32)
    return scaled
