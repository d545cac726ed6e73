"""The meaning of every primitive, mostly one NumPy line each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided
from scipy import sparse, special

from saegim.ir.rules import windows_out

Array = npt.NDArray[Any]


def meaning(op: str, *arrays: Array, **attrs: Any) -> Array:
    """What `op` gives for `arrays`, always an array. Floating-point warnings are the caller's to silence."""
    return np.asarray(MEANING[op](*arrays, **attrs))


def _iota(shape: tuple[int, ...], axis: int, dtype: Any) -> Array:
    line = np.arange(shape[axis], dtype=dtype).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return np.broadcast_to(line, shape)


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _random_bits(key: Array, shape: tuple[int, ...]) -> Array:
    """The upper halves of SplitMix64 (Steele, Lea and Flood 2014) at counters 1, 2, ... from state `key`."""
    bits = key + _GOLDEN * np.arange(1, math.prod(shape) + 1, dtype=np.uint64)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((bits ^ (bits >> np.uint64(31))) >> np.uint64(32)).astype(np.uint32).reshape(shape)


def _slice(x: Array, start: tuple[int, ...], stop: tuple[int, ...], step: tuple[int, ...]) -> Array:
    return x[tuple(slice(*each) for each in zip(start, stop, step, strict=True))]


def _pad(x: Array, value: Array, low: tuple[int, ...], high: tuple[int, ...], interior: tuple[int, ...]) -> Array:
    gaps = [max(size - 1, 0) * gap for size, gap in zip(x.shape, interior, strict=True)]
    sizes = [lo + size + gap + hi for lo, size, gap, hi in zip(low, x.shape, gaps, high, strict=True)]
    result = np.full(sizes, value, x.dtype)
    spans = zip(low, x.shape, gaps, interior, strict=True)
    result[tuple(slice(lo, lo + size + gap, by + 1) for lo, size, gap, by in spans)] = x
    return result


def _take(table: Array, indices: Array, mode: str, unique: bool) -> Array:  # noqa: ARG001 - a promise, no need
    if mode == "raise" and indices.size and not 0 <= indices.min() <= indices.max() < len(table):
        raise IndexError(
            f"take: indices between 0 and {len(table) - 1} expected, {indices.min()} to {indices.max()} given"
        )
    if not len(table):
        return np.zeros((*indices.shape, *table.shape[1:]), table.dtype)
    rows = table.take(indices, axis=0, mode="clip")
    if mode == "fill":
        outside = (indices < 0) | (indices >= len(table))
        if outside.any():
            rows[outside] = 0
    return rows


def _inside(table: Array, indices: Array, rows: Array) -> tuple[Array, Array]:
    """Flat indices that lie inside the table, with their rows."""
    flat, rows = indices.reshape(-1), rows.reshape(-1, *table.shape[1:])
    keep = (flat >= 0) & (flat < len(table))
    return (flat, rows) if keep.all() else (flat[keep], rows[keep])


def scatter_add_into(table: Array, indices: Array, rows: Array) -> Array:
    """scatter_add that overwrites `table`; rows of one index are added up in their order, then to the table."""
    flat, rows = _inside(table, indices, rows)
    if not flat.size:
        return table
    if table.ndim == 1:
        np.add.at(table, flat, rows)
        return table
    order = np.argsort(flat, stable=True)
    ordered = flat[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    table[ordered[starts]] += np.add.reduceat(rows[order], starts, axis=0)
    return table


def scatter_set_into(table: Array, indices: Array, rows: Array) -> Array:
    """scatter_set that overwrites `table`."""
    flat, rows = _inside(table, indices, rows)
    table[flat] = rows
    return table


def _bag_matrix(indices: Array, weights: Array, offsets: Array, rows: int) -> Any:
    """Bags as a sparse matrix (B, V): a row holds the weights of one bag. Items after the last bag are padding."""
    used = int(offsets[-1])
    parts = (weights[:used], indices[:used], offsets)
    return sparse.csr_array(parts, shape=(len(offsets) - 1, rows))


def _windows(x: Array, size: Any, stride: Any, dilation: Any) -> Array:
    space = x.shape[1:-1]
    out = windows_out(space, {"size": size, "stride": stride, "dilation": dilation})
    batch, *by, channel = x.strides
    moved = [s * step for s, step in zip(by, stride, strict=True)]
    inner = [s * gap for s, gap in zip(by, dilation, strict=True)]
    strides = (batch, *moved, *inner, channel)
    return as_strided(x, (x.shape[0], *out, *size, x.shape[-1]), strides, writeable=False)


def _fold(x: Array, shape: Any, size: Any, stride: Any, dilation: Any) -> Array:
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


def _cast(x: Array, dtype: Any) -> Array:
    return x.astype(dtype)


MEANING: dict[str, Callable[..., Any]] = {
    "iota": _iota,
    "random_bits": _random_bits,
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
    "erf": special.erf,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "round": np.round,
    "negative": np.negative,
    "abs": np.abs,
    "sign": np.sign,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "signbit": np.signbit,
    "invert": np.invert,
    "cast": _cast,
    "stop_gradient": np.asarray,
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "power": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "remainder": np.remainder,
    "floor_divide": np.floor_divide,
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
    "select": np.where,
    "sum": lambda x, axes: np.sum(x, axes, dtype=x.dtype),
    "prod": lambda x, axes: np.prod(x, axes, dtype=x.dtype),
    "max": lambda x, axes: np.max(x, axes),
    "min": lambda x, axes: np.min(x, axes),
    "any": lambda x, axes: np.any(x, axes),
    "all": lambda x, axes: np.all(x, axes),
    "argmax": lambda x, axis: np.argmax(x, axis),
    "argmin": lambda x, axis: np.argmin(x, axis),
    "cumsum": lambda x, axis: np.cumsum(x, axis, dtype=x.dtype),
    "cumprod": lambda x, axis: np.cumprod(x, axis, dtype=x.dtype),
    "argsort": lambda x, axis: np.argsort(x, axis, stable=True),
    "searchsorted": lambda x, y, side: np.searchsorted(x, y, side),
    "dot": np.matmul,
    "reshape": lambda x, shape: x.reshape(shape),
    "permute": lambda x, axes: x.transpose(axes),
    "broadcast": lambda x, shape: np.broadcast_to(x, shape),
    "slice": _slice,
    "pad": _pad,
    "concat": lambda *xs, axis: np.concatenate(xs, axis),
    "flip": lambda x, axes: np.flip(x, axes),
    "take": _take,
    "scatter_add": lambda x, y, z: scatter_add_into(x.copy(), y, z),
    "scatter_set": lambda x, y, z: scatter_set_into(x.copy(), y, z),
    "bag": lambda table, indices, weights, offsets: _bag_matrix(indices, weights, offsets, len(table)) @ table,
    "bag_transpose": lambda x, indices, weights, offsets, rows: _bag_matrix(indices, weights, offsets, rows).T @ x,
    "windows": _windows,
    "fold": _fold,
}
"""Keyed by the names of `saegim.ir.PRIMITIVES`; `input`, `constant`, `scan` and `item` are the evaluator's own."""

IN_PLACE: dict[str, Callable[[Array, Array, Array], Array]] = {
    "scatter_add": scatter_add_into,
    "scatter_set": scatter_set_into,
}
"""Primitives that may overwrite their first operand when nobody reads it afterwards."""
