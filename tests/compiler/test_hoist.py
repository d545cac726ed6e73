"""What scans need not do position by position is done before or after them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim import losses, nn, optim
from saegim import tensor as sg
from saegim.compiler import Program, compile_graph
from saegim.compiler.share import share_scans
from saegim.compiler.simplify import simplify
from saegim.dtypes import float32, float64
from saegim.ir import Graph, Node, Spec, body_of, check, constant, fresh_input, make
from saegim.nn.module import Module
from saegim.reference import evaluate
from saegim.training.step import TrainStep

Array = npt.NDArray[Any]
T, B, D, H = 5, 3, 4, 2


def given_input(*shape: int) -> Node:
    return fresh_input(Spec(shape, float64))


def run(
    starts: list[Node], sequences: list[Node], shared: list[Node], body: Graph, reverse: bool = False
) -> list[Node]:
    """The results of a scan."""
    fixed = {"carries": len(starts), "scanned": len(sequences), "length": T, "reverse": reverse}
    node = make("scan", *starts, *sequences, *shared, body=body, **fixed)
    return [make("item", node, index=index) for index in range(len(node.results))]


def arrays_for(graph: Graph) -> list[Array]:
    rng = np.random.default_rng(0)
    # Positive and small: also what an optimiser keeps as mean squares is among the inputs.
    return [
        (rng.uniform(0.01, 0.3, node.shape) if node.dtype.kind == "f" else rng.integers(0, 2, node.shape)).astype(
            node.dtype
        )
        for node in graph.inputs
    ]


def equal(graph: Graph, rtol: float = 1e-12) -> Graph:
    """The simplified graph, found well-formed, equal in meaning, and as simple as it gets."""
    simple = simplify(graph)
    check(simple, "simplify")
    assert (simple.inputs, simple.donated) == (graph.inputs, graph.donated)
    expected = evaluate(graph, arrays_for(graph))
    for found, wanted in zip(evaluate(simple, arrays_for(graph)), expected, strict=True):
        assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol)
    assert simplify(simple).outputs == simple.outputs
    return simple


def scans(graph: Graph) -> list[Node]:
    return [node for node in graph.nodes() if node.op == "scan"]


def count(graph: Graph, op: str) -> int:
    return sum(node.op == op for node in graph.nodes())


def kinds(scan: Node) -> tuple[int, int, int, int]:
    """How many states, sequences, shared operands and stacked outputs a scan has."""
    carried, scanned = scan.attrs["carries"], scan.attrs["scanned"]
    return carried, scanned, len(scan.inputs) - carried - scanned, len(body_of(scan).outputs) - carried


# --- unit by unit -----------------------------------------------------------------------------------------------------


def test_a_product_that_is_summed_up_becomes_one_product() -> None:
    start, h, xs = given_input(D, B), given_input(B, B), given_input(T, B, D)
    total, state, x = given_input(D, B), given_input(B, B), given_input(B, D)
    new = make("tanh", make("add", state, make("dot", x, make("permute", x, axes=(1, 0)))))
    product = make("dot", make("permute", x, axes=(1, 0)), new)
    body = Graph((total, state, x), (make("add", total, product), new))
    simple = equal(Graph((start, h, xs), tuple(run([start, h], [xs], [], body))))
    (scan,) = scans(simple)
    assert kinds(scan)[0] == 1
    assert count(body_of(scan), "dot") == 0
    assert [node.shape for node in simple.nodes() if node.op == "dot"] == [(T, B, B), (D, B)]


def test_sums_of_many_kinds_leave_the_scan() -> None:
    start, bias, h, xs = given_input(B, D), given_input(D), given_input(B, D), given_input(T, B, D)
    total, sums, state, x = given_input(B, D), given_input(D), given_input(B, D), given_input(B, D)
    new = make("sin", make("add", state, x))
    less = make("subtract", make("add", make("exp", new), total), x)
    body = Graph((total, sums, state, x), (less, make("add", make("sum", new, axes=(0,)), sums), new, new))
    simple = equal(Graph((start, bias, h, xs), tuple(run([start, bias, h], [xs], [], body, reverse=True))))
    (scan,) = scans(simple)
    # The states themselves are stacked already, their sine is stacked for the sum.
    assert kinds(scan) == (1, 1, 0, 2)


@pytest.mark.parametrize("use", ["read", "stacked", "twice", "subtracted", "scaled"])
def test_a_state_that_is_more_than_a_sum_stays(use: str) -> None:
    start, h, xs = (given_input(D), given_input(D), given_input(T, D))
    total, state, x = given_input(D), given_input(D), given_input(D)
    terms = {
        "twice": make("add", make("add", total, state), total),
        "subtracted": make("subtract", state, total),
        "scaled": make("multiply", make("add", total, state), x),
    }
    ends = terms.get(use, make("add", total, state))
    new = make("tanh", make("add", state, total if use == "read" else x))
    body = Graph((total, state, x), (ends, new, ends if use == "stacked" else new))
    simple = equal(Graph((start, h, xs), tuple(run([start, h], [xs], [], body))))
    assert kinds(scans(simple)[0])[0] == 2


def test_what_is_shared_is_computed_once() -> None:
    h, weight = given_input(B, D), given_input(D, D)
    state, w = given_input(B, D), given_input(D, D)
    turned = make("permute", make("exp", w), axes=(1, 0))
    body = Graph((state, w), (make("tanh", make("dot", state, turned)),))
    simple = equal(Graph((h, weight), tuple(run([h], [], [weight], body))))
    assert [node.op for node in body_of(scans(simple)[0]).nodes()] == ["input", "input", "dot", "tanh"]


def test_products_of_a_sequence_are_one_product_before_the_scan() -> None:
    h, xs, weight = given_input(B, H), given_input(T, B, D), given_input(D, H)
    state, x, w = given_input(B, H), given_input(B, D), given_input(D, H)
    new = make("tanh", make("add", state, make("dot", make("exp", x), w)))
    simple = equal(Graph((h, xs, weight), tuple(run([h], [xs], [weight], Graph((state, x, w), (new,))))))
    assert kinds(scans(simple)[0]) == (1, 1, 0, 0)
    assert [node.shape for node in simple.nodes() if node.op == "dot"] == [(T * B, H)]


def test_products_that_only_outputs_need_are_one_product_after_the_scan() -> None:
    h, xs, weight, bias = given_input(B, D), given_input(T, B, D), given_input(D, H), given_input(H)
    state, x, w, b = given_input(B, D), given_input(B, D), given_input(D, H), given_input(H)
    new = make("tanh", make("add", state, x))
    y = make("add", make("dot", new, w), make("broadcast", b, shape=(B, H)))
    body = Graph((state, x, w, b), (new, y))
    simple = equal(Graph((h, xs, weight, bias), tuple(run([h], [xs], [weight, bias], body))))
    assert kinds(scans(simple)[0]) == (1, 1, 0, 1)
    assert [node.shape for node in simple.nodes() if node.op == "dot"] == [(T * B, H)]


def test_copies_are_made_inside() -> None:
    h, bias = given_input(B, D), given_input(D)
    state, one, x, b = given_input(B, D), given_input(B, D), given_input(B, D), given_input(B, D)
    body = Graph((state, x, one, b), (make("tanh", make("multiply", one, make("add", make("add", state, x), b))),))
    ones = make("broadcast", constant(1.0), shape=(B, D))
    xs, copies = make("broadcast", bias, shape=(T, B, D)), make("broadcast", bias, shape=(B, D))
    simple = equal(Graph((h, bias), tuple(run([h], [xs], [ones, copies], body))))
    (scan,) = scans(simple)
    assert kinds(scan) == (1, 0, 1, 0)
    assert scan.inputs[1] is bias
    assert count(body_of(scan), "multiply") == 0


def test_what_nobody_needs_goes() -> None:
    h, other, xs = given_input(D), given_input(D), given_input(T, D)
    state, unused, x = given_input(D), given_input(D), given_input(D)
    new = make("tanh", make("add", state, x))
    body = Graph((state, unused, x), (new, make("exp", unused), make("sin", new), unused))
    simple = equal(Graph((h, other, xs), (run([h, other], [xs], [], body)[0],)))
    assert kinds(scans(simple)[0]) == (1, 1, 0, 0)


def test_a_scan_that_carries_nothing_on_goes() -> None:
    h, xs = given_input(D), given_input(T, D)
    state, x = given_input(D), given_input(D)
    body = Graph((state, x), (state, x, state))
    simple = equal(Graph((h, xs), tuple(run([h], [xs], [], body))))
    assert not scans(simple)
    assert simple.outputs[:2] == (h, xs)


def test_scans_inside_of_scans() -> None:
    h, xs = given_input(D), given_input(T, T, D)
    inner_total, inner_x = given_input(D), given_input(D)
    inner = Graph((inner_total, inner_x), (make("add", inner_total, make("exp", inner_x)),))
    total, x = given_input(D), given_input(T, D)
    body = Graph((total, x), (make("tanh", run([total], [x], [], inner)[0]),))
    simple = equal(Graph((h, xs), (run([h], [xs], [], body)[0],)))
    (scan,) = scans(simple)
    assert not scans(body_of(scan))


# --- whole models -----------------------------------------------------------------------------------------------------


class Reader(Module):
    """A recurrent layer, the mean of what it says, a linear layer."""

    def __init__(self, layer: nn.LSTM | nn.GRU) -> None:
        self.layer = layer
        self.out = nn.Linear(H * (2 if layer.bidirectional else 1), 2, seed=0)

    def __call__(self, x: sg.Tensor, lengths: sg.Tensor | None = None) -> sg.Tensor:
        outputs, _last = self.layer(x, lengths=lengths)
        return self.out(sg.mean(outputs, axis=1))


def step_graph(model: Module, features: list[Array], monkeypatch: pytest.MonkeyPatch) -> Graph:
    """The graph of a training step, as it reaches the compiler."""
    recorded: list[Graph] = []

    def record(graph: Graph) -> Program:
        recorded.append(graph)
        return compile_graph(graph)

    monkeypatch.setattr("saegim.training.step.compile_graph", record)
    labels = sg.asarray(np.arange(B) % 2)
    TrainStep(model, optim.Adam(1e-3), losses.cross_entropy)(*map(sg.asarray, features), labels)
    return share_scans(recorded[0])


@pytest.mark.parametrize("lengths", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_a_step_of_a_recurrent_model_keeps_one_product_per_position(
    kind: type[nn.LSTM] | type[nn.GRU], bidirectional: bool, lengths: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Reader(kind(D, H, bidirectional=bidirectional, seed=0))
    x = np.random.default_rng(0).standard_normal((B, T, D)).astype(np.float32)
    graph = step_graph(model, [x, *([np.array([T, 1, 3])] if lengths else [])], monkeypatch)
    simple = equal(graph, rtol=2e-5)
    found = scans(simple)
    assert len(found) == (4 if bidirectional else 2)
    # Forward h @ U, backward dh = d @ U'; gradients of weights and biases are taken after the scans.
    assert [count(body_of(scan), "dot") for scan in found] == [1] * len(found)
    assert all(scan.attrs["carries"] == model.layer.carried for scan in found)
    gates = {spec.shape for spec in found[0].results} & {(T, B, model.layer.gates * H)}
    assert gates, "the backward pass reads what the forward pass said to the gates"
    assert all(node.dtype == float32 for scan in found for node in body_of(scan).outputs)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_random_bodies(data: st.DataObject) -> None:
    states, xs, shared = ([given_input(B, B) for _ in range(data.draw(st.integers(0, 2)))] for _ in range(3))
    total, x = given_input(B, B), given_input(B, B)
    nodes = [*states, *xs, *shared, x, make("broadcast", constant(0.5), shape=(B, B))]
    for _ in range(data.draw(st.integers(1, 8))):
        op = data.draw(st.sampled_from(["tanh", "add", "multiply", "subtract", "dot", "permute"]))
        left, right = data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(nodes[-4:]))
        if op == "tanh":
            nodes.append(make(op, right))
        elif op == "permute":
            nodes.append(make(op, right, axes=(1, 0)))
        else:
            nodes.append(make("tanh", make(op, left, right)) if op == "dot" else make(op, left, right))
    ends = [data.draw(st.sampled_from([*nodes, total])) for _ in states]
    added = make(data.draw(st.sampled_from(["add", "subtract"])), total, data.draw(st.sampled_from(nodes)))
    outputs = data.draw(st.lists(st.sampled_from(nodes), max_size=3))
    body = Graph((total, *states, x, *xs, *shared), (added, *map(_bounded, ends), *outputs))
    outside = [given_input(B, B) for _ in range(1 + len(states))]
    sequences = [given_input(T, B, B) for _ in range(1 + len(xs))]
    copies = [given_input(B, B) for _ in shared]
    results = run(outside, sequences, copies, body, data.draw(st.booleans()))
    wanted = data.draw(st.lists(st.sampled_from(results), min_size=1, unique=True))
    equal(Graph((*outside, *sequences, *copies), tuple(wanted)), rtol=1e-8)


def _bounded(node: Node) -> Node:
    """So that states stay comparable however often they are fed back."""
    return node if node.op in ("input", "tanh") else make("tanh", node)
