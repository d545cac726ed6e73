"""Every derivative rule: against central differences, first and second order, and against PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cases import ALL, CASES, SIZES, Case
from saegim.autodiff import DERIVATIVE, NOT_DIFFERENTIABLE, RowTerms, Term, vjp
from saegim.dtypes import float32, float64
from saegim.ir import Graph, Node, check, constant, make
from saegim.reference import evaluate

Array = npt.NDArray[Any]

SMOOTH = [case for case in ALL if case.op in DERIVATIVE or case.op in ("scan", "item")]
# Cases whose result or inputs are integers have no derivative although the primitive does.
SMOOTH = [case for case in SMOOTH if case.label not in ("int", "from-int")]


def weighted_sum(terms: Sequence[Term], weights: Sequence[Array]) -> Term:
    """sum of term * weight over all elements: a scalar that moves with every one of them."""

    total = None
    for term, weight in zip(terms, weights, strict=True):
        part = (term * Term(constant(weight))).sum(tuple(range(len(term.shape))))
        total = part if total is None else total + part
    assert total is not None
    return total


def gradient(scalar: Term, inputs: Sequence[Node]) -> list[Term]:
    one = Term(make("iota", shape=(1,), axis=0, dtype=scalar.dtype)).reshape(()) + 1
    found = vjp([scalar.node], [one], inputs)
    return [
        term.dense() if isinstance(term, RowTerms) else term if term is not None else Term(node) * 0
        for term, node in zip(found, inputs, strict=True)
    ]


def check_along_a_line(inputs: Sequence[Node], scalar: Term, arrays: Sequence[Array], seed: int) -> None:
    """The derivative of `scalar` along one random direction, by the rules and by central differences."""
    rng = np.random.default_rng(seed)
    learned = [node for node in inputs if node.dtype == float64]
    direction = {node: rng.standard_normal(node.shape) for node in learned}
    graph = Graph(tuple(inputs), (scalar.node, *(each.node for each in gradient(scalar, learned))))
    check(graph)
    _value, *slopes = evaluate(graph, arrays)
    terms = [slope * direction[node] for slope, node in zip(slopes, learned, strict=True)]
    along = sum(float(term.sum()) for term in terms)

    def value(step: float) -> float:
        moved = [
            array + step * direction[node] if node in direction else array
            for node, array in zip(inputs, arrays, strict=True)
        ]
        return float(evaluate(graph, moved)[0])

    h = 1e-5
    # Richardson's extrapolation of two central differences: the error is of order h^4.
    wide, narrow = (value(h) - value(-h)) / (2 * h), (value(h / 2) - value(-h / 2)) / h
    scale = 1 + sum(float(np.abs(term).sum()) for term in terms) + abs(value(0))
    assert abs((4 * narrow - wide) / 3 - along) <= 2e-8 * scale


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_first_derivative(case: Case) -> None:
    for n in (0, 1, 2, 9, 17):
        size = max(n, case.minimum)
        arrays = case.inputs(size)
        graph = case.graph(arrays, size)
        rng = np.random.default_rng(1)
        scalar = weighted_sum([Term(graph.outputs[0])], [rng.standard_normal(graph.outputs[0].shape)])
        check_along_a_line(graph.inputs, scalar, arrays, seed=2)


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_second_derivative(case: Case) -> None:
    for n in (0, 1, 5):
        size = max(n, case.minimum)
        arrays = case.inputs(size)
        graph = case.graph(arrays, size)
        rng = np.random.default_rng(1)
        # Squared, so that the second derivative of a linear primitive is not just zero.
        y = Term(graph.outputs[0])
        first = weighted_sum([y * y], [rng.standard_normal(y.shape)])
        learned = [node for node in graph.inputs if node.dtype == float64]
        slopes = gradient(first, learned)
        scalar = weighted_sum(slopes, [rng.standard_normal(node.shape) for node in learned])
        check_along_a_line(graph.inputs, scalar, arrays, seed=2)


@pytest.mark.parametrize("case", SMOOTH, ids=str)
def test_derivative_keeps_shape_and_dtype(case: Case) -> None:
    for n in SIZES:
        size = max(n, case.minimum)
        graph = case.graph(case.inputs(size, float32), size)
        y = Term(graph.outputs[0])
        learned = [node for node in graph.inputs if node.dtype == float32]
        found = vjp([y.node], [y], learned)
        for node, term in zip(learned, found, strict=True):
            dense = term.dense() if isinstance(term, RowTerms) else term
            assert dense is None or dense.node.spec == node.spec


@pytest.mark.parametrize("case", [each for each in SMOOTH if each.torch], ids=str)
def test_value_and_derivative_are_pytorchs(case: Case) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for n in (1, 5, 33):
        size = max(n, case.minimum)
        arrays = case.inputs(size)
        graph = case.graph(arrays, size)
        tensors = [torch.from_numpy(each.copy()).requires_grad_(each.dtype == float64) for each in arrays]
        expected = (getattr(torch, case.torch) if isinstance(case.torch, str) else _call(torch, case))(*tensors)
        learned = [number for number, each in enumerate(arrays) if each.dtype == float64]
        weight = np.random.default_rng(1).standard_normal(expected.shape)
        slopes = torch.autograd.grad((expected * torch.from_numpy(weight)).sum(), [tensors[i] for i in learned])
        scalar = weighted_sum([Term(graph.outputs[0])], [weight])
        mine = gradient(scalar, [graph.inputs[i] for i in learned])
        value, *found = evaluate(Graph(graph.inputs, (*graph.outputs, *(each.node for each in mine))), arrays)
        np.testing.assert_allclose(value, expected.detach().numpy(), rtol=1e-13, atol=1e-13)
        for slope, each in zip(slopes, found, strict=True):
            np.testing.assert_allclose(each, slope.numpy(), rtol=1e-12, atol=1e-12)


def _call(torch: Any, case: Case) -> Any:
    return lambda *tensors: case.torch(torch, *tensors)  # type: ignore[operator,misc]


@pytest.mark.parametrize("op", sorted(NOT_DIFFERENTIABLE))
def test_what_is_not_differentiable_has_no_derivative(op: str) -> None:
    for case in CASES[op]:
        graph = case.graph(case.inputs(7), 7)
        y = graph.outputs[0]
        found = vjp([y], [Term(y)], graph.inputs)
        assert found == [None] * len(graph.inputs)
