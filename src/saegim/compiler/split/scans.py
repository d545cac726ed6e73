"""Scans tile by tile: the examples are followed through the body, for states until nothing changes.

A state that starts from zeros and to which every position adds a partial is a partial itself: each tile may start from
zeros, and what the tiles end with is added up (the gradients of a recurrence's weights are such states).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from saegim.compiler.split.state import Move, Partial, Split, backward, forward
from saegim.ir import Graph, Node, body_of

State = Split | Partial | None
_SUM = Partial("sum")
_MOVES_OF_PARTIALS = frozenset(("negative", "reshape", "permute", "broadcast", "slice", "flip", "sum"))


@dataclass(frozen=True, eq=False)
class Scanned:
    """A scan that runs tile by tile: what its body's inputs and nodes are, and what each result is.

    `wants` says of every node that is split or a partial what it wants of its operands. `outputs` are the states in
    which the body's outputs are wanted, `operands` those of the scan's own operands.
    """

    scan: Node
    states: Mapping[Node, State | Scanned]
    wants: Mapping[Node, tuple[State | Scanned, ...]]
    outputs: tuple[State, ...]
    operands: tuple[Split | None, ...]

    def wanted(self, node: Node, form: State | Scanned) -> tuple[State | Scanned, ...]:
        """What a node of the body wants of its operands to be had in `form`."""
        if form is None:
            return (None,) * len(node.inputs)
        if form == self.states.get(node):
            return self.wants.get(node, ())
        assert isinstance(form, Split), "only whole values are cut"
        wants = backward(node, form)
        assert wants is not None, "a value that cannot be cut is not followed"
        return wants

    def result(self, index: int) -> State:
        """The state of the scan's result number `index`."""
        state = self.outputs[index]
        stacked = isinstance(state, Split) and index >= self.scan.attrs["carries"]
        return state.at(state.axis + 1) if stacked and isinstance(state, Split) else state


def follow_scan(scan: Node, given: Sequence[Split | None], used: frozenset[int] | None = None) -> Scanned | None:
    """How `scan` runs tile by tile for operands `given`; None where it needs them whole.

    `used` are the numbers of the results that somebody reads; all of them unless given. A result that is whole for
    every tile would be written by each of them, so it is refused.
    """
    carries, scanned = scan.attrs["carries"], scan.attrs["scanned"]
    body, inside = body_of(scan), _inside(scan, given)
    if inside is None:
        return None
    for _ in range(2 * len(body.inputs) + 1):
        follower = _Follower(body, inside)
        follower.run()
        wanted = _next_states(scan, follower)
        if wanted is None:
            return None
        if wanted == inside:
            outputs = _outputs(follower, carries)
            if outputs is None or follower.failed or follower.required:
                return None
            if any(state is None for k, state in enumerate(outputs) if used is None or k in used):
                return None
            operands = [_outside(state, carries <= k < carries + scanned) for k, state in enumerate(inside)]
            return Scanned(scan, follower.states, follower.wants, outputs, tuple(operands))
        inside = wanted
    return None


def _inside(scan: Node, given: Sequence[Split | None]) -> list[State] | None:
    """The states of the body's inputs: of a sequence without its first axis, which must not be the examples'."""
    carries, scanned = scan.attrs["carries"], scan.attrs["scanned"]
    states: list[State] = []
    for k, state in enumerate(given):
        if state is not None and carries <= k < carries + scanned:
            if state.axis == 0:
                return None
            state = state.at(state.axis - 1)
        states.append(state)
    return states


def _outside(state: State, sequence: bool) -> Split | None:
    if not isinstance(state, Split):
        return None
    return state.at(state.axis + 1) if sequence else state


def _next_states(scan: Node, follower: _Follower) -> list[State] | None:
    """The states of the body's inputs for the next round: as its outputs and its own operations want them."""
    states = list(follower.inside)
    for k, node in enumerate(follower.body.inputs):
        required = follower.required.pop(node, None)
        if required is not None:
            states[k] = required
    for k in range(scan.attrs["carries"]):
        found = follower.states.get(follower.body.outputs[k])
        assert not isinstance(found, Scanned), "an output of a body is no scan itself"
        if found is None or found == states[k]:
            continue
        if states[k] is not None or (isinstance(found, Partial) and not _starts_from_zeros(scan, k)):
            return None
        states[k] = found
    return states


