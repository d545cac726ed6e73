"""How many texts a time budget is enough for."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from saegim.text import Ngrams, hash_ngrams

_SAMPLE = 2000  # texts that the pace is measured on, and the least that are used
_READING = 0.3  # share of the budget that reading the texts may take
_PER_HASH = 8.0  # reading a text in full takes about that many times as long as hashing it


def affordable_share(texts: Sequence[str], budget: float | None, seed: int) -> float:
    """The share of the texts that can be read in the time for that; 1 without a budget (seconds) or with enough."""
    if budget is None or len(texts) <= _SAMPLE:
        return 1.0
    rows = np.random.default_rng(seed).choice(len(texts), _SAMPLE, replace=False)
    began = time.perf_counter()
    hash_ngrams([texts[row] for row in rows], Ngrams())
    seconds = _PER_HASH * (time.perf_counter() - began) * len(texts) / _SAMPLE
    share = _READING * budget / max(seconds, 1e-9)
    return min(1.0, max(share, _SAMPLE / len(texts)))
