"""Products come out in the order of axes in which they are read.

A product that is only read transposed is computed transposed, from views of its operands:

    before   %2 = dot(%0, %1)                      %3 = permute(%2; axes=(1, 0))
    after    %3 = dot(permute(%1), permute(%0))

Its result is then read in the order in which it lies in memory (a gradient by the update of its parameter, above all).
A product of which one operand is mostly zeros has that on the left, whoever reads it: rows of the other are added up.
"""

from __future__ import annotations

from saegim.compiler.sparse import mostly_zero
from saegim.ir import Graph, Node, make
from saegim.ir.where import on_behalf_of


def turn(graph: Graph) -> Graph:
    """The graph with every product turned that is only read transposed, or has zeros on the wrong side.

    What read it reads a transpose of a transpose now, which `sweep` removes. Bodies of scans stay as they are.
    """
    readers: dict[Node, list[Node]] = {}
    for node in graph.nodes():
        for each in node.inputs:
            readers.setdefault(each, []).append(node)
    sparse = mostly_zero(graph.nodes())

    def turns(node: Node) -> bool:
        left, right = (each in sparse for each in node.inputs)
        return right if left != right else all(map(_transposes, readers[node]))

    turned = {each for each in readers if each.op == "dot" and turns(each)} - set(graph.outputs)
    if not turned:
        return graph
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        inputs = tuple(new[each] for each in node.inputs)
        with on_behalf_of(node.where):
            if node in turned:
                new[node] = _transposed(make("dot", *map(_transposed, reversed(inputs))))
            else:
                new[node] = node if inputs == node.inputs else make(node.op, *inputs, **node.attrs)
    return Graph(graph.inputs, tuple(new[node] for node in graph.outputs), graph.donated)


def _transposes(node: Node) -> bool:
    return node.op == "permute" and node.attrs["axes"] == _last_two_exchanged(node)


def _transposed(node: Node) -> Node:
    return node.inputs[0] if _transposes(node) else make("permute", node, axes=_last_two_exchanged(node))


def _last_two_exchanged(node: Node) -> tuple[int, ...]:
    return (*range(node.ndim - 2), node.ndim - 1, node.ndim - 2)
