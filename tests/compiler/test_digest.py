"""Digests: equal for equal graphs, different for everything that changes what a program does."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from saegim.compiler.digest import digest
from saegim.dtypes import float32, float64
from saegim.ir import Graph, Node, Spec, constant, fresh_input, from_text, make, to_text


def graph(
    op: str = "add",
    held: object = 2.0,
    shape: tuple[int, ...] = (3, 4),
    axis: int = 0,
    donated: bool = False,
    turned: bool = False,
) -> Graph:
    """The sum of x + 2 over an axis, with variations."""
    x, y = fresh_input(Spec(shape, float32)), fresh_input(Spec(shape, float32))
    number = constant(np.full(shape, held, np.float32))
    total = make("sum", make(op, x, number), axes=(axis,))
    return Graph((y, x) if turned else (x, y), (total,), frozenset((x,) if donated else ()))


def test_equal_graphs_have_the_same_digest() -> None:
    assert digest(graph()) == digest(graph())
    assert digest(from_text(to_text(graph()))) == digest(graph())


def test_whatever_changes_the_program_changes_the_digest() -> None:
    variations = [
        graph(),
        graph("multiply"),
        graph(held=2.5),
        graph(held=0.0),
        graph(held=-0.0),
        graph(held=np.nan),
        graph(shape=(4, 3)),
        graph(shape=(40, 30)),
        graph(shape=(40, 30), held=2.5),
        graph(axis=1),
        graph(donated=True),
        graph(turned=True),
    ]
    assert len({digest(each) for each in variations}) == len(variations)


def test_dtypes_and_outputs_count() -> None:
    def cast(dtype: object, twice: bool = False) -> Graph:
        x = fresh_input(Spec((3,), float32))
        y = make("cast", x, dtype=dtype)
        return Graph((x,), (y, y) if twice else (y,))

    x = fresh_input(Spec((3,), float64))
    graphs = [cast(float64), cast(float32), cast(float64, twice=True), Graph((x,), (x,))]
    assert len({digest(each) for each in graphs}) == len(graphs)


def loop(op: str) -> Graph:
    """A scan of five positions whose body applies `op`."""
    state, element = fresh_input(Spec((2,), float32)), fresh_input(Spec((2,), float32))
    after = make(op, state, element)
    start, sequence = fresh_input(Spec((2,), float32)), fresh_input(Spec((5, 2), float32))
    settings = {"body": Graph((state, element), (after,)), "carries": 1, "scanned": 1, "length": 5, "reverse": False}
    scan: Node = make("scan", start, sequence, **settings)
    return Graph((start, sequence), (make("item", scan, index=0),))


def test_bodies_of_scans_count() -> None:
    assert digest(loop("add")) == digest(loop("add"))
    assert digest(loop("add")) != digest(loop("multiply"))


def test_digests_are_the_same_in_every_process() -> None:
    text = to_text(graph())
    imports = "from saegim.compiler.digest import digest\nfrom saegim.ir import from_text"
    code = f"{imports}\nprint(digest(from_text({text!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(graph())
