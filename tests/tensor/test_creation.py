"""New tensors: dtypes, values, memory, and what cannot be one."""

from __future__ import annotations

import array
import math
from typing import Any

import array_api_strict
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import saegim as sg
from saegim.errors import DTypeError, ShapeError, TraceError

DTYPES = [sg.bool, sg.int8, sg.int16, sg.int32, sg.int64, sg.uint8, sg.uint16, sg.uint32, sg.uint64]
DTYPES += [sg.float32, sg.float64]


class TestAsarray:
    @pytest.mark.parametrize(
        ("obj", "dtype", "shape"),
        [
            (True, sg.bool, ()),
            (-3, sg.int64, ()),
            (1.5, sg.float32, ()),
            ([], sg.float32, (0,)),
            ([[], []], sg.float32, (2, 0)),
            ([True, False], sg.bool, (2,)),
            ([[1, 2, 3]], sg.int64, (1, 3)),
            ([1, 2.5], sg.float32, (2,)),
            ([True, 2], sg.int64, (2,)),
            ((1.0, (True)), sg.float32, (2,)),
            (((1, 2), [3, 4]), sg.int64, (2, 2)),
            (np.float64(1), sg.float64, ()),
            (np.int8([1, 2]), sg.int8, (2,)),
            (range(3), sg.int64, (3,)),
            (array.array("d", [1, 2]), sg.float64, (2,)),
            (memoryview(b"ab"), sg.uint8, (2,)),
            ([np.int8(1), np.int16(2)], sg.int16, (2,)),
            ([sg.ones(2), np.zeros(2)], sg.float64, (2, 2)),
            ([[sg.asarray(1)], [sg.asarray(2)]], sg.int64, (2, 1)),
            (array_api_strict.asarray([1.0]), sg.float64, (1,)),
        ],
    )
    def test_defaults(self, obj: Any, dtype: Any, shape: tuple[int, ...]) -> None:
        x = sg.asarray(obj)
        assert (x.dtype, x.shape) == (dtype, shape)

    @given(st.data())
    def test_nested_lists(self, data: st.DataObject) -> None:
        dtype = data.draw(st.sampled_from(DTYPES))
        expected = data.draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0)))
        x = sg.asarray(expected.tolist(), dtype=dtype)
        assert x.dtype == dtype
        np.testing.assert_array_equal(np.asarray(x).reshape(expected.shape), expected)

    def test_numbers_beyond_the_dtype(self) -> None:
        with pytest.raises(OverflowError, match="integers of at most 64 bits"):
            sg.asarray(2**63)
        with pytest.raises(OverflowError, match="integers of at most 64 bits"):
            sg.asarray([1, 2**70])
        with pytest.raises(OverflowError):
            sg.asarray(300, dtype=sg.uint8)
        assert sg.asarray(2**64 - 1, dtype=sg.uint64).item() == 2**64 - 1
        assert sg.asarray([1e300, -1e300]).tolist() == [math.inf, -math.inf]
        with pytest.raises(ValueError, match="NaN"):
            sg.asarray(math.nan, dtype=sg.int32)

    @pytest.mark.parametrize("obj", ["abc", b"abc", None])
    def test_what_is_no_array(self, obj: Any) -> None:
        with pytest.raises(TypeError, match=f"numbers or an array expected, {type(obj).__name__} given"):
            sg.asarray(obj)

    @pytest.mark.parametrize("obj", [["a"], 1j, [1j], {"a": 1}, np.array(["a"]), np.zeros(2, np.float16), [None]])
    def test_dtypes_that_there_are_not(self, obj: Any) -> None:
        with pytest.raises(DTypeError, match=r"not supported|real numbers or truth values expected"):
            sg.asarray(obj)

    def test_dtypes_that_nobody_knows(self) -> None:
        with pytest.raises(DTypeError, match="'nonsense' is not a dtype; use one of bool, int8"):
            sg.asarray(1, dtype="nonsense")  # type: ignore[arg-type]

    def test_ragged_lists(self) -> None:
        with pytest.raises(ShapeError, match="nested sequences of equal lengths expected"):
            sg.asarray([[1, 2], [3]])
        with pytest.raises(ShapeError, match=r"stack: one shape expected, \[\(2,\), \(3,\)\] given"):
            sg.asarray([sg.ones(2), sg.ones(3)])

    def test_memory(self) -> None:
        source = np.zeros(2)
        shared, copied = sg.asarray(source), sg.asarray(source, copy=True)
        source[0] = 5
        assert (shared.tolist(), copied.tolist()) == ([5.0, 0.0], [0.0, 0.0])
        assert sg.asarray(shared) is shared
        assert sg.asarray(shared, copy=False) is shared
        again = sg.asarray(shared, copy=True)
        shared[1] = 7
        assert (shared.tolist(), again.tolist(), source.tolist()) == ([5.0, 7.0], [5.0, 0.0], [5.0, 0.0])

    @pytest.mark.parametrize("obj", [1, [1.0], (True,)])
    def test_python_objects_can_only_be_copied(self, obj: Any) -> None:
        with pytest.raises(ValueError, match="can only be copied"):
            sg.asarray(obj, copy=False)

    def test_casts_are_copies(self) -> None:
        with pytest.raises(ValueError, match="float64 becomes float32 only by a copy"):
            sg.asarray(np.zeros(2), dtype=sg.float32, copy=False)
        with pytest.raises(ValueError, match=r"[Uu]nable to avoid copy"):
            sg.asarray(range(3), copy=False)

    def test_other_byte_orders(self) -> None:
        x = sg.asarray(np.array([1, 2], ">i4"))
        assert x.dtype == sg.int32
        assert x.tolist() == [1, 2]

    def test_devices(self) -> None:
        assert sg.asarray(1, device="cpu").device == "cpu"
        with pytest.raises(ValueError, match="device 'cpu' expected, 'gpu' given"):
            sg.asarray(1, device="gpu")
        assert sg.ones(1).to_device("cpu").shape == (1,)
        with pytest.raises(ValueError, match="gpu"):
            sg.ones(1).to_device("gpu")

    def test_traced_tensors_in_lists(self) -> None:
        both = sg.compile(lambda x, y: sg.asarray([x, y]))
        assert both(sg.asarray(1.0), sg.asarray(2.0)).tolist() == [1.0, 2.0]


