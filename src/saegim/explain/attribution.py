"""How much each word moved a network's score: integrated gradients over what the network reads.

Let F(a) be the score of a class when everything read (the weights of n-grams, the embeddings of tokens) is scaled
by a, from F(0), nothing seen, to F(1), the text. The contribution of item i is the integral over a of
w_i dF/dw_i (a w) ("Axiomatic Attribution for Deep Networks", Sundararajan, Taly and Yan, 2017). Contributions add up
to F(1) - F(0), whatever the network.

Where the scores are linear in the n-grams' weights, the derivative is a constant: the contribution is exactly what the
score would lose without the item, and no integral is taken. Elsewhere it is taken with Gauss-Legendre quadrature, and
what is missing from the sum is stated as the error.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from saegim.errors import SettingError
from saegim.explain.explanation import Explanation, Method
from saegim.explain.placing import Amounts
from saegim.late import late

if TYPE_CHECKING:
    from saegim import tensor
    from saegim.models import batch as batches
    from saegim.models.batch import EncodedTexts, TextBatch
    from saegim.models.text_model import TextModel
    from saegim.training import TextClassifier
else:
    tensor, batches = late("saegim.tensor"), late("saegim.models.batch")

Array = npt.NDArray[Any]

_POINTS = (32, 128, 512)  # of the quadrature: the next number where the last one misses too much
_GOOD = 1e-3  # what may be missing, as a share of the score (or of 1)
_SHOWN = 20  # labels in an error message


def explain_prediction(classifier: TextClassifier, text: str, label: Any = None) -> Explanation:
    """How each word of `text` moved the score of `label` (by default the predicted one).

    Scores matter only relative to each other, so a class's score is taken less the mean over all classes.
    Raises SettingError for a label that the classifier does not know, DataError for a text that is no string.
    """
    return Explainer(classifier)(text, label)


class Explainer:
    """`explain_prediction` for one text after the other: what was compiled for one serves the next."""

    def __init__(self, classifier: TextClassifier) -> None:
        self._classifier = classifier
        self._integrals: _Integrals | None = None

    def __call__(self, text: str, label: Any = None) -> Explanation:
        classifier = self._classifier
        probabilities = classifier.predict_proba([text])[0]
        scores = classifier.decision_function([text])[0].astype(np.float64)
        chosen = int(scores.argmax()) if label is None else class_number(classifier, label)
        encoded = classifier.encoder.encode([text])
        base, by_ngram, by_token, method = self._attributed(encoded, chosen)
        traced = classifier.encoder.traced(text)
        amounts = Amounts(text, traced)
        _add_ngrams(amounts, traced.text, classifier, encoded, by_ngram)
        _add_tokens(amounts, traced.text, classifier, by_token)
        score = float(scores[chosen] - scores.mean())
        return Explanation(
            text=text,
            read=len(text) if len(traced) < classifier.encoder.config.max_characters else int(traced.ends[-1]),
            source="network",
            label=str(classifier.classes_[chosen]),
            spans=amounts.spans(),
            method=method,
            probability=float(probabilities[chosen]),
            score=score,
            base=base,
            error=score - base - amounts.total(),
            characters=amounts.characters(),
        )

    def _attributed(self, encoded: EncodedTexts, chosen: int) -> tuple[float, Array, Array, Method]:
        """(score of nothing, contribution of each n-gram, of each token, how they were found)."""
        network = self._classifier.network
        coefficients = network.coefficients(encoded.ngrams.columns)
        if coefficients is not None:
            bias = network.wide.bias.numpy().astype(np.float64)
            moves = coefficients[:, chosen] - coefficients.mean(1)
            return float(bias[chosen] - bias.mean()), moves * encoded.ngrams.values, np.zeros(0), "exact"
        if self._integrals is None:
            self._integrals = _Integrals(network)
        return *self._integrals(encoded.batch(np.array([0])), chosen), "integrated gradients"


def class_number(classifier: TextClassifier, label: Any) -> int:
    """The class that `label` is, or is written like: a command line has no numbers."""
    classes = classifier.classes_.tolist()
    for wanted, known in ((label, classes), (str(label), list(map(str, classes)))):
        if wanted in known:
            return known.index(wanted)
    shown = ", ".join(map(str, classes[:_SHOWN])) + (", ..." if len(classes) > _SHOWN else "")
    raise SettingError(f"label {label!r} is not one of {shown}; choose one of these")


class _Integrals:
    """Integrated gradients of one class's score for one text."""

    def __init__(self, network: TextModel) -> None:
        def score(inputs: tuple[Any, Any], model: Any, batch: TextBatch, share: Array) -> Any:
            ngrams, tokens = inputs
            read = batches.TextBatch(
                replace(batch.ngrams, weights=ngrams),
                None if batch.tokens is None else replace(batch.tokens, weights=tokens),
            )
            return tensor.sum(model(read)[0] * share)

        self._network = network
        self._score_and_gradient = tensor.compile(tensor.value_and_grad(score))

    def __call__(self, batch: TextBatch, chosen: int) -> tuple[float, Array, Array]:
        """(score of nothing, contribution of each n-gram item, of each token)."""
        share = np.full(self._network.config.classes, -1 / self._network.config.classes, np.float32)
        share[chosen] += 1
        base, score = (float(self._at(np.float32(a), batch, share)[0]) for a in (0, 1))
        for points in _POINTS:
            by_item, by_token = self._integrated(batch, share, points)
            missing = score - base - by_item.sum() - by_token.sum()
            if abs(missing) <= _GOOD * max(1.0, abs(score)):
                break
        return base, by_item, by_token.reshape(-1)

    def _integrated(self, batch: TextBatch, share: Array, points: int) -> tuple[Array, Array]:
        """The contributions by Gauss-Legendre quadrature.

        With a = t^3 and da = 3 t^2 dt most points lie near 0, where normalising layers make F bend the most.
        """
        ngrams, tokens = _weights(batch)
        by_item, by_token = np.zeros(ngrams.shape), np.zeros(tokens.shape)
        places, shares = np.polynomial.legendre.leggauss(points)
        for t, dt in zip((places + 1) / 2, shares / 2, strict=True):
            _score, (d_ngrams, d_tokens) = self._at(np.float32(t**3), batch, share)
            by_item += 3 * t * t * dt * np.asarray(d_ngrams)
            by_token += 3 * t * t * dt * np.asarray(d_tokens)
        return by_item * ngrams, by_token * tokens

    def _at(self, a: np.float32, batch: TextBatch, share: Array) -> Any:
        """(F(a), its gradient for what is read)."""
        ngrams, tokens = _weights(batch)
        return self._score_and_gradient((a * ngrams, a * tokens), self._network, batch, share)


