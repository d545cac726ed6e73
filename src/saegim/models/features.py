"""Texts as weighted n-grams: which n-grams are kept, how much each weighs, and each text as a sparse row.

Every n-gram is hashed to a bucket. Buckets that occur in at least `min_texts` training texts get a row of the
model's tables. An n-gram j that occurs f times in a text has there the value

    log(1 + f) * idf_j^idf_power * (information_j^label_power + floor)

and each text's values are scaled to length 1. idf_j = log((1 + n) / (1 + n_j)) + 1 is the usual inverse document
frequency (Sparck Jones, 1972). information_j is how much the n-gram says about the label: the Kullback-Leibler
divergence between the labels of the texts with it and the labels of all texts, counts smoothed by a prior
(a many-class form of the log-count ratio of Wang and Manning, 2012). Weighting by it lets a linear layer learn
quickly from what matters, and keeps the many n-grams that say nothing from adding noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.ragged import offsets_of
from saegim.errors import NotFittedError
from saegim.late import late
from saegim.models.limits import check_number, check_whole
from saegim.text.buckets import MOST_BUCKETS, Bag, bags_of_ngrams, choose_buckets_of
from saegim.text.ngrams import Ngrams, locate_ngrams
from saegim.text.parallel import in_order

_loops, _sparse = late("saegim.compiler.loops"), late("saegim.models.sparse")

Array = npt.NDArray[Any]

_SLAB = 1 << 24  # counts of (bucket, class) pairs that are worked on at once
_MOST_BUCKETS_EVER = 1 << 24  # more than any training chooses: a model folder cannot ask for more memory


@dataclass(frozen=True, eq=False)
class SparseRows:
    """A sparse row per text: `columns` (N,) int32, `values` (N,) float32; row b from offsets[b] to offsets[b+1]."""

    columns: Array
    values: Array
    offsets: Array

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: Array) -> SparseRows:
        """These rows, in this order."""
        starts = self.offsets[rows]
        lengths = self.offsets[rows + 1] - starts
        offsets = offsets_of(lengths)
        at = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
        return SparseRows(self.columns[at], self.values[at], offsets)


@dataclass(frozen=True)
class Weighting:
    """How n-grams are chosen and weighted; the module's docstring has the formula."""

    min_texts: int = 2
    idf_power: float = 0.5
    label_power: float = 0.4
    floor: float = 0.1
    prior: float = 3.0

    def __post_init__(self) -> None:
        check_whole("min_texts", self.min_texts)
        for name in ("idf_power", "label_power", "floor", "prior"):
            check_number(name, getattr(self, name), 0)


class NgramVectorizer:
    """From texts to sparse rows. `fit_transform` chooses buckets and weights from training texts and their labels.

    buckets: how many there are; kept (V,) int32: the bucket of each column, ascending; weights (V,) float32: the
    weight of each column. All three are empty before.
    """

    def __init__(self, ngrams: Ngrams, weighting: Weighting | None = None, *, most_buckets: int = MOST_BUCKETS) -> None:
        check_whole("most_buckets", most_buckets, 1, _MOST_BUCKETS_EVER)
        self.ngrams, self.weighting, self.most_buckets = ngrams, weighting or Weighting(), most_buckets
        self._set(0, np.empty(0, np.int32), np.empty(0, np.float32))

    def _set(self, buckets: int, kept: Array, weights: Array) -> None:
        self.buckets, self.kept, self.weights = buckets, kept, weights
        self._column = np.full(buckets, -1, np.int32)  # of every bucket; -1 for those not kept
        self._column[kept] = np.arange(len(kept), dtype=np.int32)

    @property
    def columns(self) -> int:
        """How many columns the sparse rows have."""
        return len(self.kept)

    def fit_transform(self, texts: Sequence[str], labels: Array, classes: int) -> SparseRows:
        """Chooses buckets and weights; gives the training texts' own rows. `labels` (n,) ints below `classes`."""
        buckets = choose_buckets_of(texts, self.ngrams, most=self.most_buckets)
        bags = list(bags_of_ngrams(texts, self.ngrams, buckets))
        counted = _Counted(bags, buckets, labels, classes)
        found = counted.texts()
        least = self.weighting.min_texts
        if not (found >= least).any():
            least = 1  # so few texts that hardly an n-gram occurs twice
        kept = np.flatnonzero(found >= least).astype(np.int32)
        information = counted.information(kept, self.weighting.prior)
        self._set(buckets, kept, self._weights(found[kept], len(labels), information))
        return self._rows(bags)

    def restore(self, buckets: int, kept: Array, weights: Array) -> None:
        """Puts back what `fit_transform` chose. Raises ValueError for what it cannot have chosen."""
        check_whole("buckets", buckets, 1, _MOST_BUCKETS_EVER)
        fits = kept.ndim == 1 and kept.dtype == np.int32 and kept.shape == weights.shape
        rising = fits and bool((np.diff(kept, prepend=-1) > 0).all() and (kept < buckets).all())
        if not rising or weights.dtype != np.float32 or not np.isfinite(weights).all():
            raise ValueError("the n-gram weights are not those of a trained encoder")
        self._set(buckets, kept, weights)

    def transform(self, texts: Sequence[str]) -> SparseRows:
        """The rows of texts; n-grams that training did not keep are left out."""
        self._require_fitted()
        return self._rows(bags_of_ngrams(texts, self.ngrams, self.buckets))

    def places(self, text: str) -> tuple[Array, Array, Array]:
        """For every occurrence of a kept n-gram in `text`: its column, and the characters [start, end) it covers."""
        self._require_fitted()
        found = locate_ngrams(text, self.ngrams)
        columns = self._column[(found.hashes % np.uint64(self.buckets)).astype(np.int64)]
        keep = columns >= 0
        return columns[keep], found.starts[keep], found.ends[keep]

    def _require_fitted(self) -> None:
        if not self.buckets:
            raise NotFittedError("the n-gram vectorizer has seen no texts yet; call fit_transform first")

    def _weights(self, found: Array, texts: int, information: Array) -> Array:
        """The weight of each column, which was found in so many of `texts` texts."""
        idf = np.log((1 + texts) / (1 + found)) + 1
        weighting = self.weighting
        weights: Array = idf**weighting.idf_power * (information**weighting.label_power + weighting.floor)
        return weights.astype(np.float32)

    def _rows(self, bags: Iterable[Bag]) -> SparseRows:
        weigh = _sparse.weigh if _loops.are_wanted() else _weigh

        def rows(bag: Bag) -> tuple[Array, Array, Array]:
            logs = np.log1p(np.arange(bag.counts.max(initial=0) + 1)).astype(np.float32)  # few different counts
            found: tuple[Array, Array, Array] = weigh(
                bag.features.values, bag.counts, bag.features.offsets, self._column, logs, self.weights
            )
            return found

        columns, values, lengths = map(np.concatenate, zip(*in_order(rows, bags), strict=True))
        return SparseRows(columns, values, offsets_of(lengths))