class TestDLPack:
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_there_and_back(self, dtype: Any) -> None:
        x = sg.asarray(np.array([[1, 0, 2]]).astype(dtype))
        for back in (np.from_dlpack(x), sg.from_dlpack(x), sg.from_dlpack(np.array([[1, 0, 2]]).astype(dtype))):
            np.testing.assert_array_equal(np.asarray(back), np.asarray(x))
            assert back.dtype == dtype
        assert x.__dlpack_device__() == (1, 0)

    def test_objects_that_speak_nothing_else(self) -> None:
        class Other:
            def __dlpack__(self, **keywords: Any) -> Any:
                return np.arange(3.0).__dlpack__(**keywords)

            def __dlpack_device__(self) -> tuple[int, int]:
                return (1, 0)

        for copy in (None, True, False):
            assert sg.asarray(Other(), copy=copy).tolist() == [0.0, 1.0, 2.0]
            assert sg.asarray(Other(), dtype=sg.float64).dtype == sg.float64

    def test_keywords(self) -> None:
        x = sg.ones(2)
        for copy in (None, True, False):
            assert x.__dlpack__(stream=None, max_version=(1, 0), dl_device=(1, 0), copy=copy) is not None
            assert sg.from_dlpack(x, device="cpu", copy=copy).tolist() == [1, 1]
            assert sg.from_dlpack(np.ones(2), copy=copy).tolist() == [1, 1]
        with pytest.raises(ValueError, match="stream"):
            x.__dlpack__(stream=1)

    def test_what_is_handed_out_can_be_changed_without_harm(self) -> None:
        x = sg.ones(2)
        np.from_dlpack(x)
        assert x.tolist() == [1, 1]


@pytest.mark.parametrize("shape", [(), 3, (3,), [2, 0], (2, 1, 3), (np.int64(2),), sg.asarray(4), np.array([2, 2])])
@pytest.mark.parametrize("dtype", [None, *DTYPES])
def test_filled(shape: Any, dtype: Any) -> None:
    sizes = tuple(np.atleast_1d(np.asarray(shape, int)).tolist())
    for function, value in ((sg.zeros, 0), (sg.ones, 1), (sg.empty, None)):
        x = function(shape, dtype=dtype)
        assert (x.dtype, x.shape) == (dtype or sg.float32, sizes)
        assert value is None or (np.asarray(x) == value).all()
    for like, value in ((sg.zeros_like, 0), (sg.ones_like, 1), (sg.empty_like, None)):
        y = like(x, dtype=dtype)
        assert (y.dtype, y.shape) == (x.dtype, x.shape)
        assert value is None or (np.asarray(y) == value).all()


@pytest.mark.parametrize(
    ("value", "dtype"), [(True, sg.bool), (3, sg.int64), (0.5, sg.float32), (math.nan, sg.float32)]
)
def test_full_takes_its_dtype_from_the_value(value: Any, dtype: Any) -> None:
    x = sg.full((2, 2), value)
    assert x.dtype == dtype
    np.testing.assert_array_equal(np.asarray(x), np.full((2, 2), value, dtype))
    assert sg.full_like(sg.ones((2, 3), dtype=sg.float64), 2).dtype == sg.float64
    assert sg.full(2, 7, dtype=sg.uint8).dtype == sg.uint8


def test_full_of_a_traced_value() -> None:
    assert sg.compile(lambda x: sg.full((2,), x, dtype=sg.float64))(sg.asarray(2)).tolist() == [2.0, 2.0]


