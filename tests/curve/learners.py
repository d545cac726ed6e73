"""Learners, rules and texts of known worth, and a clock that only moves when something is learned."""

from __future__ import annotations

import numpy as np

from saegim.curve import Learner, Task
from saegim.evaluation.compare import LabelledTexts

CLASSES = ("bad", "good", "so-so")


def texts(rows: int, start: int = 0) -> LabelledTexts:
    """Texts that say their number, label by turns."""
    numbers = range(start, start + rows)
    return LabelledTexts([f"text {number}" for number in numbers], [CLASSES[number % 3] for number in numbers])


def task(pool=400, test=240, rules=0.7, **options) -> Task:
    """Rules that are right with that probability; None for no rules."""
    return Task(texts(pool), texts(test, pool), None if rules is None else Right(rules, seed=99), **options)


class Right:
    """Gets each text right with a probability, by a draw of the text's own and one of the predictor's."""

    def __init__(self, share: float, seed: object, abstains: float = 0.0) -> None:
        self.share, self.seed, self.abstains = share, seed, abstains

    def predict(self, asked):
        return [self._label(int(text.split()[1])) for text in asked]

    def _label(self, number):
        if np.random.default_rng((number, 7)).random() < self.abstains:
            return None
        hard = np.random.default_rng(number).random()
        luck = np.random.default_rng((number, *np.atleast_1d(self.seed))).random()
        right = 0.5 * (hard + luck) < self.share_to_level(self.share)
        return CLASSES[(number + (not right)) % 3]

    @staticmethod
    def share_to_level(share):
        """The quantile of the mean of two uniform numbers."""
        return (share / 2) ** 0.5 if share <= 0.5 else 1 - ((1 - share) / 2) ** 0.5


class Clock:
    """Seconds that pass when a learner says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def learner(name="network", kind="learned", curve=lambda n: 0.9 - 1.2 * n**-0.5, clock=None, cost=0.0, **options):
    """A learner whose accuracy is known, and that takes `cost` seconds for every text."""

    def build(some, labels, seed, check):
        assert len(some) == len(labels)
        if clock is not None:
            for _ in range(10):
                clock.now += cost * len(some) / 10
                check()
        return Right(float(np.clip(curve(len(some)), 0, 1)), (seed, len(some)))

    return Learner(name, kind, build, **options)
