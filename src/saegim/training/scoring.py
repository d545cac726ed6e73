"""A model's scores for many texts, in batches of similar lengths, by programs that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.dtypes import is_floating
from saegim.errors import NonFiniteError
from saegim.ir import Graph
from saegim.models.batch import EncodedTexts, TextBatch
from saegim.nn.module import Module
from saegim.reference import NonFinite, first_non_finite
from saegim.tensor import Tensor, compile
from saegim.tensor.core import node_of
from saegim.tensor.transforms import rebuild, signature, symbols

Array = npt.NDArray[Any]

_MOST_TEXTS = 512  # at once
_MOST_TOKENS = 1 << 14  # at once, padding included: what is in between stays near the core
_MOST_NGRAMS = 1 << 20


class Scorer:
    """Scores texts with a model of C classes; its programs stay warm between calls."""

    def __init__(self, model: Module, classes: int) -> None:
        self.model, self.classes = model, classes
        self._program = compile(_scores)

    def __call__(self, texts: EncodedTexts) -> Array:
        """The scores (n, C) float32 of texts, in their order. Puts the model into prediction.

        Raises NonFiniteError when a score is NaN or infinite, naming where it first was.
        """
        result = np.zeros((len(texts), self.classes), np.float32)
        self.model.eval()
        for rows, batch in texts.batches(_groups(texts)):
            scores = np.asarray(self._program(self.model, batch))
            if not np.isfinite(scores).all():
                raise NonFiniteError(self._blame(batch))
            result[rows] = scores
        return result

    def _blame(self, batch: TextBatch) -> str:
        for name, each in self.model.named_tensors():
            if is_floating(each.dtype) and not np.isfinite(each.numpy()).all():
                place = f"{name} holds values that are not finite"
                break
        else:
            place = str(_first_non_finite(self.model, batch))
        return f"the model's scores are not finite: {place}; train again with a lower learning rate"


def _first_non_finite(model: Module, batch: TextBatch) -> NonFinite | None:
    sign, tensors = signature((model, batch))
    symbolic = symbols(sign)
    traced, inputs = rebuild(sign, symbolic)
    graph = Graph(tuple(map(node_of, symbolic)), (node_of(traced(inputs)),))
    return first_non_finite(graph, [each.numpy() for each in tensors])


def _groups(texts: EncodedTexts) -> Iterator[Array]:
    """Rows to score at once, the longest texts first: memory never grows on the way."""
    lengths = texts.lengths
    most = _MOST_NGRAMS if texts.tokens is None else _MOST_TOKENS
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        fit = max(1, most // max(int(lengths[order[start]]), 1))
        size = min(_MOST_TEXTS, 1 << fit.bit_length() - 1)
        yield order[start : start + size]
        start += size


def _scores(model: Module, batch: TextBatch) -> Tensor:
    scores: Tensor = model(batch)
    return scores