@pytest.mark.parametrize("shape", [-1, (2, -3)])
def test_negative_sizes(shape: Any) -> None:
    with pytest.raises(ShapeError, match="full: sizes of at least 0 expected"):
        sg.zeros(shape)


def test_sizes_are_integers() -> None:
    with pytest.raises(TypeError, match=r"full: integer sizes expected, 2\.5 given"):
        sg.zeros(2.5)  # type: ignore[arg-type]
    with pytest.raises(TraceError):
        sg.compile(lambda n: sg.zeros(n))(sg.asarray(2))


@pytest.mark.parametrize("dtype", [sg.bool, sg.int8, sg.float64])
@pytest.mark.parametrize("k", [0, 1, -2, 7, -7, 2**70, -(2**70)])
@pytest.mark.parametrize("sizes", [(3,), (3, 4), (4, 2), (0, 2), (2, None)])
def test_eye(sizes: Any, k: int, dtype: Any, same: Any) -> None:
    same(sg.eye(*sizes, k=k, dtype=dtype), np.eye(*sizes, k=max(-9, min(k, 9)), dtype=dtype))


@given(st.data())
def test_arange_of_integers(data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from([None, *DTYPES[1:]]))
    low = 0 if dtype is not None and dtype.kind == "u" else -100
    start, stop = data.draw(st.integers(low, 100)), data.draw(st.integers(low, 100))
    step = data.draw(st.integers(-20, 20).filter(bool))
    x = sg.arange(start, stop, step, dtype=dtype)
    assert x.dtype == (dtype or sg.int64)
    assert x.tolist() == list(range(start, stop, step))
    assert sg.arange(stop).tolist() == list(range(stop))


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(0.1, 10), st.sampled_from([None, sg.float32, sg.float64]))
def test_arange_of_floats(start: float, stop: float, step: float, dtype: Any) -> None:
    x = sg.arange(start, stop, step, dtype=dtype)
    assert x.dtype == (dtype or sg.float32)
    assert x.shape == (max(0, math.ceil((stop - start) / step)),)
    expected = start + step * np.arange(x.size)
    np.testing.assert_allclose(np.asarray(x), expected, rtol=1e-6, atol=1e-5)


def test_arange_without_end() -> None:
    with pytest.raises(ValueError, match="a step other than 0"):
        sg.arange(0, 5, 0)


@given(
    st.floats(-1e6, 1e6, width=32),
    st.floats(-1e6, 1e6, width=32),
    st.integers(0, 40),
    st.booleans(),
    st.sampled_from([None, sg.float32, sg.float64]),
)
def test_linspace(start: float, stop: float, num: int, endpoint: bool, dtype: Any) -> None:
    x = sg.linspace(start, stop, num, endpoint=endpoint, dtype=dtype)
    assert (x.dtype, x.shape) == (dtype or sg.float32, (num,))
    exact = [start + (stop - start) * n / max(num - endpoint, 1) for n in range(num)]
    np.testing.assert_allclose(np.asarray(x), exact, rtol=1e-6, atol=1e-6 * max(abs(start), abs(stop)) + 1e-44)
    if num:
        assert float(x[0]) == start
    if num > 1 and endpoint:
        assert float(x[-1]) == stop


def test_linspace_of_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="at least 0 numbers expected, -1 given"):
        sg.linspace(0, 1, -1)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_meshgrid(count: int, indexing: Any, agree: Any) -> None:
    vectors = [np.arange(n + 2) for n in range(count)]
    expected = list(np.meshgrid(*vectors, indexing=indexing))
    if count:
        agree(lambda *v: sg.meshgrid(*v, indexing=indexing), expected, *vectors)
    assert len(sg.meshgrid(*map(sg.asarray, vectors))) == count


def test_meshgrid_of_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="indexing 'xy' or 'ij' expected, 'yx' given"):
        sg.meshgrid(sg.ones(2), indexing="yx")
    with pytest.raises(ShapeError, match=r"vectors expected, shapes \[\(2, 2\)\] given"):
        sg.meshgrid(sg.ones((2, 2)))
    with pytest.raises(DTypeError, match="one dtype expected"):
        sg.meshgrid(sg.ones(2), sg.arange(2))


@pytest.mark.parametrize("k", [0, 1, -1, 5, -5, 2**70, -(2**70)])
@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 4), (4, 0), (1, 1)])
@pytest.mark.parametrize("dtype", [sg.bool, sg.int16, sg.float32])
def test_triangles(shape: Any, k: int, dtype: Any, agree: Any) -> None:
    x = np.full(shape, 1 if dtype == sg.bool else 7, dtype)
    if dtype == sg.float32:
        x[..., -1:] = np.nan
    near = max(-9, min(k, 9))
    agree(lambda a: sg.tril(a, k=k), np.tril(x, near), x)
    agree(lambda a: sg.triu(a, k=k), np.triu(x, near), x)


def test_triangles_have_two_axes() -> None:
    with pytest.raises(ShapeError, match=r"tril: at least two axes expected, shape \(3,\) given"):
        sg.tril(sg.ones(3))
