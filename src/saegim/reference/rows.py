"""Rows of tables: taken, added, set, and summed in bags.

SciPy's kernels for products of a sparse with a dense matrix do the adding: `csr_matvecs` computes Y += A X for an A
given by rows, `csc_matvecs` for one given by columns. They are called directly, for two reasons: `scipy.sparse`
cannot add into an array that exists, and its checks cost more than a small product. The kernels check nothing; what
reaches them has been checked here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.late import late

_sparsetools = late("scipy.sparse._sparsetools")

Array = npt.NDArray[Any]


def take(table: Array, indices: Array, mode: str, unique: bool) -> Array:  # noqa: ARG001 - a promise, no need
    inside = all_inside(indices, len(table))
    if mode == "raise" and not inside:
        raise IndexError(f"take: indices from 0 to {len(table) - 1} expected, {_extent(indices)} given")
    if not len(table):
        return np.zeros((*indices.shape, *table.shape[1:]), table.dtype)
    # NumPy reads indices as int64, in which the largest uint64 are negative.
    signed = np.minimum(indices, len(table) - 1) if indices.dtype == np.uint64 else indices
    rows = table.take(signed, axis=0, mode="clip")
    if mode == "fill" and not inside:
        rows[(indices < 0) | (indices >= len(table))] = 0
    return rows


def all_inside(indices: Array, rows: int) -> bool:
    """Whether every index is one of 0 to rows - 1."""
    if indices.size == 0:
        return True
    if rows <= 1 << (8 * indices.itemsize - 1):
        # Read without its sign, a negative number is larger than any row: one pass is enough.
        return bool(indices.view(f"u{indices.itemsize}").max() < rows)
    return bool(indices.min() >= 0 and indices.max() < rows)


def _extent(indices: Array) -> str:
    return f"{indices.min()} to {indices.max()}"


def scatter_add_into(table: Array, indices: Array, rows: Array) -> Array:
    """scatter_add that overwrites `table` where its memory is in order; rows are added one after the other."""
    flat, rows = _inside(table, indices, rows)
    table = np.ascontiguousarray(table)
    width = rows.size // max(len(flat), 1)
    if rows.size:
        places, starts = _same_kind(flat, np.arange(len(flat) + 1))
        ones = np.ones(len(flat), table.dtype)
        _sparsetools.csc_matvecs(len(table), len(flat), width, starts, places, ones, np.ravel(rows), table.reshape(-1))
    return table


def scatter_set_into(table: Array, indices: Array, rows: Array) -> Array:
    """scatter_set that overwrites `table`."""
    flat, rows = _inside(table, indices, rows)
    table[flat] = rows
    return table


def _inside(table: Array, indices: Array, rows: Array) -> tuple[Array, Array]:
    """Flat indices that lie inside the table, with their rows."""
    flat, rows = np.reshape(indices, indices.size), np.reshape(rows, (indices.size, *table.shape[1:]))
    if all_inside(flat, len(table)):
        return flat, rows
    keep = (flat >= 0) & (flat < len(table))
    return flat[keep], rows[keep]


def bag(table: Array, indices: Array, weights: Array, offsets: Array) -> Array:
    result = np.zeros((len(offsets) - 1, table.shape[1]), table.dtype)
    places, starts = _checked("bag", indices, offsets, len(table))
    matrix = (starts, places, np.ascontiguousarray(weights))
    _sparsetools.csr_matvecs(len(result), *table.shape, *matrix, np.ravel(table), result.reshape(-1))
    return result


def bag_transpose(x: Array, indices: Array, weights: Array, offsets: Array, rows: int) -> Array:
    result = np.zeros((rows, x.shape[1]), x.dtype)
    places, starts = _checked("bag_transpose", indices, offsets, rows)
    matrix = (starts, places, np.ascontiguousarray(weights))
    _sparsetools.csc_matvecs(rows, *x.shape, *matrix, np.ravel(x), result.reshape(-1))
    return result


def _checked(op: str, indices: Array, offsets: Array, rows: int) -> tuple[Array, Array]:
    """The indices and offsets of bags as the kernels take them. Raises IndexError where one points nowhere."""
    places, starts = _same_kind(indices, offsets)
    first, last = int(starts[0]), int(starts[-1])
    if first < 0 or last > len(places) or (starts[1:] < starts[:-1]).any():
        raise IndexError(f"{op}: offsets ascending from 0 to at most {len(places)} expected, {_extent(offsets)} given")
    if not all_inside(places[first:last], rows):
        raise IndexError(f"{op}: indices from 0 to {rows - 1} expected, {_extent(places[first:last])} given")
    return places, starts


def _same_kind(first: Array, second: Array) -> tuple[Array, Array]:
    """Both as int32, if they are, else as int64."""
    kind = np.int32 if first.dtype == second.dtype == np.int32 else np.int64
    return np.ascontiguousarray(first, kind), np.ascontiguousarray(second, kind)
