"""The code of elementwise primitives gives what NumPy gives."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from cases import ALL, Case
from compiler.elements import BOUNDS, TARGETS, Array, Elements, Job, crossed
from saegim import dtypes
from saegim.compiler.elementwise import CODE, random_bits
from saegim.compiler.llvm import Module
from saegim.dtypes import DType, bool_, float32
from saegim.errors import DTypeError
from saegim.ir import ELEMENTWISE, PRIMITIVES, Spec
from saegim.ir.primitives import infer
from saegim.reference.meaning import meaning
from saegim.runtime.jit import load
from saegim.runtime.target import Target, host

EXACT = CODE.keys() - BOUNDS.keys() - {"cast"}


@pytest.fixture(autouse=True)
def silent() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def special(dtype: DType, seed: int = 0) -> Array:
    """Where numbers of a dtype end or change their nature, and some in between."""
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return np.array([True, False])
    if dtype.kind == "f":
        info = np.finfo(dtype)
        positive = [
            0,
            1,
            0.5,
            1.5,
            2,
            2.5,
            3,
            1e-3,
            100,
            65536,
            2**31,
            info.tiny,
            info.max,
            info.smallest_subnormal,
            np.inf,
        ]
        values = np.array([np.nan, *positive, *np.negative(positive)])
        return np.concatenate([values, rng.normal(0, 10, 10)]).astype(dtype)
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    near = {0, 1, 2, 3, 7, 8, 31, 32, 63, 64, most, most - 1, most // 2, least, least + 1}
    near |= {-1, -2, -3, -8} if least < 0 else set()
    drawn = rng.integers(least, most, 10, dtype=dtype)
    return np.concatenate([np.array(sorted(near), dtype), drawn])


def kinds(op: str) -> Iterator[tuple[tuple[DType, ...], DType]]:
    """The dtypes of operands that a primitive takes, and of its result."""
    for dtype in dtypes.ALL:
        given = (bool_, dtype, dtype) if op == "select" else (dtype,) * (PRIMITIVES[op].arity or 0)
        try:
            yield given, infer(op, [Spec((1,), each) for each in given], {}).dtype
        except DTypeError:
            continue


def same(found: Array, expected: Array) -> None:
    """Equal bit for bit; one nan is as good as another."""
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    if found.dtype.kind == "f":
        known = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(expected[known]))


def test_every_elementwise_primitive_has_code() -> None:
    assert CODE.keys() == ELEMENTWISE


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_what_can_be_exact_is(target: Target) -> None:
    jobs, operands = {}, {}
    for op in sorted(EXACT):
        for given, result in kinds(op):
            name = f"{op}_{given[-1].name}"
            jobs[name] = Job(op, given, result, target.lanes(given[-1]))
            operands[name] = crossed([special(each) for each in given])
    code = Elements(jobs, target)
    for name, job in jobs.items():
        same(code(name, *operands[name]), meaning(job.op, *operands[name]))


def within(x: Array, result: DType) -> Array:
    """Those floats that the integers of a dtype can stand for."""
    info = np.iinfo(result)
    return x[np.isfinite(x) & (np.trunc(x) >= float(info.min)) & (np.trunc(x) < float(info.max))]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_casts(target: Target) -> None:
    pairs = [(a, b) for a in dtypes.ALL for b in dtypes.ALL]
    code = Elements({f"{a}_{b}": Job("cast", (a,), b, target.lanes(a)) for a, b in pairs}, target)
    for given, result in pairs:
        x = special(given)
        x = within(x, result) if given.kind == "f" and result.kind in "iu" else x
        same(code(f"{given}_{result}", x), meaning("cast", x, dtype=result))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="what NumPy gives for such numbers depends on the processor")
def test_casts_of_floats_that_no_integer_stands_for() -> None:
    pairs = [(a, b) for a in dtypes.FLOATING for b in (*dtypes.SIGNED, dtypes.uint8, dtypes.uint16, dtypes.uint64)]
    code = Elements({f"{a}_{b}": Job("cast", (a,), b, host().lanes(a)) for a, b in pairs}, host())
    outside = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 3e9, -3e9, 300, -129, 70000, -1.5])
    for given, result in pairs:
        x = outside.astype(given)
        expected = np.array([x[i : i + 1].astype(result)[0] for i in range(len(x))])
        same(code(f"{given}_{result}", x), expected)


def test_powers_of_integers() -> None:
    integers = (*dtypes.SIGNED, *dtypes.UNSIGNED)
    code = Elements({each.name: Job("power", (each, each), each, host().lanes(each)) for each in integers}, host())
    for dtype in integers:
        x = special(dtype)
        x, y = crossed([x, x[x >= 0]])
        same(code(dtype.name, x, y), np.power(x, y))


def test_negative_powers_of_integers_are_rounded_towards_zero() -> None:
    code = Elements({"power": Job("power", (dtypes.int32,) * 2, dtypes.int32, host().lanes(float32))}, host())
    x, y = (np.array(each, np.int32) for each in ([1, -1, -1, 2, -7, 0], [-3, -2, -3, -1, -2, -1]))
    assert code("power", x, y).tolist() == [1, 1, -1, 0, 0, 0]


CASES = [case for case in ALL if case.op in CODE]


@pytest.fixture(scope="module")
def of_cases() -> Elements:
    jobs = {}
    for case in CASES:
        for dtype in dtypes.FLOATING:
            inputs = case.inputs(1, dtype)
            given = tuple(each.dtype for each in inputs)
            result = case.graph(inputs, 1).outputs[0].dtype
            jobs[f"{case}_{dtype.name}"] = Job(case.op, given, result, host().lanes(given[-1]))
    return Elements(jobs, host())


@pytest.mark.parametrize("dtype", dtypes.FLOATING, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(of_cases: Elements, case: Case, dtype: DType) -> None:
    inputs = case.inputs(129, dtype)
    found = of_cases(f"{case}_{dtype.name}", *inputs)
    expected = meaning(case.op, *inputs, **case.attrs(129))
    if case.op in EXACT or case.op == "cast":
        same(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps)


def float_jobs(lanes: int | None, target: Target) -> dict[str, Job]:
    """Every primitive for floats, in vectors of `lanes`, or of as many as the target has."""
    jobs = {}
    for op in sorted(CODE.keys() - {"cast", "select"}):
        for given, result in kinds(op):
            if given[-1].kind == "f":
                jobs[f"{op}_{given[-1].name}"] = Job(op, given, result, lanes or target.lanes(given[-1]))
    return jobs


def test_one_number_at_a_time_gives_the_same_bits_as_vectors() -> None:
    wide, narrow = (Elements(float_jobs(lanes, host()), host()) for lanes in (None, 1))
    for name, job in float_jobs(1, host()).items():
        operands = crossed([special(each) for each in job.given])
        same(narrow(name, *operands), wide(name, *operands))


@hypothesis.settings(max_examples=20)
@hypothesis.given(st.integers(0, 2**64 - 1), st.integers(1, 70))
def test_random_bits(key: int, count: int) -> None:
    expected = meaning("random_bits", np.asarray(key, np.uint64), shape=(count,))
    np.testing.assert_array_equal(drawn(key, count), expected)


def drawn(key: int, count: int) -> Array:
    lanes = host().lanes(float32)
    module = Module()
    f = module.function("draw", [("i64", ""), ("ptr", ""), ("i64", "")])
    state, result, stop = f.parameters
    with f.loop(0, stop, lanes) as i:
        f.store(random_bits(f, f.splat(state, lanes), f.count_up(lanes, i)), f.at(result, i, "i32"))
    f.ret()
    library = load(module.text, host())
    padded = np.empty(-(-count // lanes) * lanes, np.uint32)
    ctypes.CFUNCTYPE(None, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_int64)(library.address("draw"))(
        key, padded.ctypes.data, len(padded)
    )
    return padded[:count]
