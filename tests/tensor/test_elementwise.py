"""Functions of each element, against Python's own arithmetic, NumPy and the standard's lists of special cases."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import saegim as sg
from saegim.errors import DTypeError, ShapeError

inf, nan = math.inf, math.nan
SHAPES = [(), (0,), (19,), (2, 0, 3), (3, 7)]
INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float32", "float64"]

# Python's math, which knows float64 only, as the oracle: exact or within the stated multiple of eps.
UNARY_FLOAT: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "expm1": math.expm1,
    "log": math.log,
    "log1p": math.log1p,
    "log2": math.log2,
    "log10": math.log10,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": math.acosh,
    "atanh": math.atanh,
    "erf": math.erf,
    "reciprocal": lambda x: 1 / x,
}
UNARY_NUMERIC: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "negative": np.negative,
    "positive": np.positive,
    "sign": np.sign,
    "square": np.square,
    "conj": np.conj,
    "real": np.real,
    "imag": np.zeros_like,
}
ROUNDED = {"floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "round": np.rint}
TESTS = {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}
BINARY_NUMERIC = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}
BINARY_FLOAT: dict[str, Callable[[float, float], float]] = {
    "divide": lambda x, y: x / y,
    "atan2": math.atan2,
    "hypot": math.hypot,
    "copysign": math.copysign,
    "nextafter": math.nextafter,
    "remainder": lambda x, y: x % y,
    "pow": math.pow,
}


def reference(function: Callable[..., float], poles: dict[Any, float], *arguments: float) -> float:
    """Python's math raises where IEEE arithmetic has a value."""
    try:
        return function(*arguments)
    except ValueError:  # outside of the domain, or a pole
        return poles.get(arguments[0], nan) if not math.isnan(arguments[0]) else nan
    except OverflowError:
        return inf if arguments[0] > 0 or function in (math.cosh, math.pow) else -inf
    except ZeroDivisionError:
        return nan


POLES: dict[str, dict[Any, float]] = {
    "log": {0.0: -inf},
    "log2": {0.0: -inf},
    "log10": {0.0: -inf},
    "log1p": {-1.0: -inf},
    "atanh": {1.0: inf, -1.0: -inf},
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY_FLOAT)
def test_float_functions_against_math(name: str, dtype: str, sample: Any) -> None:
    x = sample(dtype, (36,))
    if name in ("sin", "cos", "tan"):
        x = x[~(np.abs(x) > 1e10)]  # where an angle's own rounding is many turns, only the range is left to check
    if name == "reciprocal":
        expected = [math.copysign(inf, each) if each == 0 else 1 / each for each in map(float, x)]
    else:
        expected = [reference(UNARY_FLOAT[name], POLES.get(name, {}), float(each)) for each in x]
    with np.errstate(over="ignore"):
        wanted = np.array(expected).astype(dtype)
    for function in (getattr(sg, name), sg.compile(getattr(sg, name))):
        found = function(sg.asarray(x))
        assert (found.dtype, found.shape) == (x.dtype, x.shape)
        np.testing.assert_allclose(found, wanted, rtol=8 * np.finfo(dtype).eps, atol=1e-44)
        np.testing.assert_array_equal(np.signbit(found)[wanted == 0], np.signbit(wanted)[wanted == 0])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", INTS + FLOATS)
def test_numeric_functions(dtype: str, shape: tuple[int, ...], agree: Any, sample: Any) -> None:
    x = sample(dtype, shape)
    with np.errstate(all="ignore"):
        for name, function in UNARY_NUMERIC.items():
            agree(getattr(sg, name), function(x), x)
        for name, function in TESTS.items():
            agree(getattr(sg, name), function(x), x)
        for name, function in ROUNDED.items():
            agree(getattr(sg, name), function(x) if dtype in FLOATS else x, x)


@pytest.mark.parametrize("dtype", INTS + FLOATS)
def test_binary_numeric_functions(dtype: str, agree: Any, sample: Any) -> None:
    x = sample(dtype, (23, 1))
    with np.errstate(all="ignore"):
        for name, function in BINARY_NUMERIC.items():
            agree(getattr(sg, name), function(x, x.T), x, x.T)
            agree(getattr(sg, name), function(x[:0], x.T), x[:0], x.T)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", BINARY_FLOAT)
