"""A model's scores for many texts, in batches of similar lengths, by programs that are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.batches import sorted_by_length
from saegim.models.batch import EncodedTexts, TextBatch
from saegim.nn.module import Module
from saegim.tensor import Tensor, compile

_AT_ONCE = 512


class Scorer:
    """Scores texts with a model of C classes; its programs stay warm between calls."""

    def __init__(self, model: Module, classes: int) -> None:
        self.model, self.classes = model, classes
        self._program = compile(_scores)

    def __call__(self, texts: EncodedTexts) -> npt.NDArray[Any]:
        """The scores (n, C) float32 of texts, in their order. Puts the model into prediction."""
        result = np.zeros((len(texts), self.classes), np.float32)
        self.model.eval()
        for rows, batch in texts.batches(sorted_by_length(texts.lengths, _AT_ONCE)):
            result[rows] = np.asarray(self._program(self.model, batch))
        return result


def _scores(model: Module, batch: TextBatch) -> Tensor:
    scores: Tensor = model(batch)
    return scores
