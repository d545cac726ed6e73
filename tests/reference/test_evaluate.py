"""Running graphs: in place gives what not in place gives, and nothing is overwritten that somebody still sees."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings

from graphs import arrays_for, graphs
from saegim.dtypes import float64, int64
from saegim.ir import Graph, Node, Spec, constant, fresh_input, make
from saegim.reference import Schedule, evaluate
from saegim.reference.evaluate import run_node
from saegim.reference.memory import make_plan

Array = npt.NDArray[Any]


def plainly(graph: Graph, arrays: list[Array]) -> list[Array]:
    """The outputs one node at a time, every result a copy: nothing can alias anything."""
    values: dict[Node, Any] = dict(zip(graph.inputs, (each.copy() for each in arrays), strict=True))
    for node in graph.nodes():
        if node.op == "scan":
            values[node] = tuple(np.array(each) for each in run_node(node)(*(values[each] for each in node.inputs)))
        elif node.op != "input":
            values[node] = np.array(run_node(node)(*(values[each] for each in node.inputs)))
    return [values[node] for node in graph.outputs]


@settings(max_examples=300)
@given(graphs())
def test_in_place_gives_the_same(graph: Graph) -> None:
    expected = plainly(graph, arrays_for(graph))
    schedule = Schedule(graph)
    for _ in range(2):  # a second run must not see traces of the first
        for found, value in zip(schedule(*arrays_for(graph)), expected, strict=True):
            np.testing.assert_array_equal(found, value)


@settings(max_examples=200)
@given(graphs())
def test_only_donated_inputs_are_overwritten(graph: Graph) -> None:
    arrays, before = arrays_for(graph), arrays_for(graph)
    evaluate(graph, arrays)
    for node, array, old in zip(graph.inputs, arrays, before, strict=True):
        if node not in graph.donated:
            np.testing.assert_array_equal(array, old)


@settings(max_examples=200)
@given(graphs())
def test_one_array_given_for_several_inputs(graph: Graph) -> None:
    """All inputs of one shape are views of one array, donated or not."""
    shared = {node.shape: np.random.default_rng(0).uniform(-1, 1, node.shape) for node in graph.inputs}
    expected = plainly(graph, [shared[node.shape] for node in graph.inputs])
    arrays = [shared[node.shape][...] for node in graph.inputs]
    for found, value in zip(evaluate(graph, arrays), expected, strict=True):
        np.testing.assert_array_equal(found, value)


# --- single hazards, by hand ----------------------------------------------------------------------------------------


def table(rows: int = 4, width: int = 3) -> Node:
    return fresh_input(Spec((rows, width), float64))


def added(x: Node) -> Node:
    """x with ones added to its rows 0 and 2."""
    rows = make("broadcast", constant(1.0), shape=(2, x.shape[1]))
    return make("scatter_add", x, constant([0, 2]), rows)


def check(graph: Graph, overwrites: bool) -> None:
    arrays = arrays_for(graph)
    expected = plainly(graph, arrays)
    found = evaluate(graph, arrays)
    for each, value in zip(found, expected, strict=True):
        np.testing.assert_array_equal(each, value)
    assert bool(make_plan(graph).overwritten) == overwrites


def test_a_donated_table_is_overwritten_where_nobody_reads_it_again() -> None:
    x = table()
    graph = Graph((x,), (added(x),), frozenset((x,)))
    check(graph, overwrites=True)
    array = np.zeros((4, 3))
    (found,) = evaluate(graph, [array])
    assert found is array
    check(Graph((x,), (added(x),)), overwrites=False)


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("reshape", {"shape": (12,)}),
        ("permute", {"axes": (1, 0)}),
        ("broadcast", {"shape": (2, 4, 3)}),
        ("slice", {"start": (0, 0), "stop": (3, 3), "step": (1, 2)}),
        ("flip", {"axes": (0,)}),
        ("stop_gradient", {}),
    ],
)
def test_a_view_that_is_still_read_keeps_the_table(op: str, attrs: dict[str, Any]) -> None:
    x = table()
    view = make(op, x, **attrs)
    read = make("sum", view, axes=())
    after = make("sum", added(x), axes=(0, 1))
    # The view is used after the table would have been overwritten, and before.
    late = make("add", make("sum", read, axes=tuple(range(read.ndim))), after)
    check(Graph((x,), (added(x), late), frozenset((x,))), overwrites=False)
    check(Graph((x,), (added(x), view), frozenset((x,))), overwrites=False)
    early = make("sum", view, axes=tuple(range(view.ndim)))
    rows = make("broadcast", early, shape=(2, 3))
    change = make("scatter_add", x, constant([0, 2]), rows)
    check(Graph((x,), (change,), frozenset((x,))), overwrites=True)


def test_a_table_that_is_an_output_is_kept() -> None:
    x = table()
    check(Graph((x,), (added(x), x), frozenset((x,))), overwrites=False)
    check(Graph((x,), (x, added(x)), frozenset((x,))), overwrites=False)


def test_rows_that_are_a_view_of_the_table_are_read_first() -> None:
    x = table()
    rows = make("slice", x, start=(0, 0), stop=(2, 3), step=(1, 1))
    change = make("scatter_add", x, constant([1, 0]), rows)
    check(Graph((x,), (change,), frozenset((x,))), overwrites=False)


def test_an_elementwise_result_goes_where_its_operand_was() -> None:
    x, y = table(), table()
    check(Graph((x, y), (make("multiply", x, y),), frozenset((y,))), overwrites=True)
    check(Graph((x,), (make("multiply", x, x),), frozenset((x,))), overwrites=True)
    check(Graph((x,), (make("multiply", x, make("flip", x, axes=(0,))),), frozenset((x,))), overwrites=False)
    check(Graph((x,), (make("less", x, x),), frozenset((x,))), overwrites=False)


def test_the_same_array_donated_twice_and_a_read_only_one() -> None:
    x, y = table(), table()
    graph = Graph((x, y), (added(x), added(make("negative", y))), frozenset((x, y)))
    array = np.ones((4, 3))
    expected = plainly(graph, [array, array])
    for arrays in ([array, array], [array, array[:]], [array.copy()[:], array]):
        for found, value in zip(evaluate(graph, [*arrays]), expected, strict=True):
            np.testing.assert_array_equal(found, value)
    array = np.ones((4, 3))
    array.flags.writeable = False
    evaluate(graph, [array, array])
    np.testing.assert_array_equal(array, 1)


def test_a_donated_array_in_another_order_is_updated_all_the_same() -> None:
    x = table()
    graph = Graph((x,), (added(x),), frozenset((x,)))
    plain = np.arange(12.0).reshape(4, 3)
    expected = plainly(graph, [plain])[0]
    for array in (np.asfortranarray(plain), plain[::-1].copy()[::-1]):
        np.testing.assert_array_equal(evaluate(graph, [array])[0], expected)


@pytest.mark.parametrize("first", [True, False])
def test_what_one_condition_picks_is_not_overwritten_afterwards(first: bool) -> None:
    """It is one of the two operands itself, so these live as long as it does."""
    x, w = table(), table()
    y = make("exp", x)
    condition = make("broadcast", constant(first), shape=(4, 3))
    for picked in (make("select", condition, y, w), make("select", condition, w, y)):
        later = make("negative", make("add", y, picked))  # the last to read y
        for outputs in ((later, picked), (make("add", added(y), added(w)), picked)):
            check(Graph((x, w), outputs, frozenset((w,))), overwrites=False)
    array = np.ones((4, 3))
    found = evaluate(Graph((x, w), (make("select", condition, x, w),)), [array, np.zeros((4, 3))])
    assert (found[0] is array) == first, "no copy is made"


def test_constants_survive() -> None:
    x = fresh_input(Spec((200, 3), float64))
    held = constant(np.ones((200, 3)))
    graph = Graph((x,), (make("add", make("multiply", held, x), added(held)),))
    schedule = Schedule(graph)
    first = schedule(np.ones((200, 3)))[0]
    np.testing.assert_array_equal(schedule(np.ones((200, 3)))[0], first)


def test_broadcasts_that_numpy_does_by_itself_are_left_out() -> None:
    x, b = fresh_input(Spec((4, 3), float64)), fresh_input(Spec((3,), float64))
    wide = make("broadcast", b, shape=(4, 3))
    steps = make_plan(Graph((x, b), (make("add", x, wide),))).steps
    assert [step.node.op for step in steps] == ["add"]
    # One operand must have the whole shape.
    steps = make_plan(Graph((x, b), (make("add", wide, wide),))).steps
    assert [step.node.op for step in steps] == ["broadcast", "add"]
    check(Graph((x, b), (make("add", wide, wide), make("exp", wide))), overwrites=False)


def test_scalars_come_out_as_arrays() -> None:
    x = fresh_input(Spec((), float64))
    graph = Graph((x,), (make("exp", make("negative", x)), x), frozenset((x,)))
    for found in evaluate(graph, [np.array(0.0)]):
        assert type(found) is np.ndarray and found.shape == ()


def test_an_index_that_points_nowhere_names_the_line() -> None:
    x, indices = table(), fresh_input(Spec((2,), int64))
    graph = Graph((x, indices), (make("take", x, indices, mode="raise", unique=False),))
    with pytest.raises(IndexError, match=r"take: indices from 0 to 3 expected, 1 to 4 given, in .*evaluate.py:\d+"):
        evaluate(graph, [np.zeros((4, 3)), np.array([1, 4])])


@settings(max_examples=100)
@given(graphs())
def test_only_what_is_needed_is_computed(graph: Graph) -> None:
    steps = make_plan(graph).steps
    computed = {step.node for step in steps}
    read = {each for step in steps for each in step.operands}
    assert computed <= read | set(graph.outputs)


def test_memory_is_released_after_the_last_reader() -> None:
    x = fresh_input(Spec((1000, 1000), float64))
    y = x
    for _ in range(20):
        y = make("sum", make("broadcast", y, shape=(1, 1000, 1000)), axes=(0,))  # not in place
    schedule, array = Schedule(Graph((x,), (make("sum", y, axes=(0, 1)),))), np.zeros((1000, 1000))
    tracemalloc.start()
    schedule(array)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * array.nbytes
