"""Transforms of functions: grad, value_and_grad, vjp, compile, one inside the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import saegim as sg
from saegim import nn
from saegim.errors import ShapeError, TraceError
from saegim.ir import check
from saegim.tensor.core import Tensor
from saegim.tensor.transforms import signature


def f64(value: Any) -> Tensor:
    return sg.asarray(value, dtype=sg.float64)


def cube(x: Tensor) -> Tensor:
    return sg.sum(x**3)


X = [1.0, -2.0, 3.0]


# --- grad -------------------------------------------------------------------------------------------------------------


def test_grad_has_the_structure_of_its_argument() -> None:
    params = {"w": f64(X), "layers": [f64(2.0), {"b": f64([4.0])}], "steps": sg.asarray(3), "name": "net", "none": None}

    def loss(params: Any, scale: float) -> Tensor:
        return cube(params["w"]) * params["layers"][0] * scale

    found = sg.grad(loss)(params, 2.0)
    assert found.keys() == params.keys()
    np.testing.assert_array_equal(found["w"], 12 * np.square(X))
    np.testing.assert_array_equal(found["layers"][0], 2 * np.sum(np.power(X, 3)))
    np.testing.assert_array_equal(found["layers"][1]["b"], [0])
    assert (found["steps"], found["name"], found["none"]) == (None, None, None)


def test_the_value_comes_with_the_gradient() -> None:
    value, slope = sg.value_and_grad(cube)(f64(X))
    assert float(value) == 20
    np.testing.assert_array_equal(slope, 3 * np.square(X))


def test_any_positional_argument_can_be_differentiated_for() -> None:
    def loss(a: Tensor, b: Tensor, *, power: int) -> Tensor:
        return sg.sum(a * b**power)

    a, b = f64(X), f64([2.0, 3.0, 4.0])
    np.testing.assert_array_equal(sg.grad(loss, 1)(a, b, power=2), 2 * np.asarray(a) * np.asarray(b))
    np.testing.assert_array_equal(sg.grad(loss)(a, b, power=2), np.square(b))
    with pytest.raises(TraceError, match="argument 2: 2 positional arguments given"):
        sg.grad(loss, 2)(a, b, power=2)


def test_numpy_arrays_are_arguments_too() -> None:
    np.testing.assert_array_equal(sg.grad(cube)(np.array(X)), 3 * np.square(X))


def test_what_cannot_be_differentiated_is_said() -> None:
    with pytest.raises(ShapeError, match=r"grad: .*<lambda> must give one floating-point scalar, float64\[3\] given"):
        sg.grad(lambda x: x * 2.0)(f64(X))
    with pytest.raises(ShapeError, match="float given; take the mean or sum"):
        sg.grad(lambda x: 1.0)(f64(X))
    with pytest.raises(ShapeError, match=r"int64\[\] given"):
        sg.grad(lambda x: sg.argmax(x))(f64(X))
    with pytest.raises(TraceError, match="argument 0 holds no floating-point tensor"):
        sg.grad(lambda n: sg.sum(n))({"n": sg.asarray(3), "m": "a"})


def test_grad_keeps_the_name_of_its_function() -> None:
    assert sg.grad(cube).__name__ == "cube" == sg.compile(cube).__name__


def test_the_gradient_of_a_module_is_a_module() -> None:
    model = nn.Linear(3, 2, seed=0)
    found = sg.grad(lambda model, x: sg.sum(model(x)))(model, sg.asarray([[1.0, 2.0, 3.0]]))
    assert isinstance(found, nn.Linear)
    np.testing.assert_array_equal(found.weight, [[1, 2, 3]] * 2)
    np.testing.assert_array_equal(found.bias, [1, 1])


# --- vjp --------------------------------------------------------------------------------------------------------------


def test_vjp_pulls_back_trees() -> None:
    def fn(a: Tensor, b: Tensor) -> dict[str, Any]:
        return {"product": a * b, "sum": [sg.sum(a), 1.0]}

    a, b = f64(X), f64([2.0, 3.0, 4.0])
    value, pull = sg.vjp(fn, a, b)
    np.testing.assert_array_equal(value["product"], np.multiply(a, b))
    for scale in (1.0, 3.0):
        da, db = pull({"product": f64([1.0, 0.0, scale]), "sum": [f64(10.0), sg.asarray(0.0)]})
        np.testing.assert_array_equal(da, [12, 10, 4 * scale + 10])
        np.testing.assert_array_equal(db, [1, 0, 3 * scale])


def test_vjp_refuses_cotangents_of_another_form() -> None:
    _value, pull = sg.vjp(lambda a: [a * 2.0], f64(X))
    with pytest.raises(ShapeError, match=r"vjp: a cotangent float64\[3\] expected, float64\[2\] given"):
        pull([f64([1.0, 2.0])])
    with pytest.raises(ShapeError, match=r"float64\[3\] expected, float32\[3\] given"):
        pull([sg.asarray(X)])
    with pytest.raises(ShapeError, match="vjp: cotangents of structure"):
        pull((f64(X),))


def test_vjp_has_none_for_integers_and_zeros_for_what_is_not_used() -> None:
    _value, pull = sg.vjp(
        lambda tree, n: tree["a"] * sg.astype(n, sg.float64), {"a": f64(X), "b": f64(1.0)}, sg.asarray(2)
    )
    tree, n = pull(f64([1.0, 1.0, 1.0]))
    np.testing.assert_array_equal(tree["a"], [2, 2, 2])
    assert float(tree["b"]) == 0 and n is None


# --- one inside the other ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outer", [lambda fn: fn, sg.compile], ids=["eager", "compiled"])
@pytest.mark.parametrize("inner", [lambda fn: fn, sg.compile], ids=["eager", "compiled"])
def test_transforms_nest(outer: Callable[..., Any], inner: Callable[..., Any]) -> None:
    """grad of grad of compile, compile of grad, grad of compile of grad, ..."""
    first = outer(sg.grad(inner(cube)))
    np.testing.assert_allclose(first(f64(X)), 3 * np.square(X))
    second = outer(sg.grad(inner(lambda x: sg.sum(sg.grad(inner(cube))(x)))))
    np.testing.assert_allclose(second(f64(X)), 6 * np.asarray(X))
    third = outer(sg.grad(lambda x: sg.sum(inner(second)(x))))
    np.testing.assert_allclose(third(f64(X)), [6, 6, 6])
    mixed = outer(sg.grad(lambda x: sg.sum(sg.vjp(inner(lambda x: x**3), x)[1](x)[0])))
    np.testing.assert_allclose(mixed(f64(X)), 9 * np.square(X))


@pytest.mark.parametrize("inner", [lambda fn: fn, sg.compile], ids=["eager", "compiled"])
def test_a_function_may_close_over_what_is_traced_around_it(inner: Callable[..., Any]) -> None:
    def outer(x: Tensor, y: Tensor) -> Tensor:
        known = f64([1.0, 1.0, 1.0])
        slope = sg.grad(inner(lambda z: sg.sum(z**2 * x)))(known)  # 2 x, of a known z
        return sg.sum(slope * y) + sg.sum(inner(lambda z: z * x)(known))

    x, y = f64(X), f64([2.0, 3.0, 4.0])
    for transform in (lambda fn: fn, sg.compile):
        np.testing.assert_allclose(transform(outer)(x, y), np.sum(2 * np.multiply(x, y)) + np.sum(np.asarray(x)))
        np.testing.assert_allclose(transform(sg.grad(outer))(x, y), 2 * np.asarray(y) + 1)
        np.testing.assert_allclose(transform(sg.grad(outer, 1))(x, y), 2 * np.asarray(x))


def test_a_compiled_function_inside_a_trace_keeps_no_program_of_it() -> None:
    scale = sg.compile(lambda z: z * 2.0)
    sg.grad(lambda x: sg.sum(scale(x)))(f64(X))
    assert scale.programs == 0
    scale(f64(X))
    assert scale.programs == 1


def test_known_values_inside_a_trace_are_computed_at_once() -> None:
    seen = []

    def fn(x: Tensor) -> Tensor:
        known = sg.exp(f64(X))
        seen.append(known.is_traced)
        return x * known if float(known[0]) > 1 else x

    np.testing.assert_allclose(sg.compile(fn)(f64(X)), np.asarray(X) * np.exp(X))
    assert seen == [False]


# --- compile ----------------------------------------------------------------------------------------------------------


def counted(fn: Callable[..., Any]) -> tuple[sg.Compiled, list[int]]:
    calls: list[int] = []

    def recorded(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return fn(*args, **kwargs)

    return sg.compile(recorded), calls


def test_a_function_is_recorded_once_per_signature() -> None:
    program, calls = counted(lambda tree, flag=1: tree["x"] * flag)
    for value in ([1.0, 2.0], [3.0, 4.0]):
        program({"x": f64(value)})
    assert len(calls) == 1 == program.programs
    for args in (({"x": f64([1.0])},), ({"x": sg.asarray([1.0, 2.0])},), ({"x": f64([1.0, 2.0]), "y": f64(1.0)},)):
        program(*args)
    assert len(calls) == 4 == program.programs


def test_fixed_arguments_are_told_apart_by_type_and_value() -> None:
    program, calls = counted(lambda x, fixed: (x, fixed))
    fixed = [1, 1.0, True, "1", 0.0, -0.0, float("nan"), None, (1,), [1], b"1", 2**70]
    for _ in range(2):
        for each in fixed:
            _x, found = program(f64(X), each)
            assert type(found) is type(each)
            assert repr(found) == repr(each)
    assert len(calls) == len(fixed)


def test_an_argument_that_cannot_be_fixed_is_refused() -> None:
    with pytest.raises(TraceError, match="arguments of a traced function are arrays, hashable values or trees of them"):
        sg.compile(lambda x, s: x)(f64(X), {1, 2})


def test_results_keep_their_structure() -> None:
    program = sg.compile(lambda x: {"a": [x, (x * 2.0, None)], "b": 3, "c": "name"})
    for _ in range(2):
        found = program(f64(X))
        assert (found["b"], found["c"], found["a"][1][1]) == (3, "name", None)
        np.testing.assert_array_equal(found["a"][1][0], 2 * np.asarray(X))


def test_a_module_is_an_argument_also_where_it_is_the_function() -> None:
    """Its parameters are inputs: what training changes is seen by the next call."""

    class Scale(nn.Module):
        def __init__(self) -> None:
            self.by = nn.Parameter(np.float64(2.0))

        def __call__(self, x: Tensor) -> Tensor:
            return x * self.by

        def twice(self, x: Tensor) -> Tensor:
            return self(self(x))

    model = Scale()
    for program, power in ((sg.compile(model), 1), (sg.compile(model.twice), 2)):
        model.by = nn.Parameter(np.float64(2.0))
        np.testing.assert_array_equal(program(f64(X)), 2.0**power * np.asarray(X))
        model.by = nn.Parameter(np.float64(3.0))
        np.testing.assert_array_equal(program(f64(X)), 3.0**power * np.asarray(X))
        assert program.programs == 1


def test_a_method_can_be_compiled_in_its_class() -> None:
    class Shift:
        by = 2.0

        @sg.compile
        def __call__(self, x: Tensor) -> Tensor:
            return x + self.by

    np.testing.assert_array_equal(Shift()(f64(X)), np.asarray(X) + 2)


def test_donated_arguments_lend_their_memory() -> None:
    program = sg.compile(lambda state, x: ({"total": state["total"] + x}, x * 2.0), donate=(0,))
    total = Tensor(np.zeros(3))
    memory = np.asarray(total)
    state, _ = program({"total": total}, f64(X))
    assert np.shares_memory(np.asarray(state["total"]), memory)
    x = f64(X)
    program({"total": f64(X)}, x)
    np.testing.assert_array_equal(x, X)
    # The same tensor given twice, donated once: the other must not change under the program.
    state, doubled = program({"total": x}, x)
    np.testing.assert_array_equal(state["total"], 2 * np.asarray(X))
    np.testing.assert_array_equal(doubled, 2 * np.asarray(X))


def test_programs_are_well_formed_and_print() -> None:
    program = sg.compile(sg.value_and_grad(cube))
    program(f64(X))
    (compiled, _result) = next(iter(program._programs.values()))
    check(compiled.graph)


def test_signatures_compare_by_what_they_mean() -> None:
    sign, tensors = signature(({"x": f64(X)}, 1))
    same, _ = signature(({"x": f64([0.0, 0.0, 0.0])}, 1))
    assert sign == same and hash(sign) == hash(same) and len(tensors) == 1
    for other in (({"x": f64(X)}, True), ({"x": f64([1.0])}, 1), ({"y": f64(X)}, 1), ({"x": sg.asarray(X)}, 1)):
        assert signature(other)[0] != sign
    assert sign != "something else"
