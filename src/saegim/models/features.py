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
from scipy import sparse

from saegim.data.ragged import offsets_of
from saegim.errors import NotFittedError
from saegim.text.buckets import Bag, bag_of_ngrams, choose_buckets, count_distinct
from saegim.text.ngrams import Ngrams, hash_chunks, locate_ngrams

Array = npt.NDArray[Any]


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


class NgramVectorizer:
    """From texts to sparse rows. `fit` chooses buckets and weights from training texts and their labels."""

    def __init__(
        self,
        ngrams: Ngrams,
        weighting: Weighting = Weighting(),
        *,
        most_buckets: int = 1 << 21,
    ) -> None:
        self.ngrams, self.weighting, self.most_buckets = ngrams, weighting, most_buckets
        self.buckets = 0
        self.kept = np.empty(0, np.int32)  # the bucket of each column, ascending
        self.weights = np.empty(0, np.float32)  # the weight of each column

    @property
    def columns(self) -> int:
        """How many columns the sparse rows have."""
        return len(self.kept)

    def fit_transform(self, texts: Sequence[str], labels: Array, classes: int) -> SparseRows:
        """Chooses buckets and weights; gives the training texts' own rows. `labels` (n,) ints below `classes`."""
        distinct = count_distinct(hash_chunks(texts, self.ngrams))
        self.buckets = choose_buckets(distinct, most=self.most_buckets)
        bag = bag_of_ngrams(texts, self.ngrams, self.buckets)
        found = np.bincount(bag.features.values, minlength=self.buckets)
        least = self.weighting.min_texts
        if not (found >= least).any():
            least = 1  # so few texts that hardly an n-gram occurs twice
        self.kept = np.flatnonzero(found >= least).astype(np.int32)
        self.weights = self._weights(bag, found[self.kept], labels, classes)
        return self._rows(bag)

    def restore(self, buckets: int, kept: Array, weights: Array) -> None:
        """Puts back what `fit_transform` chose. Raises ValueError for arrays that it cannot have chosen."""
        rising = kept.ndim == 1 and len(kept) > 0 and bool((np.diff(kept.astype(np.int64)) > 0).all())
        if not (rising and kept[0] >= 0 and kept[-1] < buckets <= 1 << 31 and kept.shape == weights.shape):
            raise ValueError("the n-gram weights are not those of a trained encoder")
        self.buckets, self.kept, self.weights = buckets, kept.astype(np.int32), weights.astype(np.float32)

    def transform(self, texts: Sequence[str]) -> SparseRows:
        """The rows of texts; n-grams that training did not keep are left out."""
        if not self.buckets:
            raise NotFittedError("the n-gram vectorizer has seen no texts yet; call fit_transform first")
        return self._rows(bag_of_ngrams(texts, self.ngrams, self.buckets))

    def places(self, text: str) -> tuple[Array, Array, Array]:
        """For every occurrence of a kept n-gram in `text`: its column, and the characters [start, end) it covers."""
        found = locate_ngrams(text, self.ngrams)
        columns = self._columns()[(found.hashes % np.uint64(self.buckets)).astype(np.int64)]
        keep = columns >= 0
        return columns[keep], found.starts[keep], found.ends[keep]

    def _columns(self) -> Array:
        """The column of every bucket, -1 for those not kept."""
        columns = np.full(self.buckets, -1, np.int32)
        columns[self.kept] = np.arange(len(self.kept), dtype=np.int32)
        return columns

    def _weights(self, bag: Bag, found: Array, labels: Array, classes: int) -> Array:
        total = len(labels)
        idf = np.log((1 + total) / (1 + found)) + 1
        information = self._information(bag, labels, classes)
        weighting = self.weighting
        weights: Array = idf**weighting.idf_power * (information**weighting.label_power + weighting.floor)
        return weights.astype(np.float32)

    def _information(self, bag: Bag, labels: Array, classes: int) -> Array:
        """(columns,) the divergence, in nats, of each column's labels from all labels."""
        offsets, texts = bag.features.offsets, len(labels)
        ones = np.ones(len(bag.features.values), np.float32)
        occurs = sparse.csr_array((ones, bag.features.values, offsets), shape=(texts, self.buckets))
        one_hot = sparse.csr_array((np.ones(texts, np.float32), labels, np.arange(texts + 1)), shape=(texts, classes))
        share = (np.bincount(labels, minlength=classes) / max(texts, 1)).astype(np.float32)
        result = np.empty(len(self.kept), np.float32)
        by_bucket = occurs.T.tocsr()
        step = max(1, (1 << 24) // classes)  # a slab of counts at a time: many classes need much memory
        for start in range(0, len(self.kept), step):
            slab = self.kept[start : start + step]
            counts = (by_bucket[slab] @ one_hot).toarray() + self.weighting.prior * share
            counts /= counts.sum(1, keepdims=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                terms = np.where(counts > 0, counts * np.log(counts / share), 0)
            result[start : start + step] = np.maximum(terms.sum(1), 0)
        return result

    def _rows(self, bag: Bag) -> SparseRows:
        columns = self._columns()[bag.features.values]
        keep = columns >= 0
        values = np.log1p(bag.counts[keep]).astype(np.float32) * self.weights[columns[keep]]
        counts = np.concatenate(([0], np.cumsum(keep)))
        offsets = counts[bag.features.offsets].astype(np.int64)
        return SparseRows(columns[keep], _to_unit_length(values, offsets), offsets)


def _to_unit_length(values: Array, offsets: Array) -> Array:
    """Each row scaled to length 1; empty rows stay empty."""
    lengths = np.diff(offsets)
    squares = np.add.reduceat(np.append(values * values, np.float32(0)), offsets[:-1]) if len(lengths) else lengths
    norms = np.sqrt(np.where(lengths > 0, squares, 1)).astype(np.float32)
    unit: Array = values / np.repeat(np.maximum(norms, np.float32(1e-12)), lengths)
    return unit
