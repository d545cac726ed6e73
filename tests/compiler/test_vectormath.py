"""Functions in vector code: their errors, where they end, and that they call nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from compiler.elements import BOUNDS, TARGETS, Array, Elements, Job, crossed, ulps
from saegim import dtypes
from saegim.dtypes import DType, float32, float64
from saegim.reference.meaning import meaning
from saegim.runtime.jit import assembly
from saegim.runtime.target import PRESETS, Target, host

INLINE = ("exp", "expm1", "log", "log1p", "log2", "tanh", "erf", "sigmoid", "power", "logaddexp")
SPECIAL = [0, 0.5, 1, 2, 3, 88.7, 88.73, 87.4, 103, 104, 110, 709.7, 709.8, 745, 746, 1e5, 1e10, 1e30, 3.4e38, 1e300]
SPECIAL += [1e-3, 1.2e-38, 1e-40, 1e-45, 1e-310, 5e-324, np.inf]
EXACT_NAMES = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2"} | {
    f"a{name}h": f"arc{name}h" for name in ("sin", "cos", "tan")
}


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def code_for(target: Target, lanes: int | None = None) -> Elements:
    return Elements(
        {f"{op}_{dtype.name}": job(op, dtype, target) for op in BOUNDS for dtype in dtypes.FLOATING}, target
    )


def job(op: str, dtype: DType, target: Target) -> Job:
    return Job(op, (dtype,) * len(BOUNDS[op][2][0]), dtype, target.lanes(dtype))


@pytest.fixture(scope="module", params=TARGETS, ids=lambda target: target.name)
def code(request: pytest.FixtureRequest) -> Elements:
    target: Target = request.param
    pairs = [(op, dtype) for op in BOUNDS for dtype in dtypes.FLOATING]
    return Elements({f"{op}_{dtype.name}": job(op, dtype, target) for op, dtype in pairs}, target)


def exact(op: str, *operands: Array) -> Any:
    """In extended precision, where there is any."""
    if op == "erf":
        return np.array([math.erf(each) for each in operands[0]], np.longdouble)
    if op == "sigmoid":
        return 1 / (1 + np.exp(-operands[0].astype(np.longdouble)))
    function: Callable[..., Any] = getattr(np, EXACT_NAMES.get(op, op))
    return function(*(each.astype(np.longdouble) for each in operands))


@pytest.mark.parametrize("op", BOUNDS)
@pytest.mark.parametrize("dtype", dtypes.FLOATING, ids=lambda dtype: dtype.name)
def test_errors(code: Elements, op: str, dtype: DType) -> None:
    bound = BOUNDS[op][0 if dtype == float32 else 1]
    rng = np.random.default_rng(0)
    for ranges in BOUNDS[op][2]:
        operands = [rng.uniform(*each, 4000).astype(dtype) for each in ranges]
        errors = ulps(code(f"{op}_{dtype.name}", *operands), exact(op, *operands))
        worst = int(errors.argmax())
        assert errors[worst] <= bound, f"{op} of {[each[worst] for each in operands]}"


@pytest.mark.parametrize("op", BOUNDS)
@pytest.mark.parametrize("dtype", dtypes.FLOATING, ids=lambda dtype: dtype.name)
def test_where_numbers_end(code: Elements, op: str, dtype: DType) -> None:
    values = np.array([np.nan, *SPECIAL, *np.negative(SPECIAL)]).astype(dtype)
    operands = crossed([values] * len(BOUNDS[op][2][0]))
    found, expected = code(f"{op}_{dtype.name}", *operands), meaning(op, *operands)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(expected[known]))
    assert (ulps(found, expected.astype(np.longdouble)) <= 5).all()


def test_what_is_needed_often_calls_no_library() -> None:
    for op in INLINE:
        for dtype in dtypes.FLOATING:
            text = Elements({op: job(op, dtype, host())}, host()).module.text
            declared = [line for line in text.splitlines() if line.startswith("declare")]
            assert all("@llvm." in line for line in declared), declared


def test_whole_powers_of_whole_numbers_are_exact(code: Elements) -> None:
    x, y = crossed([np.arange(-20.0, 200), np.arange(12.0)])
    for dtype in dtypes.FLOATING:
        exactly = np.abs(x**y) < 2.0 ** (np.finfo(dtype).nmant + 1)
        found = code(f"power_{dtype.name}", x[exactly].astype(dtype), y[exactly].astype(dtype))
        np.testing.assert_array_equal(found, (x**y)[exactly])


def test_tanh_and_erf_stay_within_one(code: Elements) -> None:
    x = np.linspace(-25, 25, 20001)
    for op in ("tanh", "erf"):
        for dtype in (float32, float64):
            assert np.abs(code(f"{op}_{dtype.name}", x.astype(dtype))).max() == 1


def test_code_for_another_processor() -> None:
    neon = PRESETS["neon"]
    module = Elements({op: job(op, float32, neon) for op in BOUNDS}, host()).module
    assert "fmla" in assembly(module.text, neon)
