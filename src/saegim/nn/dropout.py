"""Dropout: while training, elements are dropped at random."""

from __future__ import annotations

import numpy as np

from saegim import tensor as sg
from saegim.errors import SettingError
from saegim.nn.module import Buffer, Module, Seed
from saegim.tensor import Tensor


class Dropout(Module):
    """While training every element becomes 0 with probability `p`, the others grow by 1/(1-p); else x as it is.

    (Srivastava et al., 2014.) x of any shape -> the same. The random bits follow from the buffer `key` alone, and
    every call replaces it by the next one: a training step is a pure function of the model, and a run that goes on
    from a saved key draws the same bits. A gradient taken outside of a training step leaves the key as it is.
    """

    def __init__(self, p: float = 0.5, *, seed: Seed = None) -> None:
        if not 0 <= p < 1:
            raise SettingError(f"Dropout: a probability of at least 0 and below 1 expected, {p} given")
        self.p = p
        self.reset(np.random.default_rng(seed))

    def reset(self, rng: np.random.Generator) -> None:
        self.key = Buffer(rng.integers(2**64, dtype=np.uint64), persistent=False)

    def __call__(self, x: Tensor) -> Tensor:
        if not self.training or not self.p:
            return x
        own, following = sg.unstack(sg.random.split(self.key))
        self.set_buffer("key", following)
        dropped = sg.random.bits(own, x.shape) < round(self.p * 2**32)
        return sg.where(dropped, 0.0, x * (1 / (1 - self.p)))
