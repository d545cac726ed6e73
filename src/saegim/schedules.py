"""Learning-rate schedules: from the number of the step (from 0) to a factor of the learning rate.

A schedule is a plain function of the step, so that the learning rate is an input of a training step's program:
changing it recompiles nothing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from saegim.errors import SettingError

__all__ = ["Constant", "Cosine", "Linear", "OneCycle", "Schedule"]

Schedule = Callable[[int], float]


def _check(total: int, warmup: int) -> None:
    if total < 1 or not 0 <= warmup <= total:
        raise SettingError(f"at least 1 step and 0 to that many warm-up steps expected, {total} and {warmup} given")


@dataclass(frozen=True)
class Constant:
    """factor = 1, after a linear warm-up from 1/warmup over `warmup` steps."""

    warmup: int = 0

    def __post_init__(self) -> None:
        _check(max(self.warmup, 1), self.warmup)

    def __call__(self, step: int) -> float:
        return _warmed_up(step, self.warmup)


@dataclass(frozen=True)
class _Decay(ABC):
    """Linear warm-up over `warmup` steps, then down from 1 to `end` at step `total` and for good."""

    total: int
    warmup: int = 0
    end: float = 0.0

    def __post_init__(self) -> None:
        _check(self.total, self.warmup)

    def __call__(self, step: int) -> float:
        if step < self.warmup:
            return _warmed_up(step, self.warmup)
        progress = (step - self.warmup) / max(self.total - self.warmup, 1)
        return self.end + (1 - self.end) * self._left(min(1.0, progress))

    @abstractmethod
    def _left(self, progress: float) -> float:
        """What is left of the way down: 1 at progress 0, 0 at progress 1."""


@dataclass(frozen=True)
class Linear(_Decay):
    """Linear warm-up over `warmup` steps, then linear decay to `end` at step `total`."""

    def _left(self, progress: float) -> float:
        return 1 - progress


@dataclass(frozen=True)
class Cosine(_Decay):
    """Linear warm-up over `warmup` steps, then half a cosine down to `end` (Loshchilov and Hutter, 2017)."""

    def _left(self, progress: float) -> float:
        return _half_cosine(progress)


@dataclass(frozen=True)
class OneCycle:
    """From `start` up to 1 over the share `rise` of `total` steps, then down to `end`, both along cosines.

    "Super-Convergence" (Smith and Topin, 2018); start and end are factors of the highest learning rate.
    """

    total: int
    rise: float = 0.3
    start: float = 1 / 25
    end: float = 1e-4 / 25

    def __post_init__(self) -> None:
        _check(self.total, 0)
        if not 0 < self.rise < 1:
            raise SettingError(f"a share of rising steps between 0 and 1 expected, {self.rise} given")

    def __call__(self, step: int) -> float:
        top = self.rise * self.total - 1
        if step < top:
            return 1 + (self.start - 1) * _half_cosine(step / top)
        return self.end + (1 - self.end) * _half_cosine(min(1.0, (step - top) / (self.total - 1 - top)))


def _warmed_up(step: int, warmup: int) -> float:
    return min(1.0, (step + 1) / warmup) if warmup else 1.0


def _half_cosine(progress: float) -> float:
    """1 at progress 0, 0 at progress 1."""
    return 0.5 * (1 + math.cos(math.pi * progress))
