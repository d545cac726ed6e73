"""The time that a training run has: how much of it is spent, and what the rest is enough for."""

from __future__ import annotations

import math
import time

_SAVING = 0.1  # share of the budget that is left for saving the model
_VALIDATION = 0.1  # share of the budget that scoring the validation part once may take
_FORWARD = 0.5  # scoring a text takes at most about so much of the time that training on it does
_LEAST_STEPS = 20  # made even when the budget is spent, so that there is a model at all ...
_GRACE = 10.0  # ... unless they take so many seconds more, compiling aside


class Clock:
    """Watches over a time budget (seconds, None for no limit) that began to run at `began` (`time.monotonic()`).

    first_step: seconds that were spent before the first step, over all parts of a resumed run; None before it
    validation_texts: how many texts will be scored after training
    """

    def __init__(self, budget: float | None, began: float | None = None) -> None:
        self.budget = budget
        self.first_step: float | None = None
        self.validation_texts = 0
        self._began = time.monotonic() if began is None else began
        self._step_seconds, self._step_texts = 0.0, 0
        self._making = 0.0
        self._validation_seconds: float | None = None

    def elapsed(self) -> float:
        """Seconds spent, over all parts of a resumed run."""
        return time.monotonic() - self._began

    def go_on(self, seconds: float, first_step: float | None) -> None:
        """Counts what earlier parts of the run have spent."""
        self._began -= seconds
        self.first_step = first_step

    def step_made(self, texts: int, seconds: float) -> None:
        self._step_seconds += seconds
        self._step_texts += texts

    def program_made(self, seconds: float) -> None:
        """A step took so long because a program had to be compiled for it: that says nothing about the next."""
        self._making += seconds

    def validated(self, seconds: float) -> None:
        self._validation_seconds = seconds

    def affordable_validation(self) -> float:
        """How many texts can be scored in the time for that. Stays as it is once some were."""
        pace = self._seconds_per_score()
        if self.budget is None or not pace or self._validation_seconds is not None:
            return math.inf
        return _VALIDATION * self.budget / pace

    def progress(self, steps: int) -> float:
        """The share, 0 to 1, of the time for training that is over after so many steps; 0 without a budget."""
        if self.budget is None:
            return 0.0
        elapsed = self.elapsed()
        first = elapsed if self.first_step is None else self.first_step
        room = self._end() - first
        passed = (elapsed - first) / room if room > 0 else 1.0
        least = max(steps / _LEAST_STEPS, (elapsed - self._making - max(self.budget, first)) / _GRACE)
        return min(1.0, passed, least)

    def is_up(self, steps: int) -> bool:
        """Whether training has to end after so many steps."""
        return steps > 0 and self.progress(steps) >= 1

    def expected_steps(self, steps: int, planned: int) -> int:
        """How many of the planned steps there will have been when the time is over, as far as it can be told."""
        progress = self.progress(steps)
        return min(planned, math.ceil(steps / progress)) if progress > 0 else planned

    def _end(self) -> float:
        """Seconds after which training ends: what validation and saving need is left."""
        assert self.budget is not None, "without a budget there is no end"
        validation = self._validation_seconds
        if validation is None:
            validation = min(self.validation_texts * self._seconds_per_score(), _VALIDATION * self.budget)
        return (1 - _SAVING) * self.budget - validation

    def _seconds_per_score(self) -> float:
        return _FORWARD * self._step_seconds / self._step_texts if self._step_texts else 0.0
