"""What all that learn share, whatever they learn: parameters, what they hold after training, saving and loading."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np

from saegim.errors import ModelFileError, NotFittedError
from saegim.training.estimator import Estimator
from saegim.training.folder import CONFIG
from saegim.training.learned import Learned
from saegim.training.settings import Settings

_SETTINGS = {each.name for each in fields(Settings)}
_OPEN = ("epochs", "batch_size")  # parameters that None leaves open
_Learned = TypeVar("_Learned", bound=Learned)


class Learner(Estimator, Generic[_Learned]):
    """What has learned after `fit` or `load`. Subclasses say how it learns and how it is stored.

    `classes_` (C,), `kind_` (of the model), `history_` (a dict per epoch), `best_epoch_` (from 0), `notes_` (what was
    decided, found and skipped), `seconds_` (of training), `findings_` (of the doctor).
    """

    _learned: _Learned

    @classmethod
    def _stored(cls, folder: Path) -> tuple[_Learned, dict[str, Any]]:
        """What was learned, and the parameters, from a model folder. Raises ModelFileError."""
        raise NotImplementedError

    def size_bytes(self) -> int:
        """The bytes of everything that was learned."""
        return self._require_fitted().size_bytes()

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """What is in a model folder. Raises ModelFileError for a folder that is missing, damaged or altered."""
        learned, parameters = cls._stored(Path(folder))
        try:
            learner = cls(**parameters)
        except TypeError:
            raise ModelFileError(f"{Path(folder) / CONFIG} holds parameters of another version; train again") from None
        learner._take(learned)
        return learner

    def _take(self, learned: _Learned) -> None:
        """Uses what was learned from now on."""
        self._learned = learned
        self.classes_, self.kind_ = learned.classes, learned.kind
        self.history_, self.best_epoch_, self.findings_ = learned.history, learned.best_epoch, learned.findings
        self.notes_, self.seconds_ = learned.notes, learned.seconds

    def _settings_with(self, chosen: dict[str, Any]) -> Settings:
        """The parameters as settings; those that are left open, and what is no parameter, as `chosen` has them."""
        given = {name: value for name, value in self._plain_params().items() if name in _SETTINGS}
        left_open = {name for name in _OPEN if given[name] is None}
        return Settings(**chosen | {name: value for name, value in given.items() if name not in left_open})

    def _plain_params(self) -> dict[str, Any]:
        """The parameters; NumPy's numbers, as a grid search may give them, as Python's."""
        given = self.get_params().items()
        return {name: each.item() if isinstance(each, np.generic) else each for name, each in given}

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_learned")

    def _require_fitted(self) -> _Learned:
        if not hasattr(self, "_learned"):
            raise NotFittedError(f"this {type(self).__name__} has not been trained yet; call fit or load first")
        return self._learned
