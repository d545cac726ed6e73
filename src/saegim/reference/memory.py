"""Which steps may overwrite which memory, decided before anything runs.

A step may write its result over an operand when nobody needs the operand's memory afterwards: the memory belongs to
this run (a step made it, or the caller donated it), this is the last step that reads it or any view of it, and it is
no output. A view shares the memory of what it looks at; both count as one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from saegim.ir import Graph, Node, topological
from saegim.reference.meaning import MEANING
from saegim.reference.rows import scatter_add_into, scatter_set_into

IN_PLACE = {"scatter_add": scatter_add_into, "scatter_set": scatter_set_into}
"""Primitives other than NumPy's own functions that can overwrite their first operand."""

# Primitives whose meaning repeats operands as NumPy does, without being one of NumPy's own functions.
_ALSO_ELEMENTWISE = frozenset(("select", "power", "floor_divide"))
# Results that share the memory of their operand: all of it, each element once; or in any other way.
_WHOLE_VIEWS = frozenset(("reshape", "permute", "flip", "stop_gradient"))
_VIEWS = _WHOLE_VIEWS | {"broadcast", "slice", "windows"}
# Results whose memory cannot be written to; constants are never written to, so that a program can run again.
_READ_ONLY = frozenset(("iota", "constant", "input"))


@dataclass(frozen=True)
class Step:
    """One node to be computed from `operands`; `target` is the number of the one to be overwritten, if any.

    The operands are the node's inputs, or what a broadcast among them repeats, where NumPy repeats by itself.
    """

    node: Node
    operands: tuple[Node, ...]
    target: int | None


@dataclass(frozen=True)
class Plan:
    """The steps in order, and the donated inputs that they overwrite."""

    steps: list[Step]
    overwritten: list[Node]


def make_plan(graph: Graph) -> Plan:
    """The plan for running `graph`."""
    operands = _needed(graph, {node: _unrepeated(node) for node in graph.nodes()})
    owner = _owners(operands)
    last_use = {owner[each]: node for node, read in operands.items() for each in read}
    kept = {owner[node] for node in graph.outputs}
    kept |= {owner[each] for node in operands if is_pick(node) for each in node.inputs[1:]}
    writable = {node for node in operands if not _is_read_only(node) or node in graph.donated} - kept
    steps, overwritten = [], set()
    for node, read in operands.items():
        if node.op in ("input", "constant"):
            continue
        free = (
            number
            for number in _candidates(node)
            if last_use[owner[read[number]]] is node and owner[read[number]] in writable
        )
        target = next((number for number in free if _fits(node, read, number, owner)), None)
        if target is not None:
            overwritten.add(owner[read[target]])
        steps.append(Step(node, read, target))
    return Plan(steps, [node for node in graph.inputs if node in overwritten])


def made_anew(nodes: Sequence[Node]) -> list[bool]:
    """For each node whether its memory is made when it is computed, and shared with none of the others."""
    owner = _owners(topological(nodes))
    users = Counter(owner[node] for node in nodes)
    return [not _is_read_only(owner[node]) and users[owner[node]] == 1 for node in nodes]


def is_pick(node: Node) -> bool:
    """Whether a `select` has one condition for all elements: then it is one of its operands, without a copy."""
    if node.op != "select" or node.inputs[0].op != "broadcast":
        return False
    return node.inputs[0].inputs[0].size == 1


def _is_read_only(node: Node) -> bool:
    return node.op in _READ_ONLY or is_pick(node)


def _unrepeated(node: Node) -> tuple[Node, ...]:
    """The node's inputs, without broadcasts that NumPy's own broadcasting makes unnecessary."""
    if not (_is_ufunc(node.op) or node.op in _ALSO_ELEMENTWISE) or all(each.op != "broadcast" for each in node.inputs):
        return node.inputs
    if is_pick(node):
        return (node.inputs[0].inputs[0], *node.inputs[1:])
    bare = tuple(each.inputs[0] if each.op == "broadcast" else each for each in node.inputs)
    if np.broadcast_shapes(*(each.shape for each in bare)) == node.shape:
        return bare
    return (node.inputs[0], *bare[1:])  # one operand of the full shape is enough


def _is_ufunc(op: str) -> bool:
    """Whether the meaning is one of NumPy's elementwise functions; `dot` is one of its functions, too."""
    return op != "dot" and isinstance(MEANING.get(op), np.ufunc)


def _needed(graph: Graph, operands: dict[Node, tuple[Node, ...]]) -> dict[Node, tuple[Node, ...]]:
    """Only what the outputs still need, in the same order; inputs always."""
    needed = {*graph.inputs, *graph.outputs}
    for node in reversed(operands):
        if node in needed:
            needed.update(operands[node])
    return {node: read for node, read in operands.items() if node in needed}


def _owners(nodes: Iterable[Node]) -> dict[Node, Node]:
    """For every node the one whose memory it lives in: itself, unless it is a view."""
    owner: dict[Node, Node] = {}
    for node in nodes:
        owner[node] = owner[node.inputs[0]] if node.op in _VIEWS else node
    return owner


def _candidates(node: Node) -> Sequence[int]:
    """The numbers of the operands that a node's meaning is able to overwrite."""
    if node.op in IN_PLACE:
        return (0,)
    return range(len(node.inputs)) if _is_ufunc(node.op) else ()


def _fits(node: Node, read: Sequence[Node], number: int, owner: dict[Node, Node]) -> bool:
    """Whether the result of `node` is as large as its operand `number`, whose memory no other operand shares."""
    target = read[number]
    # An element of an elementwise result needs only the same element of x, so `x * x` may overwrite x.
    others = read[1:] if node.op in IN_PLACE else [each for each in read if each is not target]
    alone = all(owner[each] is not owner[target] for each in others)
    alike = target.shape == node.shape != () and target.dtype == node.dtype
    return alone and alike and _is_whole(target, owner[target])


def _is_whole(node: Node, owner: Node) -> bool:
    """Whether a view shows all of the memory it lives in, each element once."""
    while node is not owner and node.op in _WHOLE_VIEWS:
        node = node.inputs[0]
    return node is owner
