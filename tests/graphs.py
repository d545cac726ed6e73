"""Random graphs of primitives, for properties that hold of every graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from saegim.dtypes import bool_, float64, int64
from saegim.ir import Graph, Node, Spec, constant, fresh_input, make

Array = npt.NDArray[Any]
Draw = st.DrawFn

SHAPES = [(), (1,), (3,), (4, 3), (3, 4), (2, 3, 4), (0, 3)]

# Smooth everywhere and bounded, so that derivatives of deep graphs stay comparable.
UNARY = ("tanh", "sin", "cos", "atan", "negative", "erf")
BINARY = ("add", "subtract", "multiply", "maximum")


@st.composite
def graphs(draw: Draw, steps: int = 12, smooth: bool = False) -> Graph:
    """A graph over float64 inputs of a few shapes; some inputs are donated, outputs may repeat and may be inputs.

    With `smooth`, all of it is differentiable, but for kinks where two elements are equal.
    """
    moves = [each for each in MOVES if not (smooth and each in (_count, _stopped))]
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3))
    inputs = [fresh_input(Spec(shape, float64)) for shape in shapes]
    nodes: list[Node] = list(inputs)
    for _ in range(draw(st.integers(1, steps))):
        nodes.append(draw(st.sampled_from(moves))(draw, nodes))
    outputs = draw(st.lists(st.sampled_from(nodes), min_size=1, max_size=4))
    donated = frozenset(draw(st.lists(st.sampled_from(inputs), max_size=3)))
    return Graph(tuple(inputs), tuple(outputs), donated)


def arrays_for(graph: Graph, seed: int = 0) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1, 1, node.shape).astype(node.dtype) for node in graph.inputs]


def _pick(draw: Draw, nodes: Sequence[Node]) -> Node:
    # Often a late one, so that graphs become deep.
    return draw(st.sampled_from(nodes[-3:] if draw(st.booleans()) else nodes))


def _unary(draw: Draw, nodes: Sequence[Node]) -> Node:
    return make(draw(st.sampled_from(UNARY)), _pick(draw, nodes))


def _stopped(draw: Draw, nodes: Sequence[Node]) -> Node:
    return make("stop_gradient", _pick(draw, nodes))


def _binary(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    alike = [each for each in nodes if each.shape == x.shape]
    return make(draw(st.sampled_from(BINARY)), x, draw(st.sampled_from(alike)))


def _scaled(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    number = constant(draw(st.sampled_from([0.5, -0.25, 0.0, 1.0])))
    factor = make("broadcast", number, shape=x.shape)
    return make("multiply", x, factor) if draw(st.booleans()) else make("multiply", factor, x)


def _select(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    y = draw(st.sampled_from([each for each in nodes if each.shape == x.shape]))
    return make("select", make("less", x, y), x, y)


def _pick_one(draw: Draw, nodes: Sequence[Node]) -> Node:
    """One of two arrays as a whole."""
    x = _pick(draw, nodes)
    y = draw(st.sampled_from([each for each in nodes if each.shape == x.shape]))
    z = _pick(draw, nodes)
    condition = make("less", make("sum", z, axes=tuple(range(z.ndim))), constant(0.1))
    return make("select", make("broadcast", condition, shape=x.shape), x, y)


def _reshape(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    shapes = [(x.size,), (1, *x.shape), *([tuple(reversed(x.shape))] if x.shape else [])]
    return make("reshape", x, shape=draw(st.sampled_from(shapes)))


def _permute(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    return make("permute", x, axes=tuple(draw(st.permutations(range(x.ndim)))))


def _broadcast(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    return make("broadcast", x, shape=(2, *x.shape)) if x.ndim < 4 else x


def _flip(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    return make("flip", x, axes=tuple(axis for axis in range(x.ndim) if draw(st.booleans())))


def _slice(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    start = tuple(draw(st.integers(0, size)) for size in x.shape)
    stop = tuple(draw(st.integers(first, size)) for first, size in zip(start, x.shape, strict=True))
    return make("slice", x, start=start, stop=stop, step=tuple(draw(st.integers(1, 3)) for _ in start))


def _reduce(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    return make("sum", x, axes=tuple(axis for axis in range(x.ndim) if draw(st.booleans())))


def _concat(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    return make("concat", x, x, axis=draw(st.integers(0, x.ndim - 1))) if x.ndim and x.size < 200 else x


def _dot(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    if x.ndim != 2:
        return x
    return make("multiply", make("dot", x, make("permute", x, axes=(1, 0))), _tenth(x.shape[0]))


def _tenth(size: int) -> Node:
    return make("broadcast", constant(0.1), shape=(size, size))


def _rows(draw: Draw, nodes: Sequence[Node]) -> Node:
    """Rows taken from a table and put back into it: the operations that may overwrite it."""
    x = _pick(draw, nodes)
    if not x.ndim or not x.shape[0]:
        return x
    indices = constant(np.array(draw(st.permutations(range(x.shape[0]))))[:2])
    mode = draw(st.sampled_from(["clip", "fill"]))
    rows = make("take", x, indices, mode=mode, unique=True)
    return make(draw(st.sampled_from(["scatter_add", "scatter_set"])), x, indices, rows)


def _count(draw: Draw, nodes: Sequence[Node]) -> Node:
    """Something that no derivative passes through."""
    x = _pick(draw, nodes)
    where = make("cast", make("less", x, make("stop_gradient", x)), dtype=int64)
    assert make("less", x, x).dtype == bool_
    return make("cast", where, dtype=float64)


def _scan(draw: Draw, nodes: Sequence[Node]) -> Node:
    x = _pick(draw, nodes)
    if not x.ndim:
        return x
    part = Spec(x.shape[1:], float64)
    state, at, shared = (fresh_input(part) for _ in range(3))
    new = make("tanh", make("add", make("multiply", state, shared), at))
    chosen = make("select", make("broadcast", make("less", constant(0.0), constant(1.0)), shape=part.shape), state, new)
    extra = draw(st.sampled_from([new, state, at, make("multiply", state, at)]))
    body = Graph((state, at, shared), (draw(st.sampled_from([new, new, state, at, chosen])), extra))
    start = make("broadcast", constant(0.5), shape=part.shape)
    weight = make("sum", x, axes=(0,))
    fixed = {"carries": 1, "scanned": 1, "length": x.shape[0], "reverse": draw(st.booleans())}
    return make("item", make("scan", start, x, weight, body=body, **fixed), index=draw(st.integers(0, 1)))


MOVES = (
    _unary,
    _unary,
    _binary,
    _binary,
    _scaled,
    _select,
    _pick_one,
    _reshape,
    _permute,
    _broadcast,
    _flip,
    _slice,
    _reduce,
    _concat,
    _dot,
    _rows,
    _rows,
    _count,
    _stopped,
    _scan,
)
