"""Loops over sparse rows as native code, each with its meaning beside it; `features` and `batch` use them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.compiler.llvm import Function, literal
from saegim.compiler.loops import Loop, load_at, pointers, store_at

Array = npt.NDArray[Any]


def tally(features: Array, offsets: Array, labels: Array, start: int, found: Array) -> None:
    """Adds to found (count, C) int32 how many rows of each class have each of the features from `start` on.

    features (N,) int32 in rows from offsets[b] to offsets[b + 1], int64; labels (B,) int64
    """
    labels = np.ascontiguousarray(labels, np.int64)
    _TALLY(features, offsets, labels, len(labels), start, *found.shape, found)


def _write_tally(f: Function) -> None:
    features, offsets, labels, rows, start, count, classes, found = f.parameters
    features, offsets, labels, found = pointers(f, [features, offsets, labels, found])
    with f.loop(0, rows) as row:
        label = load_at(f, labels, row, "i64")
        span = load_at(f, offsets, row, "i64"), load_at(f, offsets, f.op("add", row, 1), "i64")
        with f.loop(*span) as item:
            feature = f.op("sub", f.convert("sext", load_at(f, features, item, "i32"), "i64"), start)
            with f.when(f.compare("icmp ult", feature, count)):
                place = f.op("add", f.op("mul", feature, classes), label)
                store_at(f, f.op("add", load_at(f, found, place, "i32"), 1), found, place)


def weigh(
    features: Array, counts: Array, offsets: Array, column: Array, logs: Array, weights: Array
) -> tuple[Array, Array, Array]:
    """Of each row the columns of its features, those below 0 left out; values logs[count] * weights[column], scaled
    to length 1; and how many columns each row has: (M,) int32, (M,) float32, (B,) int64.

    features, counts (N,) int32 in rows from offsets[b] to offsets[b + 1], int64; column (buckets,) int32; logs and
    weights float32. Squares are added in double precision, one after the other.
    """
    items, rows = int(offsets[-1] - offsets[0]), len(offsets) - 1
    columns, values = np.empty(items + 1, np.int32), np.empty(items + 1, np.float32)
    lengths = np.empty(rows, np.int64)
    _WEIGH(features, counts, offsets, rows, column, logs, weights, columns, values, lengths)
    kept = int(lengths.sum())
    return columns[:kept], values[:kept], lengths


def _write_weigh(f: Function) -> None:
    features, counts, offsets, rows, *rest = f.parameters
    features, counts, offsets = pointers(f, [features, counts, offsets])
    column, logs, weights, columns, values, lengths = pointers(f, rest)
    written, squares = f.variable("i64", literal("i64", 0)), f.variable("double")
    with f.loop(0, rows) as row:
        squares.set(literal("double", 0))
        before = written.get()
        span = load_at(f, offsets, row, "i64"), load_at(f, offsets, f.op("add", row, 1), "i64")
        with f.loop(*span) as item:
            feature = f.convert("sext", load_at(f, features, item, "i32"), "i64")
            found = load_at(f, column, feature, "i32")
            with f.when(f.compare("icmp sge", found, 0)):
                log = load_at(f, logs, f.convert("sext", load_at(f, counts, item, "i32"), "i64"), "float")
                value = f.op("fmul", log, load_at(f, weights, f.convert("sext", found, "i64"), "float"))
                store_at(f, found, columns, written.get())
                store_at(f, value, values, written.get())
                wide = f.convert("fpext", value, "double")
                squares.set(f.op("fadd", squares.get(), f.op("fmul", wide, wide)))
                written.set(f.op("add", written.get(), 1))
        store_at(f, f.op("sub", written.get(), before), lengths, row)
        norm = f.convert("fptrunc", f.intrinsic("llvm.sqrt", squares.get()), "float")
        norm = f.intrinsic("llvm.maxnum", norm, literal("float", 1e-12))
        with f.loop(before, written.get()) as place:
            store_at(f, f.op("fdiv", load_at(f, values, place, "float"), norm), values, place)


def gather(
    columns: Array, values: Array, offsets: Array, rows: Array, items: Array, weights: Array, most: int
) -> Array:
    """Puts the rows one after the other: their values into `weights`, and into `items` each column's position among the
    distinct ones, which are returned, ascending: (U,) int32.

    columns (N,) int32 below `most` and values (N,) float32 in rows from offsets[b] to offsets[b + 1], int64; rows (B,)
    int64; items int32 and weights float32 are as long as the rows together, or longer.
    """
    words = -(-most // 64)
    marks, before = np.zeros(words, np.uint64), np.empty(words, np.int32)
    length = int((offsets[rows + 1] - offsets[rows]).sum())
    used, count = np.empty(min(length, most), np.int32), np.zeros(1, np.int64)
    _GATHER(columns, values, offsets, rows, len(rows), items, weights, marks, words, before, used, count)
    return used[: count[0]]


def _write_gather(f: Function) -> None:
    columns, values, offsets, rows, bags, *rest = f.parameters
    items, weights, marks, words, before, used, count = rest
    columns, values, offsets, rows = pointers(f, [columns, values, offsets, rows])
    items, weights, marks, before, used, count = pointers(f, [items, weights, marks, before, used, count])
    one, length, found = literal("i64", 1), f.variable("i64", literal("i64", 0)), f.variable("i64", literal("i64", 0))
    with f.loop(0, bags) as bag:
        row = load_at(f, rows, bag, "i64")
        span = load_at(f, offsets, row, "i64"), load_at(f, offsets, f.op("add", row, 1), "i64")
        with f.loop(*span) as item:
            column = load_at(f, columns, item, "i32")
            store_at(f, column, items, length.get())
            store_at(f, load_at(f, values, item, "float"), weights, length.get())
            length.set(f.op("add", length.get(), 1))
            wide = f.convert("sext", column, "i64")
            word = f.op("lshr", wide, 6)
            bit = f.op("shl", one, f.op("and", wide, 63))
            store_at(f, f.op("or", load_at(f, marks, word, "i64"), bit), marks, word)
    with f.loop(0, words) as word:
        store_at(f, f.convert("trunc", found.get(), "i32"), before, word)
        left = f.variable("i64", load_at(f, marks, word, "i64"))
        with f.repeat_while() as loop:
            loop.until_not(f.compare("icmp ne", left.get(), 0))
            low = f.intrinsic(
                "llvm.ctpop", f.op("sub", f.op("and", left.get(), f.op("sub", literal("i64", 0), left.get())), 1)
            )
            column = f.op("add", f.op("shl", word, 6), low)
            store_at(f, f.convert("trunc", column, "i32"), used, found.get())
            found.set(f.op("add", found.get(), 1))
            left.set(f.op("and", left.get(), f.op("sub", left.get(), 1)))
    with f.loop(0, length.get()) as item:
        column = f.convert("sext", load_at(f, items, item, "i32"), "i64")
        word = f.op("lshr", column, 6)
        below = f.op("sub", f.op("shl", one, f.op("and", column, 63)), 1)
        smaller = f.intrinsic("llvm.ctpop", f.op("and", load_at(f, marks, word, "i64"), below))
        place = f.op("add", load_at(f, before, word, "i32"), f.convert("trunc", smaller, "i32"))
        store_at(f, place, items, item)
    store_at(f, found.get(), count, 0)


_TALLY = Loop("tally", 8, _write_tally)
_WEIGH = Loop("weigh", 10, _write_weigh)
_GATHER = Loop("gather", 12, _write_gather)
