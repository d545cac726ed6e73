"""What tests of tensor functions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import saegim as sg

SPECIAL = [
    np.nan,
    np.inf,
    -np.inf,
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    -2.5,
    3.7,
    -3.7,
    1e30,
    -1e30,
    1e-30,
    1e-42,
]


def assert_same(found: Any, expected: Any, rtol: float = 0.0) -> None:
    """Same structure, dtype, shape and values; zeros with the same sign where values must be exact."""
    if isinstance(expected, list | tuple):
        assert isinstance(found, list | tuple) and len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same(one, other, rtol)
        return
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    if rtol:
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)
        return
    np.testing.assert_array_equal(found, expected)
    if found.dtype.kind == "f":
        number = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found)[number], np.signbit(expected)[number])


def assert_same_compiled(found: Any, eager: Any, rtol: float) -> None:
    """Exactly the same, unless `rtol` says that values are rounded on their way: that, compiled code does elsewhere."""
    kinds = {np.asarray(each).dtype for each in (eager if isinstance(eager, list | tuple) else [eager])}
    coarsest = max((float(np.finfo(each).eps) for each in kinds if each.kind == "f"), default=0.0)
    assert_same(found, eager, min(rtol, 1e4 * coarsest))


@pytest.fixture(scope="session")
def agree() -> Callable[..., None]:
    """agree(function, expected, *arrays): eager and compiled, the function of tensors gives the expected arrays."""

    def check(function: Callable[..., Any], expected: Any, *arrays: Any, rtol: float = 0.0) -> None:
        tensors = [sg.asarray(each) for each in arrays]
        eager = function(*tensors)
        assert_same(eager, expected, rtol)
        assert_same_compiled(sg.compile(function)(*tensors), eager, rtol)

    return check


def values(dtype: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """An array of a shape with the dtype's extremes and special values in turn."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        pool: Any = [True, False, False]
    elif dtype.kind == "f":
        pool = SPECIAL
    else:
        info = np.iinfo(dtype)
        pool = [0, 1, 2, 3, 7, int(info.max), int(info.max) - 1, int(info.min), *([-1, -2, -5] if info.min else [])]
    with np.errstate(over="ignore"):
        return np.resize(np.array(pool, dtype), shape)


@pytest.fixture(scope="session")
def sample() -> Callable[..., Any]:
    return values


@pytest.fixture(scope="session")
def same() -> Callable[..., None]:
    return assert_same


@pytest.fixture(scope="session")
def same_compiled() -> Callable[..., None]:
    return assert_same_compiled
