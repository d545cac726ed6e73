"""From a graph to statements, in the order in which they are done."""

from __future__ import annotations

from collections.abc import Sequence

from saegim.compiler.lower.body import Body, Context, Destination, Pack, never
from saegim.compiler.lower.form import Counter, Repeat, Space, Statement, View
from saegim.compiler.lower.fusing import fuse
from saegim.compiler.lower.singles import SINGLES
from saegim.compiler.lower.views import Strided
from saegim.ir import Graph, Node, body_of


def lower(
    graph: Graph,
    inputs: Sequence[View],
    outputs: Sequence[Destination],
    space: Space,
    context: Context,
    pack: Pack = never,
) -> tuple[list[Statement], list[View]]:
    """The statements that compute `graph`, and where each output is afterwards."""
    body = Body(graph, inputs, outputs, space, context, pack)
    for item in body.grouping.items:
        if item.space is not None:
            fuse(body, item)
        elif item.node.op == "scan":
            _scan(body, item.node)
        elif item.node.op != "item" and item.node.size:
            SINGLES[item.node.op](body, item.node)
    results = body.finish()
    return body.statements, results


def _scan(body: Body, node: Node) -> None:
    """A loop over positions; the carried state lives in memory that each position overwrites."""
    attrs = node.attrs
    carried, scanned, length = attrs["carries"], attrs["scanned"], attrs["length"]
    inside, counter = body_of(node), Counter("position")
    views = [body.view(each) for each in node.inputs]
    states = [body.copied(view) for view in views[:carried]]
    sequences = [_element(view, counter) for view in views[carried : carried + scanned]]
    stacked = [body.new(spec.dtype, spec.shape) for spec in node.results[carried:]]
    outputs = [*[Destination()] * carried, *(Destination(_element(view, counter)) for view in stacked)]
    given = [*states, *sequences, *views[carried + scanned :]]
    statements, results = lower(inside, given, outputs, body.space, body.context, body.pack)
    before = len(body.statements)
    _carry_on(body, results[:carried], states)
    statements += body.statements[before:]
    body.statements[before:] = [Repeat(counter, length, attrs["reverse"], statements)]
    _name_results(body, node, [*states, *stacked])


def _element(view: View, counter: Counter) -> View:
    """One position of a sequence."""
    where = view.where
    return view.at(Strided(where.shape[1:], where.strides[1:], where.offset)).moving(counter, where.strides[0])


def _carry_on(body: Body, results: Sequence[View], states: Sequence[View]) -> None:
    """Makes the results of a position the states of the next."""
    moves = [(result, state) for result, state in zip(results, states, strict=True) if result != state]
    held = {state.buffer for state in states}
    # A result that is another state must be taken out before that is overwritten.
    safe = [(body.copied(result) if result.buffer in held else result, state) for result, state in moves]
    for result, state in safe:
        body.copy(result, state)


def _name_results(body: Body, scan: Node, views: Sequence[View]) -> None:
    for user in body.users(scan):
        body.put(user, views[user.attrs["index"]])
