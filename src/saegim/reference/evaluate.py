"""Runs a graph through the meaning of its primitives, one node after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.ir import Graph, Node, body_of
from saegim.reference.meaning import IN_PLACE, MEANING

Array = npt.NDArray[Any]
Values = list[Any]  # an array a slot; a scan's slot holds the tuple of its results


# Results that may share the memory of their input; such an input is never overwritten.
_VIEWS = frozenset(("reshape", "permute", "broadcast", "slice", "flip", "windows", "stop_gradient", "scan", "item"))


@dataclass(frozen=True)
class _Step:
    """One node: reads slots, writes one, then forgets the slots that nobody reads any more."""

    run: Callable[..., Any]
    node: Node
    reads: tuple[int, ...]
    writes: int
    forgets: tuple[int, ...]


class Schedule:
    """A graph in the order in which it is run; made once, run many times."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        nodes = graph.nodes()
        slot = {node: number for number, node in enumerate(nodes)}
        last_use = {each: node for node in nodes for each in node.inputs}
        kept = set(graph.outputs)
        # Memory that may be overwritten: donated inputs, and what a node here freshly made.
        owned = {*graph.donated}
        self._constants = [(slot[n], n.attrs["value"].array) for n in nodes if n.op == "constant"]
        self._steps: list[_Step] = []
        shown = {each for node in nodes if node.op in _VIEWS for each in node.inputs}
        for node in nodes:
            if node.op in ("input", "constant"):
                continue
            dying = [each for each in dict.fromkeys(node.inputs) if last_use[each] is node and each not in kept]
            run = _runner(node)
            if node.op in IN_PLACE:
                target = node.inputs[0]
                if target in owned - shown and target in dying and node.inputs.count(target) == 1:
                    run = _in_place(IN_PLACE[node.op])
                owned.add(node)
            reads = tuple(slot[each] for each in node.inputs)
            self._steps.append(_Step(run, node, reads, slot[node], tuple(slot[each] for each in dying)))
        self._outputs = [slot[node] for node in graph.outputs]
        self._size = len(nodes)

    def __call__(self, *arrays: Array, watch: Callable[[Node, Array], None] | None = None) -> tuple[Array, ...]:
        """The graph's outputs for `arrays`. `watch` is shown every computed node with its value."""
        values: Values = [None] * self._size
        values[: len(arrays)] = arrays
        for slot, array in self._constants:
            values[slot] = array
        with np.errstate(all="ignore"):
            for step in self._steps:
                result = step.run(*(values[slot] for slot in step.reads))
                values[step.writes] = result
                if watch is not None and step.node.op != "scan":
                    watch(step.node, result)
                for slot in step.forgets:
                    values[slot] = None
        return tuple(np.asarray(values[slot]) for slot in self._outputs)


def _runner(node: Node) -> Callable[..., Any]:
    """The node as a function of its input arrays."""
    if node.op == "item":
        index = node.attrs["index"]
        return lambda results: results[index]
    if node.op == "scan":
        return _scan_runner(node)
    mean, attrs = MEANING[node.op], node.attrs
    return lambda *arrays: np.asarray(mean(*arrays, **attrs))


def _in_place(run: Callable[[Array, Array, Array], Array]) -> Callable[[Array, Array, Array], Array]:
    """`run` on its first operand's own memory, or on a copy where that may not be written."""
    return lambda table, *rest: run(table if table.flags.writeable else table.copy(), *rest)


def _scan_runner(node: Node) -> Callable[..., tuple[Array, ...]]:
    """Runs the body once per position, feeding the carried state on; outputs are stacked along a new first axis."""
    attrs = node.attrs
    body = Schedule(body_of(node))
    carried, scanned, length = attrs["carries"], attrs["scanned"], attrs["length"]
    order = range(length - 1, -1, -1) if attrs["reverse"] else range(length)

    def run(*arrays: Array) -> tuple[Array, ...]:
        state = arrays[:carried]
        sequences, shared = arrays[carried : carried + scanned], arrays[carried + scanned :]
        stacked = [np.empty(spec.shape, spec.dtype) for spec in node.results[carried:]]
        for position in order:
            outputs = body(*state, *(each[position] for each in sequences), *shared)
            state = outputs[:carried]
            for target, value in zip(stacked, outputs[carried:], strict=True):
                target[position] = value
        return (*state, *stacked)

    return run


def evaluate(graph: Graph, arrays: Sequence[Array]) -> tuple[Array, ...]:
    """The outputs of `graph` for `arrays`, once. Arrays of donated inputs may be overwritten."""
    return Schedule(graph)(*arrays)


def first_non_finite(graph: Graph, arrays: Sequence[Array]) -> Node | None:
    """The first node whose value holds NaN or infinity although all floating-point arrays it read were finite.

    Overwrites nothing: donated inputs are taken as ordinary ones.
    """
    found: list[Node] = []

    def watch(node: Node, value: Array) -> None:
        if not found and node.dtype.kind == "f" and not np.isfinite(value).all():
            found.append(node)

    Schedule(Graph(graph.inputs, graph.outputs))(*arrays, watch=watch)
    return found[0] if found else None
