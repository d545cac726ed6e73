"""The code of every elementwise primitive: the same formula for one number and for whole vectors.

Arithmetic, comparisons, casts and the choice between values equal NumPy's bit for bit; the errors of functions stand
with them, in `saegim.compiler.vectormath`. Everything follows NumPy where numbers end: nan, infinities, zeros with a
sign, integers that wrap around, division of integers by zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saegim.compiler.llvm import Function, Value
from saegim.compiler.vectormath.casts import cast
from saegim.compiler.vectormath.error import erf
from saegim.compiler.vectormath.exponential import exp, expm1, sigmoid, tanh
from saegim.compiler.vectormath.floats import (
    floor_divide_floats,
    next_after,
    remainder_floats,
)
from saegim.compiler.vectormath.integers import (
    floor_divide_integers,
    mix,
    power_integers,
    remainder_integers,
    shift_left,
    shift_right,
)
from saegim.compiler.vectormath.lanes import Lanes
from saegim.compiler.vectormath.libm import by_library
from saegim.compiler.vectormath.logarithm import log, log1p, log2, logaddexp
from saegim.compiler.vectormath.power import power_floats
from saegim.compiler.vectormath.trigonometric import cos, sin, tan
from saegim.dtypes import DType

Emit = Callable[[Function, DType, DType, Sequence[Value]], Value]
"""Writes the code of a primitive: (function, dtype of the operands, dtype of the result, operands) -> result.

Operands are numbers or vectors of the type that `type_of` names, all of the same number of lanes; the first dtype is
that of the numeric operands (of `select`: the values it chooses from).
"""


def random_bits(f: Function, key: Value, position: Value) -> Value:
    """Bits number `position` (lanes of i64) of `key` (lanes of i64), as lanes of i32; see the primitive's meaning."""
    return mix(Lanes(f, key), Lanes(f, position)).value


# --- how rows are made ----------------------------------------------------------------------------------------------


def _lanes(formula: Callable[..., Lanes]) -> Emit:
    """A formula that asks for nothing but the operands."""
    return lambda f, given, result, operands: formula(*(Lanes(f, each) for each in operands)).value


def _signed(formula: Callable[..., Lanes]) -> Emit:
    """A formula for integers that also asks whether they have a sign."""
    return lambda f, given, result, operands: formula(*(Lanes(f, each) for each in operands), given.kind == "i").value


def _by_kind(floats: Emit, integers: Emit) -> Emit:
    return lambda f, given, result, operands: (floats if given.kind == "f" else integers)(f, given, result, operands)


def _library(name: str) -> Emit:
    """The C library's function."""
    return _lanes(lambda *operands: by_library(name, *operands))


def _intrinsic(name: str) -> Emit:
    return _lanes(lambda x, *others: x.intrinsic(name, *others))


# --- small formulas -------------------------------------------------------------------------------------------------


def _maximum(x: Lanes, y: Lanes) -> Lanes:
    """Where x is nan, no comparison holds: it is chosen by itself."""
    return x.is_nan().where(x, (x > y).where(x, y))


def _minimum(x: Lanes, y: Lanes) -> Lanes:
    return x.is_nan().where(x, (x < y).where(x, y))


def _less(x: Lanes, y: Lanes, signed: bool) -> Lanes:
    return x < y if signed else x.under(y)


def _less_equal(x: Lanes, y: Lanes, signed: bool) -> Lanes:
    return x <= y if signed else x.under(y, or_equal=True)


def _sign_of_float(x: Lanes) -> Lanes:
    """NumPy's sign of -0.0 is 0.0."""
    size = (x < 0).where(x.number(-1), (x > 0).where(x.number(1), 0))
    return x.is_nan().where(x, size)


def _sign_of_integer(x: Lanes, signed: bool) -> Lanes:
    one = x.differs(0).where(x.number(1), 0)
    return (x < 0).where(x.number(-1), one) if signed else one


# --- the table ------------------------------------------------------------------------------------------------------

CODE: dict[str, Emit] = {
    # one operand
    "exp": _lanes(exp),
    "expm1": _lanes(expm1),
    "log": _lanes(log),
    "log1p": _lanes(log1p),
    "log2": _lanes(log2),
    "log10": _library("log10"),
    "sqrt": _intrinsic("llvm.sqrt"),
    "sin": _lanes(sin),
    "cos": _lanes(cos),
    "tan": _lanes(tan),
    "asin": _library("asin"),
    "acos": _library("acos"),
    "atan": _library("atan"),
    "sinh": _library("sinh"),
    "cosh": _library("cosh"),
    "tanh": _lanes(tanh),
    "asinh": _library("asinh"),
    "acosh": _library("acosh"),
    "atanh": _library("atanh"),
    "erf": _lanes(erf),
    "sigmoid": _lanes(sigmoid),
    "floor": _intrinsic("llvm.floor"),
    "ceil": _intrinsic("llvm.ceil"),
    "trunc": _intrinsic("llvm.trunc"),
    "round": _intrinsic("llvm.rint"),
    "negative": _lanes(lambda x: -x),
    "abs": _by_kind(_lanes(Lanes.abs), _signed(lambda x, signed: x.abs() if signed else x)),
    "sign": _by_kind(_lanes(_sign_of_float), _signed(_sign_of_integer)),
    "isnan": _lanes(Lanes.is_nan),
    "isinf": _lanes(lambda x: x.abs().equals(float("inf"))),
    "signbit": _lanes(lambda x: x.bits() < 0),
    "invert": _lanes(lambda x: ~x),
    "cast": lambda f, given, result, operands: cast(Lanes(f, operands[0]), given, result).value,
    "stop_gradient": _lanes(lambda x: x),
    # two operands
    "add": _lanes(lambda x, y: x + y),
    "subtract": _lanes(lambda x, y: x - y),
    "multiply": _lanes(lambda x, y: x * y),
    "power": _by_kind(_lanes(power_floats), _signed(power_integers)),
    "maximum": _by_kind(_lanes(_maximum), _signed(lambda x, y, signed: _less(y, x, signed).where(x, y))),
    "minimum": _by_kind(_lanes(_minimum), _signed(lambda x, y, signed: _less(x, y, signed).where(x, y))),
    "remainder": _by_kind(_lanes(remainder_floats), _signed(remainder_integers)),
    "floor_divide": _by_kind(_lanes(floor_divide_floats), _signed(floor_divide_integers)),
    "divide": _lanes(lambda x, y: x / y),
    "atan2": _library("atan2"),
    "hypot": _library("hypot"),
    "logaddexp": _lanes(logaddexp),
    "copysign": _lanes(Lanes.with_sign_of),
    "nextafter": _lanes(next_after),
    "equal": _lanes(Lanes.equals),
    "not_equal": _lanes(Lanes.differs),
    "less": _by_kind(_lanes(lambda x, y: x < y), _signed(_less)),
    "less_equal": _by_kind(_lanes(lambda x, y: x <= y), _signed(_less_equal)),
    "bitwise_and": _lanes(lambda x, y: x & y),
    "bitwise_or": _lanes(lambda x, y: x | y),
    "bitwise_xor": _lanes(lambda x, y: x ^ y),
    "shift_left": _lanes(shift_left),
    "shift_right": _signed(shift_right),
    # three operands
    "select": _lanes(lambda condition, x, y: condition.where(x, y)),
}
"""Keyed by the names of the elementwise primitives of `saegim.ir.PRIMITIVES`."""
