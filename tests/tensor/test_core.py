"""The tensor itself: what it tells, how it is read, how it meets Python's and NumPy's objects."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from typing import Any

import numpy as np
import pytest

import saegim as sg
from saegim.errors import DTypeError, TraceError


def test_what_it_tells() -> None:
    x = sg.ones((2, 3), dtype=sg.int16)
    assert (x.shape, x.ndim, x.size, x.dtype, x.device) == ((2, 3), 2, 6, sg.int16, "cpu")
    assert type(x.size) is int
    assert len(x) == 2
    assert not x.is_traced
    assert repr(sg.asarray([1.0, 2.0])) == "Tensor([1., 2.], dtype=float32)"


def test_a_traced_one_tells_its_spec() -> None:
    seen: list[Any] = []
    sg.compile(lambda x: (seen.append((repr(x), x.shape, x.size, x.is_traced)), x)[1])(sg.ones((2, 3)))
    assert seen == [("Tensor(traced float32[2,3])", (2, 3), 6, True)]


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        (True, bool, True),
        (0, bool, False),
        (math.nan, bool, True),
        (-3, int, -3),
        (2.7, int, 2),
        (True, int, 1),
        (3, float, 3.0),
        (False, float, 0.0),
        (5, operator.index, 5),
        (1.5, complex, 1.5 + 0j),
        (7, lambda x: x.item(), 7),
        (7, lambda x: list(range(9))[x], 7),
        (2, lambda x: "ab" * x.item(), "abab"),
    ],
)
def test_scalars_become_numbers(value: Any, read: Any, expected: Any) -> None:
    found = read(sg.asarray(value))
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("read", [bool, int, float, operator.index])
def test_only_scalars_become_numbers(read: Any) -> None:
    with pytest.raises(TypeError, match="of a tensor needs a scalar, shape"):
        read(sg.asarray([1]))


@pytest.mark.parametrize("value", [1.0, True])
def test_only_integers_are_indices(value: Any) -> None:
    with pytest.raises(TypeError, match="an index must be an integer"):
        operator.index(sg.asarray(value))


def test_infinity_is_no_integer() -> None:
    with pytest.raises(OverflowError):
        int(sg.asarray(math.inf))
    with pytest.raises(ValueError, match="NaN"):
        int(sg.asarray(math.nan))


READS = [bool, int, float, complex, operator.index, np.asarray, list, sg.Tensor.tolist, sg.Tensor.item, np.from_dlpack]


@pytest.mark.parametrize("read", READS)
def test_traced_tensors_have_no_values_yet(read: Any) -> None:
    def branch(x: sg.Tensor) -> sg.Tensor:
        return x if read(x) else x * 2

    argument = sg.ones(2, dtype=sg.int64) if read is list else sg.ones((), dtype=sg.int64)
    if read is list:
        sg.compile(lambda x: sg.stack(list(x)))(argument)  # the parts' number is known
        return
    with pytest.raises(TraceError, match=r"test_core\.py:\d+ asks a traced tensor int64\[\] for .*use sg\.where"):
        sg.compile(branch)(argument)


def test_iteration() -> None:
    assert [each.tolist() for each in sg.asarray([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]
    assert 3 in sg.asarray([1, 3])
    for read in (len, iter):
        with pytest.raises(TypeError, match="a scalar tensor has no length"):
            read(sg.asarray(1))


class TestReading:
    def test_arrays_read_from_a_tensor_cannot_change_it(self) -> None:
        x = sg.asarray([1.0, 2.0])
        for array in (x.numpy(), np.asarray(x)):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 5
        own = np.array(x)
        own[0] = 5
        assert x.tolist() == [1.0, 2.0]

    def test_dtypes_and_copies_can_be_asked_for(self) -> None:
        x = sg.asarray([1.0, 2.0])
        assert np.asarray(x, dtype=np.float64).dtype == np.float64
        assert np.shares_memory(np.asarray(x, copy=False), x.numpy())
        assert not np.shares_memory(np.asarray(x, copy=True), x.numpy())

    def test_copies_and_pickles(self) -> None:
        x = sg.asarray([[1.0, math.nan]])
        for other in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
            assert type(other) is sg.Tensor
            np.testing.assert_array_equal(np.asarray(other), np.asarray(x))
            other[0, 0] = 7.0
            assert x[0, 0].item() == 1.0


OPERATORS = {
    "add": "iuf",
    "sub": "iuf",
    "mul": "iuf",
    "truediv": "f",
    "floordiv": "iuf",
    "mod": "iuf",
    "pow": "uf",
    "and_": "iub",
    "or_": "iub",
    "xor": "iub",
    "lshift": "iu",
    "rshift": "iu",
    "lt": "iuf",
    "le": "iuf",
    "gt": "iuf",
    "ge": "iuf",
    "eq": "iufb",
    "ne": "iufb",
    "matmul": "iuf",
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float32", "float64"])
def test_operators(name: str, dtype: str, agree: Any, same: Any) -> None:
    function = getattr(operator, name)
    x, y = np.array([1, 2, 3]).astype(dtype), np.array([3, 1, 2]).astype(dtype)
    if x.dtype.kind not in OPERATORS[name]:
        if name != "pow":
            with pytest.raises(DTypeError):
                function(sg.asarray(x), sg.asarray(y))
        return
    expected = np.asarray(function(x, y))
    agree(function, expected, x, y)
    tensor = sg.asarray(x)
    for found in (function(tensor, y), function(x, sg.asarray(y))):  # NumPy gives way
        assert isinstance(found, sg.Tensor)
        same(found, expected)
    if name != "matmul":
        number = y[0].item()
        agree(lambda a: function(a, number), np.asarray(function(x, y[0])), x)
        agree(lambda a: function(number, a), np.asarray(function(y[0], x)), x)
        same(function(y[0], tensor), np.asarray(function(y[0], x)))


@pytest.mark.parametrize(("function", "expected"), [(operator.neg, [-1, 2]), (operator.pos, [1, -2]), (abs, [1, 2])])
def test_unary_operators(function: Any, expected: Any, agree: Any) -> None:
    agree(function, np.array(expected, np.int32), np.array([1, -2], np.int32))
    with pytest.raises(DTypeError, match="bool"):
        function(sg.asarray([True]))


def test_invert(agree: Any) -> None:
    agree(operator.invert, np.array([-2, 1]), np.array([1, -2]))
    agree(operator.invert, np.array([False]), np.array([True]))
    with pytest.raises(DTypeError, match="invert: an integer or truth-value dtype expected, float32 given"):
        _ = ~sg.ones(1)


def test_numpys_scalars_keep_their_dtype() -> None:
    x = sg.ones(1)
    assert (x * np.float64(2)).dtype == (np.float64(2) * x).dtype == sg.float64
    assert sg.compile(lambda a, b: a * b)(x, np.float64(2)).dtype == sg.float64
    assert (x * np.float32(2)).dtype == sg.float32


def test_strangers_are_refused() -> None:
    x = sg.ones(2)
    for other in ("a", None, [1, 2], object()):
        with pytest.raises(TypeError):
            _ = x + other  # type: ignore[operator]
        with pytest.raises(TypeError):
            _ = other @ x  # type: ignore[operator]
    assert (x == None) is False  # noqa: E711
    assert x != "a"
    with pytest.raises(TypeError, match="unhashable"):
        hash(x)


def test_functions_that_change_nothing_give_new_tensors() -> None:
    x = sg.asarray([1, 2])
    for function in (
        sg.positive,
        sg.floor,
        sg.conj,
        sg.clip,
        lambda a: a[...],
        lambda a: sg.reshape(a, (2,)),
        lambda a: +a,
    ):
        y = function(x)
        y[0] = 9
        assert x.tolist() == [1, 2]
