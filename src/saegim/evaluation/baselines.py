"""The enemies a network has to beat: the majority class, and linear models over TF-IDF.

Measured on small and middling sets of short texts, a linear model over words and characters is as good as
networks trained from scratch, so a network that does not beat it is of no use. These baselines are
therefore built with settings that suit short texts in any language, and nothing is taken from them quietly:
whatever was cut down to fit memory or time is in `notes`.

Features: words (one-letter words too) as 1- and 2-grams, and characters as 1- to 4-grams within a word and its
borders (as accurate as n-grams that cross words, at half the time); 1 + log(count), inverse document frequency, each
of the two blocks of unit length. Linear models: one-vs-rest by liblinear, L2 penalty, squared hinge with C = 0.3 (SVM)
or log loss with C = 3 (logistic regression).

A hundred classes would keep liblinear busy for minutes. So where classes times n-grams exceed `LARGE`, the models are
fitted by stochastic gradient descent in a few passes, all cores at work: squared hinge that continues as a line below
-1 (sklearn's modified_huber) with C = 1, or log loss with C = 10; and on characters alone, upper and lower case kept,
n-grams of one text left out. Measured on 105 languages (`benchmarks/language_id.py`), that is as accurate as liblinear
and better than with words. Both ways are deterministic: liblinear's threads would share one random order, so it gets
one thread.

Letters: N texts, F features, C classes.
"""

from __future__ import annotations

import math
import os
import time
import warnings
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from saegim.errors import DataError, NotFittedError, SettingError, ShapeError
from saegim.evaluation.metrics import class_ids, class_names
from saegim.late import late

__all__ = ["LinearBaseline", "LogisticBaseline", "MajorityClass", "SvmBaseline", "TextFeatures"]

WEIGHTS_AT_MOST = 250_000_000  # F x C in float32: 1 GB
LARGE = 100_000_000  # classes times n-grams, from which on models are fitted by stochastic gradient descent
NGRAMS_PER_CHARACTER = 4
PASSES, TEXTS_AT_LEAST = 5, 400_000  # of the descent: few texts are passed more often


