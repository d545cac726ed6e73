"""The check finds what may not be in a graph."""

from __future__ import annotations

import pytest
from hypothesis import given

from graphs import graphs
from saegim.dtypes import float64
from saegim.ir import PRIMITIVES, Graph, Spec, check, fresh_input, make
from saegim.ir.node import intern


@given(graphs())
def test_every_random_graph_is_well_formed(graph: Graph) -> None:
    check(graph)


def test_what_is_wrong_is_said() -> None:
    x, y = (fresh_input(Spec((3,), float64)) for _ in range(2))
    total = make("add", x, y)
    with pytest.raises(AssertionError, match=r"after trace: 'input' \(%\d\) is an input that the graph does not list"):
        check(Graph((x,), (total,)))
    with pytest.raises(AssertionError, match=r"after fuse: 'add' .* is computed, but listed as an input"):
        check(Graph((x, y, total), (total,)), "fuse")
    with pytest.raises(AssertionError, match="an input is listed twice"):
        check(Graph((x, x), (x,)))
    with pytest.raises(AssertionError, match="a donated node is not an input"):
        check(Graph((x, y), (total,), frozenset((total,))))
    with pytest.raises(AssertionError, match=r"after lower: 'add' \(%2\) may not exist"):
        check(Graph((x, y), (total,)), "lower", PRIMITIVES.keys() - {"add"})
    wrong = intern("exp", (x,), {}, Spec((4,), float64))
    with pytest.raises(AssertionError, match=r"'exp' \(%1\) is float64\[4\], its rule gives float64\[3\]"):
        check(Graph((x,), (wrong,)))


def test_bodies_are_checked_too() -> None:
    x, y = fresh_input(Spec((), float64)), fresh_input(Spec((), float64))
    body = Graph((x,), (make("add", x, y),))
    start = fresh_input(Spec((), float64))
    run = make("scan", start, body=body, carries=1, scanned=0, length=3, reverse=False)
    with pytest.raises(AssertionError, match="an input that the graph does not list"):
        check(Graph((start,), (make("item", run, index=0),)))
