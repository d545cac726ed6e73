"""Normalisation: over the features of each example, or over the examples of a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saegim import tensor as sg
from saegim.dtypes import int64
from saegim.errors import ShapeError
from saegim.nn import init
from saegim.nn.masks import check_mask, over_channels
from saegim.nn.module import Buffer, Module, Parameter
from saegim.tensor import Tensor


class LayerNorm(Module):
    """y = (x - mean) / sqrt(variance + eps) * weight + bias, over the last axes (Ba, Kiros and Hinton, 2016).

    x (..., *normalized_shape) -> the same. `weight` starts at 1, `bias` at 0; with `elementwise_affine=False` there
    are none.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps, self.elementwise_affine, self.use_bias = eps, elementwise_affine, bias
        self.reset(np.random.default_rng(0))

    def reset(self, rng: np.random.Generator) -> None:  # noqa: ARG002 - nothing to draw
        shape, affine = self.normalized_shape, self.elementwise_affine
        self.weight = Parameter(init.ones(shape)) if affine else None
        self.bias = Parameter(init.zeros(shape)) if affine and self.use_bias else None

    def __call__(self, x: Tensor) -> Tensor:
        axes = _last_axes("LayerNorm", x, self.normalized_shape)
        centred = x - sg.mean(x, axis=axes, keepdims=True)
        variance = sg.mean(centred * centred, axis=axes, keepdims=True)
        y = centred * (1 / sg.sqrt(variance + self.eps))
        if self.weight is not None:
            y = y * self.weight
        return y if self.bias is None else y + self.bias


class RMSNorm(Module):
    """y = x / sqrt(mean(x^2) + eps) * weight, over the last axes (Zhang and Sennrich, 2019).

    x (..., *normalized_shape) -> the same. `weight` starts at 1. Without `eps` it is the dtype's own epsilon.
    """

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.reset(np.random.default_rng(0))

    def reset(self, rng: np.random.Generator) -> None:  # noqa: ARG002 - nothing to draw
        self.weight = Parameter(init.ones(self.normalized_shape)) if self.elementwise_affine else None

    def __call__(self, x: Tensor) -> Tensor:
        axes = _last_axes("RMSNorm", x, self.normalized_shape)
        eps = sg.finfo(x.dtype).eps if self.eps is None else self.eps
        y = x * (1 / sg.sqrt(sg.mean(x * x, axis=axes, keepdims=True) + eps))
        return y if self.weight is None else y * self.weight


def _as_shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def _last_axes(layer: str, x: Tensor, shape: tuple[int, ...]) -> tuple[int, ...]:
    if x.shape[x.ndim - len(shape) :] != shape or x.ndim < len(shape):
        wanted = ", ".join(map(str, shape))
        raise ShapeError(f"{layer}: inputs (..., {wanted}) expected, {x.shape} given")
    return tuple(range(x.ndim - len(shape), x.ndim))


class BatchNorm1d(Module):
    """y = (x - mean) / sqrt(variance + eps) * weight + bias, per channel over batch and time (Ioffe and Szegedy, 2015).

    x (B, C) or (B, T, C) -> the same; with `mask` (B, T) only real tokens count, and padding becomes 0. While
    training, mean and variance are the batch's, and the buffers `running_mean` and `running_var` (unbiased) move
    towards them by the share `momentum`, or with None are their average over all batches; in prediction the running
    ones are used. `weight` starts at 1, `bias` at 0. A gradient taken outside of a training step leaves the running
    statistics as they are.
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True) -> None:
        self.num_features, self.eps, self.momentum, self.affine = num_features, eps, momentum, affine
        self.reset(np.random.default_rng(0))

    def reset(self, rng: np.random.Generator) -> None:  # noqa: ARG002 - nothing to draw
        shape = (self.num_features,)
        self.weight = Parameter(init.ones(shape)) if self.affine else None
        self.bias = Parameter(init.zeros(shape)) if self.affine else None
        self.running_mean, self.running_var = Buffer(init.zeros(shape)), Buffer(init.ones(shape))
        self.num_batches_tracked = Buffer(np.zeros((), np.int64))

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if x.ndim not in (2, 3) or x.shape[-1] != self.num_features:
            raise ShapeError(
                f"BatchNorm1d: inputs (B, {self.num_features}) or (B, T, {self.num_features}) expected, {x.shape} given"
            )
        if mask is not None:
            check_mask("BatchNorm1d", mask, x.shape[:-1])
        mean, variance = self._learn(x, mask) if self.training else (self.running_mean, self.running_var)
        y = (x - mean) * (1 / sg.sqrt(variance + self.eps))
        if self.weight is not None and self.bias is not None:
            y = y * self.weight + self.bias
        return y if mask is None else sg.where(over_channels(mask), y, 0.0)

    def _learn(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        """The batch's mean and variance, (C,) each; moves the running ones towards them."""
        axes = tuple(range(x.ndim - 1))
        count = self._count(x, mask)

        def average(values: Tensor) -> Tensor:
            kept = values if mask is None else sg.where(over_channels(mask), values, 0.0)
            return sg.sum(kept, axis=axes) / count

        mean = average(x)
        variance = average((x - mean) * (x - mean))
        batches = self.num_batches_tracked + 1
        share = 1 / sg.astype(batches, x.dtype) if self.momentum is None else self.momentum
        unbiased = variance * (count / sg.maximum(count - 1, 1.0))
        self.set_buffer("num_batches_tracked", batches)
        for name, value in (("running_mean", mean), ("running_var", unbiased)):
            old = getattr(self, name)
            self.set_buffer(name, sg.astype(old + share * (value - old), old.dtype))
        return mean, variance

    def _count(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """How many examples or real tokens there are, at least 1."""
        if mask is not None:
            return sg.maximum(sg.astype(sg.sum(sg.astype(mask, int64)), x.dtype), 1.0)
        count = int(np.prod(x.shape[:-1], dtype=np.int64))
        if count < 2:
            raise ShapeError(f"BatchNorm1d: a batch of at least 2 examples to train with expected, {x.shape} given")
        return sg.asarray(float(count), dtype=x.dtype)
