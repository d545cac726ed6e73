"""Rules for elementwise operations.

They give the same bits, with one exception: x + 0 is x, also where x is -0 (a sum that starts at zero is worth more
than the sign of a zero).
"""

from __future__ import annotations

import math

import numpy as np

from saegim.compiler.simplify.facts import Rule, Scalar, broadcast, full, number
from saegim.dtypes import bool_, is_floating, is_integer
from saegim.ir import ELEMENTWISE, Node, make

# --- x op n = x ------------------------------------------------------------------------------------------------------

_NEUTRAL_RIGHT: dict[str, Scalar] = {
    "add": 0,
    "subtract": 0,
    "multiply": 1,
    "divide": 1,
    "power": 1,
    "bitwise_or": 0,
    "bitwise_xor": 0,
    "shift_left": 0,
    "shift_right": 0,
}
_NEUTRAL_LEFT: dict[str, Scalar] = {"add": 0, "multiply": 1, "bitwise_or": 0, "bitwise_xor": 0}


def _neutral(node: Node) -> Node | None:
    x, y = node.inputs
    right, left = number(y), number(x)
    if right is not None and right == _NEUTRAL_RIGHT[node.op]:
        # x - (-0) is 0 for x = -0, like x + 0.
        return x
    return y if left is not None and left == _NEUTRAL_LEFT.get(node.op) else None


def _same_twice(node: Node) -> Node | None:
    """max(x, x), x & x, ... are x."""
    return node.inputs[0] if node.inputs[0] is node.inputs[1] else None


# --- signs -----------------------------------------------------------------------------------------------------------


def _negated(node: Node) -> Node | None:
    """What `node` is the negative of, where it says so."""
    return node.inputs[0] if node.op == "negative" else None


def _add(node: Node) -> Node | None:
    """x + -y = x - y,  -x + y = y - x."""
    x, y = node.inputs
    if (minus := _negated(y)) is not None:
        return make("subtract", x, minus)
    return None if (minus := _negated(x)) is None else make("subtract", y, minus)


def _subtract(node: Node) -> Node | None:
    """x - -y = x + y."""
    minus = _negated(node.inputs[1])
    return None if minus is None else make("add", node.inputs[0], minus)


def _scale(node: Node) -> Node | None:
    """-x * -y = x * y, -x * n = x * -n and the same with `divide`;  x * -1 = -x."""
    x, y = node.inputs
    left, right = _negated(x), _negated(y)
    if left is not None and right is not None:
        return make(node.op, left, right)
    value = number(y)
    if value == -1:
        return make("negative", x)
    if left is not None and value is not None and is_floating(x.dtype):
        return make(node.op, left, full(y.shape, -value, y))
    return None


def _number_last(node: Node) -> Node | None:
    """n * x = x * n and n + x = x + n, so that further rules need to know one order only."""
    x, y = node.inputs
    return make(node.op, y, x) if number(x) is not None and number(y) is None else None


def _divide(node: Node) -> Node | None:
    """x / n = x * (1/n) where n is a power of two: both are rounded from the same number."""
    x, y = node.inputs
    value = number(y)
    if not value or not math.isfinite(value) or abs(math.frexp(value)[0]) != 0.5:
        return None
    tiny = float(np.finfo(x.dtype).tiny)
    return make("multiply", x, full(x.shape, 1 / value, x)) if tiny <= abs(1 / value) <= 1 / tiny else None


def _negative(node: Node) -> Node | None:
    return _negated(node.inputs[0])


def _abs(node: Node) -> Node | None:
    """The size of -x or |x| is that of x."""
    x = node.inputs[0]
    return make("abs", x.inputs[0]) if x.op in ("negative", "abs") else None


# --- casts -----------------------------------------------------------------------------------------------------------


def _drop(node: Node) -> Node | None:
    return node.inputs[0]


def _cast(node: Node) -> Node | None:
    """Casts to the same dtype go; a cast through one that holds every value is a direct one."""
    x = node.inputs[0]
    if x.dtype == node.dtype:
        return x
    if x.op != "cast":
        return None
    source = x.inputs[0]
    # NumPy counts int64 to float64 as safe, which rounds; numbers outside of an integer's range have no one meaning.
    rounds = is_integer(source.dtype) and source.dtype.itemsize == 8 and is_floating(x.dtype)
    undefined = is_floating(source.dtype) and is_integer(node.dtype)
    if rounds or undefined or x.dtype == bool_ or not np.can_cast(source.dtype, x.dtype, "safe"):
        return None
    return source if source.dtype == node.dtype else make("cast", source, dtype=node.dtype)


# --- truth values ----------------------------------------------------------------------------------------------------


def _select(node: Node) -> Node | None:
    condition, x, y = node.inputs
    known = number(condition)
    if x is y or known is not None:
        return y if known is False else x
    if condition.op == "invert":
        return make("select", condition.inputs[0], y, x)
    return None


def _invert(node: Node) -> Node | None:
    x = node.inputs[0]
    if x.op == "invert":
        return x.inputs[0]
    opposite = {"equal": "not_equal", "not_equal": "equal"}.get(x.op)
    return make(opposite, *x.inputs) if opposite else None


def _bitwise_and(node: Node) -> Node | None:
    """x & all ones is x, x & 0 is 0."""
    for x, y in (node.inputs, node.inputs[::-1]):
        value = number(y)
        if value is not None and (value is True or (value is not False and value == -1)):
            return x
        if value is not None and value == 0:
            return y
    return None


def _bitwise_or(node: Node) -> Node | None:
    """True or x is True."""
    return next((each for each in node.inputs if number(each) is True), None)


def _truth(node: Node) -> Node | None:
    """x == True is x, x == False is not x; with `not_equal` the other way round."""
    x, y = node.inputs
    value = number(y)
    if x.dtype != bool_ or value is None:
        return None
    return x if value is (node.op == "equal") else make("invert", x)


# --- repeated operands ------------------------------------------------------------------------------------------------


def _repeated(node: Node) -> Node | None:
    """An operation on copies of small operands is done before they are copied: f(broadcast(x)) = broadcast(f(x))."""
    thin: list[Node] = []
    for each in node.inputs:
        if each.op != "broadcast":
            return None
        thin.append(each.inputs[0])
    shape = max((each.shape for each in thin), key=len)
    sizes = {each.shape for each in thin if each.shape}
    if len(sizes) > 1:
        return None
    small = make(node.op, *(broadcast(each, shape) for each in thin), **node.attrs)
    return broadcast(small, node.shape)


_OWN: dict[str, tuple[Rule, ...]] = {
    "add": (_neutral, _add, _number_last),
    "subtract": (_neutral, _subtract),
    "multiply": (_neutral, _scale, _number_last),
    "divide": (_neutral, _scale, _divide),
    "power": (_neutral,),
    "negative": (_negative,),
    "abs": (_abs,),
    "cast": (_cast,),
    "select": (_select,),
    "invert": (_invert,),
    "maximum": (_same_twice,),
    "minimum": (_same_twice,),
    "bitwise_and": (_bitwise_and, _same_twice),
    "bitwise_or": (_bitwise_or, _neutral, _same_twice),
    "bitwise_xor": (_neutral,),
    "shift_left": (_neutral,),
    "shift_right": (_neutral,),
    "stop_gradient": (_drop,),
    "equal": (_truth,),
    "not_equal": (_truth,),
}

RULES: dict[str, tuple[Rule, ...]] = {op: (*_OWN.get(op, ()), _repeated) for op in sorted(ELEMENTWISE)}
