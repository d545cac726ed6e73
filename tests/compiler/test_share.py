"""Scans over the same things become one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from graphs import arrays_for, graphs
from saegim.compiler.share import prepared, share_scans
from saegim.dtypes import float64
from saegim.ir import Graph, Node, Spec, check, fresh_input, make, to_text
from saegim.reference import Schedule, evaluate


def scan(start: Node, xs: Node, body: Graph, index: int) -> Node:
    run = make("scan", start, xs, body=body, carries=1, scanned=1, length=xs.shape[0], reverse=False)
    return make("item", run, index=index)


def pair() -> tuple[Graph, Node, Node]:
    start, xs = fresh_input(Spec((), float64)), fresh_input(Spec((4,), float64))
    state, x = fresh_input(Spec((), float64)), fresh_input(Spec((), float64))
    new = make("add", make("multiply", state, x), x)
    short, long = Graph((state, x), (new, x)), Graph((state, x), (new, state, x, new))
    items = [scan(start, xs, short, 0), scan(start, xs, short, 1), *(scan(start, xs, long, at) for at in range(4))]
    return Graph((start, xs), tuple(items), frozenset((start,))), start, xs


def scans(graph: Graph) -> int:
    return sum(node.op == "scan" for node in graph.nodes())


def test_two_scans_that_run_the_same_states_become_one() -> None:
    graph, _start, _xs = pair()
    shared = share_scans(graph)
    check(shared, "share_scans")
    assert (scans(graph), scans(shared)) == (2, 1)
    assert (shared.inputs, shared.donated) == (graph.inputs, graph.donated)
    for found, expected in zip(evaluate(shared, arrays_for(graph)), evaluate(graph, arrays_for(graph)), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_scans_that_differ_stay_apart() -> None:
    start, xs, other = (fresh_input(Spec(shape, float64)) for shape in ((), (4,), (4,)))
    state, x = fresh_input(Spec((), float64)), fresh_input(Spec((), float64))
    sums, products = Graph((state, x), (make("add", state, x),)), Graph((state, x), (make("multiply", state, x),))
    outputs = (scan(start, xs, sums, 0), scan(start, xs, products, 0), scan(start, other, sums, 0))
    assert scans(share_scans(Graph((start, xs, other), outputs))) == 3


def test_a_graph_without_scans_is_left_as_it_is() -> None:
    x = fresh_input(Spec((3,), float64))
    graph = Graph((x,), (make("exp", x),))
    assert share_scans(graph) is graph


@settings(max_examples=100)
@given(graphs())
def test_sharing_changes_no_result(graph: Graph) -> None:
    text = to_text(graph)
    program = Schedule(prepared(graph))
    assert to_text(graph) == text
    for found, expected in zip(program(*arrays_for(graph)), evaluate(graph, arrays_for(graph)), strict=True):
        np.testing.assert_array_equal(found, expected)
