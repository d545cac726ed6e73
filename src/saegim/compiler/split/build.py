"""Makes the graphs of phases: every step of a plan as a node, whole or in the size of a tile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from saegim.compiler.split.place import Form
from saegim.compiler.split.scans import Scanned
from saegim.compiler.split.state import Split
from saegim.dtypes import int64, uint64
from saegim.ir import REDUCTIONS, Graph, Node, Shape, Spec, body_of, constant, fresh_input, make
from saegim.ir.node import intern
from saegim.ir.where import on_behalf_of

_GOLDEN = 0x9E3779B97F4A7C15  # by which the counter of `random_bits` moves from one number to the next


class Tile:
    """The size of a tile, and the input that says where it starts; made when somebody asks."""

    def __init__(self, examples: int) -> None:
        self.examples = examples
        self._start: Node | None = None

    @property
    def start(self) -> Node:
        """The number of the first example, int64."""
        if self._start is None:
            self._start = fresh_input(Spec((), int64))
        return self._start

    @property
    def asked(self) -> bool:
        """Was the start asked for?"""
        return self._start is not None


Values = dict[tuple[Node, Form], Node]


def read(node: Node, form: Form, tile: Tile | None) -> tuple[Node, Node]:
    """An input for a value that a phase reads in this form, and the value itself."""
    if not isinstance(form, Split):
        given = node if node.op == "input" else fresh_input(node.spec)
        return given, given
    assert tile is not None, "only tiles cut values"
    given = fresh_input(Spec(form.unfolded(node.shape, tile.examples), node.dtype))
    return given, given if form.outer == 1 else make("reshape", given, shape=form.local(node.shape, tile.examples))


def written(node: Node, form: Form, value: Node, tile: Tile | None) -> Node:
    """A value as a piece of its slot wants it."""
    if not isinstance(form, Split) or form.outer == 1:
        return value
    assert tile is not None, "only tiles cut values"
    return make("reshape", value, shape=form.unfolded(node.shape, tile.examples))


def build(node: Node, form: Form, wants: tuple[Form, ...], values: Values, tile: Tile | None) -> Node:
    """The node that computes `node` in `form` from its operands in the forms `wants`."""
    inputs = tuple(values[pair] for pair in zip(node.inputs, wants, strict=True))
    if inputs == node.inputs and not isinstance(form, Split):
        return node
    with on_behalf_of(node.where):
        if isinstance(form, Split):
            assert tile is not None, "only tiles cut values"
            return _cut(node, form, inputs, tile)
        if isinstance(form, Scanned):
            assert tile is not None, "only tiles cut scans"
            return make("scan", *inputs, **{**node.attrs, "body": local_body(form, tile)})
        if node.op == "scan":
            return make("scan", *inputs, **node.attrs)
        return intern(node.op, inputs, node.attrs, node.spec)  # `make` without inferring again what is known


def _cut(node: Node, form: Split, inputs: tuple[Node, ...], tile: Tile) -> Node:
    shape = form.local(node.shape, tile.examples)
    attrs = node.attrs
    if node.op == "iota":
        return _counted(node, form, shape, tile)
    if node.op == "random_bits":
        return _random(form, inputs[0], shape, tile)
    if node.op in ("reshape", "broadcast"):
        if inputs[0].shape == shape:
            return inputs[0]
        attrs = {"shape": shape}
    elif node.op == "slice":
        stop = attrs["stop"]
        attrs = {**attrs, "stop": (*stop[: form.axis], shape[form.axis], *stop[form.axis + 1 :])}
    return intern(node.op, inputs, attrs, Spec(shape, node.dtype))


def _counted(node: Node, form: Split, shape: Shape, tile: Tile) -> Node:
    """Numbers that count up; over the examples they go on where the tile starts."""
    count = make("iota", **{**node.attrs, "shape": shape})
    if node.attrs["axis"] != form.axis:
        return count
    first = tile.start if form.per == 1 else make("multiply", tile.start, constant(form.per, int64))
    first = first if node.dtype == int64 else make("cast", first, dtype=node.dtype)
    return make("add", count, make("broadcast", first, shape=shape))


def _random(form: Split, key: Node, shape: Shape, tile: Tile) -> Node:
    """The same bits as the whole has there: number i of key k is a function of k + i * golden."""
    each = form.per * math.prod(shape[form.axis + 1 :])
    step = constant(np.array(_GOLDEN * each % 2**64, np.uint64))
    moved = make("multiply", make("cast", tile.start, dtype=uint64), step)
    return make("random_bits", make("add", key, moved), shape=shape)


def combined(shards: Node, combine: str) -> Node:
    """What a partial (shards, *shape) is in all: pairs of shards, then pairs of those, so that few errors add up."""
    whole = Spec(shards.shape[1:], shards.dtype)
    rows = [intern("reshape", (row,), {"shape": whole.shape}, whole) for row in _rows(shards)]
    while len(rows) > 1:
        pairs = [intern(REDUCTIONS[combine], rows[at : at + 2], {}, whole) for at in range(0, len(rows) - 1, 2)]
        rows = pairs + rows[2 * len(pairs) :]
    return rows[0]


def _rows(shards: Node) -> list[Node]:
    """The shards one by one, (1, *shape) each."""
    count, shape = shards.shape[0], shards.shape[1:]
    if count == 1:
        return [shards]
    attrs = [
        {"start": (shard, *(0,) * len(shape)), "stop": (shard + 1, *shape), "step": (1,) * shards.ndim}
        for shard in range(count)
    ]
    return [intern("slice", (shards,), each, Spec((1, *shape), shards.dtype)) for each in attrs]


# --- bodies of scans --------------------------------------------------------------------------------------------------


def local_body(scanned: Scanned, tile: Tile) -> Graph:
    """The body of a scan in the size of a tile."""
    body = body_of(scanned.scan)
    states = [scanned.states.get(node) for node in body.inputs]
    values: Values = {}
    fresh = []
    for node, state in zip(body.inputs, states, strict=True):
        shape = state.local(node.shape, tile.examples) if isinstance(state, Split) else node.shape
        fresh.append(fresh_input(Spec(shape, node.dtype)))
        values[node, state] = fresh[-1]
    outputs = [*zip(body.outputs, scanned.outputs, strict=True)]
    for (node, form), wants in _needed(body, scanned, outputs).items():
        if (node, form) not in values:
            values[node, form] = build(node, form, wants, values, tile)
    return Graph(tuple(fresh), tuple(values[pair] for pair in outputs))


def _needed(
    body: Graph, scanned: Scanned, outputs: Sequence[tuple[Node, Form]]
) -> Mapping[tuple[Node, Form], tuple[Form, ...]]:
    """Every value that the outputs need, in the order of computing, with what it wants of its operands."""
    asked: dict[Node, dict[Form, None]] = {}
    for node, form in outputs:
        asked.setdefault(node, {})[form] = None
    steps: dict[tuple[Node, Form], tuple[Form, ...]] = {}
    for node in reversed(body.nodes()):
        for form in asked.get(node, ()):
            wants = scanned.wanted(node, form)
            steps[node, form] = wants
            for operand, want in zip(node.inputs, wants, strict=True):
                asked.setdefault(operand, {})[want] = None
    return dict(reversed(steps.items()))
