"""Logarithms.

A positive number is 2^e (1 + f) with a whole number e and 1 + f between sqrt(1/2) and sqrt(2). The logarithm of 1 + f
is f - f^2 / 2 + f^3 P(f) for float; for double, with s = f / (2 + f), it is 2 s + s z P(z) with z = s^2 (a division,
but a polynomial of half the degree), which is f - (f^2 / 2 - s (f^2 / 2 + z P(z))). The coefficients minimise the
largest relative error (Remez's algorithm); comments say how large it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from saegim.compiler.vectormath.exponential import exp
from saegim.compiler.vectormath.lanes import Lanes


@dataclass(frozen=True)
class _Numbers:
    """What differs between float and double."""

    least: float  # the smallest normal number
    root: int  # the bits of sqrt(1/2)
    infinity: int  # the bits of inf
    log2_high: float  # short enough that products with e are exact
    log2_low: float
    tail: tuple[float, ...]  # P
    tiny: float  # below it log1p(x) is x


_NUMBERS = {
    "float": _Numbers(
        least=2.0**-126,
        root=0x3F3504F3,
        infinity=0x7F800000,
        log2_high=float.fromhex("0x1.62e4p-1"),
        log2_low=1.4286068203094173e-06,
        tail=(  # 3.1e-8
            0.3333391,
            -0.25001338,
            0.19963063,
            -0.16577585,
            0.14914767,
            -0.14267486,
            0.08700437,
        ),
        tiny=2.0**-25,
    ),
    "double": _Numbers(
        least=2.0**-1022,
        root=0x3FE6A09E667F3BCD,
        infinity=0x7FF0000000000000,
        log2_high=float.fromhex("0x1.62e42fefa3p-1"),
        log2_low=2.8235290563031577e-13,
        tail=(  # 1.2e-18
            0.6666666666666735,
            0.3999999999941109,
            0.2857142874326269,
            0.222221984759852,
            0.18183569739853464,
            0.15313903245653773,
            0.147975077188669,
        ),
        tiny=2.0**-54,
    ),
}

LOG2 = (_NUMBERS["double"].log2_high, _NUMBERS["double"].log2_low)
"""log 2 for double, in two parts: products of the first with whole numbers below 2^12 are exact."""

# log(1 + t) = t P(t) for t in 0 ... 1 and float: 3.0e-8
_LOG1P = (
    0.99999994,
    -0.49999493,
    0.33319098,
    -0.24842982,
    0.19106007,
    -0.13663244,
    0.07822593,
    -0.029505229,
    0.0052326918,
)


def log(x: Lanes) -> Lanes:
    """The natural logarithm. Errors: below 1.3 ulp (float), 1 ulp (double)."""
    return where_positive(x, _log_of(*split(x)))


def log_of_positive(x: Lanes, tail: Sequence[float]) -> Lanes:
    """The logarithm of what is not negative, with other coefficients of P."""
    return where_positive(x, _log_of(*split(x), tail=tail))


def log1p(x: Lanes) -> Lanes:
    """The natural logarithm of u = 1 + x, and what was lost in rounding u, divided by u. Errors: below 1.6 ulp."""
    u = x + 1
    kept = u - 1
    lost = (1 - (u - kept)) + (x - kept)
    result = where_positive(u, _log_of(*split(u), lost / u))
    return (x.abs() < _NUMBERS[x.element].tiny).where(x, result)


def log2(x: Lanes) -> Lanes:
    """The logarithm to base 2, exact for powers of 2. Errors: below 2.5 ulp."""
    e, f = split(x)
    low = _low_part(f, _NUMBERS[x.element].tail)
    return where_positive(x, (f + low).times_plus(1 / math.log(2), e))


def logaddexp(x: Lanes, y: Lanes) -> Lanes:
    """The larger, and log(1 + exp(-distance)); equal infinities have no distance. Errors: that of the sum's terms."""
    distance = x.equals(y).where(x.number(0), (x - y).abs())
    t = exp(-distance)
    more = t * t.polynomial(_LOG1P) if x.element == "float" else _log1p_of_positive(t)
    return (x > y).where(x, y) + more


def _log1p_of_positive(t: Lanes) -> Lanes:
    """log(1 + t) for t in 0 ... 1."""
    u = t + 1
    return _log_of(*split(u), (t - (u - 1)) / u)


def split(x: Lanes) -> tuple[Lanes, Lanes]:
    """e and f of positive numbers."""
    numbers = _NUMBERS[x.element]
    small = x < numbers.least
    shift = x.mantissa_bits + 1
    bits = small.where(x * 2.0**shift, x).bits()
    e = (bits - numbers.root).shift_signed(x.mantissa_bits)
    f = (bits - (e << x.mantissa_bits)).as_floats() - 1
    return e.convert("sitofp", x.element) + small.where(x.number(-shift), 0), f


def _low_part(f: Lanes, tail: Sequence[float]) -> Lanes:
    """log(1 + f) - f with the coefficients of P."""
    squared = f * f
    if f.element == "float":
        return squared * (f.times_plus(f.polynomial(tail), -0.5))
    half = squared * 0.5
    s = f / (f + 2)
    z = s * s
    return s * (z.times_plus(z.polynomial(tail), half)) - half


def _log_of(e: Lanes, f: Lanes, more: Lanes | None = None, tail: Sequence[float] = ()) -> Lanes:
    """log(2^e (1 + f)) + more, where `more` is small; `tail` may be other coefficients of P."""
    numbers = _NUMBERS[e.element]
    low = e.times_plus(numbers.log2_low, _low_part(f, tail or numbers.tail))
    low = low if more is None else low + more
    return e.times_plus(numbers.log2_high, f + low)


def where_positive(x: Lanes, result: Lanes) -> Lanes:
    """The result where x is positive and finite; -inf for 0, inf for inf, nan elsewhere."""
    usual = (x.bits() - 1).under(_NUMBERS[x.element].infinity - 1)
    ends = x.equals(0).where(x.number(-math.inf), (x > 0).where(x, math.nan))
    return usual.where(result, ends)
