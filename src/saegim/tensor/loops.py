"""Recurrences: a body run along the first axis of sequences, carrying state from position to position."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from saegim.errors import ShapeError
from saegim.ir import Graph, Node, Spec, fresh_input, make, topological
from saegim.ir.where import on_behalf_of
from saegim.tensor import tree
from saegim.tensor.core import Tensor, node_of
from saegim.tensor.creation import asarray
from saegim.tensor.transforms import run_once

Body = Callable[[Any, Any], tuple[Any, Any]]


def scan(body: Body, state: Any, sequences: Any, *, reverse: bool = False) -> tuple[Any, Any]:
    """`state, y = body(state, x)` for every position of `sequences`; gives the last state and the stacked y.

    `sequences` is a tree of tensors (T, ...), `state` a tree whose shapes and dtypes the body keeps; y is stacked to
    (T, ...). With `reverse` the last position comes first. Raises ShapeError when lengths differ or the state changes.
    """
    states, state_tree = _tensors(state)
    xs, sequence_tree = _tensors(sequences)
    length = _common_length(xs)
    inside = [Tensor(fresh_input(each.spec)) for each in states]
    inside += [Tensor(fresh_input(Spec(each.shape[1:], each.dtype))) for each in xs]
    old, x = inside[: len(states)], inside[len(states) :]
    new, y = body(tree.unflatten(state_tree, old), tree.unflatten(sequence_tree, x))
    new_states, new_tree = _tensors(new)
    _check_kept(old, state_tree, new_states, new_tree)
    ys, y_tree = _tensors(y)
    graph, shared = _closed(list(map(node_of, inside)), list(map(node_of, (*new_states, *ys))))
    outside = [Tensor(fresh_input(each.spec)) for each in (*states, *xs)]
    fixed = {"carries": len(states), "scanned": len(xs), "length": length, "reverse": reverse}
    run = make("scan", *map(node_of, outside), *shared, body=graph, **fixed)
    items = [Tensor(make("item", run, index=index)) for index in range(len(run.results))]
    results = run_once(items, outside, (*states, *xs))  # at once, unless an outer trace records it
    return tree.unflatten(state_tree, results[: len(states)]), tree.unflatten(y_tree, results[len(states) :])


def _tensors(values: Any) -> tuple[list[Tensor], tree.TreeDef]:
    """The leaves of a tree as tensors, Python numbers too, and its structure."""
    leaves, structure = tree.flatten(values)
    return [
        asarray(each) if isinstance(each, bool | int | float) else tree.as_tensor(each) for each in leaves
    ], structure


def _common_length(xs: Sequence[Tensor]) -> int:
    lengths = {each.shape[:1] for each in xs}
    if len(lengths) != 1 or () in lengths:
        raise ShapeError(f"scan: sequences of one length expected, shapes {[each.shape for each in xs]} given")
    return xs[0].shape[0]


def _check_kept(old: Sequence[Tensor], old_tree: tree.TreeDef, new: Sequence[Tensor], new_tree: tree.TreeDef) -> None:
    before, after = [str(each.spec) for each in old], [str(each.spec) for each in new]
    if before != after:
        raise ShapeError(f"scan: the body must keep the state's specs {before}, it gave {after}; cast with astype?")
    if old_tree != new_tree:
        raise ShapeError(f"scan: the body must keep the state's structure {old_tree}, it gave {new_tree}")


def _closed(inputs: Sequence[Node], outputs: Sequence[Node]) -> tuple[Graph, list[Node]]:
    """The body as a graph of its own: what it takes from around it becomes further inputs, which are listed too."""
    order = topological(outputs)
    own = set(inputs)
    for node in order:
        if any(each in own for each in node.inputs):
            own.add(node)
    read = {each for node in order if node in own for each in node.inputs} | set(outputs)
    # Single constants stay inside of the body.
    shared = [node for node in order if node in read and node not in own and not _is_single(node)]
    new = {node: fresh_input(node.spec) for node in shared} | {node: node for node in inputs}
    for node in order:
        if node in own and node not in new:
            with on_behalf_of(node.where):
                new[node] = make(node.op, *(new.get(each, each) for each in node.inputs), **node.attrs)
    body = Graph((*inputs, *(new[node] for node in shared)), tuple(new.get(node, node) for node in outputs))
    return body, shared


def _is_single(node: Node) -> bool:
    return node.op == "constant" and node.size == 1
