"""What programs do with the arrays that they are given: overwritten where allowed, kept otherwise; errors say where."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import saegim as sg
from compiler.ways import WAYS
from saegim import losses, nn, optim
from saegim.compiler.native import NativeProgram
from saegim.dtypes import float32, float64, int64
from saegim.errors import NonFiniteError
from saegim.ir import Graph, Node, Spec, constant, fresh_input, make

Array = npt.NDArray[Any]

N = 37


def data(*shape: int, dtype: Any = float64) -> Node:
    return fresh_input(Spec(shape, dtype))


def program(inputs: tuple[Node, ...], outputs: tuple[Node, ...], *donated: Node) -> NativeProgram:
    return NativeProgram(Graph(inputs, outputs, frozenset(donated)))


def numbers(*shape: int) -> Array:
    return np.random.default_rng(0).normal(size=shape)


# --- what is overwritten --------------------------------------------------------------------------------------------


def test_a_donated_input_becomes_the_output() -> None:
    x, y = data(N), data(N)
    run = program((x, y), (make("add", x, y),), x)
    first, second = numbers(N), numbers(N)
    was = second.copy()
    (result,) = run(first, second)
    assert np.shares_memory(result, first)
    np.testing.assert_array_equal(result, 2 * was)
    np.testing.assert_array_equal(second, was)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_donated_input_may_lie_in_memory_in_any_way(way: Any) -> None:
    x = data(5, 7)
    run = program((x,), (make("negative", x),), x)
    np.testing.assert_array_equal(run(way(numbers(5, 7)))[0], -numbers(5, 7))


def test_a_donated_input_that_is_read_only_is_kept() -> None:
    x = data(N)
    array = numbers(N)
    array.flags.writeable = False
    np.testing.assert_array_equal(program((x,), (make("negative", x),), x)(array)[0], -numbers(N))
    np.testing.assert_array_equal(array, numbers(N))


def test_the_same_array_donated_and_not() -> None:
    x, y = data(N), data(N)
    run = program((x, y), (make("add", x, y), make("subtract", x, y)), x)
    array = numbers(N)
    found = run(array, array)
    np.testing.assert_array_equal(found[0], 2 * numbers(N))
    np.testing.assert_array_equal(found[1], 0 * numbers(N))
    np.testing.assert_array_equal(array, numbers(N))


def test_the_same_array_donated_twice() -> None:
    x, y = data(N), data(N)
    run = program((x, y), (make("add", x, y), make("multiply", x, y)), x, y)
    array = numbers(N)
    found = run(array, array[...])
    np.testing.assert_array_equal(found[0], 2 * numbers(N))
    np.testing.assert_array_equal(found[1], numbers(N) ** 2)


def test_parts_of_one_array() -> None:
    x, y = data(N), data(N)
    whole = numbers(2 * N)
    found = program((x, y), (make("add", x, y),), x)(whole[:N], whole[N // 2 : N // 2 + N])
    np.testing.assert_array_equal(found[0], numbers(2 * N)[:N] + numbers(2 * N)[N // 2 : N // 2 + N])
    np.testing.assert_array_equal(whole, numbers(2 * N))


def test_a_donated_input_that_is_still_needed() -> None:
    x = data(N)
    new = make("negative", x)
    found = program((x,), (new, make("flip", x, axes=(0,)), make("cumsum", x, axis=0)), x)(numbers(N))
    np.testing.assert_array_equal(found[0], -numbers(N))
    np.testing.assert_array_equal(found[1], numbers(N)[::-1])
    np.testing.assert_allclose(found[2], numbers(N).cumsum(), rtol=1e-13)


def half(x: Node, first: int) -> Node:
    return make("slice", x, start=(first, 0), stop=(first + 3, 6), step=(1, 1))


@pytest.mark.parametrize(
    "build",
    [
        lambda x: make("flip", x, axes=(0,)),
        lambda x: make("permute", x, axes=(1, 0)),
        lambda x: make("add", x, make("permute", x, axes=(1, 0))),
        lambda x: make("subtract", x, make("flip", x, axes=(0, 1))),
        lambda x: make("cumsum", x, axis=0),
        lambda x: make("argsort", x, axis=1),
        lambda x: make("dot", x, x),
        lambda x: make("concat", half(x, 3), half(x, 0), axis=0),
    ],
    ids=["flip", "permute", "add", "subtract", "cumsum", "argsort", "dot", "swap"],
)
def test_what_reads_elsewhere_than_it_writes(build: Any) -> None:
    x = data(6, 6)
    wanted = program((x,), (build(x),))(numbers(6, 6))
    np.testing.assert_array_equal(program((x,), (build(x),), x)(numbers(6, 6))[0], wanted[0])


# --- outputs --------------------------------------------------------------------------------------------------------


def test_outputs_that_are_inputs_repeat_or_are_constants() -> None:
    x, y = data(N), data()
    known = constant(np.arange(3.0))
    new = make("exp", y)
    run = program((x, y), (x, new, new, known, y, constant(2.5), x, known), x)
    for turn in range(2):
        found = run(numbers(N), np.asarray(0.5 + turn))
        wanted = [numbers(N), np.exp(0.5 + turn), np.exp(0.5 + turn), np.arange(3.0), 0.5 + turn, 2.5, numbers(N)]
        for got, want in zip(found, [*wanted, np.arange(3.0)], strict=True):
            assert got.shape == np.shape(want)
            np.testing.assert_allclose(got, want, rtol=1e-15)
        found[3][...] = 7  # what a caller does to a result is of no consequence to the next run


def test_results_of_earlier_runs_stay() -> None:
    x = data(N)
    run = program((x,), (make("exp", x), make("sum", x, axes=(0,))))
    first = run(numbers(N))
    kept = [each.copy() for each in first]
    run(2 * numbers(N))
    for got, want in zip(first, kept, strict=True):
        np.testing.assert_array_equal(got, want)


def test_arrays_without_elements() -> None:
    x = data(0, 3)
    sums = make("sum", x, axes=(0,)), make("sum", x, axes=(0, 1))
    found = program((x,), (make("exp", x), *sums, x), x)(np.zeros((0, 3)))
    assert [each.shape for each in found] == [(0, 3), (3,), (), (0, 3)]
    assert not found[1].any()
    assert found[2] == 0


# --- errors ---------------------------------------------------------------------------------------------------------


def taking(donate: bool) -> tuple[NativeProgram, Node]:
    table, indices = data(5, 3), data(4, dtype=int64)
    rows = make("take", make("negative", table), indices, mode="raise", unique=False)
    return program((table, indices), (make("exp", rows), make("negative", table)), *([table] if donate else [])), rows


@pytest.mark.parametrize("donate", [False, True])
@pytest.mark.parametrize("bad", [5, -6, 2**62, -(2**62)])
def test_an_index_that_points_nowhere_names_its_origin(bad: int, donate: bool) -> None:
    run, rows = taking(donate)
    table = numbers(5, 3)
    with pytest.raises(IndexError, match=f"{bad}") as caught:
        run(table, np.array([0, 1, bad, 2]))
    assert str(caught.value).endswith(f", in {rows.where}")
    if not donate:
        np.testing.assert_array_equal(table, numbers(5, 3))
    found = run(numbers(5, 3), np.array([0, 4, 1, 2]))  # the program goes on as if nothing had been
    np.testing.assert_allclose(found[0], np.exp(-numbers(5, 3))[[0, 4, 1, 2]], rtol=1e-15)


def test_an_error_in_one_thread_of_many_stops_all() -> None:
    x, indices = data(4096, 8), data(4096, dtype=int64)
    taken = make("take", x, indices, mode="raise", unique=False)
    run = program((x, indices), (make("cumsum", taken, axis=0),))
    places = np.arange(4096)
    places[4000] = 4096
    with pytest.raises(IndexError, match="4096"):
        run(numbers(4096, 8), places)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 3e38])
def test_a_step_that_is_not_finite_changes_nothing(value: float) -> None:
    """Its arrays were donated to the program; the model is as it was, and learns on."""
    model = nn.Sequential(nn.Linear(4, 8, seed=0), nn.relu, nn.Linear(8, 3, seed=1))
    x, labels = numbers(6, 4).astype(np.float32), np.arange(6) % 3
    step = sg.train_step(model, optim.Adam(1e-2), losses.cross_entropy)
    step(x, labels)
    before = {name: each.copy() for name, each in model.state_dict().items()}
    for _ in range(2):
        with pytest.raises(NonFiniteError, match="step 2: "):
            step(np.where(x == x[2, 1], np.float32(value), x), labels)
        for name, kept in model.state_dict().items():
            np.testing.assert_array_equal(kept, before[name])
    assert np.isfinite(float(step(x, labels)))
    assert step.steps == 2


def test_a_step_whose_gradient_alone_is_not_finite() -> None:
    class Root(nn.Module):
        def __init__(self) -> None:
            self.weight = nn.Parameter(np.zeros(3, np.float32))

        def __call__(self, x: Any) -> Any:
            return x + sg.sqrt(self.weight)

    model = Root()
    assert model.weight.dtype == float32
    step = sg.train_step(model, optim.SGD(0.1), losses.cross_entropy)
    with pytest.raises(NonFiniteError, match="but its gradients are not finite"):
        step(numbers(4, 3).astype(np.float32), np.arange(4) % 3)
    np.testing.assert_array_equal(model.state_dict()["weight"], np.zeros(3))
