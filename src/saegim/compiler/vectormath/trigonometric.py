"""Sine, cosine and tangent.

x is n pi/2 + r with a whole number n and |r| <= pi/4 (Cody and Waite 1980: pi/2 in parts so short that their products
with n are exact); sine and cosine of r are polynomials, and n says which of them is meant, with which sign. Numbers
of float are reduced in double. Beyond a million, where the parts do not suffice, the C library steps in. The
coefficients minimise the largest relative error (Remez's algorithm); comments say how large it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from saegim.compiler.vectormath.integers import any_lane
from saegim.compiler.vectormath.lanes import Lanes
from saegim.compiler.vectormath.libm import by_library

_ROUND = 1.5 * 2**52  # added to a double, it rounds to whole numbers
_LIMIT = 1e6

# pi/2: three parts of 32 bits and the rest
_HALF_PI = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32)

# sin(r) = r + r z S(z) and cos(r) = 1 - z / 2 + z^2 C(z) with z = r^2
_SINE = {
    "float": (-0.16666654, 0.008332113, -0.00019508741),  # 4.1e-9
    "double": (  # 4.2e-18
        -0.16666666666666627,
        0.00833333333332094,
        -0.00019841269828618676,
        2.755731327598003e-06,
        -2.5050692468547327e-08,
        1.5892961303641987e-10,
    ),
}
_COSINE = {
    "float": (0.041666646, -0.0013887251, 2.442568e-05),  # 1.3e-10
    "double": (  # 6.5e-20
        0.04166666666666658,
        -0.0013888888888871375,
        2.480158728778252e-05,
        -2.7557313865404144e-07,
        2.087565755109599e-09,
        -1.1356265445129505e-11,
    ),
}


class _Reduced(NamedTuple):
    """x as n pi/2 + r: r's sine and cosine, and whether n is odd, and whether its half is, rounded down."""

    sine: Lanes
    cosine: Lanes
    odd: Lanes
    half_odd: Lanes


def sin(x: Lanes) -> Lanes:
    """The sine. Errors: below 1.6 ulp."""
    return _with_library("sin", x, _sin)


def cos(x: Lanes) -> Lanes:
    """The cosine. Errors: below 1.6 ulp."""
    return _with_library("cos", x, _cos)


def tan(x: Lanes) -> Lanes:
    """The tangent. Errors: below 3.5 ulp."""
    return _with_library("tan", x, _tan)


def _sin(x: Lanes) -> Lanes:
    reduced = _reduced(x)
    size = reduced.odd.where(reduced.cosine, reduced.sine)
    return x.equals(0).where(x, reduced.half_odd.where(-size, size))


def _cos(x: Lanes) -> Lanes:
    reduced = _reduced(x)
    size = reduced.odd.where(reduced.sine, reduced.cosine)
    return (reduced.odd ^ reduced.half_odd).where(-size, size)


def _tan(x: Lanes) -> Lanes:
    reduced = _reduced(x)
    above = reduced.odd.where(-reduced.cosine, reduced.sine)
    return x.equals(0).where(x, above / reduced.odd.where(reduced.sine, reduced.cosine))


def _with_library(name: str, x: Lanes, formula: Callable[[Lanes], Lanes]) -> Lanes:
    """The formula's results; the C library's for numbers that are too large for the formula."""
    result = formula(x)
    chosen = x.f.variable(x.value.type, result.value)
    large = x.abs() > _LIMIT
    with x.f.when(any_lane(large)):
        chosen.set(large.where(by_library(name, x), result).value)
    return Lanes(x.f, chosen.get())


def _reduced(x: Lanes) -> _Reduced:
    sine_tail, cosine_tail = _SINE[x.element], _COSINE[x.element]
    n, r, more = _remainder(x)
    z = r * r
    half = z * 0.5
    near = 1 - half
    sine = r + (r * z).times_plus(z.polynomial(sine_tail), more * near)
    cosine = near + (((1 - near) - half) + ((z * z) * z.polynomial(cosine_tail) - r * more))
    return _Reduced(sine, cosine, (n & 1).differs(0), (n & 2).differs(0))


def _remainder(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """n in the lowest bits of integers as wide as x, and r as a sum of two floats."""
    wide = x.convert("fpext", "double")
    rounded = wide.times_plus(2 / math.pi, _ROUND)
    n = rounded - _ROUND
    first, second, third, fourth = _HALF_PI
    r = wide - n * first  # exact
    if x.element == "float":
        return rounded.bits().convert("trunc", "i32"), (r - n * second).convert("fptrunc", "float"), x.number(0)
    r, lost = _difference(r, n * second)
    r, also_lost = _difference(r, n * third)
    low = (lost + also_lost) - n * fourth
    total = r + low
    return rounded.bits(), total, (r - total) + low


def _difference(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes]:
    """x - y and what was lost in rounding it (Knuth 1969)."""
    result = x - y
    kept = x - result
    back = result + kept
    return result, (x - back) + (kept - y)