def _weights(batch: TextBatch) -> tuple[Array, Array]:
    """What is scaled: the weights of n-grams and of tokens, none of these for models that do not read them."""
    return batch.ngrams.weights, np.zeros(0, np.float32) if batch.tokens is None else batch.tokens.weights


def _add_ngrams(
    amounts: Amounts, read: str, classifier: TextClassifier, encoded: EncodedTexts, contributions: Array
) -> None:
    """Adds each n-gram's contribution to the characters it was made of, in equal shares over all its places."""
    vectorizer = classifier.encoder.vectorizer
    columns, starts, ends = vectorizer.places(read)
    used = encoded.ngrams.columns  # ascending, and the same as in `columns`
    number = np.searchsorted(used, columns)
    counts = np.bincount(number, minlength=len(used))
    amounts.add(starts, ends, contributions[: len(used)][number] / counts[number])


def _add_tokens(amounts: Amounts, read: str, classifier: TextClassifier, contributions: Array) -> None:
    """Adds each token's contribution to its characters; one without any to the next."""
    places = np.array(classifier.encoder.token_places(read), np.int64).reshape(-1, 2)
    starts = np.minimum(places[:, 0], max(len(read) - 1, 0))
    amounts.add(starts, np.maximum(places[:, 1], starts + 1), contributions[: len(places)])
