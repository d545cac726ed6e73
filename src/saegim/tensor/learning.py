"""Beyond the standard: what learning needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from saegim import dtypes
from saegim.dtypes import DType
from saegim.errors import DTypeError, ShapeError
from saegim.tensor.axes import Axes, one_axis, reduce, several_axes
from saegim.tensor.core import Scalar, Tensor, apply, asarray_like, broadcast_to, cast, promoted, reshape_to
from saegim.tensor.searching import where

__all__ = [
    "bag",
    "erf",
    "log_softmax",
    "logsumexp",
    "one_hot",
    "pad",
    "scatter_add",
    "softmax",
    "stop_gradient",
    "windows",
]


def erf(x: Tensor, /) -> Tensor:
    """The Gauss error function."""
    return apply("erf", asarray_like(x))


def stop_gradient(x: Tensor, /) -> Tensor:
    """x, for which the derivative is taken as zero."""
    return apply("stop_gradient", asarray_like(x))


# --- softmax --------------------------------------------------------------------------------------------------------


def _peak(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """The largest element over `axes`, kept, as a constant of the derivative; 0 where it is infinite."""
    peak = stop_gradient(reduce("max", x, axes, keepdims=True))
    return where(apply("isinf", peak), 0.0, peak)


def logsumexp(x: Tensor, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) over `axis`, without overflow; -inf of nothing."""
    x = asarray_like(x)
    axes = several_axes("logsumexp", axis, x.ndim)
    if any(x.shape[each] == 0 for each in axes):
        return apply("log", reduce("sum", x, axes, keepdims))
    peak = _peak(x, axes)
    total = reduce("sum", apply("exp", x - peak), axes, keepdims=True)
    # Where every x is -inf, so is the result; its derivative there is 0, which log(0) would make nan.
    empty = total == 0
    result = where(empty, -math.inf, apply("log", where(empty, 1.0, total)) + peak)
    return result if keepdims else reshape_to(result, [size for at, size in enumerate(x.shape) if at not in axes])


def softmax(x: Tensor, /, *, axis: int = -1) -> Tensor:
    """exp(x) / sum(exp(x)) along `axis`, without overflow."""
    x = asarray_like(x)
    axes = (one_axis("softmax", axis, x.ndim),)
    if 0 in x.shape:
        return apply("exp", x)
    powers = apply("exp", x - _peak(x, axes))
    return powers / reduce("sum", powers, axes, keepdims=True)


def log_softmax(x: Tensor, /, *, axis: int = -1) -> Tensor:
    """log(softmax(x)) along `axis`, without overflow or loss of small probabilities."""
    x = asarray_like(x)
    axes = (one_axis("log_softmax", axis, x.ndim),)
    if 0 in x.shape:
        return apply("exp", x)
    moved = x - _peak(x, axes)
    return moved - apply("log", reduce("sum", apply("exp", moved), axes, keepdims=True))


# --- rows -----------------------------------------------------------------------------------------------------------


def one_hot(indices: Tensor, /, classes: int, *, dtype: DType | None = None) -> Tensor:
    """For each index a row of `classes` zeros with a one at that place: (...) int -> (..., classes).

    An index outside of the classes gives a row of zeros.
    """
    positions = asarray_like(indices)
    if not dtypes.is_integer(positions.dtype):
        raise DTypeError(f"one_hot: integer indices expected, {positions.dtype.name} given")
    shape = (*positions.shape, classes)
    places = broadcast_to(Tensor(np.arange(classes)), shape)
    column = cast(reshape_to(positions, (*positions.shape, 1)), dtypes.int64)
    chosen = apply("equal", broadcast_to(column, shape), places)
    return cast(chosen, dtypes.as_dtype(dtype or dtypes.DEFAULT_FLOAT))


def scatter_add(x: Tensor, indices: Tensor, rows: Tensor, /) -> Tensor:
    """x (V, ...) with `rows` (*N, ...) added at `indices` (*N) int; an index outside of x is dropped."""
    table, added = promoted("scatter_add", x, rows)
    return apply("scatter_add", table, asarray_like(indices), added)


def bag(table: Tensor, indices: Tensor, weights: Tensor, offsets: Tensor, /) -> Tensor:
    """Weighted sums of rows: table (V, D), indices (N,) int, weights (N,), offsets (B+1,) int -> (B, D).

    Bag b sums the items from `offsets[b]` to `offsets[b + 1]`; items after the last offset are padding. The gradient
    of the table is kept as rows.
    """
    return apply("bag", *map(asarray_like, (table, indices, weights, offsets)))


# --- windows --------------------------------------------------------------------------------------------------------


def pad(x: Tensor, widths: Sequence[tuple[int, int]], /, *, value: Scalar = 0) -> Tensor:
    """x with `value` around it: per axis how much before and after."""
    x = asarray_like(x)
    if len(widths) != x.ndim:
        raise ShapeError(f"pad: a (before, after) for each of {x.ndim} axes expected, {len(widths)} given")
    low, high = ((tuple(each[side] for each in widths)) for side in (0, 1))
    _, filling = promoted("pad", x, value)
    return apply("pad", x, filling, low=low, high=high, interior=(0,) * x.ndim)


def windows(
    x: Tensor, size: Sequence[int], /, *, stride: Sequence[int] | None = None, dilation: Sequence[int] | None = None
) -> Tensor:
    """Windows of `size` over the middle axes: x (B, *S, C) -> (B, *out, *size, C).

    They begin every `stride` positions (1 unless given) and take every `dilation`-th element.
    """
    ones = (1,) * len(size)
    attrs = {"size": tuple(size), "stride": tuple(stride or ones), "dilation": tuple(dilation or ones)}
    return apply("windows", asarray_like(x), **attrs)
