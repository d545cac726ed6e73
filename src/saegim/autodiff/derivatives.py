"""The chain rule's table: one derivative rule per primitive.

A rule receives g, the derivative of the loss for the primitive's output y, then y itself and the inputs; it gives
the derivative of the loss for each input. It prefers y where that is more accurate: tanh' = (1 + y)(1 - y) cannot
overflow where 1/cosh(x)^2 does. `None` stands for an input that is not differentiated (an index, a condition).

"Evaluating Derivatives" (Griewank and Walther, 2008), chapter 3, calls these rules the adjoints of the elementals.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from saegim.autodiff.rows import BagTerms, Cotangent, RowTerms, item_products
from saegim.autodiff.term import Term, count_up, full, op, select, zeros
from saegim.dtypes import int64, is_floating
from saegim.ir import Shape

Result = Cotangent | None | tuple[Cotangent | None, ...]

# --- elementwise, where a formula needs more than a line ------------------------------------------------------------


def _larger(g: Term, a: Term, b: Term) -> Result:
    """The larger operand receives g; equal operands receive half each."""
    half, second = select(a.is_("equal", b), g * 0.5, 0), a.is_("less", b)
    return select(second, half, g - half), select(second, g, half)


def _power(g: Term, y: Term, a: Term, b: Term) -> Result:
    """d(a^b)/da = b a^(b-1) (0 for b = 0); d(a^b)/db = a^b log a (0 for a = 0 and b >= 0, where a^b is 0 or 1)."""
    if b.number is not None:
        da = g * b * (a if b.number == 2 else op("power", a, b - 1)) if b.number else zeros(a.node.spec)
    else:
        flat = b.is_("equal", 0)
        da = select(flat, 0, g * b * op("power", a, select(flat, 1, b) - 1))
    still = op("bitwise_and", a.is_("equal", 0), zeros(b.node.spec).is_("less_equal", b))
    return da, g * y * op("log", select(still, 1, a))


def _hypot(g: Term, y: Term, a: Term, b: Term) -> Result:
    """(a, b) / y; 0 at the origin."""
    safe = select(y.is_("equal", 0), 1, y)
    return g * (a / safe), g * (b / safe)


def _atan2(g: Term, _y: Term, a: Term, b: Term) -> Result:
    """(b, -a) / (a^2 + b^2), without squares that overflow; 0 at the origin."""
    r = op("hypot", a, b)
    safe = select(r.is_("equal", 0), 1, r)
    return g * (b / safe) / safe, -(g * (a / safe) / safe)


def _copysign(g: Term, y: Term, a: Term, _b: Term) -> Result:
    kept = op("signbit", a).is_("equal", op("signbit", y))
    return select(kept, g, -g), None


def _logaddexp(g: Term, y: Term, a: Term, b: Term) -> Result:
    """exp(x - y) for each operand x. Both -inf: neither moves the sum; both inf: each half."""
    nothing = y.is_("equal", -math.inf)

    def share(x: Term) -> Term:
        # The difference of equal infinities is nan.
        return op("exp", select(x.is_("equal", y), select(a.is_("equal", b), -math.log(2), zeros(y.node.spec)), x - y))

    return tuple(g * select(nothing, 0, share(x)) for x in (a, b))


# --- over axes ------------------------------------------------------------------------------------------------------


def _extreme(g: Term, y: Term, x: Term, axes: tuple[int, ...]) -> Result:
    """Shared equally among the elements that are equal to the extreme."""
    chosen = x.is_("equal", y.kept(axes, x.shape))
    share = g / chosen.cast(x.dtype).sum(axes)
    return select(chosen, share.kept(axes, x.shape), 0)


def _cumsum(g: Term, _y: Term, _x: Term, axis: int) -> Result:
    return op("flip", op("cumsum", op("flip", g, axes=(axis,)), axis=axis), axes=(axis,))


def _shifted_product(x: Term, axis: int) -> Term:
    """The product of all elements before each one along `axis`."""
    shape = x.shape
    start = (0,) * len(shape)
    stop = tuple(size - (number == axis) for number, size in enumerate(shape))
    before = op("slice", op("cumprod", x, axis=axis), start=start, stop=stop, step=(1,) * len(shape))
    first = full(tuple(1 if number == axis else size for number, size in enumerate(shape)), 1, x.dtype)
    return op("concat", first, before, axis=axis)


def _prod(g: Term, _y: Term, x: Term, axes: tuple[int, ...]) -> Result:
    """Each element's factor is the product of all others: of those before it times those after it (zeros are fine)."""
    if x.node.size == 0:
        return zeros(x.node.spec)
    others = [axis for axis in range(len(x.shape)) if axis not in axes]
    order = (*others, *axes)
    kept = tuple(x.shape[axis] for axis in others)
    flat = x.permute(order).reshape((*kept, math.prod(x.shape[axis] for axis in axes)))
    line = len(kept)
    after = op("flip", _shifted_product(op("flip", flat, axes=(line,)), line), axes=(line,))
    factor = _shifted_product(flat, line) * after
    back = factor.reshape(tuple(x.shape[axis] for axis in order)).permute(_inverse(order))
    return g.kept(axes, x.shape) * back


