"""What a fused kernel is made of: steps that compute values, and writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from saegim.compiler.elementwise import CODE
from saegim.compiler.kernels.base import Layout
from saegim.compiler.llvm import Function, Value
from saegim.dtypes import DType
from saegim.ir import REDUCTIONS


@dataclass(frozen=True)
class Step:
    """One value at every point of the space, computed from earlier steps.

    op      inputs               attrs
    load                         (which operand,)
    literal                      (a Python number,)
    position                     (offset, strides per axis of the space): offset + sum of index * stride, as `dtype`
    random_bits  key, position   the key uint64, the position int64 or uint64
    row_sum, row_prod, row_max, row_min, row_any, row_all: one input, reduced over the last axis of the space
    and every elementwise primitive by its name.

    A step is a row value if it is the same along the last axis: loads and positions whose last stride is 0, literals,
    reductions of rows, and what is computed from row values only. Everything else is full.
    """

    op: str
    inputs: tuple[int, ...]
    dtype: DType
    attrs: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Write:
    """Where a step goes: stored as it is, or combined over axes.

    The layout's shape is the whole space, with strides 0 on axes that are reduced or that the step does not vary
    along. `combine` is sum, prod, max, min, any or all over the axes `over`; only for a row value may these include
    the last axis, and it counts once per row. With `accumulate` the run-time parameter `onward` says whether what is
    in memory takes part.
    """

    step: int
    layout: Layout
    combine: str | None = None
    over: tuple[int, ...] = ()
    accumulate: bool = False


ROW_REDUCTIONS = {f"row_{kind}": kind for kind in REDUCTIONS}
"""Reductions of a row, and how they combine two values."""

_CHEAP = frozenset(("load", "literal", "position", "cast", "stop_gradient", *ROW_REDUCTIONS))
_CHEAP |= {"add", "subtract", "multiply", "negative", "abs", "sign", "maximum", "minimum", "copysign", "select"}
_CHEAP |= {"equal", "not_equal", "less", "less_equal", "isnan", "isinf", "signbit", "floor", "ceil", "trunc", "round"}
_CHEAP |= {"bitwise_and", "bitwise_or", "bitwise_xor", "invert", "shift_left", "shift_right"}


def combined(f: Function, kind: str, dtype: DType, x: Value, y: Value) -> Value:
    """Two values as one, in the way of `kind`."""
    return CODE[REDUCTIONS[kind]](f, dtype, dtype, (x, y))


def identity(kind: str, dtype: DType) -> float | bool:
    """What changes nothing when it is combined."""
    if kind in ("any", "all"):
        return kind == "all"
    if kind in ("sum", "prod"):
        return float(kind == "prod") if dtype.kind == "f" else int(kind == "prod")
    if dtype.kind == "f":
        return -np.inf if kind == "max" else np.inf
    limits = np.iinfo(dtype)
    return int(limits.min if kind == "max" else limits.max)


def weight(step: Step) -> int:
    """About how many instructions a vector of the step takes."""
    return 1 if step.op in _CHEAP else 4 if step.op in ("divide", "sqrt") else 20
