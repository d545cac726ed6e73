"""An interpreter of fused kernels in NumPy, a short way to write them down, and operands for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from saegim.compiler.kernels.base import Layout
from saegim.compiler.kernels.fused import Fused, Step, Write
from saegim.dtypes import DType, bool_, float64, int64, uint32, uint64
from saegim.reference import meaning

Array = npt.NDArray[Any]

# --- writing kernels down -------------------------------------------------------------------------------------------

_TESTS = {"equal", "not_equal", "less", "less_equal", "isnan", "isinf", "signbit"}


class Build:
    """A kernel, step by step: `b("add", x, y)` is the number of a new step."""

    def __init__(self, *space: int) -> None:
        self.space = space
        self._loads: list[Layout] = []
        self._steps: list[Step] = []
        self._writes: list[Write] = []

    def load(self, dtype: DType, strides: tuple[int, ...] | None = None) -> int:
        """The next operand; dense unless there are strides."""
        self._loads.append(self._layout(dtype, strides))
        return self._add(Step("load", (), dtype, (len(self._loads) - 1,)))

    def literal(self, value: float, dtype: DType) -> int:
        return self._add(Step("literal", (), dtype, (value,)))

    def position(self, offset: int, strides: tuple[int, ...], dtype: DType = int64) -> int:
        return self._add(Step("position", (), dtype, (offset, strides)))

    def __call__(self, op: str, *inputs: int, dtype: DType | None = None) -> int:
        usual = bool_ if op in _TESTS else uint32 if op == "random_bits" else self._steps[inputs[-1]].dtype
        return self._add(Step(op, inputs, dtype or usual))

    def write(self, step: int, strides: tuple[int, ...] | None = None, combine: str | None = None, *over: int) -> Build:
        """A store, dense unless there are strides; or a combination over axes."""
        layout = self._layout(self._steps[step].dtype, strides)
        self._writes.append(Write(step, layout, combine, over, accumulate=combine is not None and len(over) > 0))
        return self

    def is_row(self, number: int) -> bool:
        """Whether a step is the same along the last axis."""
        step = self._steps[number]
        if step.op in ("load", "position"):
            strides = self._loads[step.attrs[0]].strides if step.op == "load" else step.attrs[1]
            return strides[-1:] == (0,)
        return step.op.startswith("row_") or all(map(self.is_row, step.inputs))

    @property
    def kernel(self) -> Fused:
        return Fused(self.space, tuple(self._loads), tuple(self._steps), tuple(self._writes))

    def _add(self, step: Step) -> int:
        self._steps.append(step)
        return len(self._steps) - 1

    def _layout(self, dtype: DType, strides: tuple[int, ...] | None) -> Layout:
        return Layout.dense(dtype, self.space) if strides is None else Layout(dtype, self.space, strides)


# --- operands -------------------------------------------------------------------------------------------------------


def operand(layout: Layout, rng: np.random.Generator, whole_numbers: bool = False) -> Array:
    """Numbers for a layout, with a margin on both sides: an array that begins at the layout's first element."""
    reach = [(size - 1) * by for size, by in zip(layout.shape, layout.strides, strict=True) if size]
    first, last = sum(min(each, 0) for each in reach), sum(max(each, 0) for each in reach)
    whole = rng.uniform(-3, 3, last - first + 1 + 2 * _MARGIN) * (1 if layout.dtype.kind == "f" else 20)
    if whole_numbers:
        whole = np.rint(whole)
    typed = whole > 0 if layout.dtype == bool_ else np.abs(whole) if layout.dtype.kind == "u" else whole
    return typed.astype(layout.dtype)[_MARGIN - first :]


_MARGIN = 24


# --- the meaning ----------------------------------------------------------------------------------------------------

_REDUCE: dict[str, np.ufunc] = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}
_REDUCE |= {"any": np.logical_or, "all": np.logical_and}


def expected(kernel: Fused, reads: Sequence[Array], before: Sequence[Array], onward: bool) -> list[Array]:
    """What is behind the pointers of the writes afterwards, from their margin on, if `before` was there."""
    values = evaluate(kernel, reads)
    return [
        _written(kernel, write, values[write.step], whole_of(base), onward)
        for write, base in zip(kernel.stores, before, strict=True)
    ]


