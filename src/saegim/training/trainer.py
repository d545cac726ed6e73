"""The loop: over all data, again and again, until it stops getting better; best weights kept, resumable exactly."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.batches import epoch_rng, length_buckets, shuffled
from saegim.data.split import stratified_split
from saegim.dtypes import is_floating
from saegim.errors import NonFiniteError
from saegim.models.batch import padding_share
from saegim.nn.module import Module
from saegim.optim import ByName, Optimizer
from saegim.text.parallel import in_order
from saegim.training.checkpoint import State, arrays_of, read_checkpoint, set_arrays, write_checkpoint
from saegim.training.clock import Clock
from saegim.training.doctor import examine
from saegim.training.files import Arrays, open_folder, write_atomically
from saegim.training.interrupts import Interrupts
from saegim.training.learned import Run
from saegim.training.objective import Examples, Inputs, Objective
from saegim.training.progress import Progress, duration
from saegim.training.settings import Settings
from saegim.training.step import TrainStep
from saegim.training.vitals import flow_of, layers_of

Array = npt.NDArray[Any]

LOG = "log.jsonl"
_SAVING_SHARE = 0.05  # of the time that checkpoints may take, however large the model is
_LEAST_VALIDATION = 200  # examples that are scored whatever the time budget


class Trainer:
    """Trains a model for an `objective` by `settings`. After `fit` the model holds the weights of its best epoch.

    `run` says what is trained on what: a checkpoint of another run is not resumed. `began` is when the time budget
    began to run (`time.monotonic()`).
    """

    def __init__(
        self,
        model: Module,
        objective: Objective,
        optimizer: Optimizer | ByName,
        settings: Settings,
        progress: Progress,
        *,
        folder: Path | None = None,
        run: Run | None = None,
        began: float | None = None,
    ) -> None:
        self.model, self.objective, self.settings, self.progress = model, objective, settings, progress
        self.folder, self.run = folder, run or Run("")
        self.state = State()
        self.best: Arrays = {}
        self._valid: Examples | None = None
        self.step = TrainStep(model, optimizer, objective.loss, clip_norm=settings.clip_norm, vitals=True)
        self.clock = Clock(settings.time_budget, began)
        self._interrupts = Interrupts()
        self._saved, self._save_cost = time.monotonic(), 0.0

    def fit(self, train: Examples, valid: Examples | None, *, resume: bool = False) -> State:
        """Trains until the epochs, the time budget or the patience end.

        Raises KeyboardInterrupt after an interrupt, when the step in progress is done and a checkpoint is saved;
        NonFiniteError when the loss, a gradient, a weight or a score becomes NaN or infinite; ModelFileError for a
        checkpoint that is damaged or of another run.
        """
        self._importance = self.objective.importance(train)
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

    @property
    def validation(self) -> Examples | None:
        """The validation examples that are scored after every epoch; None before `fit`, and without any."""
        return self._valid

    # --- one epoch ---

    def _run_epoch(self, train: Examples) -> None:
        state = self.state
        groups = self._groups(train.inputs)
        self.model.train()
        rest = groups[state.batch :]
        with closing(in_order(train.inputs.batch, rest)) as batches:  # made while the steps before them run
            for rows, batch in zip(rest, batches, strict=True):
                self._make_step(train, rows, batch)
                if self.clock.is_up(state.steps):
                    break
        seen = groups[: state.batch]
        padding = padding_share([train.inputs.lengths[rows] for rows in seen]) if train.inputs.is_padded else 0.0
        self._end_epoch(state.loss_sum / sum(map(len, seen)), padding, complete=state.batch == len(groups))

    def _groups(self, inputs: Inputs) -> list[Array]:
        """The rows of each step: of similar lengths where inputs are padded to the longest."""
        rng, size = epoch_rng(self.settings.seed, self.state.epoch), self.settings.batch_size
        if not inputs.is_padded:
            return list(shuffled(len(inputs), size, rng))
        return list(length_buckets(inputs.lengths, size, rng))

    def _make_step(self, train: Examples, rows: Array, batch: Any) -> None:
        state, began, programs = self.state, time.monotonic(), self.step.programs
        if self.clock.first_step is None:
            self.clock.first_step = state.first_step = self.clock.elapsed()
        self.step.factor = self._rate_factor()
        loss = float(self.step(batch, (train.labels[rows], self._importance[rows])))
        if state.first_loss is None:
            state.first_loss = loss
        state.steps += 1
        state.batch += 1
        state.loss_sum += loss * len(rows)
        state.signs = (np.array(state.signs or 0.0) + self.step.vitals).tolist()
        seconds = time.monotonic() - began
        if self.step.programs > programs:
            self.clock.program_made(seconds)
        else:
            self.clock.step_made(len(rows), seconds)
        expected = self.clock.expected_steps(state.steps, self._planned)
        self.progress.step(state.steps, expected, loss, int(train.inputs.lengths[rows].sum()))
        self._save_if_due()

    def _end_epoch(self, train_loss: float, padding: float, complete: bool) -> None:
        state = self.state
        record: dict[str, Any] = {"epoch": state.epoch + 1, "complete": complete, "train_loss": train_loss}
        if not state.epoch:
            record["first_loss"] = state.first_loss
        record["padding"] = round(padding, 4)
        if self._valid is not None:
            record |= self._validate(self._valid)
        score = self._score(record)
        record["seconds"] = round(self.clock.elapsed(), 3)
        record["flow"] = flow_of(layers_of(self.step.state), state.signs, state.batch)
        record["findings"] = [each.to_dict() for each in examine([*state.history, record])]
        if state.best_score is None or score > state.best_score:
            self._require_finite_weights()
            state.best_score, state.best_epoch = score, state.epoch
            self.best = arrays_of(self.model)
        state.history.append(record)
        state.epoch += 1
        state.batch, state.loss_sum, state.signs = 0, 0.0, []
        self.progress.epoch(record)
        self._write_log()
        self._save_if_due()

    def _score(self, record: dict[str, Any]) -> float:
        """What the best epoch is chosen by: the largest counts."""
        monitor = self.settings.monitor
        if monitor == "last":
            return float(record["epoch"])
        if self._valid is None:
            return -float(record["train_loss"])
        return -float(record["valid_loss"]) if monitor == "loss" else float(record[monitor])

    def _validate(self, valid: Examples) -> dict[str, float]:
        """The objective's figures. An interrupt need not wait: nothing of the run changes meanwhile."""
        valid = self._affordable(valid)
        began = time.monotonic()
        try:
            with self._interrupts.at_once():
                figures = self.objective.validate(valid)
        except KeyboardInterrupt:
            self._save()
            raise
        self.clock.validated(time.monotonic() - began)
        return figures

    def _affordable(self, valid: Examples) -> Examples:
        """The validation part, or as much of it as the time budget allows to score after every epoch."""
        most = max(_LEAST_VALIDATION, self.clock.affordable_validation())
        if len(valid) > most:
            names = [str(label) for label in valid.classes]
            _rest, rows = stratified_split(names, most / len(valid), self.settings.seed)
            self.progress.say(
                f"{len(rows)} of {len(valid)} validation examples are scored after every epoch: more would take too "
                "much of the time budget"
            )
            self._valid = valid = valid.take(rows)
        return valid

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
            where = f"epoch {self.state.epoch + 1} after {self.state.steps} steps and {duration(self.state.seconds)}"
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
