"""Numbers as unsigned integers of the same order, so that sorting and searching are the same for every dtype."""

from __future__ import annotations

from saegim.compiler.llvm import Function, Value, literal, vector
from saegim.compiler.llvm.build import lanes_of
from saegim.dtypes import DType


def key_type(dtype: DType) -> str:
    return f"i{8 * dtype.itemsize}"


def ordered(f: Function, x: Value, dtype: DType, *, descending: bool = False) -> Value:
    """Keys of numbers as they lie in memory, in order without sign: NaN is the last, and -0 equals 0.

    `descending`: the largest number is the first; NaN is still the last.
    """
    lanes, bits = lanes_of(x.type), 8 * dtype.itemsize
    kind = vector(key_type(dtype), lanes)
    if dtype.kind == "f":
        raw = f.convert("bitcast", f.op("fadd", x, literal(x.type, 0.0)), f"i{bits}")
        # Negative numbers: all bits flipped, as the largest comes last; others: the sign bit alone.
        flips = f.op("or", f.op("ashr", raw, bits - 1), literal(kind, 1 << (bits - 1)))
        key = f.op("xor", raw, flips)
    else:
        key = x if dtype.kind in "bu" else f.op("xor", x, literal(kind, 1 << (bits - 1)))
    if descending:
        key = f.op("xor", key, literal(kind, (1 << bits) - 1))
    if dtype.kind == "f":
        key = f.select(f.compare("fcmp uno", x, x), literal(kind, (1 << bits) - 1), key)
    return key