def _cumprod(g: Term, _y: Term, x: Term, axis: int) -> Result:
    """dL/dx_i = sum over j >= i of g_j times the product of x_k, k <= j, k != i.

    Taken as written, in n^2 products per line: dividing y_j by x_i would fail at zeros.
    """
    line = len(x.shape) - 1
    order = (*(each for each in range(line + 1) if each != axis), axis)
    moved, length = x.permute(order), x.shape[axis]
    square = (*moved.shape, length)
    rows = count_up((length, length), 0, int64)
    columns = count_up((length, length), 1, int64)
    own = rows.is_("equal", columns).broadcast(square)
    spread_x = moved.reshape((*moved.shape[:-1], 1, length)).broadcast(square)
    products = op("cumprod", select(own, 1, spread_x), axis=line + 1)
    later = rows.is_("less_equal", columns).broadcast(square)
    spread_g = g.permute(order).reshape((*moved.shape[:-1], 1, length)).broadcast(square)
    return select(later, products * spread_g, 0).sum((line + 1,)).permute(_inverse(order))


# --- shape moves ----------------------------------------------------------------------------------------------------


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def _broadcast(g: Term, _y: Term, x: Term, shape: Shape) -> Result:
    """The sum over every copy: the one place where a broadcast is undone."""
    new = len(shape) - len(x.shape)
    stretched = [new + axis for axis, size in enumerate(x.shape) if size != shape[new + axis]]
    return g.sum((*range(new), *stretched)).reshape(x.shape)


def _slice(g: Term, _y: Term, x: Term, start: Shape, stop: Shape, step: Shape) -> Result:
    del stop  # the last element that was taken says more
    if 0 in g.shape:
        return zeros(x.node.spec)
    reached = [first + (count - 1) * by + 1 for first, count, by in zip(start, g.shape, step, strict=True)]
    high = tuple(size - end for size, end in zip(x.shape, reached, strict=True))
    zero = full((), 0, g.dtype)
    return op("pad", g, zero, low=start, high=high, interior=tuple(by - 1 for by in step))


def _pad(g: Term, _y: Term, x: Term, _value: Term, low: Shape, high: Shape, interior: Shape) -> Result:
    stop = tuple(size - after for size, after in zip(g.shape, high, strict=True))
    inside = op("slice", g, start=low, stop=stop, step=tuple(gap + 1 for gap in interior))
    one = full((), 1, g.dtype)
    padding = op("pad", zeros(x.node.spec), one, low=low, high=high, interior=interior)
    return inside.reshape(x.shape), (g * padding).sum(tuple(range(len(g.shape))))


def _concat(g: Term, _y: Term, *xs: Term, axis: int) -> Result:
    pieces, begin = [], 0
    for x in xs:
        start = tuple(begin if number == axis else 0 for number in range(len(g.shape)))
        stop = tuple(first + size for first, size in zip(start, x.shape, strict=True))
        pieces.append(op("slice", g, start=start, stop=stop, step=(1,) * len(g.shape)))
        begin += x.shape[axis]
    return tuple(pieces)


# --- rows -----------------------------------------------------------------------------------------------------------


def _take(g: Term, _y: Term, table: Term, indices: Term, mode: str, unique: bool) -> Result:
    count, rows = indices.node.size, table.shape[0]
    flat = indices.reshape((count,))
    if mode == "clip" and rows:
        # The largest index may be more than a small integer dtype can hold; then no index is too large.
        last = min(rows - 1, int(np.iinfo(flat.dtype).max))
        flat = op("minimum", op("maximum", flat, zeros(flat.node.spec)), full(flat.shape, last, flat.dtype))
    return RowTerms(flat, g.reshape((count, *table.shape[1:])), table.shape, unique and mode != "clip"), None


def _rows_inside(g: Term, indices: Term) -> Term:
    """The rows of g at `indices`; zeros where an index lies outside of g."""
    return op("take", g, indices, mode="fill", unique=False)


def _scatter_add(g: Term, _y: Term, _table: Term, indices: Term, _updates: Term) -> Result:
    return g, None, _rows_inside(g, indices)


def _scatter_set(g: Term, _y: Term, _table: Term, indices: Term, updates: Term) -> Result:
    kept = op("scatter_set", g, indices, zeros(updates.node.spec))
    return kept, None, _rows_inside(g, indices)


def _bag(g: Term, _y: Term, table: Term, indices: Term, weights: Term, offsets: Term) -> Result:
    dtable = BagTerms(g, indices, weights, offsets, table.shape)
    return dtable, None, item_products(g, table, indices, offsets), None


def _bag_transpose(g: Term, _y: Term, x: Term, indices: Term, weights: Term, offsets: Term, rows: int) -> Result:
    del rows  # g's own length
    return op("bag", g, indices, weights, offsets), None, item_products(x, g, indices, offsets), None


# --- the table ------------------------------------------------------------------------------------------------------

