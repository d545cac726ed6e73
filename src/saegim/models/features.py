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

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.ragged import Ragged, offsets_of
from saegim.errors import NotFittedError
from saegim.late import late
from saegim.models.limits import check_number, check_whole
from saegim.text.buckets import MOST_BUCKETS, Bag, bag_of_ngrams, choose_buckets_of
from saegim.text.ngrams import Ngrams, locate_ngrams
from saegim.text.parallel import in_order

_loops, _sparse = late("saegim.compiler.loops"), late("saegim.models.sparse")

Array = npt.NDArray[Any]

_TEXTS = 1 << 13  # that are weighted at once
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
        bag = bag_of_ngrams(texts, self.ngrams, buckets)
        found = np.bincount(bag.features.values, minlength=buckets)
        least = self.weighting.min_texts
        if not (found >= least).any():
            least = 1  # so few texts that hardly an n-gram occurs twice
        kept = np.flatnonzero(found >= least).astype(np.int32)
        information = _information(bag, buckets, kept, labels, classes, self.weighting.prior)
        self._set(buckets, kept, self._weights(found[kept], len(labels), information))
        return self._rows(bag)

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
        return self._rows(bag_of_ngrams(texts, self.ngrams, self.buckets))

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

    def _rows(self, bag: Bag) -> SparseRows:
        logs = np.log1p(np.arange(bag.counts.max(initial=0) + 1)).astype(np.float32)  # there are few different counts
        weigh = _sparse.weigh if _loops.are_wanted() else _weigh
        offsets, counts = bag.features.offsets, bag.counts

        def piece(start: int) -> tuple[Array, Array, Array]:
            own = offsets[start : start + _TEXTS + 1]
            part = slice(own[0], own[-1])
            found: tuple[Array, Array, Array] = weigh(
                bag.features.values[part], counts[part], own - own[0], self._column, logs, self.weights
            )
            return found

        none = np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.int64)
        parts = [none, *in_order(piece, range(0, len(bag), _TEXTS))]
        columns, values, lengths = (np.concatenate(each) for each in zip(*parts, strict=True))
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


def _information(bag: Bag, buckets: int, kept: Array, labels: Array, classes: int, prior: float) -> Array:
    """(V,) the divergence, in nats, of the labels of the texts with each column from all labels."""
    share = (np.bincount(labels, minlength=classes) / max(len(labels), 1)).astype(np.float32)
    result = np.empty(len(kept), np.float32)
    step = max(1, _SLAB // classes)
    for start in range(0, buckets, step):
        first, last = np.searchsorted(kept, (start, start + step))
        texts = _texts_of(bag.features, labels, start, min(step, buckets - start), classes)
        counts = texts[kept[first:last] - start].astype(np.float32) + prior * share
        counts /= counts.sum(1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = np.where(counts > 0, counts * np.log(counts / share), 0)
        result[first:last] = np.maximum(terms.sum(1), 0)
    return result


def _texts_of(features: Ragged, labels: Array, start: int, count: int, classes: int) -> Array:
    """(count, C) how many texts of each class have each of the buckets from `start` on; labels (B,)."""
    if _loops.are_wanted():
        counted: Array = _sparse.tally(features.values, features.offsets, labels, start, count, classes)
        return counted
    inside = (features.values >= start) & (features.values < start + count)
    own = np.repeat(labels.astype(np.int64), features.lengths)[inside]
    pairs = (features.values[inside] - start) * classes + own
    found: Array = np.bincount(pairs, minlength=count * classes).reshape(count, classes)
    return found
