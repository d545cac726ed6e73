"""A model's scores for many inputs, in batches of similar lengths, by programs that are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from saegim.dtypes import is_floating
from saegim.errors import NonFiniteError
from saegim.ir import Graph
from saegim.nn.module import Module
from saegim.reference import NonFinite, first_non_finite
from saegim.tensor import Tensor, compile
from saegim.tensor.core import node_of
from saegim.tensor.transforms import rebuild, signature, symbols

Array = npt.NDArray[Any]

_MOST_INPUTS = 512  # at once
_MOST_TOKENS = 1 << 14  # at once, padding included: what is in between stays near the core
_MOST_NGRAMS = 1 << 20
_FEW_INPUTS = 16  # so many and fewer are scored at once, filled up to a power of two


class Inputs(Protocol):
    """n inputs of a model (texts, images), ready to be batched."""

    def __len__(self) -> int: ...

    @property
    def lengths(self) -> Array:
        """(n,) how long each is, in what the work grows with: tokens, n-grams, pixels."""
        ...

    @property
    def is_padded(self) -> bool:
        """Whether the inputs of a batch are filled up to the longest of them."""
        ...

    def take(self, rows: Array) -> Self:
        """These inputs, in this order."""
        ...

    def batch(self, rows: Array) -> Any:
        """These inputs as the model takes them: a tree of arrays."""
        ...


class Scorer:
    """Scores inputs with a model of C classes; its programs stay warm between calls."""

    def __init__(self, model: Module, classes: int) -> None:
        self.model, self.classes = model, classes
        self._program = compile(_scores)

    def __call__(self, inputs: Inputs) -> Array:
        """The scores (n, C) float32 of inputs, in their order. Puts the model into prediction.

        Raises NonFiniteError when a score is NaN or infinite, naming where it first was.
        """
        result = np.zeros((len(inputs), self.classes), np.float32)
        self.model.eval()
        for rows in _groups(inputs):
            batch = inputs.batch(_filled_up(rows))
            scores = np.asarray(self._program(self.model, batch))[: len(rows)]
            if not np.isfinite(scores).all():
                raise NonFiniteError(self._blame(batch))
            result[rows] = scores
        return result

    def _blame(self, batch: Any) -> str:
        for name, each in self.model.named_tensors():
            if is_floating(each.dtype) and not np.isfinite(each.numpy()).all():
                place = f"{name} holds values that are not finite"
                break
        else:
            place = str(_first_non_finite(self.model, batch))
        return f"the model's scores are not finite: {place}; train again with a lower learning rate"


def _first_non_finite(model: Module, batch: Any) -> NonFinite | None:
    sign, tensors = signature((model, batch))
    symbolic = symbols(sign)
    traced, inputs = rebuild(sign, symbolic)
    graph = Graph(tuple(map(node_of, symbolic)), (node_of(traced(inputs)),))
    return first_non_finite(graph, [each.numpy() for each in tensors])


def _groups(inputs: Inputs) -> Iterator[Array]:
    """Rows to score at once. Where they are padded the longest come first: memory never grows on the way."""
    lengths, padded = inputs.lengths, inputs.is_padded
    order = np.argsort(-lengths, kind="stable") if padded else np.arange(len(lengths))
    ends = np.cumsum(lengths)
    start = 0
    while start < len(order):
        if padded:
            fit = _MOST_TOKENS // max(int(lengths[order[start]]), 1)
        else:
            fit = int(np.searchsorted(ends, ends[start] - lengths[start] + _MOST_NGRAMS, "right")) - start
        size = min(_MOST_INPUTS, _power_below(fit), max(_power_below(len(order) - start), _FEW_INPUTS))
        yield order[start : start + size]
        start += size


def _power_below(count: int) -> int:
    """The largest power of two that is at most `count`, at least 1."""
    return 1 << max(count, 1).bit_length() - 1


def _filled_up(rows: Array) -> Array:
    """Up to a power of two, the last one again: a program is made for each number of texts."""
    return np.pad(rows, (0, (1 << (len(rows) - 1).bit_length()) - len(rows)), "edge")


def _scores(model: Module, batch: Any) -> Tensor:
    scores: Tensor = model(batch)
    return scores
