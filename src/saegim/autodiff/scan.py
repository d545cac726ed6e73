"""The derivative of a scan is a scan that runs the other way.

Forward:   state_t, y_t = body(state_{t-1}, x_t, shared)
Backward:  from the last position to the first, with the body's own derivative at each position:
           d state_{t-1}, d x_t, d shared += body'(state_{t-1}, x_t, shared; d state_t, d y_t)
("Backpropagation through time", Werbos 1990.) The states are kept; what the body computed inside is computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from saegim.autodiff.term import Term, zeros
from saegim.dtypes import is_floating
from saegim.ir import Graph, Node, body_of, fresh_input, make

Vjp = Callable[[Sequence[Node], Sequence[Term | None], Sequence[Node]], list[Term | None]]


def scan_derivative(node: Node, results: Sequence[Term | None], vjp: Vjp) -> list[Term | None]:
    """The derivative for each input of the scan `node`, given that for each of its results (None: zero).

    `vjp(outputs, their derivatives, inputs)` differentiates the body.
    """
    body, attrs = body_of(node), node.attrs
    carried, scanned = attrs["carries"], attrs["scanned"]
    states, xs, shared = _split(node.inputs, carried, scanned)
    given = [g if g is not None else zeros(spec) for g, spec in zip(results, node.results, strict=True)]
    before = _states_before(node)

    learned_states = [i for i, each in enumerate(states) if is_floating(each.dtype)]
    learned_xs = [i for i, each in enumerate(xs) if is_floating(each.dtype)]
    learned_shared = [i for i, each in enumerate(shared) if is_floating(each.dtype)]

    backward = _backward_body(body, carried, scanned, learned_states, learned_xs, learned_shared, vjp)
    start = [given[i].node for i in learned_states] + [zeros(shared[i].spec).node for i in learned_shared]
    outputs_g = [g.node for g in given[carried:] if is_floating(g.dtype)]
    run = make(
        "scan",
        *start,
        *before,
        *xs,
        *outputs_g,
        *shared,
        body=backward,
        carries=len(start),
        scanned=carried + scanned + len(outputs_g),
        length=attrs["length"],
        reverse=not attrs["reverse"],
    )
    found = [Term(make("item", run, index=index)) for index in range(len(run.results))]
    derivative: list[Term | None] = [None] * len(node.inputs)
    places = (
        *learned_states,
        *(carried + scanned + i for i in learned_shared),
        *(carried + i for i in learned_xs),
    )
    for place, term in zip(places, found, strict=True):
        derivative[place] = term
    return derivative


def _split(nodes: Sequence[Node], carried: int, scanned: int) -> tuple[Sequence[Node], Sequence[Node], Sequence[Node]]:
    return nodes[:carried], nodes[carried : carried + scanned], nodes[carried + scanned :]


def _states_before(node: Node) -> list[Node]:
    """The carried states that each position started from, stacked: the same scan, its states as outputs too."""
    body, attrs = body_of(node), node.attrs
    carried = attrs["carries"]
    recording = Graph(body.inputs, (*body.outputs[:carried], *body.inputs[:carried]))
    run = make("scan", *node.inputs, **{**attrs, "body": recording})
    return [make("item", run, index=carried + number) for number in range(carried)]


def _backward_body(
    body: Graph,
    carried: int,
    scanned: int,
    learned_states: Sequence[int],
    learned_xs: Sequence[int],
    learned_shared: Sequence[int],
    vjp: Vjp,
) -> Graph:
    """One step back: (d state_t, d shared so far; state_{t-1}, x_t, d y_t; shared) -> the same a step earlier."""
    states, xs, shared = _split(body.inputs, carried, scanned)
    dstates = [fresh_input(states[i].spec) for i in learned_states]
    dshared = [fresh_input(shared[i].spec) for i in learned_shared]
    learned_ys = [node for node in body.outputs[carried:] if is_floating(node.dtype)]
    dys = [fresh_input(node.spec) for node in learned_ys]
    outputs = [*(body.outputs[i] for i in learned_states), *learned_ys]
    wanted = [
        *(states[i] for i in learned_states),
        *(shared[i] for i in learned_shared),
        *(xs[i] for i in learned_xs),
    ]
    found = vjp(outputs, [Term(node) for node in (*dstates, *dys)], wanted)
    terms = [term if term is not None else zeros(node.spec) for term, node in zip(found, wanted, strict=True)]
    first, last = len(learned_states), len(learned_states) + len(learned_shared)
    sums = [Term(old) + new for old, new in zip(dshared, terms[first:last], strict=True)]
    results = (*terms[:first], *sums, *terms[last:])
    return Graph((*dstates, *dshared, *states, *xs, *dys, *shared), tuple(term.node for term in results))
