"""Along which nodes a derivative can pass at all, and what cuts the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saegim.autodiff.derivatives import BLIND, DERIVATIVE, NOT_DIFFERENTIABLE
from saegim.dtypes import is_floating
from saegim.ir import Node, body_of, topological


def reached(order: Iterable[Node], sources: Iterable[Node]) -> set[Node]:
    """The nodes of `order` (inputs before users) through which a derivative can get back to one of `sources`.

    Of a scan, those of its items; the scan itself counts as reached when one of its inputs is.
    """
    found = set(sources)
    results: dict[Node, list[bool]] = {}
    for node in order:
        if node in found or not any(each in found for each in node.inputs):
            continue
        if node.op == "scan":
            results[node] = _reached_results(node, found)
            found.add(node)
        elif node.op == "item":
            if results[node.inputs[0]][node.attrs["index"]]:
                found.add(node)
        elif _passes(node, found):
            found.add(node)
    return found


def _passes(node: Node, found: set[Node]) -> bool:
    if node.op not in DERIVATIVE or not is_floating(node.dtype):
        return False
    blind = BLIND.get(node.op, {})
    return any(each in found for number, each in enumerate(node.inputs) if number not in blind)


def reached_in_body(scan: Node, found: set[Node]) -> set[Node]:
    """The nodes of a scan's body that are reached at some position, given which of the scan's inputs are.

    A state is reached when it was before the first position or is after any, so this goes round until none is new.
    """
    body, carried = body_of(scan), scan.attrs["carries"]
    order = topological(body.outputs)
    given = [each in found for each in scan.inputs]
    while True:
        inside = reached(order, [node for node, is_reached in zip(body.inputs, given, strict=True) if is_reached])
        states = [before or node in inside for before, node in zip(given[:carried], body.outputs, strict=False)]
        if states == given[:carried]:
            return inside
        given[:carried] = states


def _reached_results(scan: Node, found: set[Node]) -> list[bool]:
    """For each result of a scan whether it is reached; a scan of no positions gives its first states back."""
    inside = reached_in_body(scan, found)
    if scan.attrs["length"] == 0:
        return [each in found for each, _spec in zip(scan.inputs, scan.results, strict=False)]
    return [node in inside for node in body_of(scan).outputs]


def what_cuts(outputs: Sequence[Node], leaf: Node) -> Node | None:
    """Why `outputs` cannot be differentiated for `leaf`: the first node on the way that passes no derivative on.

    None when a differentiable path exists, or when nothing between depends on `leaf` at all.
    """
    order = topological(outputs)
    found = reached(order, [leaf])
    if any(output in found for output in outputs):
        return None
    return _first_cut(order, found)


def _first_cut(order: Sequence[Node], found: set[Node]) -> Node | None:
    cuts = (_cut_at(node, found) for node in order if node not in found)
    return next((cut for cut in cuts if cut is not None), None)


def _cut_at(node: Node, found: set[Node]) -> Node | None:
    """The node that cuts the way to `node`, whose inputs are reached: itself, or one in the body of its scan."""
    if not any(each in found for each in node.inputs):
        return None
    if node.op != "item":
        return node
    scan = node.inputs[0]
    inside = reached_in_body(scan, found)
    order = topological([body_of(scan).outputs[node.attrs["index"]]])
    return _first_cut(order, inside)


def why_cut(node: Node) -> str:
    """The reason that `node`, as found by `what_cuts`, passes no derivative on."""
    if node.op in NOT_DIFFERENTIABLE:
        return NOT_DIFFERENTIABLE[node.op]
    if not is_floating(node.dtype):
        return "its result is not a real number"
    return next(iter(BLIND[node.op].values()))
