"""The encoder layer of a Transformer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from saegim.nn.activations import relu
from saegim.nn.attention import MultiHeadAttention
from saegim.nn.dropout import Dropout
from saegim.nn.linear import Linear
from saegim.nn.module import Module, Seed
from saegim.nn.norm import LayerNorm
from saegim.tensor import Tensor


class TransformerEncoderLayer(Module):
    """Attention, then two linear layers, each added to its input and normalised (Vaswani et al., 2017).

    x (B, T, D), mask (B, T) bool, True for real tokens -> (B, T, D). With `norm_first` each part's input is
    normalised, which trains without warm-up (Xiong et al., 2020); otherwise each sum is.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Callable[[Tensor], Tensor] = relu,
        layer_norm_eps: float = 1e-5,
        norm_first: bool = False,
        bias: bool = True,
        *,
        seed: Seed = None,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.activation, self.norm_first = activation, norm_first
        self.self_attn = MultiHeadAttention(d_model, nhead, dropout, bias, seed=rng)
        self.linear1 = Linear(d_model, dim_feedforward, bias, seed=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, seed=rng)
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout, self.dropout1, self.dropout2 = (Dropout(dropout, seed=rng) for _ in range(3))

    def __call__(self, x: Tensor, mask: Tensor | None = None, *, causal: bool = False) -> Tensor:
        if self.norm_first:
            x = x + self.dropout1(self.self_attn(self.norm1(x), mask=mask, causal=causal))
            return x + self._feed_forward(self.norm2(x))
        x = self.norm1(x + self.dropout1(self.self_attn(x, mask=mask, causal=causal)))
        return self.norm2(x + self._feed_forward(x))

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))
