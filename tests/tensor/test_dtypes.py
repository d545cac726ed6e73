"""Dtypes: promotion as the standard's table has it, kinds, limits, casts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import array_api
from hypothesis.extra import numpy as hnp

import saegim as sg
from saegim import dtypes
from saegim.errors import DTypeError

xps = array_api.make_strategies_namespace(sg, api_version="2024.12")

SIGNED = ["i1", "i2", "i4", "i8"]
UNSIGNED = ["u1", "u2", "u4", "u8"]
FLOATS = ["f4", "f8"]
# The standard, "Type Promotion Rules": rows and columns in the order of the names above.
TABLE = {
    "i1": "i1 i2 i4 i8 i2 i4 i8 --",
    "i2": "i2 i2 i4 i8 i2 i4 i8 --",
    "i4": "i4 i4 i4 i8 i4 i4 i8 --",
    "i8": "i8 i8 i8 i8 i8 i8 i8 --",
    "u1": "i2 i2 i4 i8 u1 u2 u4 u8",
    "u2": "i4 i4 i4 i8 u2 u2 u4 u8",
    "u4": "i8 i8 i8 i8 u4 u4 u4 u8",
    "u8": "-- -- -- -- u8 u8 u8 u8",
}
PROMOTED = {
    (row, column): cell for row, cells in TABLE.items() for column, cell in zip(TABLE, cells.split(), strict=True)
}
PROMOTED |= {("f4", "f4"): "f4", ("f4", "f8"): "f8", ("f8", "f4"): "f8", ("f8", "f8"): "f8", ("?", "?"): "?"}

EVERY = ["?", *TABLE, *FLOATS]


@pytest.mark.parametrize("first", EVERY)
@pytest.mark.parametrize("second", EVERY)
def test_promotion(first: str, second: str) -> None:
    one, other = np.dtype(first), np.dtype(second)
    expected = PROMOTED.get((first, second), "--")
    x, y = sg.ones(2, dtype=one), sg.ones((), dtype=other)
    if expected == "--":
        for call in (
            lambda: sg.result_type(one, other),
            lambda: sg.equal(x, y),
            lambda: sg.concat([x, x, y], axis=None),
        ):
            with pytest.raises(DTypeError, match=f"dtypes .*{one.name}.* do not promote to each other; cast one"):
                call()
        assert sg.can_cast(one, other) is False
        return
    dtype = np.dtype(expected)
    assert sg.result_type(one, y) == dtype
    assert sg.result_type(x, one, other) == dtype
    assert sg.where(sg.asarray(True), x, y).dtype == dtype
    assert sg.compile(lambda a, b: sg.stack([a[0], b]))(x, y).dtype == dtype
    assert sg.can_cast(one, other) is (dtype == other)
    if dtypes.is_numeric(dtype):
        assert (x + y).dtype == sg.add(x, y).dtype == sg.multiply(y, x).dtype == (x - y).dtype == dtype
        assert sg.matmul(x, sg.ones(2, dtype=other)).dtype == dtype
    else:
        assert (x & y).dtype == dtype
    assert (x == y).dtype == sg.bool


def test_result_type_with_numbers() -> None:
    assert sg.result_type(sg.int8, 3) == sg.int8
    assert sg.result_type(2.5, sg.ones(1), 1) == sg.float32
    with pytest.raises(DTypeError, match="result_type: a Python float does not combine with a tensor of int8"):
        sg.result_type(sg.int8, 2.5)
    with pytest.raises(DTypeError, match="result_type: at least one tensor expected"):
        sg.result_type(1, 2.0)


def test_kinds() -> None:
    kinds = {
        "bool": ["?"],
        "signed integer": SIGNED,
        "unsigned integer": UNSIGNED,
        "integral": SIGNED + UNSIGNED,
        "real floating": FLOATS,
        "complex floating": [],
        "numeric": SIGNED + UNSIGNED + FLOATS,
    }
    for kind, members in kinds.items():
        for dtype in map(np.dtype, EVERY):
            assert sg.isdtype(dtype, kind) is (dtype in map(np.dtype, members))
    assert sg.isdtype(sg.int8, sg.int8)
    assert not sg.isdtype(sg.int8, (sg.int16, "real floating"))
    assert sg.isdtype(sg.int8, ("real floating", ("bool", sg.int8)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="isdtype: one of bool, signed integer"):
        sg.isdtype(sg.int8, "whole")


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_limits_of_floats(name: str) -> None:
    info, numpys = sg.finfo(getattr(sg, name)), np.finfo(name)
    assert info.dtype == np.dtype(name)
    assert info.bits == numpys.bits
    for field in ("eps", "max", "min", "smallest_normal"):
        assert type(getattr(info, field)) is float
        assert getattr(info, field) == getattr(numpys, field)
    assert sg.finfo(sg.ones(1, dtype=info.dtype)) == info
    with pytest.raises(
        DTypeError, match="finfo: a floating-point dtype expected, int8 given; iinfo describes integers"
    ):
        sg.finfo(sg.int8)


@pytest.mark.parametrize("name", TABLE)
def test_limits_of_integers(name: str) -> None:
    info, numpys = sg.iinfo(np.dtype(name)), np.iinfo(name)
    assert (info.bits, info.max, info.min) == (numpys.bits, numpys.max, numpys.min)
    assert type(info.max) is type(info.min) is int
    assert sg.iinfo(sg.ones(1, dtype=info.dtype)) == info
    with pytest.raises(DTypeError, match="iinfo: an integer dtype expected, float32 given; finfo describes floats"):
        sg.iinfo(sg.float32)


@given(
    hnp.arrays("int32", 4, elements=st.integers(0, 100)), st.sampled_from(EVERY), st.sampled_from(EVERY), st.booleans()
)
def test_casts(numbers: Any, first: str, second: str, copy: bool) -> None:
    array = numbers.astype(first)
    x = sg.asarray(array)
    found = sg.astype(x, np.dtype(second), copy=copy, device="cpu")
    np.testing.assert_array_equal(np.asarray(found), array.astype(second))
    assert found.dtype == np.dtype(second)
    assert (found is x) is (first == second and not copy)


def test_casts_drop_fractions() -> None:
    assert sg.astype(sg.asarray([1.9, -1.9]), sg.int32).tolist() == [1, -1]
    assert sg.astype(sg.asarray([0.5, 0.0, sg.nan]), sg.bool).tolist() == [True, False, True]


def test_names_stand_for_dtypes() -> None:
    assert dtypes.as_dtype("int8") == dtypes.as_dtype(np.int8) == sg.int8
    assert dtypes.as_dtype(">f4") == sg.float32
    for wrong, message in (
        ("float16", "dtype float16 is not supported"),
        (np.object_, "dtype object is not supported"),
    ):
        with pytest.raises(DTypeError, match=f"{message}; use one of bool, int8"):
            dtypes.as_dtype(wrong)
    for wrong in ("no", None, 3):
        with pytest.raises(DTypeError, match=f"{wrong!r} is not a dtype; use one of bool, int8"):
            dtypes.as_dtype(wrong)


@given(xps.arrays(xps.boolean_dtypes() | xps.real_dtypes(), xps.array_shapes(min_dims=0, min_side=0)))
def test_hypothesis_can_make_tensors(x: Any) -> None:
    assert isinstance(x, sg.Tensor)
    np.testing.assert_array_equal(np.asarray(sg.asarray(x.tolist(), dtype=x.dtype)).reshape(x.shape), np.asarray(x))
