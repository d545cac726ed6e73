"""The fully connected layer."""

from __future__ import annotations

import numpy as np

from saegim.errors import ShapeError
from saegim.nn import init
from saegim.nn.module import Module, Parameter, Seed
from saegim.tensor.core import Tensor, matmul


class Linear(Module):
    """y = x W^T + b. A layer of m inputs and n outputs holds m*n weights and n biases.

    x (..., m) -> (..., n). `weight` (n, m) and `bias` (n,) start uniform in +-1/sqrt(m).
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, *, seed: Seed = None) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.use_bias = bias
        self.reset(np.random.default_rng(seed))

    def reset(self, rng: np.random.Generator) -> None:
        m, n = self.in_features, self.out_features
        self.weight = Parameter(init.fan_in_uniform(rng, (n, m), m))
        self.bias = Parameter(init.fan_in_uniform(rng, (n,), m)) if self.use_bias else None

    def __call__(self, x: Tensor) -> Tensor:
        if not x.ndim or x.shape[-1] != self.in_features:
            raise ShapeError(f"Linear: inputs (..., {self.in_features}) expected, {x.shape} given")
        y = matmul(x, self.weight.mT)
        return y if self.bias is None else y + self.bias
