"""How far measured scores could be luck, and how the luck of one goes with that of another: their covariance.

Two kinds of luck move a score measured at a size of training sample.

*The test rows.* They are the same for all points and for the rules, so their luck is shared: what favours the rules
here mostly favours the network too. With the influence of every row on every score (`curve.scores`) the covariance is
that which drawing the rows again and again has: the bootstrap's, without drawing.

*The training samples and seeds.* Scores of different samples of one size scatter. What of that scatter the test rows
do not explain is pooled over the sizes, because a few samples of one size say little: its variance is taken to fall
as n^-0.8. Samples are nested, so the luck of two sizes of one seed goes together: samples that share m of their rows
correlate as if a score were a sum over rows. And all samples come from the same N rows of the pool, so for sizes near N
they hardly differ from each other, although another pool would have given others: that hidden luck is added by the same
rule. The estimate is taken one standard error up, for it rests on few samples.

Letters: N rows of the pool, M test rows, K sizes, S samples of a size, P points of all contenders together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from saegim.curve.scores import Score

__all__ = ["Points", "covariance"]

FloatArray = npt.NDArray[np.float64]

FALL = 0.8  # the variance among samples falls with their size to this power
NEARLY_ALL = 0.7  # samples of a larger share of the pool are too alike to tell how far samples scatter
ROUNDS = 20  # of weighing the sizes anew


@dataclass(frozen=True)
class Points:
    """The scores of one contender: for each of K sizes those of its samples, one or several.

    `sizes` is None for a contender that does not learn; it has one score.
    """

    sizes: FloatArray | None
    scores: tuple[tuple[Score, ...], ...]

    @property
    def means(self) -> FloatArray:
        """The mean score of every size, (K,)."""
        return np.array([np.mean([one.value for one in some]) for some in self.scores])

    @property
    def influences(self) -> FloatArray:
        """How every test row moves the mean score of every size, (K, M)."""
        return np.stack([np.mean([one.influence for one in some], axis=0) for some in self.scores])


def covariance(contenders: Sequence[Points], pool: int, weight: float) -> FloatArray:
    """The covariance (P, P) of the mean scores of all contenders, in order.

    pool: rows that the samples were drawn from. weight: rows that count for the score, M for accuracy: a score that
    cannot be moved, such as 0 of M right, is still taken to err by one of so many rows.
    """
    influences = np.concatenate([one.influences for one in contenders])
    rows = influences.shape[1]
    shared: FloatArray = influences @ influences.T / (rows * max(rows - 1, 1))
    start = 0
    for one in contenders:
        end = start + len(one.scores)
        if one.sizes is not None:
            shared[start:end, start:end] += training_luck(one, pool)
        start = end
    return shared + np.diag(np.full(len(shared), 1 / max(weight, 1.0) ** 2))


def training_luck(points: Points, pool: int) -> FloatArray:
    """The covariance (K, K) of a learner's mean scores that comes from its samples and seeds."""
    assert points.sizes is not None, "what does not learn has no luck in training"
    sizes = points.sizes
    samples = np.array([len(some) for some in points.scores], dtype=np.float64)
    spread = np.sqrt(sample_variance(points, pool) * sizes**-FALL)
    smaller, larger = np.minimum.outer(sizes, sizes), np.maximum.outer(sizes, sizes)
    same = np.sqrt(smaller / larger)  # shared rows of nested samples: all of the smaller one
    other = np.sqrt(smaller * larger) / pool  # of samples of two seeds: a share of both
    # Means of S and T samples have min(S, T) pairs of the same seed among S x T.
    alike = np.minimum.outer(samples, samples) / np.multiply.outer(samples, samples)
    luck: FloatArray = np.outer(spread, spread) * (alike * same + (1 - alike) * np.minimum(other, 1.0))
    return luck


def sample_variance(points: Points, pool: int) -> float:
    """The factor A of the variance A n^-0.8 among samples of n rows, over all sizes with several samples."""
    assert points.sizes is not None, "what does not learn has no samples"
    observed, by_rows, freedom, scale = [], [], [], []
    for size, some in zip(points.sizes, points.scores, strict=True):
        if len(some) > 1 and size < NEARLY_ALL * pool:
            observed.append(float(np.var([one.value for one in some], ddof=1)))
            by_rows.append(_explained_by_rows(some))
            freedom.append(len(some) - 1)
            scale.append(size**-FALL * (1 - size / pool))
    if not observed:
        return 0.0
    return _pooled(*map(np.array, (observed, by_rows, freedom, scale)))


def _explained_by_rows(scores: Sequence[Score]) -> float:
    """The variance among samples that comes from test rows which samples answer differently."""
    influences = np.stack([one.influence for one in scores])
    rows = influences.shape[1]
    apart = influences - influences.mean(axis=0)
    return float((apart**2).sum() / ((len(scores) - 1) * max(rows - 1, 1) * rows))


def _pooled(observed: FloatArray, by_rows: FloatArray, freedom: FloatArray, scale: FloatArray) -> float:
    """A in observed = A x scale + by_rows, weighted by how well each size tells it; plus one standard error."""
    factor = max(float(np.average((observed - by_rows) / scale, weights=freedom)), 0.0)
    error = 0.0
    for _ in range(ROUNDS):
        expected = factor * scale + by_rows
        precision = scale**2 * freedom / np.maximum(2 * expected**2, 1e-30)
        factor = max(float(np.average((observed - by_rows) / scale, weights=precision)), 0.0)
        error = float(1 / np.sqrt(precision.sum()))
    return factor + error
