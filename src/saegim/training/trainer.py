"""The loop: over all data, again and again, until it stops getting better; best weights kept, resumable exactly."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.batches import epoch_rng, length_buckets, shuffled
from saegim.data.split import stratified_split
from saegim.dtypes import is_floating
from saegim.errors import NonFiniteError
from saegim.evaluation.metrics import accuracy_and_macro_f1
from saegim.losses import cross_entropy
from saegim.models.batch import EncodedTexts, TextBatch, padding_share
from saegim.nn.module import Module
from saegim.tensor import Tensor, mean
from saegim.text.parallel import in_order
from saegim.training.checkpoint import State, arrays_of, read_checkpoint, set_arrays, write_checkpoint
from saegim.training.clock import Clock
from saegim.training.files import Arrays, open_folder, write_atomically
from saegim.training.interrupts import Interrupts
from saegim.training.learned import Run
from saegim.training.optimizers import optimizer_for
from saegim.training.progress import Progress, in_words
from saegim.training.scoring import Scorer
from saegim.training.settings import Settings
from saegim.training.step import TrainStep

Array = npt.NDArray[Any]

LOG = "log.jsonl"
_SAVING_SHARE = 0.05  # of the time that checkpoints may take, however large the model is
_LEAST_VALIDATION = 200  # texts that are scored whatever the time budget


@dataclass(frozen=True, eq=False)
class Examples:
    """Encoded texts with the number of each one's class."""

    texts: EncodedTexts
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Array) -> Examples:
        return Examples(self.texts.take(rows), self.labels[rows])


