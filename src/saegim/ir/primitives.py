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

from saegim.errors import ShapeError
from saegim.ir import rules
from saegim.ir.node import Node, Spec, intern

Attrs = Mapping[str, Any]


@dataclass(frozen=True)
class Primitive:
    """A row of the table. `arity` None: any number of inputs. `infer` maps input specs and attrs to the result."""

    name: str
    arity: int | None
    infer: Callable[[Sequence[Spec], Attrs], Spec]
    summary: str


def _rows(arity: int | None, infer: Callable[..., Spec], **summaries: str) -> dict[str, Primitive]:
    return {name: Primitive(name, arity, infer, summary) for name, summary in summaries.items()}


PRIMITIVES: dict[str, Primitive] = {
    # sources
    **_rows(0, rules.given, input="a symbolic input", constant="an array known when tracing"),
    **_rows(0, rules.iota, iota="0, 1, 2, ... along `axis` of an array of `shape`"),
    **_rows(1, rules.random_bits, random_bits="uint32 bits of `shape` from a counter-based generator; key uint64"),
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
    **_rows(1, rules.cast, cast="the same values in `dtype`"),
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
    **_rows(3, rules.select, select="y where the condition holds, z elsewhere"),
    # over axes
    **_rows(1, rules.reduce_numeric, sum="sum over `axes`", prod="product over `axes`"),
    **_rows(1, rules.reduce_extreme, max="largest over `axes`", min="smallest over `axes`"),
    **_rows(1, rules.reduce_truth, any="does any hold over `axes`?", all="do all hold over `axes`?"),
    **_rows(1, rules.arg_reduce, argmax="position of the first largest", argmin="position of the first smallest"),
    **_rows(1, rules.along_axis, cumsum="running sum along `axis`", cumprod="running product along `axis`"),
    **_rows(1, rules.argsort, argsort="positions that sort `axis` ascending, stable"),
    **_rows(2, rules.searchsorted, searchsorted="where to insert y into sorted x (V,); `side` left or right"),
    # products
    **_rows(2, rules.dot, dot="(..., M, K) times (..., K, N) -> (..., M, N); equal leading batch axes"),
    # shape moves
    **_rows(1, rules.reshape, reshape="the same elements, row-major, in `shape`"),
    **_rows(1, rules.permute, permute="axes reordered: result axis i is x's axis `axes[i]`"),
    **_rows(1, rules.broadcast, broadcast="repeated to `shape`, NumPy's alignment"),
    **_rows(1, rules.slice_, slice="`start` to `stop` in steps of `step` (positive), per axis"),
    **_rows(2, rules.pad, pad="x with y (a scalar) `low` before, `high` after and `interior` between, per axis"),
    **_rows(None, rules.concat, concat="joined along `axis`"),
    **_rows(1, rules.flip, flip="reversed along `axes`"),
    # rows
    **_rows(2, rules.take, take="rows of x (V, ...) at y; `mode` raise, clip or fill (0 outside of x); `unique` promises distinct y inside"),
    **_rows(3, rules.scatter, scatter_add="x (V, ...) with rows z added at y; y outside of x is dropped"),
    **_rows(3, rules.scatter, scatter_set="x (V, ...) with rows z set at distinct y; y outside of x is dropped"),
    **_rows(
        4,
        rules.bag,
        bag="weighted sums of rows: table (V, D), indices (N,), weights (N,), offsets (B+1,) -> (B, D)",
    ),
    **_rows(
        4,
        rules.bag_transpose,
        bag_transpose="the transpose of bag: (B, D), indices, weights, offsets -> (`rows`, D)",
    ),
    # windows: convolution is windows, then dot
    **_rows(
        1,
        rules.windows,
        windows="x (B, *S, C) -> (B, *out, *size, C): windows of `size` by `stride`, `dilation`",
    ),
    **_rows(1, rules.fold, fold="the transpose of windows: sums windows back into (B, *`shape`, C)"),
    # recurrence
    **_rows(None, rules.scan, scan="`body` run along the first axis, carrying state; see saegim.ir.scan"),
    **_rows(1, rules.item, item="result number `index` of a scan"),
}


def make(op: str, *inputs: Node, **attrs: Any) -> Node:
    """The node for primitive `op`, its shape inferred. Raises ShapeError or DTypeError where inputs do not fit."""
    primitive = PRIMITIVES[op]
    if primitive.arity is not None and len(inputs) != primitive.arity:
        raise ShapeError(f"{op}: {len(inputs)} operands given, {primitive.arity} expected")
    if op == "item":
        spec = inputs[0].results[attrs["index"]]
    else:
        spec = infer(op, [node.spec for node in inputs], attrs)
    results = rules.scan_results(attrs) if op == "scan" else ()
    return intern(op, inputs, attrs, spec, results)


def infer(op: str, specs: Sequence[Spec], attrs: Attrs) -> Spec:
    """The spec of the result of `op`. Raises ShapeError or DTypeError with a sentence that names `op`."""
    try:
        return PRIMITIVES[op].infer(specs, attrs)
    except rules.Misfit as misfit:
        raise misfit.error(op) from None
