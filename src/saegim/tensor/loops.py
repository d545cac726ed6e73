"""Recurrences: a body run along the first axis of sequences, carrying state from position to position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from saegim.errors import ShapeError
from saegim.ir import Graph, Node, fresh_input, make, topological
from saegim.tensor import tree
from saegim.tensor.core import Tensor, node_of
from saegim.tensor.transforms import run_once

Body = Callable[[Any, Any], tuple[Any, Any]]


def scan(body: Body, state: Any, sequences: Any, *, reverse: bool = False) -> tuple[Any, Any]:
    """`state, y = body(state, x)` for every position of `sequences`; gives the last state and the stacked y.

    `sequences` is a tree of tensors (T, ...), `state` a tree whose shapes the body keeps; y is stacked to (T, ...).
    With `reverse` the last position comes first. Raises ShapeError when lengths differ or the state changes shape.
    """
    state_leaves, state_tree = tree.flatten(state)
    leaves, sequence_tree = tree.flatten(sequences)
    states, xs = [list(map(tree.as_tensor, each)) for each in (state_leaves, leaves)]
    lengths = {each.shape[0] if each.ndim else -1 for each in xs}
    if len(lengths) != 1 or -1 in lengths:
        raise ShapeError(f"scan: sequences of one length expected, shapes {[each.shape for each in xs]} given")
    (length,) = lengths

    def step(values: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor], Any]:
        """The body on flat lists: (new states, ys, structure of y)."""
        old, x = values[: len(states)], values[len(states) :]
        new, y = body(tree.unflatten(state_tree, old), tree.unflatten(sequence_tree, x))
        new_leaves, new_tree = tree.flatten(new)
        if new_tree != state_tree or [each.spec for each in new_leaves] != [each.spec for each in old]:
            found = [str(each.spec) for each in new_leaves]
            raise ShapeError(f"scan: the body must keep the state {[str(each.spec) for each in old]}, it gave {found}")
        y_leaves, y_tree = tree.flatten(y)
        return new_leaves, list(map(tree.as_tensor, y_leaves)), y_tree

    symbolic = [Tensor(fresh_input(each.spec)) for each in states]
    symbolic += [Tensor(fresh_input(type(each.spec)(each.shape[1:], each.dtype))) for each in xs]
    new_states, ys, y_tree = step(symbolic)
    body_graph, shared = _close([node_of(each) for each in symbolic], [node_of(each) for each in (*new_states, *ys)])
    run = make(
        "scan",
        *map(node_of, (*states, *xs)),
        *shared,
        body=body_graph,
        carries=len(states),
        scanned=len(xs),
        length=length,
        reverse=reverse,
    )
    results = [Tensor(make("item", run, index=index)) for index in range(len(run.results))]
    results = run_once(results, (), ())  # at once, unless an outer trace records it
    count = len(states)
    return tree.unflatten(state_tree, results[:count]), tree.unflatten(y_tree, results[count:])


def _close(inputs: Sequence[Node], outputs: Sequence[Node]) -> tuple[Graph, list[Node]]:
    """The body as a graph of its own: what it takes from around it becomes further inputs, which are listed too."""
    own = set(inputs)
    order = topological(outputs)
    for node in order:
        if any(each in own for each in node.inputs):
            own.add(node)
    taken = {each for node in order if node in own for each in node.inputs} | set(outputs)
    shared = [node for node in order if node in taken and node not in own and not _is_small(node)]
    copies: dict[Node, Node] = {node: fresh_input(node.spec) for node in shared}
    copies.update((node, node) for node in inputs)
    for node in order:
        if node not in copies and (node in own or _is_small(node)):
            copies[node] = (
                node if not node.inputs else make(node.op, *(copies[each] for each in node.inputs), **node.attrs)
            )
    body = Graph((*inputs, *(copies[node] for node in shared)), tuple(copies[node] for node in outputs))
    return body, shared


def _is_small(node: Node) -> bool:
    """Single constants stay inside of the body."""
    return node.op == "constant" and node.size == 1
