"""What a learning curve is usually measured of: a network, and the classical baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from saegim.curve.measure import Learner
from saegim.evaluation.baselines import SvmBaseline
from saegim.evaluation.compare import Predictor
from saegim.evaluation.learned import Learned
from saegim.late import late
from saegim.training.progress import Silent

if TYPE_CHECKING:
    from saegim import training
else:
    training = late("saegim.training")

__all__ = ["classical", "network"]


def network(model: str = "auto", *, threads: int | None = None) -> Learner:
    """A network of that kind, trained as `TextClassifier` does by itself; called "network (kind)"."""

    def build(texts: Sequence[str], labels: Sequence[str], seed: int, check: Callable[[], None]) -> Predictor:
        classifier = training.TextClassifier(model, seed=seed, threads=threads)
        return Learned(classifier.fit(list(texts), list(labels), progress=_Checking(check)))

    return Learner(f"network ({model})", "learned", build)


def classical(*, threads: int | None = None) -> Learner:
    """A linear support vector machine over TF-IDF, as in a comparison."""

    def build(texts: Sequence[str], labels: Sequence[str], seed: int, check: Callable[[], None]) -> Predictor:  # noqa: ARG001
        return SvmBaseline(threads=threads, seed=seed).fit(texts, labels)

    return Learner("TF-IDF + linear SVM", "classical", build, by_seed=False)


class _Checking(Silent):
    """Listens to a training run, and asks at every step whether there is time for another."""

    def __init__(self, check: Callable[[], None]) -> None:
        super().__init__()
        self._check = check

    def step(self, done: int, steps: int, loss: float, tokens: int) -> None:  # noqa: ARG002 - a listener's
        self._check()
