"""How many texts a time budget is enough for."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from saegim.text import Ngrams, hash_ngrams

_SAMPLE = 2000  # texts that the pace is measured on, and the least that are used
_READING = 0.3  # share of the budget that reading the texts may take
# How many times as long as hashing a text it takes to read it for a model: for those that learn slowly, time is better
# spent on more passes over fewer texts, so part of a pass is counted too.
_PER_HASH = {"cnn": 100.0, "lstm": 150.0, "transformer": 250.0}
_PER_HASH_OF_NGRAMS = 8.0


def affordable_share(texts: Sequence[str], model: str, budget: float | None, seed: int) -> float:
    """The share of the texts that a kind of model can read in the time for that.

    1 without a budget (seconds) or with enough.
    """
    if budget is None or len(texts) <= _SAMPLE:
        return 1.0
    rows = np.random.default_rng(seed).choice(len(texts), _SAMPLE, replace=False)
    began = time.perf_counter()
    hash_ngrams([texts[row] for row in rows], Ngrams())
    pace = _PER_HASH.get(model, _PER_HASH_OF_NGRAMS) * (time.perf_counter() - began) / _SAMPLE
    affordable = _READING * budget / max(pace, 1e-9)
    return min(1.0, max(affordable, _SAMPLE) / len(texts))
