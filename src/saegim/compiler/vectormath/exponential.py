"""e to the x, and what is made of it: exp, expm1, tanh, sigmoid.

x is split into n log 2 + r with a whole number n and |r| <= log(2) / 2 (Cody and Waite 1980: log 2 in two parts, the
first short enough that its products with n are exact). e to the r is a polynomial, 2 to the n is written into the
bits of an exponent. n is rounded by adding a number so large that the sum has no bits for a fraction; the sum's
lowest bits are n as an integer. The coefficients minimise the largest relative error of expm1(r)
(Remez's algorithm); comments say how large it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from saegim.compiler.vectormath.lanes import Lanes


@dataclass(frozen=True)
class _Numbers:
    """What differs between float and double."""

    round: float  # a float that is added to round to whole numbers
    log2_high: float
    log2_low: float
    tail: tuple[float, ...]  # expm1(r) = r + r^2 (tail[0] + tail[1] r + ...)
    highest: float  # beyond it the result is inf
    lowest: float  # below it the result is 0
    minus_one: float  # below it expm1 is -1
    one: float  # beyond it tanh is 1
    tiny: float  # below it expm1(x) is x


_NUMBERS = {
    "float": _Numbers(
        round=1.5 * 2**23,
        log2_high=float.fromhex("0x1.62e4p-1"),
        log2_low=1.4286068203094173e-06,
        tail=(0.49999997, 0.16666539, 0.041667223, 0.008367181, 0.0013882396),  # 1.4e-8
        highest=89,
        lowest=-104,
        minus_one=-20,
        one=10,
        tiny=2**-25,
    ),
    "double": _Numbers(
        round=1.5 * 2**52,
        log2_high=float.fromhex("0x1.62e42fefa3p-1"),
        log2_low=2.8235290563031577e-13,
        tail=(  # 2.0e-17
            0.5000000000000006,
            0.16666666666666582,
            0.04166666666656942,
            0.00833333333339416,
            0.0013888888934152808,
            0.0001984126971155721,
            2.4801501986707253e-05,
            2.755741110439501e-06,
            2.762740256447456e-07,
            2.5053802758628632e-08,
        ),
        highest=710,
        lowest=-746,
        minus_one=-40,
        one=20,
        tiny=2**-54,
    ),
}


def exp(x: Lanes) -> Lanes:
    """e to the x; numbers below the normal ones too. Errors: below 0.9 ulp."""
    numbers = _NUMBERS[x.element]
    rounded, r = _split(x.at_most(numbers.highest).at_least(numbers.lowest))
    return _scaled(r.polynomial((1, 1, *numbers.tail)), rounded.bits())


def exp_of_sum(x: Lanes, more: Lanes) -> Lanes:
    """e to the x + more, where `more` is small. Errors: below 0.6 ulp."""
    numbers = _NUMBERS[x.element]
    rounded, n, main = _rounded(x.at_most(numbers.highest).at_least(numbers.lowest))
    low = n.times_plus(-numbers.log2_low, more)
    r = main + low
    first = r + 1
    lost = (low - (r - main)) + (r - (first - 1))
    rest = (r * r).times_plus(r.polynomial(numbers.tail), lost)
    return _scaled(first + rest, rounded.bits())


def exp_within(x: Lanes, coarse: bool = False) -> Lanes:
    """e to the x, where it is a normal number; anything elsewhere. Errors: below 0.9 ulp; `coarse`: those of float."""
    rounded, r = _split(x)
    tail = _NUMBERS["float" if coarse else x.element].tail
    return r.polynomial((1, 1, *tail)) * _power_of_two(rounded.bits(), 0)


def expm1(x: Lanes) -> Lanes:
    """e to the x, less 1. Errors: below 2 ulp."""
    numbers = _NUMBERS[x.element]
    rounded, r = _split(x.at_most(numbers.highest).at_least(numbers.minus_one))
    half = _power_of_two(rounded.bits(), -1)  # 2^n itself may be too large
    less = half.times_plus(_expm1_near_0(r), half - 0.5)
    return (x.abs() < numbers.tiny).where(x, less + less)


def tanh(x: Lanes) -> Lanes:
    """The hyperbolic tangent, t / (t + 2) with t = expm1(2 |x|); never beyond 1. Errors: below 2.6 ulp."""
    numbers = _NUMBERS[x.element]
    size = x.abs().at_most(numbers.one)
    rounded, r = _split(size + size)
    factor = _power_of_two(rounded.bits(), 0)
    t = factor.times_plus(_expm1_near_0(r), factor - 1)
    return (t / (t + 2)).with_sign_of(x)


def sigmoid(x: Lanes) -> Lanes:
    """1 / (1 + e to the -x), from e to the -|x|, which cannot overflow. Errors: below 2.5 ulp."""
    small = exp(-x.abs())
    return (x < 0).where(small, 1) / (small + 1)


def _split(x: Lanes) -> tuple[Lanes, Lanes]:
    """A float whose lowest bits are n, and r."""
    rounded, n, main = _rounded(x)
    return rounded, n.times_plus(-_NUMBERS[x.element].log2_low, main)


def _rounded(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """A float whose lowest bits are n, n, and x less the product of n with the first part of log 2, exactly."""
    numbers = _NUMBERS[x.element]
    rounded = x.times_plus(1 / math.log(2), numbers.round)
    n = rounded - numbers.round
    return rounded, n, n.times_plus(-numbers.log2_high, x)


def _expm1_near_0(r: Lanes) -> Lanes:
    return (r * r).times_plus(r.polynomial(_NUMBERS[r.element].tail), r)


def _power_of_two(n: Lanes, more: int) -> Lanes:
    """2 to the n + more, from an integer's lowest bits (as many as an exponent has, and one more for its sign)."""
    width, mantissa = n.width, {32: 23, 64: 52}[n.width]
    bias = (1 << (width - mantissa - 2)) - 1
    return ((n << mantissa) + ((bias + more) << mantissa)).as_floats()


def _scaled(x: Lanes, n: Lanes) -> Lanes:
    """x times 2 to the n, in two steps, so that it becomes inf, 0 or a number below the normal ones where it should."""
    half = n.shift_signed(1)
    return x * _power_of_two(half, 0) * _power_of_two(n - half, 0)
