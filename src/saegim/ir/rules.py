"""Shape rules: from the specs of the inputs to the spec of the result, or an error that says what clashes.

Rules raise ShapeError and DTypeError without the primitive's name, which `saegim.ir.infer` puts in front.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saegim import dtypes
from saegim.dtypes import DType
from saegim.errors import DTypeError, ShapeError
from saegim.ir.node import Shape, Spec

Attrs = Mapping[str, Any]


def _require_dtype(specs: Sequence[Spec], accepts: Callable[[DType], bool], wanted: str) -> DType:
    first = specs[0].dtype
    for spec in specs:
        if not accepts(spec.dtype):
            raise DTypeError(f"{wanted} dtype expected, {spec.dtype.name} given; cast it with astype")
        if spec.dtype != first:
            raise DTypeError(f"operands of one dtype expected, {first.name} and {spec.dtype.name} given")
    return first


def _one_shape(specs: Sequence[Spec]) -> Shape:
    first = specs[0].shape
    for spec in specs[1:]:
        if spec.shape != first:
            raise ShapeError(f"operands of one shape expected, {first} and {spec.shape} given; broadcast them first")
    return first


# --- sources ---------------------------------------------------------------------------------------------------


def iota(_specs: Sequence[Spec], attrs: Attrs) -> Spec:
    _check_axes((attrs["axis"],), len(attrs["shape"]))
    return Spec(attrs["shape"], attrs["dtype"])


def random_bits(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    if specs[0] != Spec((), dtypes.uint64):
        raise DTypeError(f"a key uint64[] expected, {specs[0]} given")
    return Spec(attrs["shape"], dtypes.uint32)


# --- elementwise -----------------------------------------------------------------------------------------------


def same(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    return specs[0]


def floating(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    return Spec(_one_shape(specs), _require_dtype(specs, dtypes.is_floating, "a floating-point"))


def numeric(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    return Spec(_one_shape(specs), _require_dtype(specs, dtypes.is_numeric, "a numeric"))


def integers(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    return Spec(_one_shape(specs), _require_dtype(specs, dtypes.is_integer, "an integer"))


def bitwise(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    return Spec(
        _one_shape(specs),
        _require_dtype(specs, lambda d: not dtypes.is_floating(d), "an integer or truth-value"),
    )


def floating_test(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    return Spec(floating(specs, attrs).shape, dtypes.bool_)


def comparison(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    _require_dtype(specs, lambda _: True, "any")
    return Spec(_one_shape(specs), dtypes.bool_)


def ordering(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    return Spec(numeric(specs, attrs).shape, dtypes.bool_)


def cast(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    return Spec(specs[0].shape, attrs["dtype"])


def select(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    if specs[0].dtype != dtypes.bool_:
        raise DTypeError(f"a condition of dtype bool expected, {specs[0].dtype.name} given")
    return Spec(_one_shape(specs), _require_dtype(specs[1:], lambda _: True, "any"))


# --- over axes -------------------------------------------------------------------------------------------------


def _check_axes(axes: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    if any(not 0 <= axis < ndim for axis in axes) or len(set(axes)) != len(axes):
        raise ShapeError(f"distinct axes from 0 to {ndim - 1} expected, {axes} given")
    return axes


def _reduced(shape: Shape, axes: tuple[int, ...]) -> Shape:
    _check_axes(axes, len(shape))
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def reduce_numeric(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    return Spec(_reduced(specs[0].shape, attrs["axes"]), _require_dtype(specs, dtypes.is_numeric, "a numeric"))


def _extreme(specs: Sequence[Spec], axes: tuple[int, ...]) -> Spec:
    shape = specs[0].shape
    if any(shape[axis] == 0 for axis in _check_axes(axes, len(shape))):
        raise ShapeError(f"axes with at least one element expected, shape {shape} given; an empty axis has no extreme")
    return Spec(_reduced(shape, axes), _require_dtype(specs, dtypes.is_numeric, "a numeric"))


def reduce_extreme(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    return _extreme(specs, attrs["axes"])


def reduce_truth(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    return Spec(_reduced(specs[0].shape, attrs["axes"]), _require_dtype(specs, dtypes.is_bool, "a truth-value"))


def arg_reduce(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    return Spec(_extreme(specs, (attrs["axis"],)).shape, dtypes.int64)


def running(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    _check_axes((attrs["axis"],), len(specs[0].shape))
    return Spec(specs[0].shape, _require_dtype(specs, dtypes.is_numeric, "a numeric"))


def argsort(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    return Spec(running(specs, attrs).shape, dtypes.int64)


def searchsorted(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    if len(specs[0].shape) != 1:
        raise ShapeError(f"a sorted vector expected, shape {specs[0].shape} given")
    if attrs["side"] not in ("left", "right"):
        raise ShapeError(f"side 'left' or 'right' expected, {attrs['side']!r} given")
    _require_dtype(specs, dtypes.is_numeric, "a numeric")
    return Spec(specs[1].shape, dtypes.int64)


# --- products --------------------------------------------------------------------------------------------------


def dot(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    left, right = (spec.shape for spec in specs)
    if len(left) < 2 or len(left) != len(right) or left[:-2] != right[:-2]:
        raise ShapeError(f"(..., M, K) and (..., K, N) with equal leading axes expected, {left} and {right} given")
    if left[-1] != right[-2]:
        raise ShapeError(f"inner sizes differ: {left} @ {right} ({left[-1]} != {right[-2]}); transpose an operand?")
    return Spec((*left[:-1], right[-1]), _require_dtype(specs, dtypes.is_numeric, "a numeric"))


# --- shape moves -----------------------------------------------------------------------------------------------


def reshape(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    shape: Shape = attrs["shape"]
    if math.prod(shape) != math.prod(specs[0].shape):
        raise ShapeError(
            f"{math.prod(specs[0].shape)} elements of shape {specs[0].shape} do not fill shape {shape} "
            f"({math.prod(shape)} elements)"
        )
    return Spec(shape, specs[0].dtype)


def permute(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    axes, shape = attrs["axes"], specs[0].shape
    if sorted(axes) != list(range(len(shape))):
        raise ShapeError(f"an order of the {len(shape)} axes expected, {axes} given")
    return Spec(tuple(shape[axis] for axis in axes), specs[0].dtype)


def broadcast(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    old, new = specs[0].shape, attrs["shape"]
    aligned = new[len(new) - len(old) :] if len(new) >= len(old) else None
    if aligned is None or any(was not in (1, now) for was, now in zip(old, aligned, strict=True)):
        raise ShapeError(f"shape {old} cannot be repeated to shape {new}")
    return Spec(new, specs[0].dtype)


def slice_(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    shape, (start, stop, step) = specs[0].shape, (attrs["start"], attrs["stop"], attrs["step"])
    if not len(shape) == len(start) == len(stop) == len(step):
        raise ShapeError(
            f"a start, stop and step for each of the axes of {shape} expected, {start}, {stop}, {step} given"
        )
    for size, first, last, by in zip(shape, start, stop, step, strict=True):
        if not (0 <= first <= last <= size and by >= 1):
            raise ShapeError(f"0 <= start <= stop <= size and step >= 1 expected, {first}:{last}:{by} of {size} given")
    return Spec(
        tuple(-(-(last - first) // by) for first, last, by in zip(start, stop, step, strict=True)),
        specs[0].dtype,
    )


def pad(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    shape, (low, high, interior) = specs[0].shape, (attrs["low"], attrs["high"], attrs["interior"])
    if not len(shape) == len(low) == len(high) == len(interior):
        raise ShapeError(f"low, high and interior for each axis of {shape} expected, {low}, {high}, {interior} given")
    if min((*low, *high, *interior), default=0) < 0:
        raise ShapeError(f"padding of at least 0 expected, {low}, {high}, {interior} given")
    if specs[1] != Spec((), specs[0].dtype):
        raise ShapeError(f"a scalar of dtype {specs[0].dtype.name} to pad with expected, {specs[1]} given")
    sizes = zip(shape, low, high, interior, strict=True)
    return Spec(tuple(lo + size + max(size - 1, 0) * gap + hi for size, lo, hi, gap in sizes), specs[0].dtype)


def concat(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    if not specs:
        raise ShapeError("at least one array expected, none given")
    axis, first = attrs["axis"], specs[0].shape
    _check_axes((axis,), len(first))
    for spec in specs:
        others = spec.shape[:axis] + spec.shape[axis + 1 :]
        if len(spec.shape) != len(first) or others != first[:axis] + first[axis + 1 :]:
            raise ShapeError(f"shapes {first} and {spec.shape} differ outside of axis {axis}")
    dtype = _require_dtype(specs, lambda _: True, "any")
    return Spec((*first[:axis], sum(spec.shape[axis] for spec in specs), *first[axis + 1 :]), dtype)


def flip(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    _check_axes(attrs["axes"], len(specs[0].shape))
    return specs[0]


# --- rows ------------------------------------------------------------------------------------------------------


def _indices(spec: Spec) -> Shape:
    if not dtypes.is_integer(spec.dtype):
        raise DTypeError(f"integer indices expected, {spec.dtype.name} given")
    return spec.shape


def take(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    table, indices = specs[0], _indices(specs[1])
    if not table.shape:
        raise ShapeError("a table with at least one axis expected, a scalar given")
    if attrs["mode"] not in ("raise", "clip", "fill"):
        raise ShapeError(f"mode 'raise', 'clip' or 'fill' expected, {attrs['mode']!r} given")
    return Spec((*indices, *table.shape[1:]), table.dtype)


def scatter_set(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    table, indices, updates = specs[0], _indices(specs[1]), specs[2]
    if not table.shape:
        raise ShapeError("a table with at least one axis expected, a scalar given")
    if updates.shape != (*indices, *table.shape[1:]):
        raise ShapeError(f"updates of shape {(*indices, *table.shape[1:])} expected, {updates.shape} given")
    _require_dtype((table, updates), lambda _: True, "any")
    return table


def scatter_add(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    _require_dtype((specs[0], specs[2]), dtypes.is_numeric, "a numeric")
    return scatter_set(specs, attrs)


def _bag_operands(dense: Spec, indices: Spec, weights: Spec, offsets: Spec) -> int:
    """Checks the operands that `bag` and its transpose share; returns the number of bags."""
    if len(dense.shape) != 2 or not dtypes.is_floating(dense.dtype):
        raise ShapeError(f"a floating-point matrix expected, {dense} given")
    if len(_indices(indices)) != 1 or weights.shape != indices.shape or weights.dtype != dense.dtype:
        raise ShapeError(f"indices (N,) and weights {dense.dtype.name}[N] expected, {indices} and {weights} given")
    if len(_indices(offsets)) != 1 or offsets.shape[0] < 1:
        raise ShapeError(f"offsets (B+1,) expected, {offsets} given")
    return offsets.shape[0] - 1


def bag(specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    bags = _bag_operands(*specs)
    return Spec((bags, specs[0].shape[1]), specs[0].dtype)


def bag_transpose(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    bags = _bag_operands(*specs)
    if specs[0].shape[0] != bags:
        raise ShapeError(f"one row for each of the {bags} bags expected, {specs[0]} given")
    return Spec((attrs["rows"], specs[0].shape[1]), specs[0].dtype)


# --- windows ---------------------------------------------------------------------------------------------------


def windows_out(spatial: Shape, attrs: Attrs) -> Shape:
    """How many windows fit along each axis."""
    size, stride, dilation = attrs["size"], attrs["stride"], attrs["dilation"]
    if not len(spatial) == len(size) == len(stride) == len(dilation):
        raise ShapeError(
            f"a size, stride and dilation per axis of {spatial} expected, {size}, {stride}, {dilation} given"
        )
    if min((*size, *stride, *dilation), default=1) < 1:
        raise ShapeError(f"size, stride and dilation of at least 1 expected, {size}, {stride}, {dilation} given")
    spans = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    if any(span > extent for span, extent in zip(spans, spatial, strict=True)):
        raise ShapeError(
            f"windows that span {tuple(spans)} do not fit into {spatial}; pad the input or take smaller windows"
        )
    return tuple((extent - span) // by + 1 for extent, span, by in zip(spatial, spans, stride, strict=True))


def windows(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    shape = specs[0].shape
    if len(shape) < 3:
        raise ShapeError(f"(batch, *space, channels) expected, shape {shape} given")
    return Spec((shape[0], *windows_out(shape[1:-1], attrs), *attrs["size"], shape[-1]), specs[0].dtype)


def fold(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    _require_dtype(specs, dtypes.is_floating, "a floating-point")
    shape, space = specs[0].shape, attrs["shape"]
    expected = (shape[0], *windows_out(space, attrs), *attrs["size"], shape[-1])
    if shape != expected:
        raise ShapeError(f"windows of shape {expected} expected, {shape} given")
    return Spec((shape[0], *space, shape[-1]), specs[0].dtype)


# --- recurrence ------------------------------------------------------------------------------------------------


def scan(specs: Sequence[Spec], attrs: Attrs) -> Spec:
    body, carried, scanned, length = attrs["body"], attrs["carries"], attrs["scanned"], attrs["length"]
    sequences = specs[carried : carried + scanned]
    if any(spec.shape[:1] != (length,) for spec in sequences):
        raise ShapeError(f"sequences of length {length} expected, shapes {[spec.shape for spec in sequences]} given")
    parts = [Spec(shape[1:], dtype) for shape, dtype in sequences]
    found = [*specs[:carried], *parts, *specs[carried + scanned :]]
    expected = [node.spec for node in body.inputs]
    if found != expected:
        raise ShapeError(f"the body takes {_listed(expected)}, {_listed(found)} given")
    ends = [node.spec for node in body.outputs[:carried]]
    if ends != list(specs[:carried]):
        raise ShapeError(
            f"a carried state keeps its shape and dtype, {_listed(specs[:carried])} became {_listed(ends)}"
        )
    return Spec((), dtypes.bool_)  # a scan has several results; `item` picks one


def _listed(specs: Sequence[Spec]) -> str:
    return f"({', '.join(map(str, specs))})"


def scan_results(attrs: Attrs) -> tuple[Spec, ...]:
    """Specs of a scan's results: the final carries, then each stacked output."""
    carried = attrs["carries"]
    specs = [node.spec for node in attrs["body"].outputs]
    return (*specs[:carried], *(Spec((attrs["length"], *shape), dtype) for shape, dtype in specs[carried:]))


def not_inferred(_specs: Sequence[Spec], _attrs: Attrs) -> Spec:
    raise AssertionError("inputs and constants are given their spec, an item reads it from its scan")
