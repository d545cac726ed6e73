"""A scan taken apart, so that its body and its operands can be changed together, and put together again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from saegim.ir import Graph, Node, body_of, make, topological
from saegim.ir.where import on_behalf_of


class Level(IntEnum):
    """What a node of a body depends on, at most."""

    KNOWN = 0  # nothing
    SHARED = 1  # what is the same at every position
    SEQUENCE = 2  # what is known of every position before the scan runs
    STATE = 3  # what is carried


@dataclass(frozen=True)
class Loop:
    """A scan; keys are the inputs of its body ("inside"), values what they stand for outside of it.

    `ends` are the states after a position, `outputs` the wanted outputs of a position, by their number among the
    scan's results; `finals` the wanted last states by theirs.
    """

    starts: dict[Node, Node]
    ends: dict[Node, Node]
    sequences: dict[Node, Node]
    shared: dict[Node, Node]
    outputs: dict[int, Node]
    finals: dict[int, Node]
    length: int
    reverse: bool
    body: Graph  # as it was

    def inputs(self) -> tuple[Node, ...]:
        return (*self.starts, *self.sequences, *self.shared)

    def roots(self) -> tuple[Node, ...]:
        return (*self.ends.values(), *self.outputs.values())

    def with_roots(self, roots: Sequence[Node]) -> Loop:
        """The loop with other nodes for `roots()`."""
        count = len(self.ends)
        ends = dict(zip(self.ends, roots[:count], strict=True))
        return replace(self, ends=ends, outputs=dict(zip(self.outputs, roots[count:], strict=True)))

    def levels(self) -> dict[Node, Level]:
        """The level of every node of the body."""
        found = dict.fromkeys(self.starts, Level.STATE) | dict.fromkeys(self.sequences, Level.SEQUENCE)
        found |= dict.fromkeys(self.shared, Level.SHARED)
        for node in topological(self.roots()):
            if node not in found:
                found[node] = max((found[each] for each in node.inputs), default=Level.KNOWN)
        return found


def take_apart(scan: Node, operands: Sequence[Node], wanted: Collection[int]) -> Loop:
    """`scan` on these operands, for those of its results that are `wanted`."""
    body, attrs = body_of(scan), scan.attrs
    carried, last = attrs["carries"], attrs["carries"] + attrs["scanned"]
    pairs = list(zip(body.inputs, operands, strict=True))
    return Loop(
        starts=dict(pairs[:carried]),
        ends=dict(zip(body.inputs[:carried], body.outputs, strict=False)),
        sequences=dict(pairs[carried:last]),
        shared=dict(pairs[last:]),
        outputs={number: body.outputs[number] for number in sorted(wanted) if number >= carried},
        finals={number: body.inputs[number] for number in sorted(wanted) if number < carried},
        length=attrs["length"],
        reverse=attrs["reverse"],
        body=body,
    )


def put_together(
    loop: Loop, finals: Sequence[Node], stacked: Sequence[Node]
) -> tuple[dict[Node, Node], dict[Node, Node]]:
    """Runs the loop: the last values of the states that are needed, and the stacked values of the nodes `stacked`.

    Needed are the states `finals` and what these and the nodes depend on; other inputs of the body go, too.
    """
    states = needed_states(loop, (*finals, *stacked))
    outputs = (*(loop.ends[each] for each in states), *stacked)
    read = set(topological(outputs))
    sequences = [each for each in loop.sequences if each in read]
    shared = [each for each in loop.shared if each in read]
    operands = (
        *(loop.starts[each] for each in states),
        *(loop.sequences[each] for each in sequences),
        *(loop.shared[each] for each in shared),
    )
    inputs = (*states, *sequences, *shared)
    # A body is known by its identity: where nothing changed, the scan shall be the same node.
    unchanged = (inputs, outputs) == (loop.body.inputs, loop.body.outputs)
    body = loop.body if unchanged else Graph(inputs, outputs)
    fixed = {"carries": len(states), "scanned": len(sequences), "length": loop.length, "reverse": loop.reverse}
    run = make("scan", *operands, body=body, **fixed)
    items = [make("item", run, index=index) for index in range(len(outputs))]
    count = len(states)
    return dict(zip(states, items[:count], strict=True)), dict(zip(stacked, items[count:], strict=True))


def needed_states(loop: Loop, roots: Sequence[Node]) -> list[Node]:
    """The states that the body needs for `roots`, in their order."""
    needed: set[Node] = set()
    pending = list(roots)
    while pending:
        found = {each for each in topological(pending) if each in loop.starts} - needed
        needed |= found
        pending = [loop.ends[each] for each in found]
    return [each for each in loop.starts if each in needed]


def rebuilt(outputs: Sequence[Node], new: Mapping[Node, Node]) -> tuple[Node, ...]:
    """The outputs with other nodes in the place of some."""
    made = dict(new)
    for node in topological(outputs, stop=frozenset(new)):
        if node in made:
            continue
        inputs = tuple(made[each] for each in node.inputs)
        if inputs == node.inputs:
            made[node] = node
            continue
        with on_behalf_of(node.where):
            made[node] = make(node.op, *inputs, **node.attrs)
    return tuple(made[node] for node in outputs)
