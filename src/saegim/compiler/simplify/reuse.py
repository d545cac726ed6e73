"""The backward scan of a recurrence does not repeat the products of the forward scan.

Backpropagation through time computes again at every position what the forward pass computed there. Products are the
larger part of that, so the forward scan hands their results on:

    before   forward body:   %h' = tanh(dot(%h, %W))            returns %h', %h
             backward body:  ... dot(%h, %W) ...                over the stacked %h
    after    forward body:   %p = dot(%h, %W); tanh(%p)         returns %h', %h, %p
             backward body:  ... %p ...                         over the stacked %p

Legal where both scans have one length and the backward body computes the product from what it has of the same position:
states that the forward scan stacked, its sequences and what is shared. Gives the same bits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from saegim.compiler.simplify.loop import rebuilt
from saegim.ir import Graph, Node, Spec, body_of, fresh_input, make
from saegim.ir.where import on_behalf_of

_ON_TOP = frozenset(("add", "subtract", "multiply", "reshape"))
"""What is handed on together with a product when nothing else reads the product: the sum with a bias, for example."""


@dataclass
class _Changed:
    """A scan with further stacked outputs to give and nodes of its body to be read from such outputs of others."""

    extra: list[Node] = field(default_factory=list)
    read: dict[Node, tuple[Node, int]] = field(default_factory=dict)  # node of the body -> a scan and its result


def reuse(graph: Graph) -> Graph:
    """The graph in which a scan reads the products that an earlier one computed."""
    scans = [node for node in graph.nodes() if node.op == "scan"]
    changes = {scan: _Changed() for scan in scans}
    for number, scan in enumerate(scans):
        for earlier in scans[:number]:
            if earlier.attrs["length"] == scan.attrs["length"]:
                _match(earlier, scan, changes)
    return _applied(graph, changes) if any(each.read for each in changes.values()) else graph


def _match(earlier: Node, scan: Node, changes: dict[Node, _Changed]) -> None:
    """Notes what `scan` can read from `earlier`."""
    body, known = body_of(scan), set(body_of(earlier).nodes())
    same = _same_inputs(earlier, scan)
    order = body.nodes()
    users = Counter(each for node in order for each in node.inputs)
    users.update(body.outputs)
    for node in order:
        if node.op == "constant":
            same[node] = node
        elif node.op not in ("input", "scan", "item") and all(each in same for each in node.inputs):
            with on_behalf_of(node.where):
                twin = make(node.op, *(same[each] for each in node.inputs), **node.attrs)
            if twin in known:
                same[node] = twin
    reader = {each: node for node in order for each in node.inputs}
    given, read = changes[earlier].extra, changes[scan].read
    for node in order:
        if node.op == "dot" and node in same and node not in read:
            top = _top(node, same, users, reader)
            if same[top] not in given:
                given.append(same[top])
            read[top] = (earlier, len(body_of(earlier).outputs) + given.index(same[top]))


def _same_inputs(earlier: Node, scan: Node) -> dict[Node, Node]:
    """The inputs of the later body that hold at every position what an input of the earlier one holds there."""
    first, second = body_of(earlier), body_of(scan)
    states, sequences, shared = _by_kind(earlier)
    _own, later, also_shared = _by_kind(scan)
    inside = {outside: node for node, outside in sequences}
    for number in range(len(states), len(first.outputs)):
        if first.outputs[number] in first.inputs:
            inside[make("item", earlier, index=number)] = first.outputs[number]
    same = {node: inside[outside] for node, outside in later if outside in inside}
    everywhere = {outside: node for node, outside in shared}
    same |= {node: everywhere[outside] for node, outside in also_shared if outside in everywhere}
    assert same.keys() <= set(second.inputs), "only inputs of the later body are looked for"
    return same


def _by_kind(scan: Node) -> tuple[list[tuple[Node, Node]], ...]:
    """Pairs of the body's inputs with the scan's operands: states, sequences, shared."""
    pairs = list(zip(body_of(scan).inputs, scan.inputs, strict=True))
    first, last = scan.attrs["carries"], scan.attrs["carries"] + scan.attrs["scanned"]
    return pairs[:first], pairs[first:last], pairs[last:]


def _top(node: Node, same: dict[Node, Node], users: Counter[Node], reader: dict[Node, Node]) -> Node:
    """The last of the operations on top of a product that nothing else reads."""
    while users[node] == 1 and (above := reader.get(node)) in same and above is not None:
        if above.op not in _ON_TOP or above.size != node.size:
            break
        node = above
    return node


def _applied(graph: Graph, changes: dict[Node, _Changed]) -> Graph:
    """The graph with the changes made."""
    new: dict[Node, Node] = {}
    for node in graph.nodes():
        inputs = tuple(new[each] for each in node.inputs)
        if node.op == "scan":
            with on_behalf_of(node.where):
                new[node] = _changed(node, inputs, changes[node], new)
        elif inputs == node.inputs:
            new[node] = node
        else:
            with on_behalf_of(node.where):
                new[node] = make(node.op, *inputs, **node.attrs)
    return Graph(graph.inputs, tuple(new[node] for node in graph.outputs), graph.donated)


def _changed(scan: Node, operands: Sequence[Node], change: _Changed, new: dict[Node, Node]) -> Node:
    """The scan with its further outputs and sequences; its former results keep their numbers."""
    body, attrs = body_of(scan), scan.attrs
    at = attrs["carries"] + attrs["scanned"]
    inside = {node: fresh_input(Spec(node.shape, node.dtype)) for node in change.read}
    outputs = rebuilt((*body.outputs, *change.extra), inside)
    sequences = [make("item", new[earlier], index=index) for earlier, index in change.read.values()]
    wider = Graph((*body.inputs[:at], *inside.values(), *body.inputs[at:]), outputs)
    fixed = {**attrs, "body": wider, "scanned": attrs["scanned"] + len(sequences)}
    return make("scan", *operands[:at], *sequences, *operands[at:], **fixed)