class MajorityClass:
    """Answers the most frequent training label; of equally frequent ones the first in order."""

    notes: tuple[str, ...] = ()

    def __init__(self) -> None:
        self._label: str | None = None

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:  # noqa: ARG002 - as all baselines
        """Count the labels. Raises DataError for none."""
        if not len(labels):
            raise DataError("there are 0 training labels, but at least 1 is needed; check the training part")
        counts = Counter(labels)
        self._label = min(counts, key=lambda label: (-counts[label], label))
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The same label for every text."""
        if self._label is None:
            raise NotFittedError("this MajorityClass was asked to predict before fit; call fit(texts, labels)")
        return [self._label] * len(texts)

    def size_bytes(self) -> int:
        """The bytes of one label."""
        return len((self._label or "").encode())


class TextFeatures:
    """TF-IDF of words and characters, computed once for the models that share it.

    max_features keeps that many features, those in most texts; None keeps all. `uses` is how many models
    will be fitted from it: afterwards the training matrix is let go. `seconds` is what the last matrix
    took; `large` says which of the two kinds of features and fits the training texts called for.
    """

    def __init__(self, *, max_features: int | None = None, uses: int = 1) -> None:
        if max_features is not None and max_features < 1:
            raise SettingError(f"max_features is {max_features}, but at least 1 is needed; None keeps all")
        self.max_features = max_features
        self.uses = uses
        self.seconds = 0.0
        self.large = False
        self.notes: tuple[str, ...] = ()
        self._blocks: list[_Block] = []
        self._training: tuple[tuple[str, ...], Any] | None = None
        self._served = 0

    def training_matrix(self, texts: Sequence[str], classes: int) -> tuple[Any, float]:
        """The matrix of the training texts, CSR (N, F), and the seconds saved by having it already.

        float64, which liblinear asks for, or float32 if `large`.

        Raises DataError if the texts have no characters at all.
        """
        key, saved = tuple(texts), 0.0
        if self._training is not None and self._training[0] == key:
            matrix, saved = self._training[1], self.seconds
        else:
            started = time.perf_counter()
            matrix = self._fit(key, classes)
            self.seconds, self._served = time.perf_counter() - started, 0
        self._served += 1
        self._training = (key, matrix) if self._served < self.uses else None
        return matrix, saved

    def transform(self, texts: Sequence[str]) -> Any:
        """CSR float32 (N, F) of new texts."""
        return self._join([block.transform(texts) for block in self._blocks]).astype(np.float32)

    def size_bytes(self) -> int:
        """Bytes of the vocabulary (UTF-8), and of one number and one weight for every feature."""
        return sum(block.size_bytes() for block in self._blocks)

    def _fit(self, texts: Sequence[str], classes: int) -> Any:
        self.large = classes * NGRAMS_PER_CHARACTER * sum(map(len, texts)) > LARGE
        counted = [(block, block.count(texts)) for block in self._new_blocks()]
        counted = [(block, counts) for block, counts in counted if counts is not None]
        if not counted:
            raise DataError("all training texts are empty, but TF-IDF needs words or characters; check the text column")
        kept = self._kept([block.document_frequency for block, _ in counted], classes)
        self._blocks = [block for block, _ in counted]
        return self._join([block.weigh(counts, keep) for (block, counts), keep in zip(counted, kept, strict=True)])

    def _new_blocks(self) -> list[_Block]:
        characters: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (1, 4)}
        if self.large:
            return [_Block(**characters, lowercase=False, dtype=np.float32)]
        words = _Block(analyzer="word", ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", dtype=np.float64)
        return [words, _Block(**characters, dtype=np.float64)]

    def _kept(self, frequencies: list[npt.NDArray[np.int64]], classes: int) -> list[npt.NDArray[np.int64]]:
        """The kept columns of every block: those in most texts (of equals, the earlier) that are not too many."""
        found = np.concatenate(frequencies)
        shared = np.count_nonzero(found > 1) if self.large else len(found)
        wanted = shared or len(found)
        cap = min(self.max_features or wanted, WEIGHTS_AT_MOST // max(1, classes))
        self.notes = ()
        if cap < wanted:
            asked = cap == self.max_features
            why = "as asked" if asked else f"so that the weights of {classes} classes fit into memory"
            self.notes = (f"TF-IDF kept the {cap:,} of {len(found):,} n-grams that occur in most texts, {why}",)
        best = np.sort(np.argsort(-found, kind="stable")[: min(cap, wanted)])
        starts = np.cumsum([0, *map(len, frequencies)])
        return [best[(best >= low) & (best < high)] - low for low, high in pairwise(starts)]

    @staticmethod
    def _join(matrices: list[Any]) -> Any:
        return late("scipy.sparse").hstack(matrices, format="csr")


class _Block:
    """One kind of n-gram: its vocabulary and its TF-IDF weights."""

    def __init__(self, **analysis: Any) -> None:
        text = late("sklearn.feature_extraction.text")
        self._counter = text.CountVectorizer(**analysis)
        self._weights = text.TfidfTransformer(sublinear_tf=True)
        self.document_frequency: npt.NDArray[np.int64] = np.zeros(0, np.int64)

    def count(self, texts: Sequence[str]) -> Any:
        """CSR (N, F) counts, or None if the texts hold nothing of this kind."""
        try:
            counts = self._counter.fit_transform(texts)
        except ValueError:  # scikit-learn's word for an empty vocabulary
            return None
        self.document_frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        return counts

    def weigh(self, counts: Any, keep: npt.NDArray[np.int64]) -> Any:
        """Forget all columns but `keep`; TF-IDF of the rest."""
        if len(keep) < counts.shape[1]:
            place = np.full(counts.shape[1], -1)
            place[keep] = np.arange(len(keep))
            vocabulary = self._counter.vocabulary_
            self._counter.vocabulary_ = {t: int(place[c]) for t, c in vocabulary.items() if place[c] >= 0}
            counts = counts[:, keep]
        return self._weights.fit_transform(counts) if len(keep) else counts

    def transform(self, texts: Sequence[str]) -> Any:
        if not self._counter.vocabulary_:
            return late("scipy.sparse").csr_array((len(texts), 0), dtype=np.float32)
        return self._weights.transform(self._counter.transform(texts))

    def size_bytes(self) -> int:
        vocabulary: dict[str, int] = self._counter.vocabulary_
        return sum(len(term.encode()) + 8 for term in vocabulary)


class LinearBaseline(ABC):
    """One-vs-rest linear model over `TextFeatures`; use one of the two subclasses.

    features: shared with another baseline, or None for its own. c: the inverse of the penalty's weight, None for the
    usual one. threads: how many classes are fitted at a time where that is deterministic, None for all cores. `notes`
    says what a reader of its figures should know; `reused_seconds` is the time that a matrix computed by another
    baseline saved this one, which an honest build time adds.
    """

    usual_c: float  # liblinear's
    usual_c_large: float  # of stochastic gradient descent
    descent_loss: str

    def __init__(
        self,
        features: TextFeatures | None = None,
        *,
        c: float | None = None,
        threads: int | None = None,
        seed: int = 0,
    ) -> None:
        self.features = TextFeatures() if features is None else features
        self.c = c
        self.threads = threads
        self.seed = seed
        self.notes: tuple[str, ...] = ()
        self.reused_seconds = 0.0
        self._classes: list[str] = []
        self._weights: npt.NDArray[np.float32] = np.zeros((0, 0), np.float32)  # (F, C), or (F, 1) for C = 2
        self._biases: npt.NDArray[np.float64] = np.zeros(0)

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        """Fit on N texts with N labels. Raises DataError for fewer than 2 classes, ShapeError for lengths."""
        if len(texts) != len(labels):
            raise ShapeError(f"{len(texts)} texts were given with {len(labels)} labels; give every text its label")
        classes = class_names(labels)
        if len(classes) < 2:
            raise DataError(f"all training labels are {classes[0]!r}, but a classifier needs 2; check the labels")
        matrix, self.reused_seconds = self.features.training_matrix(texts, len(classes))
        fit = self._fit_by_descent if self.features.large else self._fit_by_liblinear
        self.notes = (*self.features.notes, *fit(matrix, class_ids(labels, classes), len(classes)))
        self._classes = classes
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        """The highest-scoring class of every text."""
        if not self._classes:
            raise NotFittedError(f"this {type(self).__name__} was asked to predict before fit; call fit first")
        scores = self.features.transform(texts) @ self._weights + self._biases
        best = (scores[:, 0] > 0).astype(np.int64) if len(self._classes) == 2 else scores.argmax(axis=1)
        return [self._classes[c] for c in best]

    def size_bytes(self) -> int:
        """Bytes of weights, biases and vocabulary."""
        return self._weights.nbytes + self._biases.nbytes + self.features.size_bytes()

    def _fit_by_liblinear(self, matrix: Any, targets: npt.NDArray[np.int64], classes: int) -> tuple[str, ...]:
        """Sets the weights; gives the notes. One class after the other."""
        chosen = range(1, 2) if classes == 2 else range(classes)
        self._weights = np.zeros((matrix.shape[1], len(chosen)), np.float32)
        self._biases = np.zeros(len(chosen))
        missed = 0
        with warnings.catch_warnings():  # counted and said in notes instead
            warnings.simplefilter("ignore", late("sklearn.exceptions").ConvergenceWarning)
            for column, number in enumerate(chosen):
                model = self._liblinear(self.c or self.usual_c).fit(matrix, targets == number)
                self._weights[:, column], self._biases[column] = model.coef_[0], model.intercept_[0]
                missed += int(np.max(model.n_iter_) >= model.max_iter)
        return (f"{missed} of {len(chosen)} one-vs-rest fits stopped before they converged",) if missed else ()

    def _fit_by_descent(self, matrix: Any, targets: npt.NDArray[np.int64], classes: int) -> tuple[str, ...]:
        """Sets the weights; gives the notes. Each class draws its own random order, so threads change nothing."""
        texts = matrix.shape[0]
        passes = max(PASSES, math.ceil(TEXTS_AT_LEAST / texts))
        model = late("sklearn.linear_model").SGDClassifier(
            loss=self.descent_loss,
            alpha=1 / ((self.c or self.usual_c_large) * texts),
            max_iter=passes,
            tol=None,
            random_state=self.seed,
            n_jobs=self.threads or _cores(),
        )
        model.fit(matrix, targets)
        self._weights, self._biases = np.ascontiguousarray(model.coef_.T, np.float32), model.intercept_
        return (
            f"{classes} classes times {matrix.nnz:,} n-grams: fitted in {passes} passes of stochastic gradient "
            "descent, on characters alone, case kept",
        )

    @abstractmethod
    def _liblinear(self, c: float) -> Any:
        """The model of one class against the rest, not fitted yet; c is the inverse of the penalty's weight."""


class SvmBaseline(LinearBaseline):
    """Linear support vector machine over TF-IDF: squared hinge, C = 0.3 (1 by stochastic gradient descent)."""

    usual_c, usual_c_large, descent_loss = 0.3, 1.0, "modified_huber"

    def _liblinear(self, c: float) -> Any:
        return late("sklearn.svm").LinearSVC(C=c, dual=True, max_iter=1000, random_state=self.seed)


class LogisticBaseline(LinearBaseline):
    """Logistic regression over TF-IDF: C = 3 (10 by stochastic gradient descent)."""

    usual_c, usual_c_large, descent_loss = 3.0, 10.0, "log_loss"

    def _liblinear(self, c: float) -> Any:
        return late("sklearn.linear_model").LogisticRegression(
            C=c, solver="liblinear", dual=True, max_iter=1000, random_state=self.seed
        )


def _cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
