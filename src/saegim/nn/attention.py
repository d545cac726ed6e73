"""Attention: every token looks at every other and takes from each what it needs."""

from __future__ import annotations

import math

import numpy as np

from saegim import tensor as sg
from saegim.errors import SettingError, ShapeError
from saegim.nn import init
from saegim.nn.dropout import Dropout
from saegim.nn.linear import Linear
from saegim.nn.masks import check_mask, lowest
from saegim.nn.module import Module, Parameter, Seed
from saegim.tensor import Tensor


class MultiHeadAttention(Module):
    """softmax(Q K^T / sqrt(E/H)) V in H heads side by side, then a linear layer (Vaswani et al., 2017).

    query (B, T, E) -> (B, T, E); key and value (B, S, E) are the query itself unless given. `mask` (B, S) bool says
    which keys are real tokens; with `causal` token t sees none after itself. A token that sees no key at all gets
    zeros from the heads. `dropout` drops attention weights while training; in prediction its layer `weight_dropout`
    gives the weights (B, H, T, S) as they are, for those who observe what layers give (`nn.observing.observed`).

    `in_proj_weight` (3E, E) holds the weights for query, key and value and starts as xavier_uniform, `in_proj_bias`
    and the bias of `out_proj` start at 0.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, *, seed: Seed = None
    ) -> None:
        if num_heads < 1 or embed_dim % num_heads:
            raise SettingError(
                f"MultiHeadAttention: a number of heads that divides {embed_dim} expected, {num_heads} given"
            )
        rng = np.random.default_rng(seed)
        self.embed_dim, self.num_heads, self.use_bias = embed_dim, num_heads, bias
        self.out_proj = Linear(embed_dim, embed_dim, bias, seed=rng)
        self.weight_dropout = Dropout(dropout, seed=rng)
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        size = self.embed_dim
        self.in_proj_weight = Parameter(init.xavier_uniform(rng, (3 * size, size)))
        self.in_proj_bias = Parameter(init.zeros((3 * size,))) if self.use_bias else None
        if self.use_bias:
            self.out_proj.bias = Parameter(init.zeros((size,)))

    def __call__(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
    ) -> Tensor:
        key = query if key is None else key
        value = key if value is None else value
        self._check(query, key, value, causal)
        q, k, v = map(self._heads, self._project(query, key, value))
        scores = sg.matmul(q * (1 / math.sqrt(q.shape[-1])), k.mT)
        weights = self.weight_dropout(_softmax(scores, _visible(scores, mask, causal)))
        seen = sg.permute_dims(sg.matmul(weights, v), (0, 2, 1, 3))
        return self.out_proj(sg.reshape(seen, query.shape))

    def _check(self, query: Tensor, key: Tensor, value: Tensor, causal: bool) -> None:
        for name, each in (("query", query), ("key", key), ("value", value)):
            if each.ndim != 3 or each.shape[-1] != self.embed_dim or each.shape[0] != query.shape[0]:
                raise ShapeError(
                    f"MultiHeadAttention: a {name} (B, T, {self.embed_dim}) expected, {each.shape} given "
                    f"with a query {query.shape}"
                )
        if key.shape != value.shape:
            raise ShapeError(f"MultiHeadAttention: a value for every key expected, {value.shape} for {key.shape} given")
        if causal and query.shape != key.shape:
            raise ShapeError(
                f"MultiHeadAttention: causal needs keys for the query's own tokens, {key.shape} for {query.shape} given"
            )

    def _project(self, *inputs: Tensor) -> list[Tensor]:
        """Query, key and value, each times its own third of the weights."""
        size, weight, bias = self.embed_dim, self.in_proj_weight, self.in_proj_bias
        # The weights are cut, not one product of all of them: a gradient is put together where it is small.
        thirds = [slice(number * size, (number + 1) * size) for number in range(3)]
        projected = [sg.matmul(x, weight[third].mT) for x, third in zip(inputs, thirds, strict=True)]
        return projected if bias is None else [y + bias[third] for y, third in zip(projected, thirds, strict=True)]

    def _heads(self, x: Tensor) -> Tensor:
        """(B, T, E) -> (B, H, T, E/H)"""
        batch, tokens, size = x.shape
        split = sg.reshape(x, (batch, tokens, self.num_heads, size // self.num_heads))
        return sg.permute_dims(split, (0, 2, 1, 3))


def _visible(scores: Tensor, mask: Tensor | None, causal: bool) -> Tensor | None:
    """Which key each token may look at, broadcastable to the scores (B, H, T, S); None for all."""
    batch, _heads, tokens, keys = scores.shape
    visible: Tensor | None = None
    if mask is not None:
        check_mask("MultiHeadAttention", mask, (batch, keys))
        visible = sg.reshape(mask, (batch, 1, 1, keys))
    if causal:
        place = sg.arange(tokens)
        earlier = sg.expand_dims(place, axis=0) <= sg.expand_dims(place, axis=1)
        visible = earlier if visible is None else visible & earlier
    return visible


def _softmax(scores: Tensor, visible: Tensor | None) -> Tensor:
    """softmax over the visible keys; a row without any is all zeros."""
    if visible is None:
        return sg.softmax(scores)
    largest = sg.max(sg.where(visible, scores, lowest(scores.dtype)), axis=-1, keepdims=True)
    # What is hidden is replaced before exp, so that it cannot overflow there, and again after it.
    powers = sg.exp(sg.where(visible, scores - sg.stop_gradient(largest), 0.0))
    powers = sg.where(visible, powers, 0.0)
    total = sg.sum(powers, axis=-1, keepdims=True)
    return powers / sg.where(total == 0, 1.0, total)
