"""Floats: division with a remainder, and neighbours. Exactly what NumPy gives."""

from __future__ import annotations

from saegim.compiler.vectormath.lanes import Lanes


def remainder_floats(x: Lanes, y: Lanes) -> Lanes:
    """x modulo y, with the sign of y, from C's fmod, which has the sign of x."""
    return _remainder(x, y)[0]


def _remainder(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """The remainder, fmod, and whether y had to be added to it for the sign."""
    rest = x.op("frem", y)
    wrong = rest.differs(0) & ((rest < 0) ^ (y < 0))
    return rest.equals(0).where(rest.with_sign_of(y), wrong.where(rest + y, rest)), rest, wrong


def floor_divide_floats(x: Lanes, y: Lanes) -> Lanes:
    """x / y rounded down: exact for finite numbers (by way of fmod), the rounded quotient for infinite ones."""
    _, rest, wrong = _remainder(x, y)
    quotient = x / y
    whole = (x - rest) / y
    whole = wrong.where(whole - 1, whole)
    down = whole.intrinsic("llvm.floor")
    down = (whole - down > 0.5).where(down + 1, down)
    exact = whole.equals(0).where(whole.number(0).with_sign_of(quotient), down)
    infinite = x.abs().equals(float("inf")) | y.abs().equals(float("inf"))
    return infinite.where(quotient.intrinsic("llvm.floor"), y.equals(0).where(quotient, exact))


def next_after(x: Lanes, y: Lanes) -> Lanes:
    """The next number after x towards y: floats of one sign are ordered as their bits are."""
    bits = x.bits()
    away = (x < y) ^ (x < 0)  # from zero
    moved = away.where(bits + 1, bits - 1).as_floats()
    least = x.number(0).bits() + 1
    from_zero = least.as_floats().with_sign_of(y)
    beside = x.equals(0).where(from_zero, moved)
    return (x.is_nan() | y.is_nan()).where(x + y, x.equals(y).where(y, beside))
