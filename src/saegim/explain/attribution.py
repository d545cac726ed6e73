"""How much each word moved a network's score: integrated gradients over what the network reads.

Let F(a) be the score of a class when everything read (the weights of n-grams, the embeddings of tokens) is scaled
by a, from F(0), nothing seen, to F(1), the text. The contribution of item i is the integral over a of
w_i dF/dw_i (a w) ("Axiomatic Attribution for Deep Networks", Sundararajan, Taly and Yan, 2017). Contributions add up
to F(1) - F(0), whatever the network; for a linear one they are exact. The integral is taken with Gauss-Legendre
quadrature, and what is missing from the sum is stated as the error.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.errors import SettingError
from saegim.models.batch import NgramBatch, TextBatch, TokenBatch
from saegim.tensor import Tensor, compile, mean, value_and_grad
from saegim.training import TextClassifier

Array = npt.NDArray[Any]

_POINTS = 32  # of the quadrature; exact for polynomials of degree 63


@dataclass(frozen=True)
class WordContribution:
    """A word, where it stands in the explained text, and by how much it raised (or lowered) the score."""

    word: str
    start: int
    end: int
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """score = base + sum of contributions + error.

    text: as the model read it, after normalising; label: the explained class; probability: the model's for it
    score: the class's score before softmax, less the mean of all classes' scores
    base: the same when nothing has been read yet; error: what the contributions miss
    """

    text: str
    label: str
    probability: float
    score: float
    base: float
    words: tuple[WordContribution, ...]
    error: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def explain_prediction(classifier: TextClassifier, text: str, label: Any = None) -> Explanation:
    """How each word of `text` moved the score of `label` (by default the predicted one).

    Scores matter only relative to each other, so a class's score is taken less the mean over all classes.
    Raises SettingError for a label that the classifier does not know.
    """
    probabilities = classifier.predict_proba([text])[0]
    chosen = int(probabilities.argmax()) if label is None else _class_number(classifier, label)
    encoder = classifier.encoder
    read = encoder.normalize(text)
    batch = encoder.encode([text]).batch(np.array([0]))
    attribute = _Attribution(classifier, chosen)
    base, score, by_item, by_token = attribute(batch)
    characters = np.zeros(len(read))
    _spread_ngrams(characters, classifier, read, batch.ngrams, by_item)
    if batch.tokens is not None:
        _spread_tokens(characters, classifier, read, by_token)
    words = _words(read, characters)
    return Explanation(
        text=read,
        label=str(classifier.classes_[chosen]),
        probability=float(probabilities[chosen]),
        score=score,
        base=base,
        words=words,
        error=score - base - sum(each.contribution for each in words),
    )


def _class_number(classifier: TextClassifier, label: Any) -> int:
    for number, known in enumerate(classifier.classes_):
        if known == label or str(known) == str(label):
            return number
    raise SettingError(f"label {label!r} is not one of {', '.join(map(str, classifier.classes_))}; choose one of these")


class _Attribution:
    """Integrated gradients of one class's score for one text."""

    def __init__(self, classifier: TextClassifier, chosen: int) -> None:
        network = classifier.network

        def score(inputs: tuple[Any, Any], model: Any, batch: TextBatch) -> Tensor:
            ngrams, tokens = inputs
            read = TextBatch(
                NgramBatch(batch.ngrams.rows, batch.ngrams.items, ngrams, batch.ngrams.offsets),
                None if batch.tokens is None else TokenBatch(batch.tokens.tokens, batch.tokens.mask, tokens),
            )
            scores = model(read)[0]
            result: Tensor = scores[chosen] - mean(scores)
            return result

        self._network = network
        self._score_and_gradient = compile(value_and_grad(score))

    def __call__(self, batch: TextBatch) -> tuple[float, float, Array, Array]:
        """(score of nothing, score of the text, contribution of each n-gram item, of each token)."""
        ngrams = batch.ngrams.weights
        tokens = np.zeros(0, np.float32) if batch.tokens is None else batch.tokens.weights
        places, shares = np.polynomial.legendre.leggauss(_POINTS)
        total_ngrams, total_tokens = np.zeros(ngrams.shape), np.zeros(tokens.shape)
        for place, share in zip((places + 1) / 2, shares / 2, strict=True):
            _score, (d_ngrams, d_tokens) = self._at(np.float32(place), ngrams, tokens, batch)
            total_ngrams += share * np.asarray(d_ngrams)
            total_tokens += share * np.asarray(d_tokens)
        base, score = (float(self._at(np.float32(a), ngrams, tokens, batch)[0]) for a in (0, 1))
        return base, score, total_ngrams * ngrams, (total_tokens * tokens).reshape(-1)

    def _at(self, a: np.float32, ngrams: Array, tokens: Array, batch: TextBatch) -> Any:
        return self._score_and_gradient((a * ngrams, a * tokens), self._network, batch)


def _spread_ngrams(
    characters: Array, classifier: TextClassifier, text: str, batch: NgramBatch, contributions: Array
) -> None:
    """Adds each n-gram's contribution to the characters it was made of, in equal shares over all its places."""
    columns, starts, ends = classifier.encoder.vectorizer.places(text)
    by_column = dict(zip(batch.rows[batch.items[: batch.offsets[-1]]].tolist(), contributions.tolist(), strict=False))
    counts = {column: int(count) for column, count in zip(*np.unique(columns, return_counts=True), strict=True)}
    for column, start, end in zip(columns.tolist(), starts.tolist(), ends.tolist(), strict=True):
        characters[start:end] += by_column[column] / counts[column] / (end - start)


def _spread_tokens(characters: Array, classifier: TextClassifier, text: str, contributions: Array) -> None:
    for token, contribution in zip(classifier.encoder.token_places(text), contributions.tolist(), strict=False):
        start, end = token
        if end > start:
            characters[start:end] += contribution / (end - start)


def _words(text: str, characters: Array) -> tuple[WordContribution, ...]:
    """Contributions of characters added up by words; a space's share goes to the words beside it."""
    spans, at = [], 0
    for word in text.split(" "):
        spans.append((at, at + len(word)))
        at += len(word) + 1
    found = []
    for number, (start, end) in enumerate(spans):
        total = characters[start:end].sum()
        if number:
            total += characters[start - 1] / 2
        if number + 1 < len(spans):
            total += characters[end] / 2
        found.append(WordContribution(text[start:end], start, end, float(total)))
    return tuple(found)
