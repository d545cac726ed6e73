"""Which examples make up a batch: shuffled, and of similar lengths so that little padding is needed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from saegim.errors import SettingError


def epoch_rng(seed: int, epoch: int) -> np.random.Generator:
    """The source of randomness of one epoch: it depends on (seed, epoch) and nothing else."""
    return np.random.default_rng([seed, epoch])


def shuffled(count: int, batch_size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Rows 0 to count - 1 in random order, batch after batch; the last one may be smaller."""
    _check(batch_size)
    order = rng.permutation(count)
    for start in range(0, count, batch_size):
        yield order[start : start + batch_size]


def length_buckets(
    lengths: np.ndarray, batch_size: int, rng: np.random.Generator, *, pool: int = 64
) -> Iterator[np.ndarray]:
    """Batches (int64 rows) of examples with similar lengths (B,), every row once, in random order.

    The rows are shuffled and cut into pools of `pool` batches; each pool is sorted by length and cut into
    batches, whose order is then shuffled. Equal lengths stay shuffled, so small sets mix well too.
    """
    _check(batch_size)
    order = rng.permutation(len(lengths))
    size = batch_size * max(1, pool)
    batches = []
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[k : k + batch_size] for k in range(0, len(rows), batch_size)]
    for index in rng.permutation(len(batches)):
        yield batches[index]


def sorted_by_length(lengths: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Batches for prediction: every row once, the longest first, so that memory never grows on the way."""
    _check(batch_size)
    order = np.argsort(-np.asarray(lengths), kind="stable")
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def _check(batch_size: int) -> None:
    if batch_size < 1:
        raise SettingError(f"a batch of {batch_size} examples cannot be made; give 1 or more")
