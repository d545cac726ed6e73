"""Runs a graph through the meaning of its primitives, one node after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.ir import Graph, Node, body_of
from saegim.reference.meaning import MEANING
from saegim.reference.memory import IN_PLACE, Step, is_pick, made_anew, make_plan

Array = npt.NDArray[Any]
Run = Callable[..., Any]

OWN = frozenset(("input", "constant", "scan", "item"))
"""Primitives without a line in MEANING: what they do, the evaluator does itself."""


class Schedule:
    """A graph in the order in which it is run; made once, run many times, also by several threads at a time.

    An output may share memory with an input that is not donated, or with another output.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        nodes = graph.nodes()
        plan = make_plan(graph)
        slot = {node: number for number, node in enumerate(nodes)}
        forgets = _last_reads(plan.steps, kept={*graph.outputs})
        # Every step as (function, its operands' slots, its own slot, slots that nobody reads afterwards).
        self._steps = [
            (_runner(step), _getter([slot[each] for each in step.operands]), slot[step.node], [slot[e] for e in dying])
            for step, dying in zip(plan.steps, forgets, strict=True)
        ]
        self._start = [node.attrs["value"].array if node.op == "constant" else None for node in nodes]
        self._nodes = nodes
        self._overwritten = [slot[node] for node in plan.overwritten]
        self._outputs = [slot[node] for node in graph.outputs]

    def __call__(self, *arrays: Array) -> tuple[Array, ...]:
        """The graph's outputs for `arrays`. Raises IndexError with the node's origin where an index points nowhere.

        Arrays of donated inputs may be overwritten, also when an error is raised.
        """
        values: list[Any] = self._start.copy()
        values[: len(arrays)] = owned(arrays, self._overwritten) if self._overwritten else arrays
        with np.errstate(all="ignore"):
            for run, operands, number, forgotten in self._steps:
                try:
                    values[number] = run(*operands(values))
                except IndexError as error:
                    raise IndexError(f"{error}, in {self._nodes[number].where}") from None
                for each in forgotten:
                    values[each] = None
        return tuple(np.asarray(values[number]) for number in self._outputs)


def _last_reads(steps: Sequence[Step], kept: set[Node]) -> list[list[Node]]:
    """For every step the nodes whose values nobody reads after it."""
    seen = set(kept)
    dying: list[list[Node]] = []
    for step in reversed(steps):
        dying.append([each for each in dict.fromkeys(step.operands) if each not in seen])
        seen.update(step.operands)
    return dying[::-1]


def _getter(slots: list[int]) -> Callable[[list[Any]], Sequence[Any]]:
    """The function that reads these slots, always as a sequence."""
    if len(slots) > 1:
        return itemgetter(*slots)
    first = slots[0] if slots else 0
    return itemgetter(slice(first, first + len(slots)))


def owned(arrays: Sequence[Array], overwritten: Sequence[int]) -> list[Array]:
    """The arrays, those to be overwritten copied where they may not be written to or another argument shares them."""
    result = list(arrays)
    memory = [id(each if each.base is None else each.base) for each in arrays]
    users = Counter(memory)
    for number in overwritten:
        if users[memory[number]] > 1 or not arrays[number].flags.writeable:
            result[number] = arrays[number].copy()
    return result


def evaluate(graph: Graph, arrays: Sequence[Array]) -> tuple[Array, ...]:
    """The outputs of `graph` for `arrays`, once. Arrays of donated inputs may be overwritten."""
    return Schedule(graph)(*arrays)


# --- one step -------------------------------------------------------------------------------------------------------


def _runner(step: Step) -> Run:
    """The step as a function of its operands' values."""
    if is_pick(step.node):
        return lambda condition, x, y: x if condition.item() else y
    return run_node(step.node) if step.target is None else _in_place(step.node, step.target)


def run_node(node: Node) -> Run:
    """A node as a function of its inputs' values; overwrites nothing. A scan gives the tuple of its results."""
    if node.op == "constant":
        return lambda: node.attrs["value"].array
    if node.op == "item":
        return itemgetter(node.attrs["index"])
    if node.op == "scan":
        return _scan_runner(node)
    return partial(MEANING[node.op], **node.attrs) if node.attrs else MEANING[node.op]


def _in_place(node: Node, target: int) -> Run:
    """The node's meaning, written over the operand number `target`."""
    if node.op in IN_PLACE:
        return IN_PLACE[node.op]
    mean = MEANING[node.op]
    if len(node.inputs) == 1:
        return lambda x: mean(x, out=x)
    return (lambda x, y: mean(x, y, out=y)) if target else (lambda x, y: mean(x, y, out=x))


def _scan_runner(node: Node) -> Run:
    """Runs the body once per position, feeding the carried state on; outputs are stacked along a new first axis."""
    attrs = node.attrs
    carried, scanned, length = attrs["carries"], attrs["scanned"], attrs["length"]
    body = body_of(node)
    fresh = made_anew(body.outputs[:carried])
    # A state that the body makes anew is nobody else's afterwards, so the next position may overwrite it.
    own = frozenset(state for state, made in zip(body.inputs, fresh, strict=False) if made)
    run_body = Schedule(Graph(body.inputs, body.outputs, own))
    order = range(length - 1, -1, -1) if attrs["reverse"] else range(length)

    def run(*arrays: Array) -> tuple[Array, ...]:
        state: Sequence[Array] = [each.copy() for each in arrays[:carried]]
        sequences, shared = arrays[carried : carried + scanned], arrays[carried + scanned :]
        stacked = [np.empty(spec.shape, spec.dtype) for spec in node.results[carried:]]
        for position in order:
            outputs = run_body(*state, *(each[position] for each in sequences), *shared)
            state = outputs[:carried]
            for target, value in zip(stacked, outputs[carried:], strict=True):
                target[position] = value
        final = (each if made else each.copy() for each, made in zip(state, fresh, strict=True))
        return (*final, *stacked)

    return run
