"""Backpropagation: the chain rule applied from the outputs back to the inputs, from nodes to nodes.

Nodes are visited in the reverse of the order in which they were computed. When a node's turn comes, all of its
users have already added their share to its derivative, so its rule can pass the sum on to its inputs: go one
operation at a time, multiply by its own derivative, add up where paths meet.
"""

from __future__ import annotations

from collections.abc import Sequence

from saegim.autodiff.derivatives import DERIVATIVE, NOT_DIFFERENTIABLE, Result
from saegim.autodiff.rows import Cotangent, RowTerms, dense, total
from saegim.autodiff.scan import scan_derivative
from saegim.autodiff.term import Term
from saegim.dtypes import is_floating
from saegim.ir import Node, topological
from saegim.ir.where import on_behalf_of


def vjp(
    outputs: Sequence[Node], cotangents: Sequence[Term | None], inputs: Sequence[Node]
) -> list[Term | RowTerms | None]:
    """The derivative for each of `inputs`, given that for each of `outputs`; None where no path leads.

    A table that was only read by rows (`take`, `bag`) has its derivative as rows.
    """
    wanted = frozenset(inputs)
    order = topological(outputs, stop=wanted)
    active = _on_a_path(order, wanted)
    found: dict[Node, Cotangent] = {}
    pieces: dict[Node, dict[int, Term]] = {}  # derivatives for the single results of a scan
    for node, cotangent in zip(outputs, cotangents, strict=True):
        if cotangent is not None and node in active:
            _accumulate(found, node, cotangent)
    for node in reversed(order):
        if node not in active or node in wanted:
            continue
        if node.op == "scan":
            if node in pieces:
                results = [pieces[node].get(index) for index in range(len(node.results))]
                _pass_on(found, node, tuple(scan_derivative(node, results, _dense_vjp)), active)
        elif node in found:
            if node.op == "item":
                pieces.setdefault(node.inputs[0], {})[node.attrs["index"]] = dense(found.pop(node))
            elif node.op in DERIVATIVE:
                _pass_on(found, node, _derivative(node, dense(found.pop(node))), active)
    return [_for_input(found.get(node)) for node in inputs]


def _derivative(node: Node, g: Term) -> tuple[Cotangent | None, ...]:
    with on_behalf_of(node.where):
        result: Result = DERIVATIVE[node.op](g, Term(node), *map(Term, node.inputs), **node.attrs)
    return result if isinstance(result, tuple) else (result,)


def _dense_vjp(outputs: Sequence[Node], cotangents: Sequence[Term | None], inputs: Sequence[Node]) -> list[Term | None]:
    return [None if each is None else dense(each) for each in vjp(outputs, cotangents, inputs)]


def _for_input(cotangent: Cotangent | None) -> Term | RowTerms | None:
    return cotangent if cotangent is None or isinstance(cotangent, Term) else cotangent.rows()


def _on_a_path(order: Sequence[Node], wanted: frozenset[Node]) -> set[Node]:
    """Nodes through which a derivative can reach one of `wanted`."""
    active: set[Node] = set()
    for node in order:
        # A scan's own dtype says nothing: its results are looked at one by one, as items.
        differentiable = (node.op in DERIVATIVE and is_floating(node.dtype)) or node.op in ("scan", "item")
        if node in wanted or (differentiable and any(each in active for each in node.inputs)):
            active.add(node)
    return active


def _pass_on(found: dict[Node, Cotangent], node: Node, parts: Sequence[Cotangent | None], active: set[Node]) -> None:
    for each, part in zip(node.inputs, parts, strict=True):
        if part is not None and each in active:
            _accumulate(found, each, part)


def _accumulate(found: dict[Node, Cotangent], node: Node, part: Cotangent) -> None:
    found[node] = total(found[node], part) if node in found else part


def what_cuts(outputs: Sequence[Node], leaf: Node) -> Node | None:
    """Why `outputs` cannot be differentiated for `leaf`: the first node after it that passes no derivative on.

    None when a differentiable path exists, or when nothing between depends on `leaf` at all.
    """
    order = topological(outputs)
    reached: set[Node] = {leaf}
    cut: Node | None = None
    for node in order:
        if node is leaf or not any(each in reached for each in node.inputs):
            continue
        if node.op in NOT_DIFFERENTIABLE or not (is_floating(node.dtype) or node.op in ("scan", "item")):
            cut = cut or node
        else:
            reached.add(node)
    return None if any(output in reached for output in outputs) else cut
