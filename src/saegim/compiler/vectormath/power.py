"""x to the y for floats: exp(y log |x|), and the sign.

An error in the logarithm grows with y. For float everything is computed in double. For double the logarithm is a sum
of two doubles, with twice the digits: products are split by fma (their rounding errors are floats themselves). The
coefficients minimise the largest relative error (Remez's algorithm); comments say how large it is.
"""

from __future__ import annotations

import math

from saegim.compiler.vectormath.exponential import exp_of_sum, exp_within
from saegim.compiler.vectormath.lanes import Lanes
from saegim.compiler.vectormath.logarithm import LOG2, log_of_positive, split, where_positive

_LARGE = 200.0  # e to it overflows float, but not double
_COARSE = (0.6666666564129378, 0.400003362191064, 0.2853723833353014, 0.2358356870494809)  # 4.8e-12

# atanh(s) / s = 1 + z (1/3 + z P(z)) with z = s^2
_THIRD = (1 / 3, 1.850371707708594e-17)
_TAIL = (  # 1.1e-20
    0.20000000000001136,
    0.14285714285045947,
    0.11111111260676688,
    0.09090892118554539,
    0.07693381764027231,
    0.06628334464641243,
    0.06598874625859075,
)

Sum = tuple[Lanes, Lanes]
"""A number as a large part and a small one, less than a rounding error of the large one."""


def power_floats(x: Lanes, y: Lanes) -> Lanes:
    """x to the y as IEEE 754 has it (and C's pow). Errors: below 0.6 ulp (float), 0.7 ulp (double)."""
    size = _power_in_double(x.abs(), y) if x.element == "float" else _power_of_sums(x.abs(), y)
    return _with_sign(x, y, size)


def _with_sign(x: Lanes, y: Lanes, size: Lanes) -> Lanes:
    """The power from that of |x|: its sign, nan for roots of negative numbers, and 1 in the cases that are fixed."""
    whole = y.intrinsic("llvm.trunc").equals(y)
    half = y * 0.5
    odd = whole & half.intrinsic("llvm.trunc").differs(half)
    signed = ((x.bits() < 0) & odd).where(-size, size)
    undefined = (x < 0) & ~whole & x.differs(-math.inf)
    one = x.equals(1) | y.equals(0) | (x.equals(-1) & y.abs().equals(math.inf))
    return one.where(x.number(1), undefined.where(x.number(math.nan), signed))


# --- float ----------------------------------------------------------------------------------------------------------


def _power_in_double(x: Lanes, y: Lanes) -> Lanes:
    logarithm = log_of_positive(x.convert("fpext", "double"), _COARSE)
    exponent = y.convert("fpext", "double") * logarithm
    return exp_within(exponent.at_most(_LARGE).at_least(-_LARGE), coarse=True).convert("fptrunc", "float")


# --- double ---------------------------------------------------------------------------------------------------------


def _power_of_sums(x: Lanes, y: Lanes) -> Lanes:
    high, low = _log_as_sum(x)
    high = where_positive(x, high)
    exponent, lost = _product(y, high)
    small = lost + y * low
    return exp_of_sum(exponent, (exponent.abs() < 1000).where(small, 0))


def _log_as_sum(x: Lanes) -> Sum:
    e, f = split(x)
    s, s_low = _quotient_of_f(f)
    z, z_low = _product(s, s)
    z_low = z_low + (s + s) * s_low
    inner, inner_low = _sum(x.number(_THIRD[0]), z * z.polynomial(_TAIL))
    more, more_low = _product(z, inner)
    more_low = more_low + (z * (inner_low + _THIRD[1]) + z_low * inner)
    factor, factor_low = _sum(x.number(1), more)
    twice = s + s
    high, low = _product(twice, factor)
    low = low + (twice * (factor_low + more_low) + (s_low + s_low) * factor)
    total, lost = _sum_of_any(e * LOG2[0], high)
    return _sum(total, lost + (low + e * LOG2[1]))


def _quotient_of_f(f: Lanes) -> Sum:
    """f / (2 + f)"""
    below, below_low = _sum(f.number(2), f)
    s = f / below
    return s, ((-s).fma(below, f) - s * below_low) / below


def _product(x: Lanes, y: Lanes) -> Sum:
    product = x * y
    return product, x.fma(y, -product)


def _sum(x: Lanes, y: Lanes) -> Sum:
    """x + y, where x is the larger or 0 (Dekker 1971)."""
    total = x + y
    return total, y - (total - x)


def _sum_of_any(x: Lanes, y: Lanes) -> Sum:
    """x + y (Knuth 1969)."""
    total = x + y
    part = total - x
    return total, (x - (total - part)) + (y - part)
