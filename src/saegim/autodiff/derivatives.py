"""The chain rule's table: one derivative rule per primitive.

A rule receives g, the derivative of the loss for the primitive's output y, then y itself and the inputs; it gives
the derivative of the loss for each input. It prefers y where that is more accurate: tanh' = (1 + y)(1 - y) cannot
overflow where 1/cosh(x)^2 does. `None` stands for an input that is not differentiated (an index, a condition).

"Evaluating Derivatives" (Griewank and Walther, 2008), chapter 3, calls these rules the adjoints of the elementals.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from saegim.autodiff.rows import BagTerms, Cotangent, RowTerms, bag_of_item
from saegim.autodiff.term import Term, count_up, full, op, select, zeros
from saegim.dtypes import is_floating
from saegim.ir import Shape

Result = Cotangent | None | tuple[Cotangent | None, ...]

# --- elementwise, where a formula needs more than a line ------------------------------------------------------------


def _maximum(g: Term, _y: Term, a: Term, b: Term, larger: str) -> Result:
    """The larger operand receives g; equal operands receive half each."""
    first = select(a.is_("equal", b), 0.5, select(a.is_(larger, b), full(a.shape, 0, a.dtype), 1.0))
    return g * first, g * (1 - first)


def _power(g: Term, y: Term, a: Term, b: Term) -> Result:
    """d(a^b)/da = b a^(b-1) (0 for b = 0); d(a^b)/db = a^b log a (0 for a = 0 where a^b = 0)."""
    exponent = select(b.is_("equal", 0), 1, b)
    da = select(b.is_("equal", 0), 0, g * b * op("power", a, exponent - 1))
    base = select(a.is_("equal", 0), 1, a)
    return da, g * y * op("log", base)


def _hypot(g: Term, y: Term, a: Term, b: Term) -> Result:
    safe = select(y.is_("equal", 0), 1, y)
    return g * a / safe, g * b / safe


def _atan2(g: Term, _y: Term, a: Term, b: Term) -> Result:
    r = op("hypot", a, b)
    return g * (b / r) / r, -(g * (a / r) / r)


def _copysign(g: Term, y: Term, a: Term, _b: Term) -> Result:
    kept = op("signbit", a).is_("equal", op("signbit", y))
    return select(kept, g, -g), None


def _logaddexp(g: Term, y: Term, a: Term, b: Term) -> Result:
    # Where both are -inf, so is y, and a - y is nan; such a sum moves with neither.
    finite = y.is_("not_equal", -math.inf)
    return tuple(g * select(finite, op("exp", select(finite, x - y, 0)), 0) for x in (a, b))


# --- over axes ------------------------------------------------------------------------------------------------------


def _extreme(g: Term, y: Term, x: Term, axes: tuple[int, ...]) -> Result:
    """Shared equally among the elements that are equal to the extreme."""
    chosen = x.is_("equal", y.kept(axes, x.shape)).cast(x.dtype)
    share = chosen / chosen.sum(axes).kept(axes, x.shape)
    return g.kept(axes, x.shape) * share


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
    rows = count_up((length, length), 0, g.node.dtype)
    columns = count_up((length, length), 1, g.node.dtype)
    own = rows.is_("equal", columns).broadcast(square)
    products = op(
        "cumprod",
        select(own, 1, moved.reshape((*moved.shape[:-1], 1, length)).broadcast(square)),
        axis=line + 1,
    )
    later = rows.is_("less_equal", columns).broadcast(square)
    spread = g.permute(order).reshape((*moved.shape[:-1], 1, length)).broadcast(square)
    return select(later, products * spread, 0).sum((line + 1,)).permute(_inverse(order))


# --- shape moves ----------------------------------------------------------------------------------------------------


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))


def _broadcast(g: Term, _y: Term, x: Term, shape: Shape) -> Result:
    """The sum over every copy: the one place where a broadcast is undone."""
    new = len(shape) - len(x.shape)
    stretched = [new + axis for axis, size in enumerate(x.shape) if size != shape[new + axis]]
    return g.sum((*range(new), *stretched)).reshape(x.shape)


def _slice(g: Term, _y: Term, x: Term, start: Shape, stop: Shape, step: Shape) -> Result:
    if 0 in g.shape:
        return zeros(x.node.spec)
    reached = [first + (count - 1) * by + 1 for first, count, by in zip(start, g.shape, step, strict=True)]
    high = tuple(size - end for size, end in zip(x.shape, reached, strict=True))
    zero = full((), 0, g.dtype)
    return op("pad", g, zero, low=start, high=high, interior=tuple(by - 1 for by in step))


def _pad(g: Term, _y: Term, x: Term, _value: Term, low: Shape, high: Shape, interior: Shape) -> Result:
    stop = tuple(size - after for size, after in zip(g.shape, high, strict=True))
    inside = op("slice", g, start=low, stop=stop, step=tuple(gap + 1 for gap in interior))
    everywhere = tuple(range(len(g.shape)))
    return inside.reshape(x.shape), g.sum(everywhere) - inside.sum(everywhere)


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
    count = indices.node.size
    flat = indices.reshape((count,))
    if mode == "clip":
        flat = op(
            "minimum",
            op("maximum", flat, zeros(flat.node.spec)),
            zeros(flat.node.spec) + (table.shape[0] - 1),
        )
        unique = False
    return RowTerms(flat, g.reshape((count, *table.shape[1:])), table.shape, unique), None


def _rows_inside(g: Term, indices: Term, updates: Term) -> Term:
    """The rows of g at `indices`, zero where an index lies outside of g."""
    if g.shape[0] == 0:
        return zeros(updates.node.spec)
    inside = op("bitwise_and", (-1 + zeros(indices.node.spec)).is_("less", indices), indices.is_("less", g.shape[0]))
    found = op("take", g, indices, mode="clip", unique=False)
    wide = inside.reshape((*indices.shape, *(1 for _ in g.shape[1:]))).broadcast(updates.shape)
    return select(wide, found, 0)


def _scatter_add(g: Term, _y: Term, _table: Term, indices: Term, updates: Term) -> Result:
    return g, None, _rows_inside(g, indices, updates)


def _scatter_set(g: Term, _y: Term, _table: Term, indices: Term, updates: Term) -> Result:
    kept = op("scatter_set", g, indices, zeros(updates.node.spec))
    return kept, None, _rows_inside(g, indices, updates)


def _item_products(left: Term, table: Term, indices: Term, offsets: Term) -> Term:
    """For each item of a bag the inner product of its bag's row of `left` with its own row of `table`."""
    number, inside = bag_of_item(offsets, indices.shape[0])
    bags = op("take", left, number, mode="clip", unique=False)
    rows = op("take", table, indices, mode="clip", unique=False)
    return (bags * rows).sum((1,)) * inside.cast(left.dtype)


