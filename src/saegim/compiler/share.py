"""Scans over the same things become one.

Differentiating a scan makes a second one that also records the states (saegim.autodiff.scan). Both run the same
states over the same operands, and differ in what else they give:

    before   %3 = scan(%0, %1; body=@0)   %4 = item(%3; index=1)   %5 = scan(%0, %1; body=@1)   %6 = item(%5; index=2)
    after    %3 = scan(%0, %1; body=@2)   %4 = item(%3; index=1)   %5 = item(%3; index=2)

where @2 gives all that @0 or @1 give. Always legal: the states are the same, and outputs do not act on each other.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from saegim.ir import Graph, Node, body_of, check, make
from saegim.ir.where import on_behalf_of


def prepared(graph: Graph) -> Graph:
    """The graph as every way of running it takes it: checked, its scans shared."""
    check(graph)
    shared = share_scans(graph)
    if shared is not graph:
        check(shared, "share_scans")
    return shared


def share_scans(graph: Graph) -> Graph:
    """The graph with one scan in place of all that run the same states over the same operands; in bodies, too."""
    nodes = graph.nodes()
    same: dict[Hashable, list[Node]] = {}
    for node in nodes:
        if node.op == "scan":
            same.setdefault(_key(node), []).append(node)
    if not same:
        return graph
    merged = {key: _merged(scans) for key, scans in same.items()}
    new: dict[Node, Node] = {}
    for node in nodes:
        inputs = tuple(new[each] for each in node.inputs)
        attrs = node.attrs
        if node.op == "scan":
            attrs = {**attrs, "body": merged[_key(node)].body}
        elif node.op == "item":
            attrs = {"index": merged[_key(node.inputs[0])].place(node)}
        with on_behalf_of(node.where):
            new[node] = node if (inputs, attrs) == (node.inputs, node.attrs) else make(node.op, *inputs, **attrs)
    return Graph(graph.inputs, tuple(new[node] for node in graph.outputs), graph.donated)


@dataclass(frozen=True)
class _Merged:
    """A body that stands for several; `outputs` are its outputs as the nodes that they were in those."""

    body: Graph
    outputs: tuple[Node, ...]

    def place(self, item: Node) -> int:
        """The number that the result `item` of one of the scans has now."""
        scan, index = item.inputs[0], item.attrs["index"]
        carried: int = scan.attrs["carries"]
        return index if index < carried else self.outputs.index(body_of(scan).outputs[index], carried)


def _key(scan: Node) -> Hashable:
    """Equal for scans that run the same states over the same operands."""
    body, attrs = body_of(scan), scan.attrs
    fixed = tuple(attrs[name] for name in ("carries", "scanned", "length", "reverse"))
    return scan.inputs, body.inputs, body.outputs[: attrs["carries"]], fixed


def _merged(scans: Sequence[Node]) -> _Merged:
    """The body that gives the states, then every other output of any of these scans once."""
    first, carried = body_of(scans[0]), scans[0].attrs["carries"]
    others = dict.fromkeys(each for scan in scans for each in body_of(scan).outputs[carried:])
    outputs = (*first.outputs[:carried], *others)
    return _Merged(share_scans(Graph(first.inputs, outputs)), outputs)
