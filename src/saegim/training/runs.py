"""What every training run has, whatever it learns: which run it is, whether it is done, and its figures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from saegim.training import folder as model_folder
from saegim.training.learned import Run
from saegim.training.progress import Noting
from saegim.training.settings import Settings
from saegim.training.trainer import Trainer


def identity(made_of: Sequence[object], settings: Settings, contents: Iterable[bytes]) -> str:
    """A digest of everything that decides how a run goes: the parts of the model (by their `repr`), the settings, the
    examples. Time limits, and how often a checkpoint is saved, do not count."""
    numbers = asdict(settings) | {"time_budget": None, "checkpoint_seconds": None}
    digest = hashlib.sha256(f"{tuple(made_of)!r}\0{json.dumps(numbers, sort_keys=True)}".encode("utf-8", "replace"))
    for each in contents:
        digest.update(each)
    return digest.hexdigest()


def is_finished(folder: Path | None, run: Run, notes: Noting) -> bool:
    """Whether the model in the folder is what the run would give; if so, that is said."""
    if folder is None or model_folder.finished_run(folder) != run:
        return False
    notes.say("the run is finished already: the model in the folder is taken as it is")
    return True


def outcome(trainer: Trainer, notes: Noting) -> dict[str, Any]:
    """The fields of `Learned` that are known when a trainer is done."""
    return {
        "run": trainer.run,
        "history": trainer.state.history,
        "best_epoch": trainer.state.best_epoch,
        "seconds": trainer.clock.elapsed(),
        "notes": notes.sentences,
    }