def test_binary_float_functions_against_math(name: str, dtype: str) -> None:
    pool = np.array([nan, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, -3.5, 7.25, 1e10, -1e-10], dtype)
    x, y = pool[:, None], pool[None, :]
    if name == "nextafter" and dtype == "float32":
        expected = np.nextafter(*np.broadcast_arrays(x, y))
    else:
        exact = np.array([[reference(BINARY_FLOAT[name], {}, float(a), float(b)) for b in pool] for a in pool])
        with np.errstate(over="ignore", under="ignore"):
            expected = exact.astype(dtype)
    for function in (getattr(sg, name), sg.compile(getattr(sg, name))):
        found = function(sg.asarray(x), sg.asarray(y))
        assert (found.dtype, found.shape) == (x.dtype, expected.shape)
        np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps)


@given(
    st.sampled_from(INTS).flatmap(
        lambda dtype: st.tuples(*[hnp.arrays(dtype, 5, elements=hnp.from_dtype(np.dtype(dtype)))] * 2)
    )
)
def test_integer_division_against_python(pair: Any) -> None:
    x, y = pair
    y = np.where(y == 0, 1, y).astype(y.dtype)
    if x.dtype.kind == "i":
        y = np.where((y == -1) & (x == np.iinfo(x.dtype).min), 1, y).astype(y.dtype)
    expected = [divmod(int(a), int(b)) for a, b in zip(x, y, strict=True)]
    found = zip((sg.asarray(x) // sg.asarray(y)).tolist(), (sg.asarray(x) % sg.asarray(y)).tolist(), strict=True)
    assert list(found) == expected


@given(st.floats(width=64), st.floats(width=64))
def test_finite_floor_division_is_pythons(x: float, y: float) -> None:
    if not (math.isfinite(x) and math.isfinite(y)) or y == 0 or math.isinf(x / y):
        return
    quotient, rest = divmod(x, y)
    assert float(sg.full((), x, dtype=sg.float64) // y) == quotient
    assert float(sg.full((), x, dtype=sg.float64) % y) == rest


# The standard, "Special cases": x1 x2 result, ...
SPECIAL_CASES = {
    "floor_divide": """
        inf 2 inf, inf -2 -inf, -inf 2 -inf, -inf -2 inf, inf inf nan, inf -inf nan, 2 inf 0, 2 -inf -0, -2 inf -0,
        -2 -inf 0, 0 0 nan, -0 0 nan, 0 3 0, -0 3 -0, 0 -3 -0, -0 -3 0, nan 1 nan, 1 nan nan, 3 0 inf, 3 -0 -inf,
        -3 0 -inf, -3 -0 inf, -1 3 -1, 7 -2 -4""",
    "remainder": """
        inf 2 nan, -inf 2 nan, 2 0 nan, 2 -0 nan, 0 0 nan, 0 3 0, -0 3 0, 0 -3 -0, -0 -3 -0, 2 inf 2, 2 -inf -inf,
        -2 inf inf, -2 -inf -2, -7 3 2, 7 -3 -2, 6 -3 -0, -6 3 0, nan 2 nan""",
    "divide": """
        inf inf nan, 0 0 nan, 0 2 0, -0 2 -0, 2 0 inf, 2 -0 -inf, -2 0 -inf, inf -3 -inf, 3 inf 0, 3 -inf -0,
        -3 inf -0, nan 1 nan""",
    "pow": """
        2 nan nan, nan 0 1, nan -0 1, 1 nan 1, -2 inf inf, 2 -inf 0, 1 inf 1, -1 inf 1, -1 -inf 1, 0.5 inf 0,
        0.5 -inf inf, inf 2 inf, inf -2 0, -inf 3 -inf, -inf 2 inf, -inf 0.5 inf, -inf -3 -0, -inf -2 0, 0 2 0,
        0 -2 inf, -0 3 -0, -0 0.5 0, -0 -3 -inf, -0 -2 inf, -8 0.25 nan, 4 0.5 2, -4 0.5 nan, 0 0.5 0, inf 0.5 inf""",
    "atan2": """
        0 -0 3.141592653589793, -0 -0 -3.141592653589793, 0 0 0, -0 1 -0, 1 0 1.5707963267948966, 1 inf 0, -1 inf -0,
        1 -inf 3.141592653589793, inf inf 0.7853981633974483, inf -inf 2.356194490192345""",
    "hypot": "inf nan inf, nan -inf inf, nan 1 nan, 0 -0 0, 3 4 5, 3e30 4e30 5e30",
    "logaddexp": """
        nan 1 nan, inf 1 inf, -inf 2 2, -inf -inf -inf, -inf inf inf, 0 0 0.6931471805599453, 1000 1000
        1000.6931471805599""",
    "copysign": "1 -0 -1, -1 0 1, inf -1 -inf, 0 -2 -0, -3 nan 3",
    "nextafter": "nan 1 nan, 1 nan nan, 0 -0 -0, 1 1 1, inf inf inf, -0 0 0",
    "maximum": "nan 1 nan, 1 nan nan, inf 1 inf, -inf 1 1",
    "minimum": "nan 1 nan, 1 nan nan, inf 1 1, -inf 1 -inf",
    "add": "inf -inf nan, inf 1 inf, -0 -0 -0, 0 -0 0, 1 -1 0",
    "subtract": "inf inf nan, -0 0 -0, 0 0 0, 1 inf -inf",
    "multiply": "inf 0 nan, -0 3 -0, inf -1 -inf, nan 0 nan",
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", SPECIAL_CASES)
def test_special_cases(name: str, dtype: str, agree: Any) -> None:
    rows = [[float(each) for each in case.split()] for case in SPECIAL_CASES[name].split(",")]
    x, y, expected = np.array(rows, dtype).T
    inexact = name in ("atan2", "logaddexp") or (name == "hypot" and dtype == "float32")
    agree(getattr(sg, name), expected, x, y, rtol=1e-6 if inexact else 0.0)
    for one, other, result in zip(x, y, expected, strict=True):  # one by one: other code than whole vectors
        agree(getattr(sg, name), result, one, other, rtol=1e-6 if inexact else 0.0)


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("round", [(2.5, 2), (3.5, 4), (-2.5, -2), (-0.4, -0.0), (nan, nan), (inf, inf), (0.5, 0.0)]),
        ("trunc", [(-0.9, -0.0), (1.9, 1), (-inf, -inf)]),
        ("ceil", [(-0.9, -0.0), (1.1, 2), (nan, nan)]),
        ("floor", [(0.9, 0.0), (-0.1, -1), (-0.0, -0.0)]),
        ("sign", [(nan, nan), (-0.5, -1), (inf, 1)]),
        ("sqrt", [(-1, nan), (-0.0, -0.0), (inf, inf), (4, 2)]),
        ("exp", [(-inf, 0.0), (inf, inf), (-0.0, 1), (nan, nan)]),
        ("expm1", [(-inf, -1), (-0.0, -0.0), (inf, inf)]),
        ("log", [(0.0, -inf), (-0.0, -inf), (-1, nan), (1, 0.0), (inf, inf)]),
        ("log1p", [(-1, -inf), (-2, nan), (-0.0, -0.0)]),
        ("acos", [(1, 0.0), (2, nan)]),
        ("acosh", [(1, 0.0), (0.5, nan), (inf, inf)]),
        ("asin", [(-0.0, -0.0), (-2, nan)]),
        ("atanh", [(1, inf), (-1, -inf), (-0.0, -0.0), (2, nan)]),
        ("cosh", [(-inf, inf), (0.0, 1)]),
        ("tanh", [(inf, 1), (-inf, -1), (-0.0, -0.0)]),
        ("sinh", [(-inf, -inf), (-0.0, -0.0)]),
        ("tan", [(inf, nan), (-0.0, -0.0)]),
        ("sin", [(inf, nan), (-0.0, -0.0)]),
        ("cos", [(inf, nan), (-0.0, 1)]),
        ("signbit", [(-0.0, True), (0.0, False), (-inf, True), (2, False), (-nan, True), (nan, False)]),
    ],
)
@pytest.mark.parametrize("dtype", FLOATS)
def test_special_cases_of_one_operand(name: str, cases: Any, dtype: str, agree: Any) -> None:
    x, expected = (np.array(column) for column in zip(*cases, strict=True))
    agree(getattr(sg, name), expected if expected.dtype == bool else expected.astype(dtype), x.astype(dtype))


@pytest.mark.parametrize("dtype", ["bool", *INTS])
def test_bits(dtype: str, agree: Any, sample: Any) -> None:
    x = sample(dtype, (11,))
    y = x[::-1].copy()
    agree(sg.bitwise_and, x & y, x, y)
    agree(sg.bitwise_or, x | y, x, y)
    agree(sg.bitwise_xor, x ^ y, x, y)
    agree(sg.bitwise_invert, ~x, x)
    if dtype != "bool":
        by = np.arange(11).astype(dtype) % np.array(8 * x.itemsize, dtype)
        agree(sg.bitwise_left_shift, x << by, x, by)
        agree(sg.bitwise_right_shift, x >> by, x, by)
        agree(lambda a: (a << 2, 1 << (a & 3), a >> 1), (x << 2, np.array(1, dtype) << (x & 3), x >> 1), x)


def test_truth_values(agree: Any) -> None:
    x, y = np.array([[True], [False]]), np.array([True, False])
    agree(sg.logical_and, np.logical_and(x, y), x, y)
    agree(sg.logical_or, np.logical_or(x, y), x, y)
    agree(sg.logical_xor, np.logical_xor(x, y), x, y)
    agree(sg.logical_not, ~x, x)
    agree(lambda a: sg.logical_and(a, True), x, x)


@pytest.mark.parametrize("name", ["logical_not", "logical_and", "logical_or", "logical_xor"])
def test_numbers_are_no_truth_values(name: str) -> None:
    x = sg.asarray([1, 0])
    with pytest.raises(DTypeError, match="truth values expected, int64 given"):
        getattr(sg, name)(*[x] * (1 if name == "logical_not" else 2))


@pytest.mark.parametrize("name", [*UNARY_FLOAT, "signbit"])
def test_integers_are_no_floats(name: str) -> None:
    with pytest.raises(DTypeError, match=r"floating-point dtype expected, int64 given; cast it with astype"):
        getattr(sg, name)(sg.asarray([1, 2]))


@pytest.mark.parametrize("name", ["divide", "atan2", "hypot", "logaddexp", "copysign", "nextafter"])
def test_pairs_of_integers_are_no_floats(name: str) -> None:
    with pytest.raises(DTypeError, match="floating-point dtype expected, int8 given"):
        getattr(sg, name)(sg.asarray([1], dtype=sg.int8), 2)


@pytest.mark.parametrize("name", ["add", "abs", "negative", "positive", "floor", "less", "isnan"])
def test_truth_values_are_no_numbers(name: str) -> None:
    x = sg.asarray([True])
    with pytest.raises(DTypeError, match="bool"):
        getattr(sg, name)(*[x] * (2 if name in ("add", "less") else 1))


class TestClip:
    def test_bounds_of_every_kind(self, agree: Any) -> None:
        x = np.array([[-3.0, -0.0, nan], [2.0, inf, -inf]], np.float32)
        low, high = np.array([[-1.0], [0.5]], np.float32), np.array([0.25, 1.0, 1.5], np.float32)
        agree(sg.clip, np.clip(x, low, high), x, low, high)
        agree(lambda a: sg.clip(a, -1, 1), np.clip(x, -1, 1), x)
        agree(lambda a: sg.clip(a, max=1.0), np.minimum(x, np.float32(1)), x)
        agree(lambda a: sg.clip(a, min=1.0), np.maximum(x, np.float32(1)), x)
        agree(sg.clip, x, x)

    def test_nan_bounds(self, agree: Any) -> None:
        x = np.array([1.0, 2.0])
        agree(lambda a: sg.clip(a, nan, 3), np.full(2, nan), x)
        agree(lambda a: sg.clip(a, 0, nan), np.full(2, nan), x)

    def test_bounds_stretch_the_result(self, agree: Any) -> None:
        x, low, high = np.array(5), np.array([[1], [7]]), np.array([2, 6, 9])
        agree(sg.clip, np.clip(x, low, high), x, low, high)

    def test_the_dtype_stays(self, agree: Any) -> None:
        x, low = np.array([1, 200], np.uint16), np.array(100, np.uint8)
        agree(sg.clip, np.array([100, 200], np.uint16), x, low)
        with pytest.raises(DTypeError, match="bounds that fit into uint8 expected"):
            sg.clip(sg.asarray(low), sg.asarray(x))
        with pytest.raises(DTypeError, match="float does not combine with a tensor of uint16"):
            sg.clip(sg.asarray(x), 0.5)


class TestPythonNumbers:
    def test_take_the_dtype_of_the_tensor(self) -> None:
        assert (sg.asarray([1], dtype=sg.int8) + 1).dtype == sg.int8
        assert (sg.asarray([1.0], dtype=sg.float64) * 2).dtype == sg.float64
        assert (2.5 - sg.ones(1)).dtype == sg.float32
        assert sg.maximum(0, sg.ones(1)).dtype == sg.float32
        assert (sg.asarray([True]) & False).dtype == sg.bool
        assert sg.equal(True, sg.asarray([True])).tolist() == [True]

    @pytest.mark.parametrize(("dtype", "number"), [("int32", 1.5), ("int32", True), ("bool", 1), ("float32", False)])
    def test_of_another_kind_are_refused(self, dtype: str, number: Any) -> None:
        x = sg.ones(2, dtype=getattr(sg, dtype))
        with pytest.raises(
            DTypeError, match=f"a Python {type(number).__name__} does not combine with a tensor of {dtype}"
        ):
            sg.equal(x, number)
        with pytest.raises(DTypeError, match="does not combine"):
            _ = number == x

    def test_outside_of_the_range(self) -> None:
        with pytest.raises(OverflowError, match="add: 300 does not fit into uint8"):
            sg.add(sg.asarray([1], dtype=sg.uint8), 300)
        with pytest.raises(OverflowError, match="-1 does not fit into uint64"):
            sg.multiply(-1, sg.asarray([1], dtype=sg.uint64))
        with pytest.raises(OverflowError, match="does not fit into float32"):
            sg.multiply(10**400, sg.ones(1))
        assert (sg.ones(1) * 1e300).tolist() == [inf]

    def test_alone_are_refused(self) -> None:
        with pytest.raises(DTypeError, match="add: at least one tensor expected, only Python numbers given"):
            sg.add(1, 2)

    def test_nothing_else_is_a_number(self) -> None:
        with pytest.raises(TypeError, match=r"a tensor or NumPy array expected, list given; use saegim\.asarray"):
            sg.add(sg.ones(2), [1, 2])
        with pytest.raises(TypeError, match="str"):
            sg.exp("1")
        with pytest.raises(TypeError):
            _ = sg.ones(2) + "1"


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_dims=4))
def test_broadcasting(shapes: Any) -> None:
    (first, second), result = shapes.input_shapes, shapes.result_shape
    x, y = sg.ones(first), sg.ones(second)
    for traced in (False, True):
        function = sg.compile(sg.add) if traced else sg.add
        assert function(x, y).shape == result
        assert sg.broadcast_arrays(x, y)[0].shape == result
    assert sg.where(x > 0, 1.0, y).shape == result


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match=r"add: shapes \(2, 3\) and \(4,\) do not fit each other"):
        sg.add(sg.ones((2, 3)), sg.ones(4))
    with pytest.raises(ShapeError, match=r"\(2,\) and \(0,\)"):
        _ = sg.ones(2) * sg.ones(0)
