"""What all classifiers share: predicting and scoring by scikit-learn's conventions, whatever they read."""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from saegim.data.sources import labels_from
from saegim.errors import DataError
from saegim.training.calibration import probabilities
from saegim.training.learned import Learned
from saegim.training.learner import Learner
from saegim.training.scoring import Inputs, Scorer

Array = npt.NDArray[Any]
_Learned = TypeVar("_Learned", bound=Learned)


class Classifier(Learner[_Learned]):
    """A classifier after `fit` or `load`. Subclasses say how it learns, what it reads and how it is stored.

    It has what every `Learner` has, and `calibration_` (how sure its probabilities may be, or None).
    """

    _example: ClassVar[str]  # what it reads, as sentences call one

    def _inputs(self, X: Any) -> Inputs:  # noqa: N803 - scikit-learn's name
        """What the user gave as the network's inputs. Raises DataError for what it does not read."""
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

    def _take(self, learned: _Learned) -> None:
        super()._take(learned)
        self._scorer = Scorer(learned.network.eval(), len(learned.classes))
        self.calibration_ = learned.calibration
