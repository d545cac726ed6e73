"""How sure a network may be: probabilities that mean what they say, by one number fitted on held-out examples.

A network's probabilities are softmax(scores / T). The temperature T changes how sure it is and never what it answers.
T is what makes the true labels of held-out examples most likely (Guo et al. 2017, On Calibration of Modern Neural
Networks). In b = 1/T the loss is convex, so Newton's method between two bounds finds the one minimum. A prior is added
to the summed loss, 16 (b - 1 - log b): it is 0 at T = 1, keeps T finite where all answers are right, and says that
without examples to the contrary 1/T is 1 give or take a quarter. The strength is a compromise between networks that
need hardly any calibration and others (`benchmarks/policy.py`); from some thousand examples on it makes no difference.

How far probabilities are from what happens is measured by the expected calibration error of the answer's probability:
examples are sorted by it into bins of equal size, at most `BINS` of at least `FEWEST` examples, and the distances
between mean probability and share right are averaged over all examples. That is above 0 even for perfect
probabilities, since in few examples the share right differs by chance; `error_by_chance` says by how much.

Letters: N examples, C classes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

__all__ = [
    "Bin",
    "Calibration",
    "calibrate",
    "calibration_bins",
    "error_by_chance",
    "expected_calibration_error",
    "fit_temperature",
    "folds",
    "log_loss",
    "probabilities",
]

Array = npt.NDArray[Any]

BINS, FEWEST = 15, 20
FOLDS = 5
COLDEST, HOTTEST = 0.01, 100.0  # no network that learned anything needs a temperature outside
_PRIOR = 16.0


@dataclass(frozen=True)
class Bin:
    """Examples whose answers are about equally probable: the mean probability, the share right, how many they are."""

    confidence: float
    accuracy: float
    count: int


@dataclass(frozen=True)
class Calibration:
    """The temperature, and how good probabilities are without and with it.

    examples: how many it was fitted on. error: expected calibration error; loss: mean negative log likelihood of the
    true labels. Those `after` are cross-fitted: each example is judged by a temperature fitted on others.
    error_by_chance: the error that perfect probabilities would show on so many examples.
    bins: what the errors are made of, for a reliability diagram.
    """

    temperature: float
    examples: int
    error_before: float
    error_after: float
    error_by_chance: float
    loss_before: float
    loss_after: float
    bins_before: tuple[Bin, ...]
    bins_after: tuple[Bin, ...]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes."""
        return asdict(self) | {name: [asdict(one) for one in getattr(self, name)] for name in _BINS}

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """Back from `to_dict`. Raises ValueError for anything else."""
        if not isinstance(stored, dict) or stored.keys() != {each.name for each in fields(cls)}:
            raise ValueError("its calibration has other fields")
        if not COLDEST <= _number(stored["temperature"]) <= HOTTEST:
            raise ValueError(f"the temperature of its calibration is not from {COLDEST} to {HOTTEST:g}")
        for name in ("error_before", "error_after", "error_by_chance"):
            _share(stored[name])
        for name in ("loss_before", "loss_after"):
            _at_least(0, _number(stored[name]))
        _at_least(1, _whole(stored["examples"]))
        return cls(**stored | {name: _bins_from(stored[name]) for name in _BINS})


_BINS = ("bins_before", "bins_after")


def calibrate(scores: Array, numbers: Array, seed: int = 0) -> Calibration:
    """The temperature for scores (N, C) of N >= 1 held-out examples whose classes are numbers (N,), and its worth."""
    scores = np.asarray(scores, np.float64)
    before, after = probabilities(scores, 1.0), np.zeros(scores.shape)
    for rest, held in folds(len(scores), seed):
        after[held] = probabilities(scores[held], fit_temperature(scores[rest], numbers[rest]))
    right = scores.argmax(1) == numbers
    bins_before, bins_after = (calibration_bins(each.max(1), right) for each in (before, after))
    return Calibration(
        temperature=fit_temperature(scores, numbers),
        examples=len(scores),
        error_before=_error(bins_before),
        error_after=_error(bins_after),
        error_by_chance=error_by_chance(after.max(1)),
        loss_before=log_loss(before, numbers),
        loss_after=log_loss(after, numbers),
        bins_before=bins_before,
        bins_after=bins_after,
    )


def probabilities(scores: Array, temperature: float) -> Array:
    """softmax(scores / temperature), (N, C) float64."""
    scaled = np.asarray(scores, np.float64) / temperature
    likelihoods = np.exp(scaled - scaled.max(1, keepdims=True))
    shares: Array = likelihoods / likelihoods.sum(1, keepdims=True)
    return shares