def whole_of(base: Array) -> Array:
    """The array of which an operand is the part behind its first element."""
    return base if base.base is None else np.asarray(base.base)


def evaluate(kernel: Fused, operands: Sequence[Array]) -> list[Array]:
    """Every step: an array that can be broadcast to the space. Sums of float32 are rounded once."""
    values: list[Array] = []
    for step in kernel.steps:
        given = [values[number] for number in step.inputs]
        with np.errstate(all="ignore"):
            values.append(_step(step, given, operands, kernel))
        assert values[-1].dtype == step.dtype, (step, values[-1].dtype)
    return values


def _step(step: Step, given: list[Array], operands: Sequence[Array], kernel: Fused) -> Array:
    if step.op == "load":
        return _seen(operands[step.attrs[0]], kernel.loads[step.attrs[0]])
    if step.op == "literal":
        return np.full((1,) * len(kernel.space), step.attrs[0], step.dtype)
    if step.op == "position":
        offset, strides = step.attrs
        sizes = [size if by else 1 for size, by in zip(kernel.space, strides, strict=True)]
        steps = zip(np.indices(sizes, int64), strides, strict=True)
        return np.asarray(offset + sum((at * by for at, by in steps), np.zeros(sizes, int64))).astype(step.dtype)
    if step.op == "random_bits":
        return _bits(*np.broadcast_arrays(*given))
    if step.op.startswith("row_"):
        columns = given[0].shape[:-1] + kernel.space[-1:]
        return _combined(
            step.op.removeprefix("row_"), np.broadcast_to(given[0], columns), (len(columns) - 1,)[: len(columns)]
        )
    return meaning(step.op, *given, **({"dtype": step.dtype} if step.op == "cast" else {}))


def _seen(base: Array, layout: Layout) -> Array:
    """An operand, with one element along axes that repeat it."""
    sizes = [size if by else 1 for size, by in zip(layout.shape, layout.strides, strict=True)]
    return as_strided(base, sizes, [by * base.itemsize for by in layout.strides])


def _bits(key: Array, position: Array) -> Array:
    """Element by element what the primitive gives at a position."""
    count = int(position.max(initial=0)) + 1
    drawn = {each: meaning("random_bits", np.asarray(each, uint64), shape=(count,)) for each in np.unique(key).tolist()}
    pairs = zip(key.ravel().tolist(), position.ravel().tolist(), strict=True)
    return np.array([drawn[each][at] for each, at in pairs], uint32).reshape(position.shape)


def _combined(kind: str, x: Array, axes: tuple[int, ...]) -> Array:
    wide = x.astype(float64) if x.dtype.kind == "f" else x
    start = {}
    if kind in ("max", "min"):
        limits = (-np.inf, np.inf) if x.dtype.kind == "f" else (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)
        start = {"initial": limits[kind == "min"]}
    dtype = {"dtype": wide.dtype} if kind in ("sum", "prod") else {}
    with np.errstate(all="ignore"):
        return np.asarray(_REDUCE[kind].reduce(wide, axes, keepdims=True, **dtype, **start)).astype(x.dtype)


def _written(kernel: Fused, write: Write, value: Array, whole: Array, onward: bool) -> Array:
    """The whole array behind a write after it was written."""
    result = whole.copy()
    place = _seen(result[_first(kernel, write) :], write.layout)
    columns = kernel.space[-1:] if write.layout.strides[-1:] != (0,) else value.shape[-1:]
    value = np.broadcast_to(value, kernel.space[:-1] + columns)
    if write.combine is None and value.size == 0:
        return result
    if write.combine is not None:
        value = _combined(write.combine, value, tuple(a for a in write.over if a != len(kernel.space) - 1))
        if write.accumulate and onward:
            value = _REDUCE[write.combine](place, value).astype(value.dtype)
    place[...] = value[tuple(slice(size) for size in place.shape)]
    return result


def _first(kernel: Fused, write: Write) -> int:
    """Where the first element of a write lies in the whole array that `operand` makes for it."""
    reach = [(n - 1) * by for n, by in zip(kernel.space, write.layout.strides, strict=True) if n]
    return _MARGIN - sum(min(each, 0) for each in reach)
