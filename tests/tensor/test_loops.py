"""scan: a loop over positions, eager, compiled and differentiated."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import saegim as sg
from saegim.compiler.share import share_scans
from saegim.errors import ShapeError, TraceError
from saegim.ir import body_of
from saegim.tensor import tree
from saegim.tensor.core import Tensor

Array = npt.NDArray[Any]


def f64(*shape: int, seed: int = 0) -> Tensor:
    return sg.asarray(np.random.default_rng(seed).standard_normal(shape))


def cell(params: Any, state: Any, x: Tensor) -> tuple[Any, Tensor]:
    """A small recurrent cell with two states, one of them counting positions."""
    hidden = sg.tanh(x @ params["in"] + state["hidden"] @ params["back"])
    count = state["count"] + 1
    return {"hidden": hidden, "count": count}, hidden * sg.astype(count, sg.float64)


def network(params: Any, start: Tensor, xs: Tensor, reverse: bool = False) -> tuple[Any, Tensor]:
    state = {"hidden": start, "count": sg.asarray(0)}
    return sg.scan(lambda s, x: cell(params, s, x), state, xs, reverse=reverse)


def by_hand(params: Any, start: Tensor, xs: Tensor, reverse: bool = False) -> tuple[Any, Tensor]:
    state: Any = {"hidden": start, "count": sg.asarray(0)}
    positions = range(xs.shape[0])
    ys: dict[int, Tensor] = {}
    for at in reversed(positions) if reverse else positions:
        state, ys[at] = cell(params, state, xs[at])
    return state, sg.stack([ys[at] for at in positions]) if ys else sg.zeros((0, *start.shape), dtype=sg.float64)


def arguments(length: int) -> tuple[Any, Tensor, Tensor]:
    return {"in": f64(3, 4), "back": f64(4, 4, seed=1) * 0.5}, f64(2, 4, seed=2), f64(length, 2, 3, seed=3)


def assert_trees_close(found: Any, expected: Any) -> None:
    mine, structure = tree.flatten(found)
    theirs, other = tree.flatten(expected)
    assert structure == other
    for one, two in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [0, 1, 2, 5])
def test_a_scan_is_a_loop(length: int, reverse: bool) -> None:
    args = arguments(length)
    expected = by_hand(*args, reverse=reverse)
    assert_trees_close(network(*args, reverse=reverse), expected)
    assert_trees_close(sg.compile(network)(*args, reverse=reverse), expected)


def loss_of(run: Any, reverse: bool = False) -> Any:
    def loss(params: Any, start: Tensor, xs: Tensor) -> Tensor:
        state, ys = run(params, start, xs, reverse)
        weights = sg.asarray(np.linspace(0.5, 1.5, ys.size).reshape(ys.shape))
        return sg.sum(ys * weights) + sg.sum(state["hidden"] ** 2)

    return loss


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("length", [0, 1, 2, 5])
@pytest.mark.parametrize("argnum", [0, 1, 2])
def test_its_derivative_is_that_of_the_loop(length: int, reverse: bool, argnum: int) -> None:
    args = arguments(length)
    expected = sg.grad(loss_of(by_hand, reverse), argnum)(*args)
    assert_trees_close(sg.grad(loss_of(network, reverse), argnum)(*args), expected)
    assert_trees_close(sg.compile(sg.grad(loss_of(network, reverse), argnum))(*args), expected)


@pytest.mark.parametrize("length", [0, 1, 4])
def test_its_second_derivative_is_that_of_the_loop(length: int) -> None:
    args = arguments(length)

    def curvature(run: Any) -> Any:
        def inner(*args: Any) -> Tensor:
            slopes = sg.grad(loss_of(run))(*args)
            return sg.sum(slopes["in"] ** 2) + sg.sum(slopes["back"] * 0.5)

        return sg.grad(inner)

    assert_trees_close(curvature(network)(*args), curvature(by_hand)(*args))


def test_nested_scans() -> None:
    """Row by row, and within a row element by element; the inner loop reads what the outer one carries."""

    def rows(x: Tensor, weight: Tensor) -> Tensor:
        def inner(state: Tensor, element: Tensor) -> tuple[Tensor, Tensor]:
            new = sg.tanh(state * weight + element)
            return new, new

        def outer(state: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
            last, ys = sg.scan(inner, state, row)
            return last + sg.sum(ys) * 0.1, sg.sum(ys * state)

        last, ys = sg.scan(outer, sg.asarray(0.1, dtype=sg.float64), x)
        return last + sg.sum(ys)

    def plain(x: Tensor, weight: Tensor) -> Tensor:
        state, result = sg.asarray(0.1, dtype=sg.float64), sg.asarray(0.0, dtype=sg.float64)
        for row in x:
            before, total, weighted = state, sg.asarray(0.0, dtype=sg.float64), sg.asarray(0.0, dtype=sg.float64)
            for element in row:
                state = sg.tanh(state * weight + element)
                total, weighted = total + state, weighted + state * before
            state, result = state + total * 0.1, result + weighted
        return state + result

    x, weight = f64(3, 4), sg.asarray(0.7, dtype=sg.float64)
    np.testing.assert_allclose(rows(x, weight), plain(x, weight), rtol=1e-12)
    for argnum in (0, 1):
        expected = sg.grad(plain, argnum)(x, weight)
        np.testing.assert_allclose(sg.grad(rows, argnum)(x, weight), expected, rtol=1e-10)
        np.testing.assert_allclose(sg.compile(sg.grad(rows, argnum))(x, weight), expected, rtol=1e-10)
    second, other = (sg.grad(lambda w, fn=fn: sg.grad(fn, 1)(x, w)) for fn in (rows, plain))
    np.testing.assert_allclose(second(weight), other(weight), rtol=1e-9)


def test_integer_state_and_integer_sequences() -> None:
    """An index that moves through a table: integers are carried, the table is differentiated."""
    table, moves = f64(5), sg.asarray([1, 2, 1])

    def loss(table: Tensor) -> Tensor:
        def body(at: Tensor, move: Tensor) -> tuple[Tensor, Tensor]:
            new = (at + move) % 5
            return new, sg.take(table, sg.reshape(new, (1,)), axis=0)[0] ** 2

        last, ys = sg.scan(body, sg.asarray(0), moves)
        assert last.dtype == sg.int64
        return sg.sum(ys)

    expected = np.zeros(5)
    expected[[1, 3, 4]] = 2 * np.asarray(table)[[1, 3, 4]]
    np.testing.assert_allclose(np.asarray(sg.grad(loss)(table)), expected)


def test_the_forward_pass_runs_once() -> None:
    """The scan that records states for the derivative is the one that gives the value."""
    args = arguments(4)
    both = sg.compile(sg.value_and_grad(loss_of(network)))
    assert_trees_close(both(*args), sg.value_and_grad(loss_of(by_hand))(*args))
    (program, _result) = next(iter(both._programs.values()))
    scans = [node for node in share_scans(program.graph).nodes() if node.op == "scan"]
    assert sorted(node.attrs["reverse"] for node in scans) == [False, True]


def test_what_the_body_takes_from_around_it_becomes_an_input() -> None:
    weight = f64(3)

    def outer(x: Tensor, scale: Tensor) -> Tensor:
        shifted = x * scale
        _last, ys = sg.scan(lambda s, row: (s + row * weight * scale, s * shifted[0]), sg.zeros(3, dtype=sg.float64), x)
        return ys

    program = sg.compile(outer)
    x, scale = f64(4, 3), sg.asarray(2.0, dtype=sg.float64)
    found = program(x, scale)
    sums = np.concatenate(([np.zeros(3)], np.cumsum(np.asarray(x * weight * scale), axis=0)[:-1]))
    np.testing.assert_allclose(found, sums * np.asarray(x[0] * scale))
    (known, _result) = next(iter(program._programs.values()))
    (scan,) = [node for node in known.graph.nodes() if node.op == "scan"]
    assert all(node.op != "constant" or node.size == 1 for node in body_of(scan).inputs + body_of(scan).outputs)


def test_states_that_pass_through() -> None:
    x, rows = f64(3), f64(2, 2)
    last, ys = sg.scan(lambda s, row: (s, row), x, rows)
    np.testing.assert_array_equal(last, x)
    np.testing.assert_array_equal(ys, rows)


def test_python_numbers_as_states_and_outputs() -> None:
    last, ys = sg.scan(lambda s, x: (s + x, 1.5), 0.0, sg.asarray([1.0, 2.0]))
    assert (float(last), ys.tolist()) == (3.0, [1.5, 1.5])
    _last, nothing = sg.scan(lambda s, x: (s + x, None), 0.0, sg.asarray([1.0, 2.0]))
    assert nothing is None


def test_what_does_not_fit_is_said() -> None:
    x = f64(3, 2)
    with pytest.raises(ShapeError, match=r"scan: sequences of one length expected, shapes \[\(3, 2\), \(4,\)\] given"):
        sg.scan(lambda s, x: (s, s), 0.0, [x, f64(4)])
    with pytest.raises(ShapeError, match="scan: sequences of one length expected"):
        sg.scan(lambda s, x: (s, s), 0.0, sg.asarray(1.0))
    with pytest.raises(ShapeError, match="scan: sequences of one length expected"):
        sg.scan(lambda s, x: (s, s), 0.0, [])
    with pytest.raises(ShapeError, match=r"must keep the state's specs \['float64\[2\]'\], it gave \['float64\[\]'\]"):
        sg.scan(lambda s, x: (sg.sum(s), s), f64(2), x)
    with pytest.raises(ShapeError, match=r"\['float32\[\]'\], it gave \['float64\[\]'\]; cast with astype"):
        sg.scan(lambda s, x: (s + x[0], s), 0.0, x)
    with pytest.raises(ShapeError, match="must keep the state's structure"):
        sg.scan(lambda s, x: ([s["a"]], x), {"a": f64(2)}, x)
    with pytest.raises(TraceError, match=r"test_loops.py:\d+ asks a traced tensor"):
        sg.scan(lambda s, x: (s if x[0] > 0 else s + 1, s), f64(2), x)
