"""How much each word moved a network's score: integrated gradients over what the network reads.

Let F(a) be the score of a class when everything read (the weights of n-grams, the embeddings of tokens) is scaled
by a, from F(0), nothing seen, to F(1), the text. The contribution of item i is the integral over a of
w_i dF/dw_i (a w) ("Axiomatic Attribution for Deep Networks", Sundararajan, Taly and Yan, 2017). Contributions add up
to F(1) - F(0), whatever the network; for a linear one they are exact. The integral is taken with Gauss-Legendre
quadrature, and what is missing from the sum is stated as the error.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.errors import SettingError
from saegim.models.batch import NgramBatch, TextBatch
from saegim.models.encoder import TextEncoder
from saegim.models.text_model import TextModel
from saegim.tensor import Tensor, compile, mean, value_and_grad
from saegim.training import TextClassifier

Array = npt.NDArray[Any]

_POINTS = (32, 128, 512)  # of the quadrature: the next number where the last one misses too much
_GOOD = 1e-3  # what may be missing, as a share of the score (or of 1)
_SHOWN = 20  # labels in an error message


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
    base: the same when nothing has been read yet (an lstm or transformer still sees how many tokens there are)
    error: what the contributions miss
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
    Raises SettingError for a label that the classifier does not know, DataError for a text that is no string.
    """
    probabilities = classifier.predict_proba([text])[0]
    chosen = int(probabilities.argmax()) if label is None else class_number(classifier, label)
    encoder = classifier.encoder
    read = encoder.normalize(text)
    batch = encoder.encode([text]).batch(np.array([0]))
    base, score, by_item, by_token = _Attribution(classifier.network, chosen)(batch)
    characters = _Characters(read)
    _spread_ngrams(characters, encoder, batch.ngrams, by_item)
    _spread_tokens(characters, encoder, by_token)
    words = characters.by_word()
    return Explanation(
        text=read,
        label=str(classifier.classes_[chosen]),
        probability=float(probabilities[chosen]),
        score=score,
        base=base,
        words=words,
        error=score - base - sum(each.contribution for each in words),
    )


def class_number(classifier: TextClassifier, label: Any) -> int:
    """The class that `label` is, or is written like: a command line has no numbers."""
    classes = classifier.classes_.tolist()
    for wanted, known in ((label, classes), (str(label), list(map(str, classes)))):
        if wanted in known:
            return known.index(wanted)
    shown = ", ".join(map(str, classes[:_SHOWN])) + (", ..." if len(classes) > _SHOWN else "")
    raise SettingError(f"label {label!r} is not one of {shown}; choose one of these")


class _Attribution:
    """Integrated gradients of one class's score for one text."""

    def __init__(self, network: TextModel, chosen: int) -> None:
        def score(inputs: tuple[Any, Any], model: Any, batch: TextBatch) -> Tensor:
            ngrams, tokens = inputs
            read = TextBatch(
                replace(batch.ngrams, weights=ngrams),
                None if batch.tokens is None else replace(batch.tokens, weights=tokens),
            )
            scores = model(read)[0]
            result: Tensor = scores[chosen] - mean(scores)
            return result

        self._network = network
        self._score_and_gradient = compile(value_and_grad(score))

    def __call__(self, batch: TextBatch) -> tuple[float, float, Array, Array]:
        """(score of nothing, score of the text, contribution of each n-gram item, of each token)."""
        base, score = (float(self._at(np.float32(a), batch)[0]) for a in (0, 1))
        for points in _POINTS:
            by_item, by_token = self._integrated(batch, points)
            missing = score - base - by_item.sum() - by_token.sum()
            if abs(missing) <= _GOOD * max(1.0, abs(score)):
                break
        return base, score, by_item, by_token.reshape(-1)

    def _integrated(self, batch: TextBatch, points: int) -> tuple[Array, Array]:
        """The contributions by Gauss-Legendre quadrature.

        With a = t^3 and da = 3 t^2 dt most points lie near 0, where normalising layers make F bend the most.
        """
        ngrams, tokens = _weights(batch)
        by_item, by_token = np.zeros(ngrams.shape), np.zeros(tokens.shape)
        places, shares = np.polynomial.legendre.leggauss(points)
        for t, dt in zip((places + 1) / 2, shares / 2, strict=True):
            _score, (d_ngrams, d_tokens) = self._at(np.float32(t**3), batch)
            by_item += 3 * t * t * dt * np.asarray(d_ngrams)
            by_token += 3 * t * t * dt * np.asarray(d_tokens)
        return by_item * ngrams, by_token * tokens

    def _at(self, a: np.float32, batch: TextBatch) -> Any:
        """(F(a), its gradient for what is read)."""
        ngrams, tokens = _weights(batch)
        return self._score_and_gradient((a * ngrams, a * tokens), self._network, batch)


def _weights(batch: TextBatch) -> tuple[Array, Array]:
    """What is scaled: the weights of n-grams and of tokens, none of these for models that do not read them."""
    return batch.ngrams.weights, np.zeros(0, np.float32) if batch.tokens is None else batch.tokens.weights


class _Characters:
    """What each character of a text contributed; added up by words in the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._amounts = np.zeros(len(text))
        self._is_space = np.array([character == " " for character in text], bool)

    def add(self, start: int, end: int, amount: float) -> None:
        """Spreads an amount evenly over text[start:end]; spaces get a share only when there is nothing else."""
        takes = ~self._is_space[start:end]
        if not takes.any():
            takes[:] = True
        self._amounts[start:end][takes] += amount / takes.sum()

    def by_word(self) -> tuple[WordContribution, ...]:
        """The words between spaces; half of what a space contributed goes to the word on each side."""
        edges = np.flatnonzero(np.diff(self._is_space, prepend=True, append=True))
        starts, ends = edges[::2].tolist(), edges[1::2].tolist()
        found = [float(self._amounts[start:end].sum()) for start, end in zip(starts, ends, strict=True)]
        for number in range(1, len(found)):
            between = float(self._amounts[ends[number - 1] : starts[number]].sum())
            found[number - 1] += between / 2
            found[number] += between / 2
        if found:
            found[-1] += float(self._amounts[ends[-1] :].sum())  # a text that was cut may end with a space
        return tuple(
            WordContribution(self.text[start:end], start, end, amount)
            for start, end, amount in zip(starts, ends, found, strict=True)
        )


def _spread_ngrams(characters: _Characters, encoder: TextEncoder, batch: NgramBatch, contributions: Array) -> None:
    """Adds each n-gram's contribution to the characters it was made of, in equal shares over all its places."""
    columns, starts, ends = encoder.vectorizer.places(characters.text)
    used = batch.rows[batch.items[: batch.offsets[-1]]]
    by_column = dict(zip(used.tolist(), contributions.tolist(), strict=False))
    counts = Counter(columns.tolist())
    for column, start, end in zip(columns.tolist(), starts.tolist(), ends.tolist(), strict=True):
        characters.add(start, end, by_column[column] / counts[column])


def _spread_tokens(characters: _Characters, encoder: TextEncoder, contributions: Array) -> None:
    for (start, end), contribution in zip(encoder.token_places(characters.text), contributions.tolist(), strict=False):
        characters.add(start, end, contribution)