def _bag(g: Term, _y: Term, table: Term, indices: Term, weights: Term, offsets: Term) -> Result:
    dtable = BagTerms(g, indices, weights, offsets, table.shape)
    return dtable, None, _item_products(g, table, indices, offsets), None


def _bag_transpose(g: Term, _y: Term, x: Term, indices: Term, weights: Term, offsets: Term, rows: int) -> Result:
    del rows  # g's own length
    return op("bag", g, indices, weights, offsets), None, _item_products(x, g, indices, offsets), None


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
    "negative": lambda g, y, x: -g,
    "abs": lambda g, y, x: g * op("sign", x),
    "cast": lambda g, y, x, dtype: g.cast(x.dtype) if is_floating(x.dtype) else None,
    # elementwise, two and three operands
    "add": lambda g, y, a, b: (g, g),
    "subtract": lambda g, y, a, b: (g, -g),
    "multiply": lambda g, y, a, b: (g * b, g * a),
    "divide": lambda g, y, a, b: (g / b, -(g * y / b)),
    "power": _power,
    "maximum": lambda g, y, a, b: _maximum(g, y, a, b, "less"),
    "minimum": lambda g, y, a, b: _maximum(g, y, b, a, "less")[::-1],  # type: ignore[index]
    "remainder": lambda g, y, a, b: (g, -(g * op("floor", a / b))),
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

SOURCES = frozenset(("input", "constant"))
"""Where differentiation begins; they have no inputs."""

STRUCTURAL = frozenset(("scan", "item"))
"""Differentiated by the transform itself, since a scan has several results (saegim.autodiff.scan)."""
