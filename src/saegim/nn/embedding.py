"""Tables of vectors, one row per word, token or n-gram. Their gradient is the rows in use, never the whole table."""

from __future__ import annotations

from typing import Literal

import numpy as np

from saegim import tensor as sg
from saegim.errors import SettingError, ShapeError
from saegim.nn import init
from saegim.nn.masks import check_mask
from saegim.nn.module import Module, Parameter, Seed
from saegim.tensor import Tensor
from saegim.tensor.core import apply


class _Table(Module):
    """`weight` (V, D), normal with mean 0 and standard deviation `std`; the row `padding_idx`, if any, is 0."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        std: float = 1.0,
        seed: Seed = None,
    ) -> None:
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise SettingError(
                f"{type(self).__name__}: a padding_idx among the {num_embeddings} rows expected, {padding_idx} given"
            )
        self.num_embeddings, self.embedding_dim, self.std = num_embeddings, embedding_dim, std
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.reset(np.random.default_rng(seed))

    def reset(self, rng: np.random.Generator) -> None:
        values = init.normal(rng, (self.num_embeddings, self.embedding_dim), self.std)
        if self.padding_idx is not None:
            values[self.padding_idx] = 0
        self.weight = Parameter(values, copy=False)


class Embedding(_Table):
    """The rows at some indices: indices (...) int -> (..., D).

    The row `padding_idx` is never learned. Raises IndexError (a traced function: when it runs) for an index that is
    no row's.
    """

    def __call__(self, indices: Tensor) -> Tensor:
        rows = apply("take", self.weight, indices, mode="raise", unique=False)
        if self.padding_idx is None:
            return rows
        learned = sg.expand_dims(indices != self.padding_idx, axis=-1)
        return sg.where(learned, rows, sg.stop_gradient(rows))


class EmbeddingBag(_Table):
    """The sum or mean of some rows for each of B bags, without making the rows in between.

    Ragged: indices (N,) int, offsets (B+1,) int -> (B, D); bag b holds the items from offsets[b] to offsets[b+1],
    items after the last offset are padding. With `include_last_offset=False` offsets are (B,) as PyTorch has them
    unless told otherwise, and the last bag ends with the items. In equal lengths: indices (B, T) -> (B, D), with
    `mask` (B, T) bool for the items that count.

    `weights`, of the indices' shape, multiply the rows; the mean is then divided by their sum. Items that are
    `padding_idx` do not count. The mean of nothing is 0.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        mode: Literal["sum", "mean"] = "mean",
        padding_idx: int | None = None,
        *,
        include_last_offset: bool = True,
        std: float = 1.0,
        seed: Seed = None,
    ) -> None:
        if mode not in ("sum", "mean"):
            raise SettingError(f"EmbeddingBag: mode 'sum' or 'mean' expected, {mode!r} given")
        super().__init__(num_embeddings, embedding_dim, padding_idx, std=std, seed=seed)
        self.mode, self.include_last_offset = mode, include_last_offset

    def __call__(
        self,
        indices: Tensor,
        offsets: Tensor | None = None,
        weights: Tensor | None = None,
        *,
        mask: Tensor | None = None,
    ) -> Tensor:
        counts = self._counts(indices, weights, mask)
        bounds = self._bounds(indices, offsets)
        items = sg.reshape(indices, (-1,))
        total = sg.bag(self.weight, items, counts, bounds)
        if self.mode == "sum":
            return total
        # The same bags over a table of a single 1: what each bag's rows were multiplied by in all.
        one = sg.ones((1, 1), dtype=self.weight.dtype)
        size = sg.bag(one, sg.zeros_like(items), counts, bounds)
        return total / sg.where(size == 0, 1.0, size)

    def _counts(self, indices: Tensor, weights: Tensor | None, mask: Tensor | None) -> Tensor:
        """(N,) what each item's row is multiplied by."""
        if weights is not None and weights.shape != indices.shape:
            raise ShapeError(f"EmbeddingBag: weights of shape {indices.shape} expected, {weights.shape} given")
        dtype = self.weight.dtype
        counts = sg.ones(indices.shape, dtype=dtype) if weights is None else sg.astype(weights, dtype)
        if mask is not None:
            check_mask("EmbeddingBag", mask, indices.shape)
            counts = sg.where(mask, counts, 0.0)
        if self.padding_idx is not None:
            counts = sg.where(indices == self.padding_idx, 0.0, counts)
        return sg.reshape(counts, (-1,))

    def _bounds(self, indices: Tensor, offsets: Tensor | None) -> Tensor:
        """(B+1,) where each bag begins and ends."""
        if indices.ndim == 2 and offsets is None:
            bags, length = indices.shape
            return length * sg.arange(bags + 1)
        if indices.ndim != 1 or offsets is None or offsets.ndim != 1:
            given = None if offsets is None else offsets.shape
            raise ShapeError(
                "EmbeddingBag: indices (N,) with offsets (B+1,), or indices (B, T) without, expected; "
                f"{indices.shape} with {given} given"
            )
        if self.include_last_offset:
            return offsets
        return sg.concat([offsets, sg.full((1,), indices.shape[0], dtype=offsets.dtype)])
