"""The chain rule over whole graphs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings

from graphs import arrays_for, graphs
from saegim.autodiff import NOT_DIFFERENTIABLE, RowTerms, Term, vjp, what_cuts, why_cut
from saegim.autodiff.term import full
from saegim.dtypes import bool_, float64, int64
from saegim.ir import Graph, Node, Spec, check, constant, fresh_input, make
from saegim.reference import evaluate

Array = npt.NDArray[Any]


def x_input(*shape: int) -> Node:
    return fresh_input(Spec(shape, float64))


def total(nodes: tuple[Node, ...]) -> Term:
    """The sum of all elements of all nodes, each weighted by its position."""
    parts = []
    for node in nodes:
        weights = np.linspace(-1, 1, node.size).reshape(node.shape)
        parts.append((Term(node) * Term(constant(weights))).sum(tuple(range(node.ndim))))
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result


def dense(found: list[Term | RowTerms | None], inputs: tuple[Node, ...]) -> list[Node]:
    terms = [each.dense() if isinstance(each, RowTerms) else each for each in found]
    return [
        full(x.shape, 0, x.dtype).node if term is None else term.node for term, x in zip(terms, inputs, strict=True)
    ]


@settings(max_examples=150)
@given(graphs(steps=8, smooth=True))
def test_gradients_of_random_graphs_are_central_differences(graph: Graph) -> None:
    scalar = total(graph.outputs)
    slopes = dense(vjp([scalar.node], [full((), 1, float64)], graph.inputs), graph.inputs)
    both = Graph(graph.inputs, (scalar.node, *slopes))
    check(both)
    arrays = arrays_for(graph)
    direction = arrays_for(graph, seed=1)
    _value, *gradients = evaluate(both, arrays)

    def value(step: float) -> float:
        return float(evaluate(both, [x + step * d for x, d in zip(arrays, direction, strict=True)])[0])

    sides = [(value(h) - value(-h)) / (2 * h) for h in (1e-4, 5e-5, 2.5e-5)]
    extrapolated = [(4 * narrow - wide) / 3 for wide, narrow in pairwise(sides)]
    # Near a kink (two operands of a maximum that are nearly equal) differences say nothing.
    scale = 1 + sum(float(np.abs(g * d).sum()) for g, d in zip(gradients, direction, strict=True))
    assume(abs(extrapolated[0] - extrapolated[1]) < 1e-8 * scale)
    along = sum(float((g * d).sum()) for g, d in zip(gradients, direction, strict=True))
    assert abs(along - extrapolated[1]) < 1e-7 * scale


@settings(max_examples=60)
@given(graphs(steps=6, smooth=True))
def test_second_derivatives_of_random_graphs_are_symmetric(graph: Graph) -> None:
    """u' H v = v' H u for the second derivative H of a scalar."""
    scalar = total(graph.outputs)
    slopes = dense(vjp([scalar.node], [full((), 1, float64)], graph.inputs), graph.inputs)
    u, v = (arrays_for(graph, seed=seed) for seed in (1, 2))
    products = []
    for first, second in ((u, v), (v, u)):
        along = [Term(slope) * Term(constant(each)) for slope, each in zip(slopes, first, strict=True)]
        inner = total_plain(along)
        again = dense(vjp([inner.node], [full((), 1, float64)], graph.inputs), graph.inputs)
        found = evaluate(Graph(graph.inputs, tuple(again)), arrays_for(graph))
        products.append(sum(float((g * d).sum()) for g, d in zip(found, second, strict=True)))
    np.testing.assert_allclose(products[0], products[1], rtol=1e-7, atol=1e-9)


def total_plain(terms: list[Term]) -> Term:
    parts = [term.sum(tuple(range(len(term.shape)))) for term in terms]
    result = parts[0]
    for part in parts[1:]:
        result = result + part
    return result


def test_no_path_gives_none() -> None:
    x, y = x_input(3), x_input(3)
    z = make("exp", x)
    assert vjp([z], [Term(z)], [y]) == [None]
    found = vjp([z], [None], [x])
    assert found == [None]


def test_an_output_that_is_an_input_passes_its_derivative_on() -> None:
    x = x_input(3)
    (found,) = vjp([x, x], [Term(x), Term(x)], [x])
    assert found == Term(make("add", x, x))


def test_inputs_count_as_independent() -> None:
    x = x_input(3)
    y = make("exp", x)
    z = make("multiply", y, x)
    dx, dy = vjp([z], [full((3,), 1, float64)], [x, y])
    assert (dx, dy) == (Term(y), Term(x))


def test_what_is_between_is_passed_through() -> None:
    """The derivative for an inner node and, unlike that of an input, through it."""
    x = x_input(3)
    y = make("exp", x)
    z = make("multiply", y, x)
    dx, dy, dz, nothing = vjp([z], [full((3,), 1, float64)], [x], between=[y, z, make("sin", y)])
    assert (dy, dz, nothing) == (Term(x), full((3,), 1, float64), None)
    assert dx == Term(y) + Term(x) * Term(y)


def test_trivial_arithmetic_is_left_out() -> None:
    """The derivative of sum(x * w) is w: no ones, no products with them."""
    x, w = x_input(4, 3), x_input(4, 3)
    loss = make("sum", make("multiply", x, w), axes=(0, 1))
    (found,) = vjp([loss], [full((), 1, float64)], [x])
    assert found == Term(w)
    mean = make("multiply", loss, constant(1 / 12))
    (found,) = vjp([mean], [full((), 1, float64)], [x])
    assert isinstance(found, Term)
    assert [node.op for node in Graph((x, w), (found.node,)).nodes()] == [
        "input",
        "input",
        "constant",
        "broadcast",
        "multiply",
    ]


def test_the_gradient_of_a_transposed_weight_is_a_product_of_its_own_shape() -> None:
    x, w = x_input(5, 3), x_input(4, 3)
    loss = make("sum", make("tanh", make("dot", x, make("permute", w, axes=(1, 0)))), axes=(0, 1))
    (found,) = vjp([loss], [full((), 1, float64)], [w])
    assert isinstance(found, Term) and found.node.op == "dot" and found.shape == (4, 3)


def test_a_chain_of_50000_nodes_is_differentiated() -> None:
    x = x_input(2)
    y = x
    for _ in range(25_000):
        y = make("sin", make("add", y, x))
    (found,) = vjp([y], [full((2,), 1, float64)], [x])
    assert isinstance(found, Term)
    (slope,) = evaluate(Graph((x,), (found.node,)), [np.array([0.5, 1.0])])
    # At the fixed point y = sin(y + x) the derivative is c / (1 - c) with c = cos(y + x).
    point = np.zeros(2)
    for _ in range(1000):
        point = np.sin(point + np.array([0.5, 1.0]))
    c = np.cos(point + np.array([0.5, 1.0]))
    np.testing.assert_allclose(slope, c / (1 - c))


# --- what cuts a path -------------------------------------------------------------------------------------------------


def cut(op: str, x: Node) -> Node:
    """Something of x that passes no derivative on, as float64 again."""
    attrs: dict[str, Any] = {"argmax": {"axis": 0}, "argsort": {"axis": 0}}.get(op, {})
    other = [x] if op in ("less", "equal") else []
    node = make(op, x, *other, **attrs)
    return node if node.dtype == float64 else make("cast", node, dtype=float64)


@pytest.mark.parametrize(
    "op", ["floor", "round", "sign", "argmax", "argsort", "less", "equal", "isnan", "stop_gradient"]
)
def test_the_primitive_that_cuts_the_path_is_named(op: str) -> None:
    x = x_input(3)
    loss = make("exp", cut(op, make("tanh", x)))
    assert vjp([loss], [Term(loss)], [x]) == [None]
    found = what_cuts([loss], x)
    assert found is not None and found.op == op
    assert found.where.file == __file__
    assert why_cut(found) == NOT_DIFFERENTIABLE[op]


def test_a_cast_to_integers_cuts() -> None:
    x = x_input(3)
    rows = make("cast", x, dtype=int64)
    loss = make("take", x_input(9, 2), rows, mode="clip", unique=False)
    found = what_cuts([loss], x)
    assert found is rows
    assert why_cut(rows) == "its result is not a real number"
    condition = make("cast", x, dtype=bool_)
    assert what_cuts([make("select", condition, x_input(3), x_input(3))], x) is condition


def test_the_sign_operand_of_copysign_cuts() -> None:
    x, sign = x_input(3), x_input(3)
    y = make("copysign", x, sign)
    assert what_cuts([y], x) is None
    assert what_cuts([y], sign) is y
    assert why_cut(y) == "only the sign of its second operand counts"
    assert vjp([y], [Term(y)], [sign]) == [None]


def test_of_several_paths_one_that_is_open_is_enough() -> None:
    x = x_input(3)
    closed, opened = make("floor", x), make("exp", x)
    assert what_cuts([make("add", closed, opened)], x) is None
    both = make("add", closed, make("sign", make("exp", x)))
    assert what_cuts([both], x) in (closed, both.inputs[1])


def test_what_is_not_used_is_not_cut() -> None:
    x, y = x_input(3), x_input(3)
    make("floor", y)
    assert what_cuts([make("exp", x)], y) is None


# --- scans ------------------------------------------------------------------------------------------------------------


def scan(body: Any, start: Node, xs: Node, *shared: Node, reverse: bool = False) -> list[Node]:
    """Items of the scan of `body(state, x, *shared)`, which gives (state, y)."""
    x = fresh_input(Spec(xs.shape[1:], xs.dtype))
    state, *inner = (fresh_input(each.spec) for each in (start, *shared))
    graph = Graph((state, x, *inner), body(state, x, *inner))
    fixed = {"carries": 1, "scanned": 1, "length": xs.shape[0], "reverse": reverse}
    run = make("scan", start, xs, *shared, body=graph, **fixed)
    return [make("item", run, index=index) for index in range(2)]


def test_paths_are_followed_into_the_body_of_a_scan() -> None:
    start, xs, w = x_input(2), x_input(5, 2), x_input(2)
    floored: list[Node] = []

    def body(state: Node, x: Node, weight: Node) -> tuple[Node, Node]:
        floored.append(make("floor", weight))
        return make("add", state, make("multiply", x, floored[0])), make("multiply", x, weight)

    state, ys = scan(body, start, xs, w)
    assert what_cuts([state], start) is None
    assert what_cuts([state], xs) is None
    assert what_cuts([state], w) is floored[0]
    assert what_cuts([ys], w) is None
    assert what_cuts([ys], start) is None, "ys does not depend on it at all"
    assert vjp([state], [Term(state)], [w]) == [None]
    assert vjp([ys], [Term(ys)], [start]) == [None]
    found = vjp([state], [Term(state)], [start, xs])
    assert all(isinstance(each, Term) for each in found)


def test_a_path_that_opens_only_after_several_positions() -> None:
    """y_t depends on the state before, the state on x: x reaches y, one position later."""
    start, xs = x_input(2), x_input(5, 2)
    _state, ys = scan(lambda state, x: (make("tanh", x), make("exp", state)), start, xs)
    assert what_cuts([ys], xs) is None
    (found,) = vjp([ys], [full(ys.shape, 1, float64)], [xs])
    assert isinstance(found, Term)
    values = np.random.default_rng(0).standard_normal((5, 2))
    (slope,) = evaluate(Graph((start, xs), (found.node,)), [np.zeros(2), values])
    expected = np.exp(np.tanh(values)) * (1 - np.tanh(values) ** 2)
    expected[-1] = 0
    np.testing.assert_allclose(slope, expected)


def test_only_what_is_reached_is_differentiated() -> None:
    start, xs, w = x_input(2), x_input(5, 2), x_input(2)
    state, _ys = scan(lambda s, x, w: (make("add", make("multiply", s, w), x), make("exp", s)), start, xs, w)
    (found,) = vjp([state], [Term(state)], [start])
    assert isinstance(found, Term)
    (backward,) = [
        node for node in Graph((start, xs, w), (found.node,)).nodes() if node.op == "scan" and node.attrs["reverse"]
    ]
    assert len(backward.results) == 1, "only the state's derivative is carried, none of xs and w"


def test_a_scan_of_no_positions() -> None:
    start, xs, w = x_input(2), x_input(0, 2), x_input(2)
    for reverse in (False, True):
        state, ys = scan(lambda s, x, w: (make("multiply", s, w), make("exp", x)), start, xs, w, reverse=reverse)
        found = vjp([state, ys], [full((2,), 3, float64), full((0, 2), 1, float64)], [start, xs, w])
        slopes = evaluate(
            Graph((start, xs, w), tuple(dense(found, (start, xs, w)))), [np.ones(2), np.ones((0, 2)), np.ones(2)]
        )
        np.testing.assert_array_equal(slopes[0], [3, 3])
        assert slopes[1].shape == (0, 2)
        np.testing.assert_array_equal(slopes[2], [0, 0])
