"""The meaning of every primitive, mostly one NumPy line each."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from saegim.ir.rules import windows_out
from saegim.late import late
from saegim.reference.rows import bag, bag_transpose, scatter_add_into, scatter_set_into, take

_special = late("scipy.special")  # importing it takes as long as everything else here together

Array = npt.NDArray[Any]
Ints = tuple[int, ...]


def meaning(op: str, *arrays: Array, **attrs: Any) -> Array:
    """What `op` gives for `arrays`, always an array. Floating-point warnings are the caller's to silence."""
    return np.asarray(MEANING[op](*arrays, **attrs))


# --- sources --------------------------------------------------------------------------------------------------------


def _iota(shape: Ints, axis: int, dtype: Any) -> Array:
    line = np.arange(shape[axis], dtype=dtype).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return np.broadcast_to(line, shape)


_GOLDEN = 0x9E3779B97F4A7C15
_PIECE = 1 << 15  # numbers at a time, so that intermediate results stay near the core


def _random_bits(key: Array, shape: Ints) -> Array:
    """The upper halves of SplitMix64 (Steele, Lea and Flood 2014) at counters 1, 2, ... from state `key`."""
    count = math.prod(shape)
    result = np.empty(count, np.uint32)
    steps = np.uint64(_GOLDEN) * np.arange(1, min(count, _PIECE) + 1, dtype=np.uint64)
    shifted = np.empty_like(steps)
    for first in range(0, count, _PIECE):
        piece = result[first : first + _PIECE]
        moved = shifted[: len(piece)]
        bits: Array = steps[: len(piece)] + np.uint64((int(key) + _GOLDEN * first) % 2**64)
        bits ^= np.right_shift(bits, 30, out=moved)
        bits *= np.uint64(0xBF58476D1CE4E5B9)
        bits ^= np.right_shift(bits, 27, out=moved)
        bits *= np.uint64(0x94D049BB133111EB)
        bits ^= np.right_shift(bits, 31, out=moved)
        piece[:] = np.right_shift(bits, 32, out=moved)
    return result.reshape(shape)


# --- elementwise ----------------------------------------------------------------------------------------------------


def _select(condition: Array, x: Array, y: Array) -> Array:
    """np.where, without its branch per element: y with those bits flipped in which x differs where it is chosen."""
    if max(condition.size, x.size, y.size) < 4096:
        return np.where(condition, x, y)
    kind = f"i{x.itemsize}"
    chosen = condition.astype(kind)
    np.negative(chosen, out=chosen)  # all bits set, or none
    bits: Array = (x.view(kind) ^ y.view(kind)) & chosen
    bits ^= y.view(kind)
    return bits.view(x.dtype)


def _sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), from e^-|x|, which cannot overflow."""
    small = np.exp(-np.abs(x))
    result: Array = np.where(x < 0, small, x.dtype.type(1)) / (1 + small)
    return result


def _power(x: Array, y: Array) -> Array:
    """NumPy's, which for a repeated exponent of 0.5 is the square root: it differs from IEEE's power at -inf and -0."""
    result: Array = np.power(x, y)
    rooted = y == 0.5
    if not rooted.any():
        return result
    return np.where(rooted & (x == 0), 0, np.where(rooted & (x == -np.inf), np.inf, result)).astype(x.dtype)


def _floor_divide(x: Array, y: Array) -> Array:
    """NumPy's, exact for finite numbers; with an infinite one the array API standard's, which is not Python's."""
    quotient: Array = np.floor_divide(x, y)
    if x.dtype.kind != "f":
        return quotient
    infinite = np.isinf(x) | np.isinf(y)
    return np.where(infinite, np.floor(x / y), quotient) if infinite.any() else quotient


# --- shape moves ----------------------------------------------------------------------------------------------------


@cache
def _key(start: Ints, stop: Ints, step: Ints) -> tuple[slice, ...]:
    return tuple(map(slice, start, stop, step))


@cache
def _backwards(axes: Ints) -> tuple[slice, ...]:
    return tuple(slice(None, None, -1 if axis in axes else 1) for axis in range(max(axes, default=-1) + 1))


def _pad(x: Array, value: Array, low: Ints, high: Ints, interior: Ints) -> Array:
    reach = [size + max(size - 1, 0) * gap for size, gap in zip(x.shape, interior, strict=True)]
    result = np.empty([before + size + after for before, size, after in zip(low, reach, high, strict=True)], x.dtype)
    result.fill(value)
    spans = zip(low, reach, interior, strict=True)
    result[tuple(slice(before, before + size, gap + 1) for before, size, gap in spans)] = x
    return result


