"""Backpropagation: the chain rule applied from the outputs back to the inputs, from nodes to nodes.

Nodes are visited in the reverse of the order in which they were computed. When a node's turn comes, all of its
users have already added their share to its derivative, so its rule can pass the sum on to its inputs: go one
operation at a time, multiply by its own derivative, add up where paths meet.
"""

from __future__ import annotations

from collections.abc import Sequence

from saegim.autodiff.derivatives import DERIVATIVE, Result
from saegim.autodiff.paths import reached
from saegim.autodiff.rows import Cotangent, RowTerms, dense, total
from saegim.autodiff.scan import scan_derivative
from saegim.autodiff.term import Term
from saegim.ir import Node, topological
from saegim.ir.where import on_behalf_of


def vjp(
    outputs: Sequence[Node],
    cotangents: Sequence[Term | None],
    inputs: Sequence[Node],
    between: Sequence[Node] = (),
) -> list[Term | RowTerms | None]:
    """The derivative for each of `inputs`, given that for each of `outputs`; None where no path leads.

    The inputs count as independent of each other. A table that was only read by rows (`take`, `bag`) has its
    derivative as rows. After them those for nodes `between`: what the chain rule multiplies by on the way back.
    """
    wanted = frozenset(inputs)
    order = topological(outputs, stop=wanted)
    active = reached(order, wanted)
    found: dict[Node, Cotangent] = {}
    results: dict[Node, dict[int, Term]] = {}  # of scans: the derivatives for their single results
    passed: dict[Node, Term | None] = dict.fromkeys(between)
    for node, cotangent in zip(outputs, cotangents, strict=True):
        if cotangent is not None and node in active:
            _accumulate(found, node, cotangent)
    for node in reversed(order):
        if node not in active or node in wanted:
            continue
        if node in passed and node in found:
            passed[node] = dense(found[node])
        with on_behalf_of(node.where):
            if node.op == "scan":
                _pass_on(found, node, scan_derivative(node, results.get(node, {}), active, _dense_vjp), active)
            elif node not in found:
                continue
            elif node.op == "item":
                results.setdefault(node.inputs[0], {})[node.attrs["index"]] = dense(found.pop(node))
            else:
                _pass_on(found, node, _derivative(node, dense(found.pop(node))), active)
    return [_for_input(passed.get(node) or found.get(node)) for node in (*inputs, *between)]


def _derivative(node: Node, g: Term) -> Sequence[Cotangent | None]:
    result: Result = DERIVATIVE[node.op](g, Term(node), *map(Term, node.inputs), **node.attrs)
    return result if isinstance(result, tuple) else (result,)


def _dense_vjp(outputs: Sequence[Node], cotangents: Sequence[Term | None], inputs: Sequence[Node]) -> list[Term | None]:
    return [None if each is None else dense(each) for each in vjp(outputs, cotangents, inputs)]


def _for_input(cotangent: Cotangent | None) -> Term | RowTerms | None:
    return cotangent if cotangent is None or isinstance(cotangent, Term) else cotangent.rows()


def _pass_on(found: dict[Node, Cotangent], node: Node, parts: Sequence[Cotangent | None], active: set[Node]) -> None:
    for each, part in zip(node.inputs, parts, strict=True):
        if part is not None and each in active:
            _accumulate(found, each, part)


def _accumulate(found: dict[Node, Cotangent], node: Node, part: Cotangent) -> None:
    found[node] = total(found[node], part) if node in found else part
