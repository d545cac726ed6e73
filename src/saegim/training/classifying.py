"""What all classifiers share: predicting, scoring and loading by scikit-learn's conventions, whatever they read."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from saegim.data.sources import labels_from
from saegim.errors import DataError, ModelFileError, NotFittedError
from saegim.training.calibration import probabilities
from saegim.training.estimator import Estimator
from saegim.training.folder import CONFIG
from saegim.training.learned import Learned
from saegim.training.scoring import Inputs, Scorer
from saegim.training.settings import Settings

Array = npt.NDArray[Any]
_SETTINGS = {each.name for each in fields(Settings)}
_OPEN = ("epochs", "batch_size")  # parameters that None leaves open
_Learned = TypeVar("_Learned", bound=Learned)


class Classifier(Estimator, Generic[_Learned]):
    """A classifier after `fit` or `load`. Subclasses say how it learns, what it reads and how it is stored.

    `classes_` (C,), `kind_` (of the model), `history_` (a dict per epoch), `best_epoch_` (from 0), `notes_` (what was
    decided, found and skipped), `seconds_` (of training), `calibration_` (how sure its probabilities may be, or None).
    """

    _example: ClassVar[str]  # what it reads, as sentences call one
    _learned: _Learned

    def _inputs(self, X: Any) -> Inputs:  # noqa: N803 - scikit-learn's name
        """What the user gave as the network's inputs. Raises DataError for what it does not read."""
        raise NotImplementedError

    @classmethod
    def _stored(cls, folder: Path) -> tuple[_Learned, dict[str, Any]]:
        """What was learned, and the parameters, from a model folder. Raises ModelFileError."""
        raise NotImplementedError

    def predict(self, X: Any) -> Array:  # noqa: N803
        """The label of each example, (n,)."""
        scores = self.decision_function(X)
        labels: Array = self.classes_[scores.argmax(1)]
        return labels

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """The probability of each class for each example, (n, C), columns as in `classes_`.

        Calibrated on the validation part, if there was one: of answers that are 90% probable, about 90% are right.
        """
        return probabilities(self.decision_function(X), self._require_fitted().temperature)

    def decision_function(self, X: Any) -> Array:  # noqa: N803
        """The score of each class for each example, (n, C) float32: the network's output before softmax."""
        self._require_fitted()
        return self._scorer(self._inputs(X))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803
        """The share of X (n) whose predicted label is y's (n); `sample_weight` (n,) says how much each counts."""
        predicted, labels = self.predict(X).tolist(), labels_from(y).tolist()
        if len(predicted) != len(labels) or not labels:
            raise DataError(
                f"{len(predicted)} {self._example}s and {len(labels)} labels were given; give a label for each "
                f"{self._example}"
            )
        return float(
            np.average([one == other for one, other in zip(predicted, labels, strict=True)], weights=sample_weight)
        )

    def size_bytes(self) -> int:
        """The bytes of everything that was learned."""
        return self._require_fitted().size_bytes()

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The classifier in a model folder. Raises ModelFileError for a folder that is missing, damaged or altered."""
        learned, parameters = cls._stored(Path(folder))
        try:
            classifier = cls(**parameters)
        except TypeError:
            raise ModelFileError(f"{Path(folder) / CONFIG} holds parameters of another version; train again") from None
        classifier._take(learned)
        return classifier

    def _take(self, learned: _Learned) -> None:
        """Uses what was learned from now on."""
        self._learned = learned
        self._scorer = Scorer(learned.network.eval(), len(learned.classes))
        self.classes_, self.kind_ = learned.classes, learned.kind
        self.history_, self.best_epoch_, self.findings_ = learned.history, learned.best_epoch, learned.findings
        self.notes_, self.seconds_ = learned.notes, learned.seconds
        self.calibration_ = learned.calibration

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