def _outputs(follower: _Follower, carries: int) -> tuple[State, ...] | None:
    """The states in which the body's outputs are wanted: a carried state as it came in."""
    outputs: list[State] = []
    for k, node in enumerate(follower.body.outputs):
        state = follower.states.get(node)
        assert not isinstance(state, Scanned), "an output of a body is no scan itself"
        if k < carries and state != follower.inside[k]:
            wanted = follower.inside[k]
            if not isinstance(wanted, Split) or not follower.cut(node, wanted):
                return None
            state = wanted
        outputs.append(state)
    return tuple(outputs)


class _Follower:
    """One sweep through a body.

    `required` are inputs that came whole and are wanted split. `failed`: some node has no rule for its operands; that
    may change when more states turn out to be split.
    """

    def __init__(self, body: Graph, inside: Sequence[State]) -> None:
        self.body, self.inside = body, inside
        self.states: dict[Node, State | Scanned] = dict(zip(body.inputs, inside, strict=True))
        self.wants: dict[Node, tuple[State | Scanned, ...]] = {}
        self.required: dict[Node, Split] = {}
        self.failed = False

    def run(self) -> None:
        for node in self.body.nodes():
            self.failed |= bool(node.inputs) and not self._visit(node)

    def _visit(self, node: Node) -> bool:
        given = [self.states.get(each) for each in node.inputs]
        if not any(given):
            return True
        if node.op == "scan":
            return self._visit_scan(node, given)
        if node.op == "item":
            (scanned,) = given
            assert isinstance(scanned, Scanned), "an item belongs to a scan"
            self.states[node], self.wants[node] = scanned.result(node.attrs["index"]), (scanned,)
            return True
        if any(isinstance(each, Partial) for each in given):
            return self._visit_linear(node, given)
        move = forward(node, [each for each in given if each is None or isinstance(each, Split)])
        if move is None:
            return False
        self.states[node], self.wants[node] = move.state, move.wants
        return self._fits(node, given, move)

    def _fits(self, node: Node, given: Sequence[State | Scanned], move: Move) -> bool:
        pairs = zip(node.inputs, given, move.wants, strict=True)
        return all(has == want or (has is None and want is not None and self.cut(x, want)) for x, has, want in pairs)

    def _visit_scan(self, node: Node, given: Sequence[State | Scanned]) -> bool:
        plain = [each for each in given if each is None or isinstance(each, Split)]
        scanned = follow_scan(node, plain) if len(plain) == len(given) else None
        if scanned is None:
            return False
        pairs = zip(node.inputs, plain, scanned.operands, strict=True)
        if not all(has == want or (want is not None and self.cut(x, want)) for x, has, want in pairs):
            return False
        self.states[node], self.wants[node] = scanned, scanned.operands
        return True

    def _visit_linear(self, node: Node, given: Sequence[State | Scanned]) -> bool:
        """Sums of partials are partials, and so is what is moved or multiplied by something whole."""
        if any(each not in (None, _SUM) for each in given):
            return False
        self.states[node], self.wants[node] = _SUM, tuple(given)
        if node.op in ("add", "subtract"):
            return None not in given  # a state that is not known to be a sum yet will be, if all goes well
        if node.op == "multiply":
            return None in given
        return node.op in _MOVES_OF_PARTIALS or (node.op == "divide" and given[1] is None)

    def cut(self, node: Node, wanted: Split) -> bool:
        """Can a tile make its own part of a node that is whole? Inputs that it would need are `required`."""
        pending = [(node, wanted)]
        seen: set[tuple[Node, Split]] = set()
        required: dict[Node, Split] = {}
        while pending:
            each, split = pending.pop()
            if (each, split) in seen:
                continue
            seen.add((each, split))
            if each.op == "input":
                if required.setdefault(each, self.required.get(each, split)) != split:
                    return False
                continue
            # Numbers that count up over the examples would need the number of the tile in here.
            wants = None if each.op in ("iota", "random_bits") and _counts(each, split) else backward(each, split)
            if wants is None:
                return False
            pending += [(x, want) for x, want in zip(each.inputs, wants, strict=True) if want is not None]
        self.required |= required
        return True


def _counts(node: Node, split: Split) -> bool:
    return node.op == "random_bits" or node.attrs["axis"] == split.axis


def _starts_from_zeros(scan: Node, k: int) -> bool:
    node = scan.inputs[k]
    while node.op in ("broadcast", "reshape"):
        node = node.inputs[0]
    return node.op == "constant" and not np.any(node.attrs["value"].array)