def _weigh(
    features: Array, counts: Array, offsets: Array, column: Array, logs: Array, weights: Array
) -> tuple[Array, Array, Array]:
    """What `sparse.weigh` does."""
    columns = column[features]
    keep = columns >= 0
    columns = columns[keep]
    lengths = np.diff(offsets_of(keep)[offsets])
    values = logs[counts[keep]] * weights[columns]
    row = np.repeat(np.arange(len(lengths)), lengths)
    squares = np.bincount(row, values.astype(np.float64) ** 2, len(lengths))  # adds one after the other
    norms = np.maximum(np.sqrt(squares).astype(np.float32), np.float32(1e-12))
    return columns, values / norms[row], lengths


class _Counted:
    """How many texts of each class have each bucket; in slabs of buckets where the whole table would be large."""

    def __init__(self, bags: Sequence[Bag], buckets: int, labels: Array, classes: int) -> None:
        self._bags, self._buckets, self._labels, self._classes = bags, buckets, labels, classes
        self._step = max(1, _SLAB // classes)
        self._slabs = range(0, buckets, self._step)
        if len(self._slabs) == 1:
            self._table = cache(self._table)  # type: ignore[method-assign]

    def _table(self, start: int) -> Array:
        """(count, C) of the slab that begins with bucket `start`."""
        found = np.zeros((min(self._step, self._buckets - start), self._classes), np.int32)
        add = _sparse.tally if _loops.are_wanted() else _tally
        row = 0
        for bag in self._bags:
            add(bag.features.values, bag.features.offsets, self._labels[row : row + len(bag)], start, found)
            row += len(bag)
        return found

    def texts(self) -> Array:
        """(buckets,) how many texts have each."""
        return np.concatenate([self._table(start).sum(1) for start in self._slabs])

    def information(self, kept: Array, prior: float) -> Array:
        """(V,) the divergence, in nats, of the labels of the texts with each column from all labels."""
        share = (np.bincount(self._labels, minlength=self._classes) / max(len(self._labels), 1)).astype(np.float32)
        result = np.empty(len(kept), np.float32)
        for start in self._slabs:
            first, last = np.searchsorted(kept, (start, start + self._step))
            counts = self._table(start)[kept[first:last] - start].astype(np.float32) + prior * share
            counts /= counts.sum(1, keepdims=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                terms = np.where(counts > 0, counts * np.log(counts / share), 0)
            result[first:last] = np.maximum(terms.sum(1), 0)
        return result


def _tally(features: Array, offsets: Array, labels: Array, start: int, found: Array) -> None:
    """What `sparse.tally` does."""
    inside = (features >= start) & (features < start + len(found))
    own = np.repeat(labels.astype(np.int64), np.diff(offsets))[inside]
    pairs = (features[inside] - start) * found.shape[1] + own
    found += np.bincount(pairs, minlength=found.size).reshape(found.shape).astype(np.int32)
