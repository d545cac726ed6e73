"""How many texts a time budget is enough for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.split import stratified_split
from saegim.text import Ngrams, hash_ngrams

Array = npt.NDArray[Any]

_SAMPLE = 2000  # texts that the pace is measured on
_READING = 0.3  # share of the budget that reading the texts may take
_PER_HASH = 8.0  # reading a text in full takes about that many times as long as hashing it


def affordable(
    texts: list[str], labels: Array, budget: float | None, seed: int, say: Callable[[str], None]
) -> tuple[list[str], Array]:
    """All texts with their labels; or, where reading them would take most of the budget (seconds), a stratified part.

    What is left out is said.
    """
    if budget is None or len(texts) <= _SAMPLE:
        return texts, labels
    rows = np.random.default_rng(seed).choice(len(texts), _SAMPLE, replace=False)
    began = time.perf_counter()
    hash_ngrams([texts[row] for row in rows], Ngrams())
    seconds = _PER_HASH * (time.perf_counter() - began) * len(texts) / _SAMPLE
    share = _READING * budget / max(seconds, 1e-9)
    if share >= 1:
        return texts, labels
    names = [str(label) for label in labels]
    _rest, chosen = stratified_split(names, max(share, _SAMPLE / len(texts)), seed)
    say(
        f"{len(chosen)} of {len(texts)} texts are used: reading all of them would take most of the time budget of "
        f"{budget:g} s; a longer one uses more"
    )
    return [texts[row] for row in chosen], labels[chosen]
