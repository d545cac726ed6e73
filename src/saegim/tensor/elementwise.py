"""Functions of each element. Two operands are promoted to one dtype and broadcast to one shape."""

from __future__ import annotations

import numpy as np

from saegim import dtypes
from saegim.errors import DTypeError
from saegim.tensor.core import (
    Scalar,
    Tensor,
    apply,
    asarray_like,
    binary,
    broadcast_to,
    promoted,
)

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "clip",
    "conj",
    "copysign",
    "cos",
    "cosh",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "positive",
    "pow",
    "real",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "trunc",
]

Operand = Tensor | Scalar

# --- arithmetic -------------------------------------------------------------------------------------------------------


def add(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 + x2."""
    return binary("add", x1, x2)


def subtract(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 - x2."""
    return binary("subtract", x1, x2)


def multiply(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 * x2."""
    return binary("multiply", x1, x2)


def divide(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 / x2, floating-point."""
    return binary("divide", x1, x2)


def floor_divide(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 / x2 rounded down."""
    return binary("floor_divide", x1, x2)


def remainder(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 modulo x2, with the sign of x2."""
    return binary("remainder", x1, x2)


def pow(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 to the x2."""
    return binary("power", x1, x2)


def maximum(x1: Operand, x2: Operand, /) -> Tensor:
    """The larger one; nan if either is."""
    return binary("maximum", x1, x2)


def minimum(x1: Operand, x2: Operand, /) -> Tensor:
    """The smaller one; nan if either is."""
    return binary("minimum", x1, x2)


def clip(x: Tensor, /, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """x, but at least `min` and at most `max`, in x's dtype."""
    result = +asarray_like(x)
    for op, bound in (("maximum", min), ("minimum", max)):
        if bound is not None:
            result = binary(op, result, bound)
    if result.dtype != x.dtype:
        raise DTypeError(f"clip: bounds that fit into {x.dtype.name} expected, {result.dtype.name} given")
    return result


def positive(x: Tensor, /) -> Tensor:
    """x."""
    return +asarray_like(x)


def negative(x: Tensor, /) -> Tensor:
    """-x."""
    return apply("negative", asarray_like(x))


def abs(x: Tensor, /) -> Tensor:
    """The absolute value."""
    return apply("abs", asarray_like(x))


def sign(x: Tensor, /) -> Tensor:
    """-1, 0 or 1; nan stays nan."""
    return apply("sign", asarray_like(x))


def square(x: Tensor, /) -> Tensor:
    """x * x."""
    return binary("multiply", x, x)


def reciprocal(x: Tensor, /) -> Tensor:
    """1 / x, floating-point."""
    return binary("divide", 1, x)


def sqrt(x: Tensor, /) -> Tensor:
    """The square root."""
    return apply("sqrt", asarray_like(x))


def hypot(x1: Operand, x2: Operand, /) -> Tensor:
    """The square root of x1*x1 + x2*x2, without overflow on the way."""
    return binary("hypot", x1, x2)


# --- complex parts, of numbers that are always real -------------------------------------------------------------------


def conj(x: Tensor, /) -> Tensor:
    """x, which is real."""
    return +asarray_like(x)


def real(x: Tensor, /) -> Tensor:
    """x, which is real."""
    return +asarray_like(x)


def imag(x: Tensor, /) -> Tensor:
    """Zeros of x's shape, since x is real."""
    return broadcast_to(Tensor(np.zeros((), x.dtype)), x.shape)


# --- rounding ---------------------------------------------------------------------------------------------------------


def floor(x: Tensor, /) -> Tensor:
    """The largest integer not above x."""
    return _rounded("floor", asarray_like(x))


def ceil(x: Tensor, /) -> Tensor:
    """The smallest integer not below x."""
    return _rounded("ceil", asarray_like(x))


def trunc(x: Tensor, /) -> Tensor:
    """The integer part: x rounded towards 0."""
    return _rounded("trunc", asarray_like(x))


def round(x: Tensor, /) -> Tensor:
    """The nearest integer; halves go to the even one."""
    return _rounded("round", asarray_like(x))


def _rounded(op: str, x: Tensor) -> Tensor:
    return Tensor(x._value) if dtypes.is_integer(x.dtype) else apply(op, x)


# --- powers, logarithms, angles ---------------------------------------------------------------------------------------


def exp(x: Tensor, /) -> Tensor:
    """e to the x."""
    return apply("exp", asarray_like(x))


def expm1(x: Tensor, /) -> Tensor:
    """e to the x, less 1; accurate near 0."""
    return apply("expm1", asarray_like(x))


def log(x: Tensor, /) -> Tensor:
    """The natural logarithm."""
    return apply("log", asarray_like(x))


def log1p(x: Tensor, /) -> Tensor:
    """The natural logarithm of 1 + x; accurate near 0."""
    return apply("log1p", asarray_like(x))


def log2(x: Tensor, /) -> Tensor:
    """The logarithm to base 2."""
    return apply("log2", asarray_like(x))


def log10(x: Tensor, /) -> Tensor:
    """The logarithm to base 10."""
    return apply("log10", asarray_like(x))


def logaddexp(x1: Operand, x2: Operand, /) -> Tensor:
    """log(exp(x1) + exp(x2)), without overflow."""
    return binary("logaddexp", x1, x2)


def sin(x: Tensor, /) -> Tensor:
    """The sine of an angle in radians."""
    return apply("sin", asarray_like(x))


def cos(x: Tensor, /) -> Tensor:
    """The cosine of an angle in radians."""
    return apply("cos", asarray_like(x))


def tan(x: Tensor, /) -> Tensor:
    """The tangent of an angle in radians."""
    return apply("tan", asarray_like(x))


def asin(x: Tensor, /) -> Tensor:
    """The arc sine, in radians."""
    return apply("asin", asarray_like(x))


def acos(x: Tensor, /) -> Tensor:
    """The arc cosine, in radians."""
    return apply("acos", asarray_like(x))


def atan(x: Tensor, /) -> Tensor:
    """The arc tangent, in radians."""
    return apply("atan", asarray_like(x))


def atan2(x1: Operand, x2: Operand, /) -> Tensor:
    """The angle of the point (x2, x1), in radians."""
    return binary("atan2", x1, x2)


def sinh(x: Tensor, /) -> Tensor:
    """The hyperbolic sine."""
    return apply("sinh", asarray_like(x))


def cosh(x: Tensor, /) -> Tensor:
    """The hyperbolic cosine."""
    return apply("cosh", asarray_like(x))


def tanh(x: Tensor, /) -> Tensor:
    """The hyperbolic tangent."""
    return apply("tanh", asarray_like(x))


def asinh(x: Tensor, /) -> Tensor:
    """The inverse hyperbolic sine."""
    return apply("asinh", asarray_like(x))


def acosh(x: Tensor, /) -> Tensor:
    """The inverse hyperbolic cosine."""
    return apply("acosh", asarray_like(x))


def atanh(x: Tensor, /) -> Tensor:
    """The inverse hyperbolic tangent."""
    return apply("atanh", asarray_like(x))


# --- comparison and kind ----------------------------------------------------------------------------------------------


def equal(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 == x2."""
    return binary("equal", x1, x2)


def not_equal(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 != x2."""
    return binary("not_equal", x1, x2)


def less(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 < x2."""
    return binary("less", x1, x2)


def less_equal(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 <= x2."""
    return binary("less_equal", x1, x2)


def greater(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 > x2."""
    return binary("less", x2, x1)


def greater_equal(x1: Operand, x2: Operand, /) -> Tensor:
    """x1 >= x2."""
    return binary("less_equal", x2, x1)


def isnan(x: Tensor, /) -> Tensor:
    """Whether each element is not a number."""
    return _test("isnan", asarray_like(x))


def isinf(x: Tensor, /) -> Tensor:
    """Whether each element is infinite."""
    return _test("isinf", asarray_like(x))


def isfinite(x: Tensor, /) -> Tensor:
    """Whether each element is neither infinite nor nan."""
    return ~(isnan(x) | isinf(x))


def _test(op: str, x: Tensor) -> Tensor:
    """A test that only floating-point numbers can pass."""
    if dtypes.is_integer(x.dtype):
        return broadcast_to(Tensor(np.zeros((), dtypes.bool_)), x.shape)
    return apply(op, x)


def signbit(x: Tensor, /) -> Tensor:
    """Whether the sign bit is set; it is for -0.0."""
    return apply("signbit", asarray_like(x))


def copysign(x1: Operand, x2: Operand, /) -> Tensor:
    """The size of x1 with the sign of x2."""
    return binary("copysign", x1, x2)


def nextafter(x1: Operand, x2: Operand, /) -> Tensor:
    """The next number after x1 in the direction of x2."""
    return binary("nextafter", x1, x2)


# --- truth values and bits --------------------------------------------------------------------------------------------


def logical_and(x1: Tensor | bool, x2: Tensor | bool, /) -> Tensor:
    """Whether both hold."""
    return binary("bitwise_and", *_truth("logical_and", x1, x2))


def logical_or(x1: Tensor | bool, x2: Tensor | bool, /) -> Tensor:
    """Whether at least one holds."""
    return binary("bitwise_or", *_truth("logical_or", x1, x2))


def logical_xor(x1: Tensor | bool, x2: Tensor | bool, /) -> Tensor:
    """Whether exactly one holds."""
    return binary("bitwise_xor", *_truth("logical_xor", x1, x2))


def logical_not(x: Tensor, /) -> Tensor:
    """Whether it does not hold."""
    (checked,) = _truth("logical_not", asarray_like(x))
    return apply("invert", checked)


def _truth(op: str, *operands: Tensor | bool) -> list[Tensor]:
    """The operands, if all of them are truth values."""
    tensors = promoted(op, *operands)
    if tensors[0].dtype != dtypes.bool_:
        raise DTypeError(f"{op}: truth values expected, {tensors[0].dtype.name} given; compare with 0 first")
    return tensors


def bitwise_and(x1: Operand, x2: Operand, /) -> Tensor:
    """The bits of x1 and x2."""
    return binary("bitwise_and", x1, x2)


def bitwise_or(x1: Operand, x2: Operand, /) -> Tensor:
    """The bits of x1 or x2."""
    return binary("bitwise_or", x1, x2)


def bitwise_xor(x1: Operand, x2: Operand, /) -> Tensor:
    """The bits of x1 xor x2."""
    return binary("bitwise_xor", x1, x2)


def bitwise_invert(x: Tensor, /) -> Tensor:
    """Every bit flipped; logical not of truth values."""
    return apply("invert", asarray_like(x))


def bitwise_left_shift(x1: Operand, x2: Operand, /) -> Tensor:
    """The bits of x1 moved up by x2."""
    return binary("shift_left", x1, x2)


def bitwise_right_shift(x1: Operand, x2: Operand, /) -> Tensor:
    """The bits of x1 moved down by x2; the sign stays."""
    return binary("shift_right", x1, x2)
