"""The derivative of a scan is a scan that runs the other way.

Forward:   state_t, y_t = body(state_{t-1}, x_t, shared)
Backward:  from the last position to the first, with the body's own derivative at each position:
           d state_{t-1}, d x_t, d shared += body'(state_{t-1}, x_t, shared; d state_t, d y_t)
("Backpropagation through time", Werbos 1990.) The states are kept; what the body computed inside is computed again.
Only what a derivative can reach is differentiated for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from saegim.autodiff.paths import reached_in_body
from saegim.autodiff.term import Term, zeros
from saegim.ir import Graph, Node, body_of, fresh_input, make

Vjp = Callable[[Sequence[Node], Sequence[Term | None], Sequence[Node]], list[Term | None]]


def scan_derivative(scan: Node, given: Mapping[int, Term], active: set[Node], vjp: Vjp) -> list[Term | None]:
    """The derivative for each input of `scan`, from those `given` for some of its results (by number).

    `active` are the nodes that a derivative can reach; `vjp(outputs, their derivatives, inputs)` differentiates the
    body.
    """
    derivative: list[Term | None] = [None] * len(scan.inputs)
    if not given:
        return derivative
    body, attrs = body_of(scan), scan.attrs
    carried, scanned = attrs["carries"], attrs["scanned"]
    inside = reached_in_body(scan, active)
    learned = [number for number, node in enumerate(body.inputs) if node in inside]
    states = [number for number in learned if number < carried]
    xs = [number for number in learned if carried <= number < carried + scanned]
    shared = [number for number in learned if number >= carried + scanned]
    ys = [number for number in given if number >= carried and body.outputs[number] in inside]

    start = [given[number] if number in given else zeros(scan.inputs[number].spec) for number in states]
    start += [zeros(scan.inputs[number].spec) for number in shared]
    sequences = [
        *_states_before(scan),
        *scan.inputs[carried : carried + scanned],
        *(given[number].node for number in ys),
    ]
    run = make(
        "scan",
        *(term.node for term in start),
        *sequences,
        *scan.inputs[carried + scanned :],
        body=_backward_body(scan, states, xs, shared, ys, vjp),
        carries=len(start),
        scanned=len(sequences),
        length=attrs["length"],
        reverse=not attrs["reverse"],
    )
    for index, number in enumerate((*states, *shared, *xs)):
        derivative[number] = Term(make("item", run, index=index))
    return derivative


def _states_before(scan: Node) -> list[Node]:
    """The states that each position started from, stacked: the same scan, with them as further outputs."""
    body, carried = body_of(scan), scan.attrs["carries"]
    recording = Graph(body.inputs, (*body.outputs, *body.inputs[:carried]))
    run = make("scan", *scan.inputs, **{**scan.attrs, "body": recording})
    return [make("item", run, index=len(body.outputs) + number) for number in range(carried)]


def _backward_body(
    scan: Node, states: Sequence[int], xs: Sequence[int], shared: Sequence[int], ys: Sequence[int], vjp: Vjp
) -> Graph:
    """One step back: (d state_t, d shared so far; state_{t-1}, x_t, d y_t; shared) -> the same a step earlier, d x_t.

    `states`, `xs`, `shared` and `ys` are the numbers of the body's inputs and outputs that take part.
    """
    body = body_of(scan)
    plain = scan.attrs["carries"] + scan.attrs["scanned"]
    dstates, dshared, dys = (
        [fresh_input(nodes[number].spec) for number in numbers]
        for nodes, numbers in ((body.inputs, states), (body.inputs, shared), (body.outputs, ys))
    )
    outputs = [body.outputs[number] for number in (*states, *ys)]
    wanted = [body.inputs[number] for number in (*states, *shared, *xs)]
    found = vjp(outputs, [Term(node) for node in (*dstates, *dys)], wanted)
    terms = [zeros(node.spec) if term is None else term for term, node in zip(found, wanted, strict=True)]
    first, last = len(states), len(states) + len(shared)
    sums = [Term(old) + new for old, new in zip(dshared, terms[first:last], strict=True)]
    results = (*terms[:first], *sums, *terms[last:])
    inputs = (*dstates, *dshared, *body.inputs[:plain], *dys, *body.inputs[plain:])
    return Graph(inputs, tuple(term.node for term in results))
