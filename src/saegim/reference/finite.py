"""Finds where the first NaN or infinity came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from saegim.dtypes import is_floating
from saegim.ir import Graph, Node, Where, body_of
from saegim.reference.evaluate import evaluate, run_node

Array = npt.NDArray[Any]
Kind = Literal["NaN", "infinity"]


@dataclass(frozen=True)
class NonFinite:
    """Where a value that is not finite came from.

    `node` made it out of finite operands, or is the input (number `argument` of the graph's inputs) or constant that
    already held it. Inside of scans `positions` says at which position of each, the outermost first.
    """

    node: Node
    kind: Kind
    argument: int | None = None
    positions: tuple[int, ...] = ()

    @property
    def op(self) -> str:
        return self.node.op

    @property
    def where(self) -> Where:
        return self.node.where

    def __str__(self) -> str:
        if self.argument is not None:
            return f"input {self.argument} holds {self.kind} already"
        if self.op == "constant":
            return f"a constant from {self.where} holds {self.kind} already"
        steps = "".join(f", position {number} of its sequence" for number in self.positions)
        return f"{self.op!r} in {self.where} is the first to give {self.kind}{steps}"


def first_non_finite(graph: Graph, arrays: Sequence[Array]) -> NonFinite | None:
    """Where the first output of `graph` that is not finite got its NaN or infinity from; None when all are finite.

    Goes back from the output. A NaN is followed to the operation that made it out of other numbers; when that had
    infinite operands, they are followed to where a finite computation overflowed. Infinities that were put in as
    constants, such as masks, are not to blame for what was made of them. Donated inputs are left as they are.
    """
    marks = _marks(graph, arrays)
    bad = [output for output in graph.outputs if marks[output] is not None]
    # A NaN is worth more than an infinity, which may be meant.
    bad.sort(key=lambda output: marks[output] != "NaN")
    return _origin(graph, arrays, bad[0], marks) if bad else None


Marks = dict[Node, Kind | None]


def _marks(graph: Graph, arrays: Sequence[Array]) -> Marks:
    """For every node whether its value holds NaN, or else infinity."""
    return {node: _mark(value) for node, value in _values(graph, arrays) if node.op != "scan"}


def _mark(value: Array) -> Kind | None:
    if not is_floating(value.dtype) or np.isfinite(value).all():
        return None
    return "NaN" if np.isnan(value).any() else "infinity"


def _values(graph: Graph, arrays: Sequence[Array]) -> Iterator[tuple[Node, Any]]:
    """Every node with its value, in order; overwrites nothing, and keeps only what is read again."""
    values: dict[Node, Any] = dict(zip(graph.inputs, arrays, strict=True))
    nodes = graph.nodes()
    reads = Counter(each for node in nodes for each in node.inputs)
    with np.errstate(all="ignore"):
        for node in nodes:
            if node.op != "input":
                values[node] = run_node(node)(*(values[each] for each in node.inputs))
            yield node, values[node]
            reads.subtract(node.inputs)
            for each in (node, *node.inputs):
                if not reads[each]:
                    values.pop(each, None)


def _origin(graph: Graph, arrays: Sequence[Array], start: Node, marks: Marks) -> NonFinite:
    """Goes back from `start` to where its mark came from."""
    node, kind = start, marks[start]
    assert kind is not None, "the search starts at a value that is not finite"
    made: Node | None = None  # where a NaN was made out of infinities
    while True:
        found: NonFinite | Node | None
        if node.op == "item":
            found = _inside_scan(graph, arrays, node, kind)
        elif node.op in ("input", "constant"):
            found = NonFinite(node, kind, graph.inputs.index(node) if node.op == "input" else None)
        else:
            found = _marked(node, kind, marks)
        if found is None and kind == "NaN":
            made, kind = node, "infinity"
            found = _marked(node, kind, marks) or NonFinite(node, "NaN")
        if found is None:
            return NonFinite(node, kind)
        if isinstance(found, NonFinite):
            return NonFinite(made, "NaN") if made is not None and found.op in ("input", "constant") else found
        node = found


def _marked(node: Node, kind: Kind, marks: Marks) -> Node | None:
    return next((each for each in node.inputs if marks[each] == kind), None)


def _inside_scan(graph: Graph, arrays: Sequence[Array], item: Node, kind: Kind) -> NonFinite | Node:
    """Where in a scan the result `item` got its mark from; an operand of the scan when that already held it."""
    scan = item.inputs[0]
    body, attrs = body_of(scan), scan.attrs
    given = evaluate(Graph(graph.inputs, scan.inputs), arrays)
    positions = list(_positions(scan, given))
    result, last = item.attrs["index"], len(positions) - 1
    if result >= attrs["carries"]:  # a stacked output: the first position that is marked
        marked = (_marks(body, inputs)[body.outputs[result]] == kind for _number, inputs in positions)
        last = next(at for at, holds in enumerate(marked) if holds)
    for number, inputs in reversed(positions[: last + 1]):
        found = _origin(body, inputs, body.outputs[result], _marks(body, inputs))
        if found.argument is None:
            return replace(found, positions=(number, *found.positions))
        result = found.argument
        if result >= attrs["carries"]:
            break  # else a state, which the position before left
    operand: Node = scan.inputs[result]
    return operand


def _positions(scan: Node, given: Sequence[Array]) -> Iterator[tuple[int, list[Array]]]:
    """Every position of a scan in the order in which they run, with what its body is given there."""
    attrs, body = scan.attrs, body_of(scan)
    carried, scanned = attrs["carries"], attrs["scanned"]
    state, sequences, shared = given[:carried], given[carried : carried + scanned], given[carried + scanned :]
    order = range(attrs["length"])
    for number in reversed(order) if attrs["reverse"] else order:
        inputs = [*state, *(each[number] for each in sequences), *shared]
        yield number, inputs
        state = evaluate(body, inputs)[:carried]
