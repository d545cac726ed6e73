"""Checks of a graph: which nodes may exist, and that every node is what its primitive says."""

from __future__ import annotations

from collections.abc import Collection

from saegim.ir.graph import Graph
from saegim.ir.node import Constant, Node, Spec, body_of
from saegim.ir.primitives import PRIMITIVES, infer


def check(graph: Graph, stage: str = "trace", allowed: Collection[str] = PRIMITIVES.keys()) -> None:
    """Raises AssertionError naming `stage` and the first node that may not exist there or is malformed.

    A failure here is a fault of saegim, never of its user.
    """
    inputs = set(graph.inputs)
    assert len(inputs) == len(graph.inputs), f"after {stage}: an input is listed twice"
    assert graph.donated <= inputs, f"after {stage}: a donated node is not an input"
    for number, node in enumerate(graph.nodes()):
        name = f"{node.op!r} (%{number})"
        assert node.op in allowed, f"after {stage}: {name} may not exist"
        assert node.op == "input" or node not in inputs, f"after {stage}: {name} is computed, but listed as an input"
        assert node.op != "input" or node in inputs, f"after {stage}: {name} is an input that the graph does not list"
        expected = _expected(node)
        assert node.spec == expected, f"after {stage}: {name} is {node.spec}, its rule gives {expected}"
        if node.op == "scan":
            check(body_of(node), stage, allowed)


def _expected(node: Node) -> Spec:
    if node.op == "input":
        return node.spec
    if node.op == "constant":
        held: Constant = node.attrs["value"]
        return Spec(held.array.shape, held.array.dtype)
    if node.op == "item":
        index: int = node.attrs["index"]
        return node.inputs[0].results[index]
    return infer(node.op, [each.spec for each in node.inputs], node.attrs)