# --- windows --------------------------------------------------------------------------------------------------------


def _windows(x: Array, size: Ints, stride: Ints, dilation: Ints) -> Array:
    out = windows_out(x.shape[1:-1], {"size": size, "stride": stride, "dilation": dilation})
    batch, *by, channel = x.strides
    moved = [s * step for s, step in zip(by, stride, strict=True)]
    inner = [s * gap for s, gap in zip(by, dilation, strict=True)]
    strides = (batch, *moved, *inner, channel)
    return as_strided(x, (x.shape[0], *out, *size, x.shape[-1]), strides, writeable=False)


def _fold(x: Array, shape: Ints, size: Ints, stride: Ints, dilation: Ints) -> Array:
    """Adds each window position of every window where it came from; one pass per position of the window."""
    axes = len(shape)
    result = np.zeros((x.shape[0], *shape, x.shape[-1]), x.dtype)
    for place in np.ndindex(*size):
        starts = [at * gap for at, gap in zip(place, dilation, strict=True)]
        spans = zip(starts, x.shape[1 : 1 + axes], stride, strict=True)
        target = tuple(slice(first, first + count * by, by) for first, count, by in spans)
        # A stop beyond the axis is cut by the slice; windows fit, so counts always match.
        result[(slice(None), *target)] += x[(slice(None),) * (1 + axes) + place]
    return result


# --- the table ------------------------------------------------------------------------------------------------------

MEANING: dict[str, Callable[..., Any]] = {
    # sources
    "iota": _iota,
    "random_bits": _random_bits,
    # elementwise, one operand
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "erf": lambda x: _special.erf(x),
    "sigmoid": _sigmoid,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "round": np.rint,
    "negative": np.negative,
    "abs": np.absolute,
    "sign": np.sign,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "signbit": np.signbit,
    "invert": np.invert,
    "cast": lambda x, dtype: x.astype(dtype),
    "stop_gradient": lambda x: x,
    # elementwise, two and three operands
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "power": _power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "remainder": np.remainder,
    "floor_divide": _floor_divide,
    "divide": np.divide,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "logaddexp": np.logaddexp,
    "copysign": np.copysign,
    "nextafter": np.nextafter,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "shift_left": np.left_shift,
    "shift_right": np.right_shift,
    "select": _select,
    # over axes; `reduce` is what np.sum and its like call in the end
    "sum": lambda x, axes: np.add.reduce(x, axes, x.dtype),
    "prod": lambda x, axes: np.multiply.reduce(x, axes, x.dtype),
    "max": lambda x, axes: np.maximum.reduce(x, axes),
    "min": lambda x, axes: np.minimum.reduce(x, axes),
    "any": lambda x, axes: np.logical_or.reduce(x, axes),
    "all": lambda x, axes: np.logical_and.reduce(x, axes),
    "argmax": lambda x, axis: x.argmax(axis),
    "argmin": lambda x, axis: x.argmin(axis),
    "cumsum": lambda x, axis: x.cumsum(axis, x.dtype),
    "cumprod": lambda x, axis: x.cumprod(axis, x.dtype),
    "argsort": lambda x, axis: x.argsort(axis, stable=True),
    "searchsorted": lambda x, y, side: np.searchsorted(x, y, side),
    # products
    "dot": np.matmul,
    # shape moves
    "reshape": lambda x, shape: x.reshape(shape),
    "permute": lambda x, axes: x.transpose(axes),
    "broadcast": lambda x, shape: np.broadcast_to(x, shape),
    "slice": lambda x, start, stop, step: x[_key(start, stop, step)],
    "pad": _pad,
    "concat": lambda *xs, axis: np.concatenate(xs, axis),
    "flip": lambda x, axes: x[_backwards(axes)],
    # rows
    "take": take,
    "scatter_add": lambda x, y, z: scatter_add_into(x.copy(), y, z),
    "scatter_set": lambda x, y, z: scatter_set_into(x.copy(), y, z),
    "bag": bag,
    "bag_transpose": bag_transpose,
    # windows
    "windows": _windows,
    "fold": _fold,
}
"""Keyed by the names of `saegim.ir.PRIMITIVES`; see `saegim.reference.evaluate.OWN` for the few that are missing."""
