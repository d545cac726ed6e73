"""A trained classifier as a comparison asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saegim.training import TextClassifier

__all__ = ["Learned"]


class Learned:
    """Predicts with a classifier: labels as plain strings, and the size of all that it needs for them."""

    def __init__(self, classifier: TextClassifier) -> None:
        self.classifier = classifier

    def predict(self, texts: Sequence[str]) -> list[str]:
        """One label for every text."""
        return [str(label) for label in self.classifier.predict(list(texts))]

    def size_bytes(self) -> int:
        """Bytes of the network and of the n-grams' buckets and weights."""
        vectorizer = self.classifier.encoder.vectorizer
        return self.classifier.summary().bytes + vectorizer.kept.nbytes + vectorizer.weights.nbytes