DERIVATIVE: dict[str, Callable[..., Result]] = {
    # elementwise, one operand
    "exp": lambda g, y, x: g * y,
    "expm1": lambda g, y, x: g * (y + 1),
    "log": lambda g, y, x: g / x,
    "log1p": lambda g, y, x: g / (1 + x),
    "log2": lambda g, y, x: g / (x * math.log(2)),
    "log10": lambda g, y, x: g / (x * math.log(10)),
    "sqrt": lambda g, y, x: g * 0.5 / y,
    "sin": lambda g, y, x: g * op("cos", x),
    "cos": lambda g, y, x: -(g * op("sin", x)),
    "tan": lambda g, y, x: g * (1 + y * y),
    "asin": lambda g, y, x: g / op("sqrt", (1 - x) * (1 + x)),
    "acos": lambda g, y, x: -(g / op("sqrt", (1 - x) * (1 + x))),
    "atan": lambda g, y, x: g / (1 + x * x),
    "sinh": lambda g, y, x: g * op("cosh", x),
    "cosh": lambda g, y, x: g * op("sinh", x),
    "tanh": lambda g, y, x: g * ((1 + y) * (1 - y)),
    "asinh": lambda g, y, x: g / op("hypot", x, full(x.shape, 1, x.dtype)),
    "acosh": lambda g, y, x: g / op("sqrt", (x - 1) * (x + 1)),
    "atanh": lambda g, y, x: g / ((1 - x) * (1 + x)),
    "erf": lambda g, y, x: g * (2 / math.sqrt(math.pi)) * op("exp", -(x * x)),
    "sigmoid": lambda g, y, x: g * (y * (1 - y)),
    "negative": lambda g, y, x: -g,
    "abs": lambda g, y, x: g * op("sign", x),
    "cast": lambda g, y, x, dtype: g.cast(x.dtype) if is_floating(x.dtype) else None,
    # elementwise, two and three operands
    "add": lambda g, y, a, b: (g, g),
    "subtract": lambda g, y, a, b: (g, -g),
    "multiply": lambda g, y, a, b: (g * b, g * a),
    "divide": lambda g, y, a, b: (g / b, -(g * y / b)),
    "power": _power,
    "maximum": lambda g, y, a, b: _larger(g, a, b),
    "minimum": lambda g, y, a, b: _larger(g, -a, -b),
    "remainder": lambda g, y, a, b: (g, -(g * op("floor_divide", a, b))),
    "atan2": _atan2,
    "hypot": _hypot,
    "logaddexp": _logaddexp,
    "copysign": _copysign,
    "select": lambda g, y, c, a, b: (None, select(c, g, 0), select(c, 0, g)),
    # over axes
    "sum": lambda g, y, x, axes: g.kept(axes, x.shape),
    "prod": _prod,
    "max": _extreme,
    "min": _extreme,
    "cumsum": _cumsum,
    "cumprod": _cumprod,
    # products
    "dot": lambda g, y, a, b: (g @ b.transposed(), a.transposed() @ g),
    # shape moves
    "reshape": lambda g, y, x, shape: g.reshape(x.shape),
    "permute": lambda g, y, x, axes: g.permute(_inverse(axes)),
    "broadcast": _broadcast,
    "slice": _slice,
    "pad": _pad,
    "concat": _concat,
    "flip": lambda g, y, x, axes: op("flip", g, axes=axes),
    # rows
    "take": _take,
    "scatter_add": _scatter_add,
    "scatter_set": _scatter_set,
    "bag": _bag,
    "bag_transpose": _bag_transpose,
    # windows: each is the other's transpose
    "windows": lambda g, y, x, **of: op("fold", g, shape=x.shape[1:-1], **of),
    "fold": lambda g, y, x, shape, **of: op("windows", g, **of),
}

_COUNT = "its result is a position or a count"
_TRUTH = "its result is a truth value"
_STEPS = "piecewise constant: its derivative is zero wherever it exists"
_BITS = "defined on bits, not on real numbers"

NOT_DIFFERENTIABLE: dict[str, str] = {
    **dict.fromkeys(("floor", "ceil", "trunc", "round", "sign", "floor_divide"), _STEPS),
    **dict.fromkeys(("isnan", "isinf", "signbit", "equal", "not_equal", "less", "less_equal", "any", "all"), _TRUTH),
    **dict.fromkeys(("argmax", "argmin", "argsort", "searchsorted"), _COUNT),
    **dict.fromkeys(
        ("invert", "bitwise_and", "bitwise_or", "bitwise_xor", "shift_left", "shift_right", "nextafter"),
        _BITS,
    ),
    "stop_gradient": "it asks for no derivative",
    "iota": "it has no input",
    "random_bits": "random bits do not depend on anything that can be learned",
}

BLIND: dict[str, dict[int, str]] = {"copysign": {1: "only the sign of its second operand counts"}}
"""Floating-point operands that no derivative is passed on to although the primitive has one."""

SOURCES = frozenset(("input", "constant"))
"""Where differentiation begins; they have no inputs."""

STRUCTURAL = frozenset(("scan", "item"))
"""Differentiated by the transform itself, since a scan has several results (saegim.autodiff.scan)."""
