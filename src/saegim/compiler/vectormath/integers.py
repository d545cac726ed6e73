"""Integers: what NumPy gives where C leaves it open, and random bits."""

from __future__ import annotations

from saegim.compiler.llvm import Value
from saegim.compiler.vectormath.lanes import Lanes

# --- division -------------------------------------------------------------------------------------------------------


def _parts(x: Lanes, y: Lanes, signed: bool) -> tuple[Lanes, Lanes, Lanes]:
    """The quotient cut towards zero, what remains, and whether y is a divisor that processors accept.

    Division by 0, and of the least number by -1, would stop the program: 1 stands in for such divisors.
    """
    fine = y.differs(0) & y.differs(-1) if signed else y.differs(0)
    divisor = fine.where(y, 1)
    quotient = x.op("sdiv" if signed else "udiv", divisor)
    return quotient, x - quotient * divisor, fine


def floor_divide_integers(x: Lanes, y: Lanes, signed: bool) -> Lanes:
    """x / y rounded down; 0 where y is 0, as in NumPy. The least number divided by -1 wraps around to itself."""
    quotient, rest, fine = _parts(x, y, signed)
    if not signed:
        return fine.where(quotient, 0)
    down = rest.differs(0) & ((rest ^ y) < 0)
    return fine.where(quotient + down.convert("sext", x.element), y.equals(0).where(y, -x))


def remainder_integers(x: Lanes, y: Lanes, signed: bool) -> Lanes:
    """x modulo y, with the sign of y; 0 where y is 0, as in NumPy."""
    _, rest, fine = _parts(x, y, signed)
    if signed:
        rest = (rest.differs(0) & ((rest ^ y) < 0)).where(rest + y, rest)
    return fine.where(rest, 0)


# --- power ----------------------------------------------------------------------------------------------------------


def power_integers(x: Lanes, y: Lanes, signed: bool) -> Lanes:
    """x to the y by repeated squaring, wrapping around.

    A negative y, for which NumPy raises an error, gives what remains of 1 / x^-y rounded towards zero: 0 unless x is
    1 or -1. (1 / 0 is 0, as in division.)
    """
    f, kind = x.f, x.value.type
    size = y.abs() if signed else y
    result, square, left = f.variable(kind, x.number(1).value), f.variable(kind, x.value), f.variable(kind, size.value)
    with f.repeat_while() as repeat:
        rest = Lanes(f, left.get())
        repeat.until_not(any_lane(rest.differs(0)))
        base, product = Lanes(f, square.get()), Lanes(f, result.get())
        result.set((rest & 1).differs(0).where(product * base, product).value)
        square.set((base * base).value)
        left.set((rest >> 1).value)
    power = Lanes(f, result.get())
    if not signed:
        return power
    unit = x.equals(1) | x.equals(-1)
    return ((y < 0) & ~unit).where(x.number(0), power)


def any_lane(truth: Lanes) -> Value:
    """Whether it holds in any lane."""
    if truth.count == 1:
        return truth.value
    return truth.f.intrinsic("llvm.vector.reduce.or", truth.value, result="i1")


# --- shifts ---------------------------------------------------------------------------------------------------------


def shift_left(x: Lanes, y: Lanes) -> Lanes:
    """x * 2^y; 0 where y is not a position within x, as in NumPy."""
    return y.under(x.width).where(x << (y & (x.width - 1)), 0)


def shift_right(x: Lanes, y: Lanes, signed: bool) -> Lanes:
    """x / 2^y rounded down; 0 or -1 by the sign of x where y is not a position within x, as in NumPy."""
    within = y.under(x.width)
    if signed:
        return x.shift_signed(within.where(y, x.width - 1))
    return within.where(x >> (y & (x.width - 1)), 0)


# --- random bits ----------------------------------------------------------------------------------------------------

_GOLDEN = 0x9E3779B97F4A7C15
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


def mix(key: Lanes, position: Lanes) -> Lanes:
    """The upper halves of SplitMix64 (Steele, Lea and Flood 2014) at counter `position` + 1 from state `key`.

    key and position are lanes of i64; the result is lanes of i32.
    """
    bits = key + (position + 1) * _GOLDEN
    for shift, factor in _MIX:
        bits = (bits ^ (bits >> shift)) * factor
    return ((bits ^ (bits >> 31)) >> 32).convert("trunc", "i32")