def log_loss(shares: Array, numbers: Array) -> float:
    """The mean negative log likelihood of classes (N,) under probabilities (N, C); of one that underflowed, the most
    that a float can tell."""
    chosen = shares[np.arange(len(numbers)), numbers]
    return float(-np.log(np.maximum(chosen, np.finfo(np.float64).tiny)).mean())


def fit_temperature(scores: Array, numbers: Array, prior: float = _PRIOR) -> float:
    """The temperature that makes classes (N,) most likely under scores (N, C); between `COLDEST` and `HOTTEST`.

    prior: how much the assumption T = 1 is worth; the inverse variance of 1/T without any examples.
    """
    scores = np.asarray(scores, np.float64)
    scores = scores - scores.max(1, keepdims=True)
    true = float(scores[np.arange(len(scores)), numbers].sum())
    low, high, inverse = 1 / HOTTEST, 1 / COLDEST, 1.0
    for _ in range(100):
        shares = probabilities(scores, 1 / inverse)
        means = (shares * scores).sum(1)
        slope = float(means.sum()) - true + prior * (1 - 1 / inverse)
        bend = float((shares * scores**2).sum() - (means**2).sum()) + prior / inverse**2
        low, high = (low, inverse) if slope > 0 else (inverse, high)
        step = inverse - slope / bend if bend > 0 else math.inf
        following = step if low <= step <= high else math.sqrt(low * high)
        if abs(following - inverse) <= 1e-12 * inverse:
            break
        inverse = following
    return min(max(1 / inverse, COLDEST), HOTTEST)


def folds(count: int, seed: int = 0) -> Iterator[tuple[Array, Array]]:
    """(rest, held) rows, `FOLDS` times: every one of `count` rows is held once, drawn at random by `seed`."""
    order = np.random.default_rng(seed).permutation(count)
    for number in range(min(FOLDS, count)):
        held = np.zeros(count, bool)
        held[order[number::FOLDS]] = True
        yield np.flatnonzero(~held), np.flatnonzero(held)


def calibration_bins(confidence: Array, right: Array) -> tuple[Bin, ...]:
    """Answers' probabilities (N,) and whether they were right (N,) -> bins of equal size, the least sure first.

    Equal probabilities share a bin, so that the order of examples does not matter.
    """
    place = _bin_numbers(confidence)
    counts = np.bincount(place)
    sums = np.bincount(place, confidence), np.bincount(place, right)
    return tuple(
        Bin(min(float(sure / count), 1.0), float(hits / count), int(count))
        for sure, hits, count in zip(*sums, counts, strict=True)
        if count
    )


def expected_calibration_error(confidence: Array, right: Array) -> float:
    """The mean distance between how probable answers (N,) were and how often they were right (N,)."""
    return _error(calibration_bins(confidence, right))


def _bin_numbers(confidence: Array) -> Array:
    """The bin of each of the probabilities (N,): the highest of a bin are the quantiles of all."""
    bins = min(BINS, max(1, len(confidence) // FEWEST))
    highest = np.sort(confidence)[(len(confidence) - 1) * np.arange(1, bins) // bins]
    return np.searchsorted(highest, confidence)


def _error(bins: tuple[Bin, ...]) -> float:
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.accuracy - one.confidence) for one in bins) / total


def error_by_chance(confidence: Array) -> float:
    """The error to expect of perfect probabilities (N,): the share right of a bin is nearly normal about their mean."""
    spread = np.bincount(_bin_numbers(confidence), confidence * (1 - confidence))
    return float(np.sqrt(2 / np.pi * spread).sum() / len(confidence))


# --- from files ---


def _bins_from(stored: Any) -> tuple[Bin, ...]:
    if not isinstance(stored, list) or not 1 <= len(stored) <= BINS:
        raise ValueError(f"its calibration has no list of 1 to {BINS} bins")
    for one in stored:
        if not isinstance(one, dict) or one.keys() != {"confidence", "accuracy", "count"}:
            raise ValueError("a bin of its calibration has other fields")
        _share(one["confidence"])
        _share(one["accuracy"])
        _at_least(1, _whole(one["count"]))
    return tuple(Bin(**one) for one in stored)


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{str(value)[:50]!r} stands in its calibration where a number is expected")
    return float(value)


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise ValueError(f"{str(value)[:50]!r} stands in its calibration where a whole number is expected")
    return value


def _share(value: Any) -> None:
    if not 0 <= _number(value) <= 1:
        raise ValueError(f"{value} stands in its calibration where a share from 0 to 1 is expected")


def _at_least(least: int, value: float) -> None:
    if value < least:
        raise ValueError(f"{value} stands in its calibration where at least {least} is expected")
