"""Sums, products, extremes and moments over axes."""

from __future__ import annotations

import math

from saegim import dtypes
from saegim.dtypes import DType
from saegim.errors import DTypeError, ShapeError
from saegim.tensor.axes import Axes, kept, one_axis, reduce, several_axes
from saegim.tensor.core import Tensor, apply, asarray_like, broadcast_to, cast
from saegim.tensor.creation import full

__all__ = ["cumulative_prod", "cumulative_sum", "max", "mean", "min", "prod", "std", "sum", "var"]


def _accumulator(op: str, x: Tensor, dtype: DType | None) -> Tensor:
    """x in the dtype that its sums and products get: small integers grow to 64 bits unless a dtype is stated."""
    if not dtypes.is_numeric(x.dtype):
        raise DTypeError(f"{op}: a numeric dtype expected, bool given; count_nonzero counts")
    if dtype is not None:
        return cast(x, dtypes.as_dtype(dtype))
    widest = {"i": dtypes.int64, "u": dtypes.uint64}.get(x.dtype.kind, x.dtype)
    return cast(x, widest)


def sum(x: Tensor, /, *, axis: Axes = None, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """The sum over `axis`; 0 of nothing."""
    return reduce("sum", _accumulator("sum", asarray_like(x), dtype), axis, keepdims)


def prod(x: Tensor, /, *, axis: Axes = None, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """The product over `axis`; 1 of nothing."""
    return reduce("prod", _accumulator("prod", asarray_like(x), dtype), axis, keepdims)


def max(x: Tensor, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The largest element over `axis`; nan if one is."""
    return reduce("max", asarray_like(x), axis, keepdims)


def min(x: Tensor, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The smallest element over `axis`; nan if one is."""
    return reduce("min", asarray_like(x), axis, keepdims)


def mean(x: Tensor, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The arithmetic mean over `axis`; nan of nothing."""
    x = _floating("mean", x)
    axes = several_axes("mean", axis, x.ndim)
    return reduce("sum", x, axes, keepdims) / _count(x, axes)


def _floating(op: str, x: Tensor) -> Tensor:
    x = asarray_like(x)
    if not dtypes.is_floating(x.dtype):
        raise DTypeError(f"{op}: a floating-point dtype expected, {x.dtype.name} given; cast it with astype")
    return x


def _count(x: Tensor, axes: tuple[int, ...]) -> int:
    return math.prod(x.shape[axis] for axis in axes)


def var(x: Tensor, /, *, axis: Axes = None, correction: int | float = 0.0, keepdims: bool = False) -> Tensor:
    """The mean squared distance from the mean over `axis`; n elements count as n - `correction`."""
    x = _floating("var", x)
    axes = several_axes("var", axis, x.ndim)
    centred = x - mean(x, axis=axes, keepdims=True)
    count = _count(x, axes) - correction
    return reduce("sum", centred * centred, axes, keepdims) / (count if count > 0 else 0.0)


def std(x: Tensor, /, *, axis: Axes = None, correction: int | float = 0.0, keepdims: bool = False) -> Tensor:
    """The square root of the variance over `axis`; its derivative is taken as 0 where it is 0."""
    squared = var(x, axis=axis, correction=correction, keepdims=keepdims)
    zero = broadcast_to(full((), 0, dtype=squared.dtype), squared.shape)
    flat = squared == zero
    return apply("select", flat, zero, apply("sqrt", apply("select", flat, zero + 1, squared)))


def cumulative_sum(
    x: Tensor, /, *, axis: int | None = None, dtype: DType | None = None, include_initial: bool = False
) -> Tensor:
    """Sums of the elements along `axis` up to each one; `include_initial` puts a 0 before them."""
    return _cumulative("cumsum", "cumulative_sum", x, axis, dtype, 0 if include_initial else None)


def cumulative_prod(
    x: Tensor, /, *, axis: int | None = None, dtype: DType | None = None, include_initial: bool = False
) -> Tensor:
    """Products of the elements along `axis` up to each one; `include_initial` puts a 1 before them."""
    return _cumulative("cumprod", "cumulative_prod", x, axis, dtype, 1 if include_initial else None)


def _cumulative(op: str, name: str, x: Tensor, axis: int | None, dtype: DType | None, initial: int | None) -> Tensor:
    if axis is None and asarray_like(x).ndim != 1:
        raise ShapeError(f"{name}: an axis expected, since shape {x.shape} is not that of a vector")
    x = _accumulator(name, asarray_like(x), dtype)
    at = one_axis(name, 0 if axis is None else axis, x.ndim)
    result = apply(op, x, axis=at)
    if initial is None:
        return result
    first = full(kept(x.shape, (at,)), initial, dtype=x.dtype)
    return apply("concat", first, result, axis=at)
