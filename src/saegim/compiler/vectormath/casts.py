"""The same values in another dtype."""

from __future__ import annotations

from saegim.compiler.llvm import literal, type_of, vector
from saegim.compiler.vectormath.lanes import Lanes
from saegim.dtypes import DType


def cast(x: Lanes, given: DType, result: DType) -> Lanes:
    """The values of x, of dtype `given`, in dtype `result`.

    Integers wrap around. Truth values are 0 and 1; whatever is not 0, nan too, is true. Floats are rounded to nearest;
    where they become integers, towards zero, and what no integer stands for gives what NumPy gives on x86.
    """
    to = type_of(result)
    if given == result:
        return x
    if result.kind == "b":
        return x.differs(0)
    if given.kind == "b":
        return _from_truth(x, to)
    if given.kind == "f":
        return _between_floats(x, to) if result.kind == "f" else _to_integer(x, result)
    if result.kind == "f":
        return x.convert("sitofp" if given.kind == "i" else "uitofp", to)
    if given.itemsize >= result.itemsize:
        return x.convert("trunc", to)
    return x.convert("sext" if given.kind == "i" else "zext", to)


def _from_truth(x: Lanes, to: str) -> Lanes:
    one = Lanes(x.f, literal(vector(to, x.count), 1))
    return x.where(one, 0)


def _between_floats(x: Lanes, to: str) -> Lanes:
    return x.convert("fpext" if to == "double" else "fptrunc", to)


def _to_integer(x: Lanes, result: DType) -> Lanes:
    """By way of the integers that x86 converts to: 32 bits for 8 and 16, 64 bits for 32 without sign."""
    if result.itemsize < 4:
        return _to_signed(x, "i32").convert("trunc", type_of(result))
    if result.kind == "i":
        return _to_signed(x, type_of(result))
    if result.itemsize == 4:
        return _to_signed(x, "i64").convert("trunc", "i32")
    half = 2.0**63
    upper = _to_signed(x - half, "i64") ^ (-(2**63))
    return (x >= half).where(upper, _to_signed(x, "i64"))


def _to_signed(x: Lanes, to: str) -> Lanes:
    """Towards zero; the least integer for what is outside of `to`. (LLVM's own conversion is undefined there.)"""
    bits = int(to[1:])
    inside = x.abs() < 2.0 ** (bits - 1)
    return inside.where(x.convert("fptosi", to), -(2 ** (bits - 1)))