class Trainer:
    """Trains a text model by `settings`. After `fit` the model holds the weights of its best epoch.

    `run` says what is trained on what: a checkpoint of another run is not resumed. `began` is when the time budget
    began to run (`time.monotonic()`).
    """

    def __init__(
        self,
        model: Module,
        classes: int,
        settings: Settings,
        progress: Progress,
        *,
        folder: Path | None = None,
        run: Run | None = None,
        began: float | None = None,
    ) -> None:
        self.model, self.classes, self.settings, self.progress = model, classes, settings, progress
        self.folder, self.run = folder, run or Run("")
        self.state = State()
        self.best: Arrays = {}
        self.step = TrainStep(model, optimizer_for(settings, classes), self._loss, clip_norm=settings.clip_norm)
        self.scores = Scorer(model, classes)
        self.clock = Clock(settings.time_budget, began)
        self._interrupts = Interrupts()
        self._saved, self._save_cost = time.monotonic(), 0.0

    def fit(self, train: Examples, valid: Examples | None, *, resume: bool = False) -> State:
        """Trains until the epochs, the time budget or the patience end.

        Raises KeyboardInterrupt after an interrupt, when the step in progress is done and a checkpoint is saved;
        NonFiniteError when the loss, a gradient, a weight or a score becomes NaN or infinite; ModelFileError for a
        checkpoint that is damaged or of another run.
        """
        self._importance = _class_weights(train.labels, self.classes, self.settings.class_balance)
        self._planned = -(-len(train) // self.settings.batch_size) * self.settings.epochs
        self._valid = valid if valid is not None and len(valid) else None
        self.clock.validation_texts = 0 if self._valid is None else len(self._valid)
        self._prepare_folder(resume)
        self.progress.start(self._planned)
        try:
            with self._interrupts:
                while not self._is_over():
                    self._run_epoch(train)
        finally:
            self.progress.finish()
        self._say_what_was_skipped()
        set_arrays(self.model, self.best)
        self.model.eval()
        return self.state

    # --- one epoch ---

    def _run_epoch(self, train: Examples) -> None:
        state = self.state
        groups = self._groups(train.texts)
        self.model.train()
        rest = groups[state.batch :]
        with closing(in_order(train.texts.batch, rest)) as batches:  # made while the steps before them run
            for rows, batch in zip(rest, batches, strict=True):
                self._make_step(train, rows, batch)
                if self.clock.is_up(state.steps):
                    break
        seen = groups[: state.batch]
        padding = padding_share([train.texts.lengths[rows] for rows in seen]) if train.texts.tokens is not None else 0.0
        self._end_epoch(state.loss_sum / sum(map(len, seen)), padding, complete=state.batch == len(groups))

    def _groups(self, texts: EncodedTexts) -> list[Array]:
        """The rows of each step: of similar lengths where texts are padded; n-grams need no padding."""
        rng, size = epoch_rng(self.settings.seed, self.state.epoch), self.settings.batch_size
        if texts.tokens is None:
            return list(shuffled(len(texts), size, rng))
        return list(length_buckets(texts.lengths, size, rng))

    def _make_step(self, train: Examples, rows: Array, batch: TextBatch) -> None:
        state, began, programs = self.state, time.monotonic(), self.step.programs
        if self.clock.first_step is None:
            self.clock.first_step = state.first_step = self.clock.elapsed()
        self.step.factor = self._rate_factor()
        labels = train.labels[rows]
        loss = float(self.step(batch, (labels, self._importance[labels])))
        state.steps += 1
        state.batch += 1
        state.loss_sum += loss * len(rows)
        seconds = time.monotonic() - began
        if self.step.programs > programs:
            self.clock.program_made(seconds)
        else:
            self.clock.step_made(len(rows), seconds)
        expected = self.clock.expected_steps(state.steps, self._planned)
        self.progress.step(state.steps, expected, loss, int(train.texts.lengths[rows].sum()))
        self._save_if_due()

    def _end_epoch(self, train_loss: float, padding: float, complete: bool) -> None:
        state = self.state
        record: dict[str, Any] = {"epoch": state.epoch + 1, "complete": complete, "train_loss": train_loss}
        record["padding"] = round(padding, 4)
        score = -train_loss
        if self._valid is not None:
            record |= self._validate(self._valid)
            score = -record["valid_loss"] if self.settings.monitor == "loss" else record[self.settings.monitor]
        record["seconds"] = round(self.clock.elapsed(), 3)
        if state.best_score is None or score > state.best_score:
            self._require_finite_weights()
            state.best_score, state.best_epoch = score, state.epoch
            self.best = arrays_of(self.model)
        state.history.append(record)
        state.epoch += 1
        state.batch, state.loss_sum = 0, 0.0
        self.progress.epoch(record)
        self._write_log()
        self._save_if_due()

    def _validate(self, valid: Examples) -> dict[str, float]:
        valid = self._affordable(valid)
        began = time.monotonic()
        scores = self._score(valid)
        self.clock.validated(time.monotonic() - began)
        accuracy, macro_f1 = accuracy_and_macro_f1(valid.labels, scores.argmax(1), self.classes)
        shifted = scores - scores.max(1, keepdims=True)
        likelihood = shifted[np.arange(len(valid)), valid.labels] - np.log(np.exp(shifted).sum(1))
        return {"valid_loss": float(-likelihood.mean()), "accuracy": float(accuracy), "macro_f1": float(macro_f1)}

    def _score(self, valid: Examples) -> Array:
        """Scores of the validation part. An interrupt need not wait: nothing of the run changes meanwhile."""
        try:
            with self._interrupts.at_once():
                return self.scores(valid.texts)
        except KeyboardInterrupt:
            self._save()
            raise

    def _affordable(self, valid: Examples) -> Examples:
        """The validation part, or as much of it as the time budget allows to score after every epoch."""
        most = max(_LEAST_VALIDATION, self.clock.affordable_validation())
        if len(valid) > most:
            names = [str(label) for label in valid.labels]
            _rest, rows = stratified_split(names, most / len(valid), self.settings.seed)
            self.progress.say(
                f"{len(rows)} of {len(valid)} validation texts are scored after every epoch: more would take too "
                "much of the time budget"
            )
            self._valid = valid = valid.take(rows)
        return valid

    def _loss(self, scores: Tensor, target: tuple[Tensor, Tensor]) -> Tensor:
        """Cross entropy, each text counted by the weight of its class."""
        labels, importance = target
        each = cross_entropy(scores, labels, label_smoothing=self.settings.label_smoothing, reduction="none")
        return mean(each * importance)

    def _rate_factor(self) -> float:
        """Linear warm-up, then linear decay to 0 at the end of the epochs or of the time budget."""
        progress = max(self.state.steps / self._planned, self.clock.progress(self.state.steps))
        warmup = self.settings.warmup
        if progress < warmup:
            return min(1.0, (progress + 1 / self._planned) / warmup)
        return max(1e-3, (1 - progress) / (1 - warmup))

    def _require_finite_weights(self) -> None:
        for name, each in self.model.named_tensors():
            if is_floating(each.dtype) and not np.isfinite(each.numpy()).all():
                raise NonFiniteError(
                    f"epoch {self.state.epoch + 1}: {name} holds values that are not finite; lower the learning rate"
                )

    # --- when to end ---

    def _is_over(self) -> bool:
        state = self.state
        if state.batch:  # of an epoch that a checkpoint was saved in
            return False
        return state.epoch >= self.settings.epochs or self._has_lost_patience() or self.clock.is_up(state.steps)

    def _has_lost_patience(self) -> bool:
        return self.state.epoch - 1 - self.state.best_epoch >= self.settings.patience

    def _say_what_was_skipped(self) -> None:
        state, settings = self.state, self.settings
        if state.steps >= self._planned:
            return
        epochs = f"{state.steps * settings.epochs / self._planned:.1f} of {settings.epochs} epochs"
        if self.clock.is_up(state.steps):
            self.progress.say(f"the time budget of {settings.time_budget:g} s ended training after {epochs}")
        else:
            self.progress.say(f"no better score for {settings.patience} epochs: training ended after {epochs}")

    # --- what is kept on disk ---

    def _save_if_due(self) -> None:
        if self._interrupts.pending:
            self._save()
            raise KeyboardInterrupt
        since = time.monotonic() - self._saved
        if since >= max(self.settings.checkpoint_seconds, self._save_cost / _SAVING_SHARE):
            self._save()

    def _save(self) -> None:
        began = time.monotonic()
        if self.folder is not None:
            self.state.seconds = self.clock.elapsed()
            write_checkpoint(self.folder, self.model, self.step, self.best, self.state, self.run)
        self._saved = time.monotonic()
        self._save_cost = self._saved - began

    def _prepare_folder(self, resume: bool) -> None:
        """Takes up a checkpoint if asked to; what an earlier run wrote beyond it is undone."""
        found = None
        if self.folder is not None:
            open_folder(self.folder)
            if resume:
                found = read_checkpoint(self.folder, self.model, self.step, self.run)
        if found is not None:
            self.best, self.state = found
            self.clock.go_on(self.state.seconds, self.state.first_step)
            where = f"epoch {self.state.epoch + 1} after {self.state.steps} steps and {in_words(self.state.seconds)}"
            self.progress.say(f"resumed in {where}")
        elif resume:
            self.progress.say("there is no checkpoint yet: training starts from the beginning")
        self._write_log()

    def _write_log(self) -> None:
        """A line of JSON for every epoch that counts: none that an earlier run made beyond its checkpoint."""
        if self.folder is None:
            return
        if not self.state.history:
            (self.folder / LOG).unlink(missing_ok=True)
            return
        lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in self.state.history]
        write_atomically(self.folder / LOG, "".join(lines).encode())


def _class_weights(labels: Array, classes: int, balance: float) -> Array:
    """(C,) float32 share**-balance, scaled so that the mean over the texts is 1."""
    share = np.bincount(labels, minlength=classes) / max(len(labels), 1)
    weights = np.where(share > 0, np.maximum(share, 1e-9) ** -balance, 0)
    scaled: Array = (weights / (weights * share).sum()).astype(np.float32)
    return scaled
