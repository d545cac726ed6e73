"""Every function of the standard, called the same way here and in array_api_strict: known, traced, all dtypes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import array_api_strict as strict
import numpy as np
import pytest

import saegim as sg
from saegim.errors import TraceError
from saegim.tensor import elementwise as chapter

# Expressions of a namespace xp and tensors: x has three axes, y two that broadcast with it; i are small positions,
# c truth values, v a sorted vector.
CALLS: dict[str, list[str]] = {
    "all": ["xp.all(c, axis=0)", "xp.all(x, keepdims=True)"],
    "any": ["xp.any(c, axis=(0, 1))", "xp.any(x)"],
    "argmax": ["xp.argmax(x, axis=1, keepdims=True)", "xp.argmax(x)"],
    "argmin": ["xp.argmin(x, axis=-1)", "xp.argmin(y, keepdims=True)"],
    "argsort": ["xp.argsort(x)", "xp.argsort(x, axis=0, descending=True)"],
    "asarray": ["xp.asarray(x, copy=True)", "xp.asarray(y, dtype=y.dtype)"],
    "astype": ["xp.astype(i, xp.float64)", "xp.astype(x, xp.bool)", "xp.astype(c, xp.int8, copy=False)"],
    "broadcast_arrays": ["list(xp.broadcast_arrays(x, y, c))"],
    "broadcast_to": ["xp.broadcast_to(y, (2, *y.shape))"],
    "clip": ["xp.clip(x, y, None)", "xp.clip(x, 1, 3)"],
    "concat": ["xp.concat([x, x], axis=-1)", "xp.concat((y, x), axis=None)"],
    "count_nonzero": ["xp.count_nonzero(x, axis=1)", "xp.count_nonzero(c, keepdims=True)"],
    "cumulative_prod": ["xp.cumulative_prod(x % 3, axis=1, include_initial=True)"],
    "cumulative_sum": ["xp.cumulative_sum(x, axis=-1)", "xp.cumulative_sum(v, dtype=xp.float64, include_initial=True)"],
    "diff": ["xp.diff(x, axis=0)", "xp.diff(v, n=2, append=v)"],
    "empty_like": ["xp.empty_like(x) * 0"],
    "expand_dims": ["xp.expand_dims(x, axis=-2)"],
    "flip": ["xp.flip(x)", "xp.flip(x, axis=(0, -1))"],
    "from_dlpack": ["xp.from_dlpack(x)"],
    "full_like": ["xp.full_like(x, 2)", "xp.full_like(c, 1.5, dtype=xp.float32)"],
    "matmul": ["xp.matmul(x, xp.matrix_transpose(y))", "v @ v"],
    "matrix_transpose": ["xp.matrix_transpose(x)", "y.T"],
    "max": ["xp.max(x, axis=(0, 2))", "xp.max(x, keepdims=True)"],
    "meshgrid": ["list(xp.meshgrid(v, y[0, :]))", "list(xp.meshgrid(v, v, indexing='ij'))"],
    "min": ["xp.min(x, axis=1)", "xp.min(x)"],
    "moveaxis": ["xp.moveaxis(x, (0, 1), (-1, 0))"],
    "ones_like": ["xp.ones_like(x)"],
    "permute_dims": ["xp.permute_dims(x, (2, 0, 1))"],
    "prod": ["xp.prod(x % 3, axis=(1, 0))", "xp.prod(y % 3, dtype=y.dtype)"],
    "repeat": ["xp.repeat(x, 2, axis=1)", "xp.repeat(v, xp.asarray([1, 0, 2, 1]))", "xp.repeat(y, 3)"],
    "reshape": ["xp.reshape(x, (-1, 2))", "xp.reshape(y, (12,))"],
    "roll": ["xp.roll(x, 2)", "xp.roll(x, (1, -1), axis=(0, 2))"],
    "searchsorted": ["xp.searchsorted(v, x, side='right')"],
    "sort": ["xp.sort(x)", "xp.sort(x, axis=1, descending=True)"],
    "squeeze": ["xp.squeeze(x[:, :1, ...], 1)"],
    "stack": ["xp.stack([y, y], axis=-1)"],
    "sum": ["xp.sum(x, axis=(0, -1))", "xp.sum(x, dtype=xp.float64, keepdims=True)"],
    "take": ["xp.take(x, xp.asarray([1, 0, 1]), axis=0)", "xp.take(v, i[:, 0])"],
    "take_along_axis": ["xp.take_along_axis(y, i, axis=0)"],
    "tensordot": ["xp.tensordot(x, y, axes=((1, 2), (0, 1)))", "xp.tensordot(v, v, axes=0)"],
    "tile": ["xp.tile(y, (2, 1, 3))"],
    "tril": ["xp.tril(x, k=-1)", "xp.tril(c)"],
    "triu": ["xp.triu(x, k=1)"],
    "unstack": ["list(xp.unstack(x, axis=1))"],
    "vecdot": ["xp.vecdot(x, y)", "xp.vecdot(x, y, axis=-2)"],
    "where": ["xp.where(c, x, y)", "xp.where(c, 2, x)", "xp.where(c, y, 3)"],
    "zeros_like": ["xp.zeros_like(x, dtype=xp.int16)"],
}
FLOATING: dict[str, list[str]] = {
    "mean": ["xp.mean(x, axis=1, keepdims=True)", "xp.mean(x)"],
    "std": ["xp.std(x, axis=(0, 1))", "xp.std(x, correction=1)"],
    "var": ["xp.var(x, axis=0, correction=0.5)", "xp.var(x)"],
}
OPERATORS = [
    "[x + y, x - y, x * y, x // (y + 1), x % (y + 1), x**2, -x, +x, abs(x)]",
    "[x + 1, 2 - x, x * 3, 3 * x, x // 2, 5 // (x + 1), x % 2, 2 ** (x % 4)]",
    "[x < y, x <= 1, 1 > x, x >= y, x == y, x != 2, 1 == x, (x < 1) & c, c | True, c ^ c, ~c]",
    "[x[0, ...], x[:, None, 1:, ::-1], x[..., 1], x[-1, 0, 0], y[i, i], x[1, i, 0]]",
]
SPECIAL = {"nonzero", "unique_all", "unique_counts", "unique_inverse", "unique_values"}  # their shape depends on values
FREE = {"arange", "empty", "eye", "full", "linspace", "ones", "zeros"}  # of no tensor
TALK = {"can_cast", "finfo", "iinfo", "isdtype", "result_type"}  # of dtypes
SHIFTS = {"bitwise_left_shift", "bitwise_right_shift"}


def operands() -> dict[str, int]:
    """The remaining functions, all of them elementwise, with the number of their operands."""
    found = {}
    for name, function in vars(chapter).items():
        if name in chapter.__all__ and name != "clip":
            found[name] = len(inspect.signature(function).parameters)
    return found


ELEMENTWISE = operands()
DTYPES = ["int8", "int32", "int64", "uint8", "uint64", "float32", "float64"]


def arguments(dtype: str) -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(7)
    x, y = (rng.integers(0, 6, shape).astype(dtype) for shape in ((2, 3, 4), (3, 4)))
    if x.dtype.kind == "f":
        x += rng.normal(size=x.shape).astype(dtype)
    return [x, y, rng.integers(0, 3, (2, 4)), rng.random((3, 4)) < 0.5, np.array([0, 1, 1, 4], dtype)]


def written(expression: str) -> Callable[..., Any]:
    return eval(f"lambda xp, x, y, i, c, v: {expression}")


@pytest.fixture(scope="module")
def compare(same: Any, same_compiled: Any) -> Callable[..., None]:
    """compare(call, arrays, rtol): the call gives here, eager and compiled, what it gives there."""
    return partial(_compare, same, same_compiled)


def _compare(
    same: Any, same_compiled: Any, call: Callable[..., Any], arrays: list[np.ndarray[Any, Any]], rtol: float
) -> None:
    with np.errstate(all="ignore"):
        wanted = call(strict, *map(strict.asarray, arrays))
    tensors = [sg.asarray(each) for each in arrays]
    known = call(sg, *tensors)
    wanted = [np.asarray(each) for each in wanted] if isinstance(wanted, list) else np.asarray(wanted)
    same(known, wanted, rtol)
    same_compiled(sg.compile(lambda *a: call(sg, *a))(*tensors), known, rtol)


@pytest.fixture(scope="module", autouse=True)
def standard_of_2024() -> Any:
    strict.set_array_api_strict_flags(api_version="2024.12")
    yield
    strict.reset_array_api_strict_flags()


def test_no_function_is_forgotten() -> None:
    functions = {name for name in strict.__all__ if inspect.isfunction(getattr(strict, name)) and "strict" not in name}
    functions -= {"broadcast_shapes", "isin", "__array_namespace_info__"}
    assert CALLS.keys() | FLOATING.keys() | ELEMENTWISE.keys() | SPECIAL | FREE | TALK == functions


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CALLS)
def test_function(name: str, dtype: str, compare: Any) -> None:
    for call in CALLS[name]:
        compare(written(call), arguments(dtype), 1e-5 if dtype.startswith("f") else 0.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FLOATING)
def test_floating_function(name: str, dtype: str, compare: Any) -> None:
    for call in FLOATING[name]:
        compare(written(call), arguments(dtype), 1e-5)


@pytest.mark.parametrize("dtype", ["bool", *DTYPES])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_function(name: str, dtype: str, compare: Any) -> None:
    x, y = arguments(dtype)[:2]
    if name in ("floor_divide", "remainder", "pow", *SHIFTS):
        x, y = x % 4 + 1, y % 4 + 1  # division by zero and negative powers of integers are left open

    def call(xp: Any, x: Any, y: Any) -> Any:
        function = getattr(xp, name)
        if ELEMENTWISE[name] == 1:
            return function(x)
        one = True if dtype == "bool" else 1
        return [function(x, y), function(y, x[0, ...]), function(x, one)]

    try:
        with np.errstate(all="ignore"):
            call(strict, strict.asarray(x), strict.asarray(y))
    except TypeError:
        if name not in ("real", "imag", "conj"):
            with pytest.raises(TypeError):
                call(sg, sg.asarray(x), sg.asarray(y))
        return
    compare(call, [x, y], 1e-5 if dtype.startswith("f") else 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", range(len(OPERATORS)))
def test_operators(number: int, dtype: str, compare: Any) -> None:
    compare(written(OPERATORS[number]), arguments(dtype), 1e-5 if dtype.startswith("f") else 0.0)


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_functions_of_values(name: str, same: Any) -> None:
    x = np.array([[3, 0, 3], [1, 0, 5]])
    wanted = getattr(strict, name)(strict.asarray(x))
    known = getattr(sg, name)(sg.asarray(x))
    if name == "unique_values":
        same(known, np.asarray(wanted))
    else:
        same(tuple(known), tuple(np.asarray(each) for each in wanted))
    with pytest.raises(TraceError, match="known only when the program runs"):
        sg.compile(getattr(sg, name))(sg.asarray(x))
