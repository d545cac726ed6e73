"""The one table of primitives: every operation that a computation may consist of, with its shape rule.

A primitive has four faces, each in the one table of its floor, all keyed by the names below: its shape rule
(here), its meaning (`saegim.reference`), its derivative (`saegim.autodiff`), its code (`saegim.compiler`).
Shape rules are strict: operands of an elementwise primitive have one shape and one dtype; broadcasts and casts
are nodes of their own. Whatever can be written with these is written above, once (softmax, layer norm, losses).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.dtypes import DType
from saegim.errors import DTypeError, ShapeError
from saegim.ir import rules
from saegim.ir.node import Constant, Node, Spec, intern

Attrs = Mapping[str, Any]
Infer = Callable[[Sequence[Spec], Attrs], Spec]


@dataclass(frozen=True)
class Primitive:
    """A row of the table.

    `arity` None: any number of inputs. `attrs` are the names of what is fixed besides the inputs: numbers, tuples of
    numbers, dtypes, names. `infer` maps input specs and attrs to the spec of the result.
    """

    name: str
    arity: int | None
    infer: Infer
    attrs: frozenset[str]
    summary: str


def _rows(arity: int | None, infer: Infer, attrs: str = "", /, **summaries: str) -> dict[str, Primitive]:
    names = frozenset(attrs.split())
    return {name: Primitive(name, arity, infer, names, summary) for name, summary in summaries.items()}


PRIMITIVES: dict[str, Primitive] = {
    # sources
    **_rows(0, rules.not_inferred, "number", input="a symbolic input"),
    **_rows(0, rules.not_inferred, "value", constant="an array known when tracing"),
    **_rows(0, rules.iota, "shape axis dtype", iota="0, 1, 2, ... along `axis` of an array of `shape`"),
    **_rows(1, rules.random_bits, "shape", random_bits="uint32 bits of `shape`, a function of the key x, uint64"),
    # elementwise, one operand
    **_rows(
        1,
        rules.floating,
        exp="e to the x",
        expm1="e to the x, less 1",
        log="natural logarithm",
        log1p="natural logarithm of 1 + x",
        log2="logarithm to base 2",
        log10="logarithm to base 10",
        sqrt="square root",
        sin="sine",
        cos="cosine",
        tan="tangent",
        asin="arc sine",
        acos="arc cosine",
        atan="arc tangent",
        sinh="hyperbolic sine",
        cosh="hyperbolic cosine",
        tanh="hyperbolic tangent",
        asinh="inverse hyperbolic sine",
        acosh="inverse hyperbolic cosine",
        atanh="inverse hyperbolic tangent",
        erf="Gauss error function",
        sigmoid="1 / (1 + e to the -x)",
        floor="largest integer not above x",
        ceil="smallest integer not below x",
        trunc="integer part",
        round="nearest integer, halves to even",
    ),
    **_rows(1, rules.numeric, negative="-x", abs="absolute value", sign="-1, 0 or 1"),
    **_rows(
        1,
        rules.floating_test,
        isnan="is it not a number?",
        isinf="is it infinite?",
        signbit="is the sign bit set?",
    ),
    **_rows(1, rules.bitwise, invert="every bit flipped; logical not of truth values"),
    **_rows(1, rules.cast, "dtype", cast="the same values in `dtype`"),
    **_rows(1, rules.same, stop_gradient="x, for which the derivative is taken as zero"),
    # elementwise, two operands of one shape and dtype
    **_rows(
        2,
        rules.numeric,
        add="x + y",
        subtract="x - y",
        multiply="x * y",
        power="x to the y",
        maximum="the larger; nan if either is",
        minimum="the smaller; nan if either is",
        remainder="x modulo y, with the sign of y",
        floor_divide="x / y rounded down",
    ),
    **_rows(
        2,
        rules.floating,
        divide="x / y",
        atan2="angle of the point (y, x)",
        hypot="square root of x*x + y*y",
        logaddexp="log(exp(x) + exp(y)) without overflow",
        copysign="the size of x with the sign of y",
        nextafter="the next number after x towards y",
    ),
    **_rows(2, rules.comparison, equal="x == y", not_equal="x != y"),
    **_rows(2, rules.ordering, less="x < y", less_equal="x <= y"),
    **_rows(2, rules.bitwise, bitwise_and="x & y", bitwise_or="x | y", bitwise_xor="x ^ y"),
    **_rows(2, rules.integers, shift_left="x << y", shift_right="x >> y"),
    # elementwise, three operands
    **_rows(3, rules.select, select="y where the condition x holds, z elsewhere"),
    # over axes
    **_rows(1, rules.reduce_numeric, "axes", sum="sum over `axes`", prod="product over `axes`"),
    **_rows(1, rules.reduce_extreme, "axes", max="largest over `axes`", min="smallest over `axes`"),
    **_rows(1, rules.reduce_truth, "axes", any="does any hold over `axes`?", all="do all hold over `axes`?"),
    **_rows(
        1,
        rules.arg_reduce,
        "axis",
        argmax="position of the first largest along `axis`",
        argmin="position of the first smallest along `axis`",
    ),
    **_rows(1, rules.running, "axis", cumsum="running sum along `axis`", cumprod="running product along `axis`"),
    **_rows(1, rules.argsort, "axis", argsort="positions that sort `axis` ascending, stable"),
    **_rows(2, rules.searchsorted, "side", searchsorted="where to insert y into sorted x (V,); `side` left or right"),
    # products
    **_rows(2, rules.dot, dot="(..., M, K) times (..., K, N) -> (..., M, N); equal leading batch axes"),
    # shape moves
    **_rows(1, rules.reshape, "shape", reshape="the same elements, row-major, in `shape`"),
    **_rows(1, rules.permute, "axes", permute="axes reordered: result axis i is x's axis `axes[i]`"),
    **_rows(1, rules.broadcast, "shape", broadcast="repeated to `shape`, NumPy's alignment"),
    **_rows(1, rules.slice_, "start stop step", slice="`start` to `stop` in steps of `step` (positive), per axis"),
    **_rows(
        2,
        rules.pad,
        "low high interior",
        pad="x with y (a scalar) `low` before, `high` after and `interior` between, per axis",
    ),
    **_rows(None, rules.concat, "axis", concat="joined along `axis`"),
    **_rows(1, rules.flip, "axes", flip="reversed along `axes`"),
    # rows
    **_rows(
        2,
        rules.take,
        "mode unique",
        take="rows of x (V, ...) at y; outside of x `mode` raise, clip or fill (0); `unique`: no row is taken twice",
    ),
    **_rows(3, rules.scatter_add, scatter_add="x (V, ...) with rows z added at y; y outside of x is dropped"),
    **_rows(3, rules.scatter_set, scatter_set="x (V, ...) with rows z set at distinct y; y outside of x is dropped"),
    **_rows(4, rules.bag, bag="weighted sums of rows: x (V, D), indices (N,), weights (N,), offsets (B+1,) -> (B, D)"),
    **_rows(
        4,
        rules.bag_transpose,
        "rows",
        bag_transpose="the transpose of bag: x (B, D), indices, weights, offsets -> (`rows`, D)",
    ),
    # windows: convolution is windows, then dot
    **_rows(
        1,
        rules.windows,
        "size stride dilation",
        windows="x (B, *S, C) -> (B, *out, *size, C): windows of `size` by `stride`, `dilation`",
    ),
    **_rows(
        1,
        rules.fold,
        "shape size stride dilation",
        fold="the transpose of windows: sums windows back into (B, *`shape`, C)",
    ),
    # recurrence
    **_rows(
        None,
        rules.scan,
        "body carries scanned length reverse",
        scan="`body` at every position of `scanned` sequences, carrying state: (states, sequences, shared) -> items",
    ),
    **_rows(1, rules.not_inferred, "index", item="result number `index` of a scan: final states, then stacked outputs"),
}

_OF_EACH_ELEMENT = (
    rules.floating,
    rules.numeric,
    rules.floating_test,
    rules.bitwise,
    rules.cast,
    rules.same,
    rules.comparison,
    rules.ordering,
    rules.integers,
    rules.select,
)
ELEMENTWISE = frozenset(name for name, row in PRIMITIVES.items() if row.infer in _OF_EACH_ELEMENT)
"""The primitives of which each element depends on the elements in the same place alone."""

REDUCTIONS = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "min": "minimum",
    "any": "bitwise_or",
    "all": "bitwise_and",
}
"""The primitives that make one number of many, and the one that does so with two."""


def make(op: str, *inputs: Node, **attrs: Any) -> Node:
    """The node for primitive `op`, its shape inferred. Raises ShapeError or DTypeError where inputs do not fit."""
    plain = {name: _plain(value) for name, value in attrs.items()}
    if op == "item":
        return intern(op, inputs, plain, inputs[0].results[plain["index"]])
    spec = infer(op, [node.spec for node in inputs], plain)
    return intern(op, inputs, plain, spec, rules.scan_results(plain) if op == "scan" else ())


def constant(value: npt.ArrayLike, dtype: DType | None = None) -> Node:
    """A node that holds a copy of `value`; an array that only repeats one of fewer elements becomes a broadcast."""
    given = np.asarray(value, dtype=dtype)
    repeated = given.size > 0 and any(by == 0 and size > 1 for by, size in zip(given.strides, given.shape, strict=True))
    kept = given[tuple(slice(0, 1) if by == 0 else slice(None) for by in given.strides)] if repeated else given
    array = np.array(kept.reshape(()) if repeated and kept.size == 1 else kept)
    array.flags.writeable = False
    held = intern("constant", (), {"value": Constant(array)}, Spec(array.shape, array.dtype))
    return make("broadcast", held, shape=given.shape) if repeated else held


def _plain(value: Any) -> Any:
    """NumPy's integers as Python's own: they count as equal, but print differently."""
    if isinstance(value, tuple):
        return tuple(map(int, value))
    return int(value) if isinstance(value, np.integer) else value


def infer(op: str, specs: Sequence[Spec], attrs: Attrs) -> Spec:
    """The spec of the result of `op`. Raises ShapeError or DTypeError with a sentence that names `op`."""
    primitive = PRIMITIVES[op]
    assert attrs.keys() == primitive.attrs, f"{op}: attributes {set(primitive.attrs)} expected, {set(attrs)} given"
    if primitive.arity is not None and len(specs) != primitive.arity:
        raise ShapeError(f"{op}: {len(specs)} operands given, {primitive.arity} expected")
    try:
        return primitive.infer(specs, attrs)
    except (ShapeError, DTypeError) as error:
        raise type(error)(f"{op}: {error}") from None
