"""Derivatives at the edges: ties, zeros, infinities, nothing at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import saegim as sg
from saegim.tensor.core import Tensor, apply

Array = npt.NDArray[Any]
inf, nan = np.inf, np.nan


def slopes(fn: Callable[..., Tensor], *arrays: Any) -> list[Array]:
    """The derivative of the sum of `fn` for each array, as dense arrays."""
    tensors = [sg.asarray(np.asarray(each, np.float64)) for each in arrays]
    found = sg.grad(lambda tree: sg.sum(fn(*tree)))(tensors)
    return [np.asarray(each) for each in found]


def twice(fn: Callable[[Tensor], Tensor], x: Any) -> Array:
    """The derivative of the sum of the first derivative."""
    inner = sg.grad(lambda x: sg.sum(fn(x)))
    return np.asarray(sg.grad(lambda x: sg.sum(inner(x)))(sg.asarray(np.asarray(x, np.float64))))


def test_ties_of_two_share_equally() -> None:
    a, b = [1.0, 2.0, 3.0, nan], [3.0, 2.0, 1.0, 1.0]
    for op, expected in (("maximum", [0, 0.5, 1]), ("minimum", [1, 0.5, 0])):
        da, db = slopes(lambda a, b, op=op: apply(op, a, b), a, b)
        np.testing.assert_array_equal(da[:3], expected)
        np.testing.assert_array_equal(db[:3], 1 - np.asarray(expected))


def test_ties_of_many_share_equally() -> None:
    x = [[3.0, 1.0, 3.0, 3.0], [1.0, 1.0, 1.0, 1.0]]
    (dx,) = slopes(lambda x: sg.max(x, axis=1), x)
    np.testing.assert_allclose(dx, [[1 / 3, 0, 1 / 3, 1 / 3], [0.25] * 4])
    (dx,) = slopes(lambda x: sg.min(x), x)
    np.testing.assert_allclose(dx, [[0, 0.2, 0, 0], [0.2] * 4])


def test_an_infinite_derivative_does_not_poison_the_operand_that_lost() -> None:
    # sqrt'(0) is infinite; the other operand takes no part, so its derivative is 0 and not 0 * inf.
    da, db = slopes(lambda a, b: sg.sqrt(sg.maximum(a, b)), [0.0], [-1.0])
    assert da == inf and db == 0
    (dx,) = slopes(lambda x: sg.sqrt(sg.max(x)), [0.0, -1.0])
    np.testing.assert_array_equal(dx, [inf, 0])


def test_power_at_zero() -> None:
    da, db = slopes(lambda a, b: a**b, [0.0, 0.0, 0.0, 0.0, -2.0, 3.0], [0.0, 1.0, 2.0, 0.5, 3.0, 0.0])
    np.testing.assert_array_equal(da, [0, 1, 0, inf, 12, 0])
    np.testing.assert_array_equal(db[:4], 0)
    np.testing.assert_allclose(db[5], np.log(3.0), rtol=1e-15)
    for exponent, second in ((0, 0), (1, 0), (2, 2), (3, 0)):
        assert twice(lambda x, exponent=exponent: x**exponent, 0.0) == second
    assert twice(lambda x: x**3, -2.0) == -12.0


def test_a_negative_base_with_a_fixed_whole_exponent_is_fine() -> None:
    (dx,) = slopes(lambda x: x**2 + x**3 + x**0, [-2.0, -0.0])
    np.testing.assert_array_equal(dx, [-4 + 12, 0])


def test_distance_and_angle_at_the_origin_are_zero() -> None:
    for op in ("hypot", "atan2"):
        da, db = slopes(lambda a, b, op=op: apply(op, a, b), [0.0, 3.0], [0.0, 4.0])
        assert da[0] == 0 and db[0] == 0
        assert np.isfinite([da, db]).all()
    # Squares would overflow or vanish; the derivatives do not.
    da, db = slopes(lambda a, b: apply("hypot", a, b), [3e200, 3e-200], [4e200, 4e-200])
    np.testing.assert_allclose([da, db], [[0.6, 0.6], [0.8, 0.8]])
    da, db = slopes(lambda a, b: apply("atan2", a, b), [3e200, 3e-200], [4e200, 4e-200])
    np.testing.assert_allclose([da, db], [[4 / 25e200, 4 / 25e-200], [-3 / 25e200, -3 / 25e-200]])


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_products_with_zeros(zeros: int) -> None:
    x = np.array([2.0, 3.0, 4.0, 5.0])
    x[:zeros] = 0
    others = np.array([np.prod(np.delete(x, at)) for at in range(4)])
    (dx,) = slopes(lambda x: sg.prod(x), x)
    np.testing.assert_allclose(dx, others)
    (dx,) = slopes(lambda x: sg.cumulative_prod(x), x)
    expected = [sum(np.prod(np.delete(x[: stop + 1], at)) for stop in range(at, 4)) for at in range(4)]
    np.testing.assert_allclose(dx, expected)


def test_second_derivative_of_a_product_with_a_zero() -> None:
    x = np.array([0.0, 3.0, 4.0])
    # d2(xyz) = sum over pairs: moving one element changes the products of the pairs it is in.
    np.testing.assert_allclose(twice(sg.prod, x), [7, 4, 3])


def test_logaddexp_with_infinities() -> None:
    a = [0.0, inf, -inf, 1.0, inf, 2.0]
    b = [0.0, inf, -inf, -inf, 3.0, inf]
    da, db = slopes(sg.logaddexp, a, b)
    np.testing.assert_array_equal(da, [0.5, 0.5, 0, 1, 1, 0])
    np.testing.assert_array_equal(db, [0.5, 0.5, 0, 0, 0, 1])


def test_absolute_value_and_sign_at_zero() -> None:
    (dx,) = slopes(sg.abs, [-2.0, -0.0, 0.0, 3.0])
    np.testing.assert_array_equal(dx, [-1, 0, 0, 1])
    da, db = slopes(sg.copysign, [2.0, -2.0, 2.0], [1.0, 1.0, -0.0])
    np.testing.assert_array_equal(da, [1, -1, -1])
    np.testing.assert_array_equal(db, 0)


def test_saturated_functions_stay_finite() -> None:
    for fn in (sg.tanh, sg.atan, sg.erf, lambda x: sg.log1p(sg.exp(-sg.abs(x))), lambda x: sg.softmax(x)):
        (dx,) = slopes(fn, [-1e3, -40.0, 40.0, 1e3])
        assert np.isfinite(dx).all()


def test_the_derivative_for_a_padding_value_is_a_sum_of_what_it_fills() -> None:
    attrs = {"low": (1,), "high": (2,), "interior": (1,)}
    dx, dvalue = slopes(
        lambda x, value: apply("pad", x, value, **attrs) * np.array([1e16, 1, 1e16, 1, 1, 1.0]), [5.0, 6.0], 7.0
    )
    np.testing.assert_array_equal(dx, [1, 1])
    assert dvalue == 2e16 + 2


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_empty_arrays(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape)
    for fn in (
        sg.sum,
        sg.prod,
        sg.exp,
        sg.flip,
        lambda x: sg.cumulative_sum(x, axis=0),
        lambda x: sg.reshape(x, (-1,)),
    ):
        (dx,) = slopes(fn, x)
        assert dx.shape == shape
    (dx,) = slopes(lambda x: sg.concat([x, x], axis=0), x)
    assert dx.shape == shape


def test_a_broadcast_to_nothing_has_a_derivative_of_zero() -> None:
    (dx,) = slopes(lambda x: sg.broadcast_to(x, (0, 3)), [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(dx, [0, 0, 0])


def test_integer_arguments_have_no_derivative() -> None:
    x, n = sg.asarray([1.0, 2.0]), sg.asarray([1, 2])
    found = sg.grad(lambda tree: sg.sum(tree["x"] * sg.astype(tree["n"], sg.float32)))({"x": x, "n": n})
    assert found["n"] is None
    np.testing.assert_array_equal(found["x"], [1, 2])
