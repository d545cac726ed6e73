"""Graphs as text, and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from cases import ALL, Case
from graphs import arrays_for, graphs
from saegim.dtypes import float32, float64
from saegim.ir import Graph, Spec, check, constant, fresh_input, from_text, make, to_text
from saegim.reference import evaluate

GOLDEN = """\
graph(%0: float32[2,3], %1: float32[3]) donates (%0) {
  %2 = constant(; value=array float32[] [0.5]) : float32[]
  %3 = broadcast(%1; shape=(2, 3)) : float32[2,3]
  %4 = add(%0, %3) : float32[2,3]
  %5 = sum(%4; axes=(0, 1)) : float32[]
  %6 = multiply(%2, %5) : float32[]
  return %6, %4
}"""


def example() -> Graph:
    x, b = fresh_input(Spec((2, 3), float32)), fresh_input(Spec((3,), float32))
    y = make("add", x, make("broadcast", b, shape=(2, 3)))
    loss = make("multiply", constant(0.5, float32), make("sum", y, axes=(0, 1)))
    return Graph((x, b), (loss, y), frozenset((x,)))


def test_a_graph_prints() -> None:
    assert to_text(example()) == GOLDEN


def test_a_text_reads_back() -> None:
    graph = from_text(GOLDEN)
    check(graph)
    assert to_text(graph) == GOLDEN
    assert graph.donated == {graph.inputs[0]}


@pytest.mark.parametrize("case", ALL, ids=str)
def test_every_primitive_prints_and_reads_back(case: Case) -> None:
    inputs = case.inputs(9)
    graph = case.graph(inputs, 9)
    text = to_text(graph)
    again = from_text(text)
    check(again)
    assert to_text(again) == text
    np.testing.assert_array_equal(evaluate(again, inputs)[0], evaluate(graph, inputs)[0])


@settings(max_examples=200)
@given(graphs())
def test_random_graphs_print_and_read_back(graph: Graph) -> None:
    check(graph)
    text = to_text(graph)
    again = from_text(text)
    check(again)
    assert to_text(again) == text
    for found, expected in zip(evaluate(again, arrays_for(graph)), evaluate(graph, arrays_for(graph)), strict=True):
        np.testing.assert_array_equal(found, expected)


@settings(max_examples=100)
@given(graphs())
def test_equal_expressions_are_the_same_object(graph: Graph) -> None:
    """Building every node again from its parts gives the node itself."""
    for node in graph.nodes():
        if node.op == "constant":
            assert constant(node.attrs["value"].array) is node
        elif node.op != "input":
            assert make(node.op, *node.inputs, **node.attrs) is node


@pytest.mark.parametrize(
    "value",
    [
        0.0,
        -0.0,
        np.nan,
        [np.inf, -np.inf],
        np.float32(0.1),
        5e-324,
        True,
        [False, True],
        2**64 - 1,
        -(2**63),
        np.zeros((0, 3)),
        np.arange(100.0).reshape(4, 25).T,
        np.int8([[1]]),
    ],
    ids=repr,
)
def test_constants_keep_their_bits(value: object) -> None:
    array = np.asarray(value)
    (node,) = from_text(to_text(Graph((), (constant(array),)))).outputs
    held = node.attrs["value"].array
    assert (held.dtype, held.shape, held.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_bodies_of_scans_come_first_and_inner_ones_before_outer_ones() -> None:
    def scan(start: object, xs: object, outputs: object) -> object:
        state, x = fresh_input(Spec((), float64)), fresh_input(Spec(xs.shape[1:], float64))
        body = Graph((state, x), outputs(state, x))
        run = make("scan", start, xs, body=body, carries=1, scanned=1, length=xs.shape[0], reverse=False)
        return make("item", run, index=0)

    def inner(state: object, row: object) -> tuple[object, ...]:
        return (scan(state, row, lambda s, x: (make("add", s, x),)),)

    xs = fresh_input(Spec((2, 3), float64))
    graph = Graph((xs,), (scan(constant(0.0), xs, inner),))
    text = to_text(graph)
    assert [line.split(" ")[0] for line in text.split("\n") if "graph(" in line][:2] == ["@1", "@0"]
    assert to_text(from_text(text)) == text
    np.testing.assert_array_equal(evaluate(from_text(text), [np.arange(6.0).reshape(2, 3)])[0], 15)


def test_a_graph_without_inputs_or_outputs() -> None:
    for graph in (Graph((), (constant(1.0),)), Graph((), ()), Graph((fresh_input(Spec((3,), float64)),), ())):
        text = to_text(graph)
        assert to_text(from_text(text)) == text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("sum(%4; axes=(0, 1)) : float32[]", "sum(%4; axes=(0, 1)) : float32[3]"), "is written, float32"),
        (("add(%0, %3)", "frobnicate(%0, %3)"), "a primitive with its attributes expected"),
        (("; axes=(0, 1)", ""), "a primitive with its attributes expected"),
        (("; axes=(0, 1)", "; axes=(0, 1); shape=(2,)"), "a primitive with its attributes expected"),
        (("axes=(0, 1)", "axes=(0, 9)"), r"a well-formed operation expected, .* \(sum: distinct axes"),
        (("axes=(0, 1)", "axes=(0, "), "a well-formed operation expected"),
        (("add(%0, %3)", "add(%0, %7)"), "names of nodes further up expected, %7 given"),
        (("return %6, %4", "return %9"), "names of nodes further up expected, %9 given"),
        (("return %6, %4", "%6, %4"), "a line of the form"),
        (("float32[2,3], %1", "float33[2,3], %1"), "'float33' is not a dtype"),
        (("graph(", "graf("), "a line of the form"),
        ((GOLDEN, ""), "a line of the form"),
    ],
)
def test_a_text_of_another_form_is_refused(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_text(GOLDEN.replace(*change))
