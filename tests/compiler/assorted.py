"""Random computations over examples with all kinds of primitives: rows, bags, windows, sorting, scans with products.

What jumps (sorting, comparing, indices) is only asked of inputs, so that roundings make no difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from saegim.dtypes import float32, float64, int32, int64, uint64
from saegim.ir import Graph, Node, Spec, constant, fresh_input, make

Array = npt.NDArray[Any]
D, ROWS = 4, 6
MOST = 600  # elements


@dataclass(frozen=True)
class Inputs:
    """data (B, T, D); a matrix (D, D); a table (ROWS, D); ids (B, T), some of them outside of the table."""

    data: Node
    matrix: Node
    table: Node
    ids: Node

    @classmethod
    def of(cls, batch: int, tokens: int) -> Inputs:
        shapes = (batch, tokens, D), (D, D), (ROWS, D)
        return cls(*(fresh_input(Spec(each, float64)) for each in shapes), fresh_input(Spec((batch, tokens), int64)))

    def all(self) -> tuple[Node, ...]:
        return self.data, self.matrix, self.table, self.ids


def arrays_for(graph: Graph, seed: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    floats = [rng.uniform(-1, 1, each.shape) for each in graph.inputs[:-1]]
    return [*floats, rng.integers(-2, ROWS + 2, graph.inputs[-1].shape)]


Step = Callable[[st.DrawFn, Node, Inputs], Node]


def _spread(x: Node, to: Node, axis: int) -> Node:
    """`x`, which lacks the axis, over all of `to`."""
    thin = make("reshape", x, shape=(*to.shape[:axis], 1, *to.shape[axis + 1 :]))
    return make("broadcast", thin, shape=to.shape)


def _axis(draw: st.DrawFn, x: Node) -> int:
    return draw(st.integers(0, x.ndim - 1))


def _number(value: float, like: Node) -> Node:
    return make("broadcast", constant(value), shape=like.shape)


def softmax(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    axis = _axis(draw, x)
    e = make("exp", make("subtract", x, _spread(make("max", x, axes=(axis,)), x, axis)))
    return make("divide", e, _spread(make("sum", e, axes=(axis,)), x, axis))


def normal(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    axis = _axis(draw, x)
    size = x.shape[axis]
    mean = make("multiply", make("sum", x, axes=(axis,)), _number(1 / size, make("sum", x, axes=(axis,))))
    centred = make("subtract", x, _spread(mean, x, axis))
    spread = make("sum", make("multiply", centred, centred), axes=(axis,))
    return make("divide", centred, _spread(make("sqrt", make("add", spread, _number(0.1, spread))), x, axis))


def padded(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    low, high, inner = (tuple(draw(st.integers(0, 2)) for _ in x.shape) for _ in range(3))
    return make("pad", x, constant(0.5), low=low, high=high, interior=inner)


def part(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    start = tuple(draw(st.integers(0, size - 1)) for size in x.shape)
    return make("slice", x, start=start, stop=x.shape, step=tuple(draw(st.integers(1, 2)) for _ in x.shape))


def doubled(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    axis = _axis(draw, x)
    return make("concat", x, make("flip", make("sin", x), axes=(axis,)), axis=axis)


def windowed(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    """Windows over the middle axis; put back again, or summed."""
    if x.ndim != 3 or x.shape[1] < 3:
        return x
    fixed = {"size": (2,), "stride": (draw(st.integers(1, 2)),), "dilation": (draw(st.integers(1, 2)),)}
    found = make("tanh", make("windows", x, **fixed))
    return make("fold", found, shape=x.shape[1:2], **fixed) if draw(st.booleans()) else make("sum", found, axes=(2,))


def multiplied(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    if x.shape[-1] != D:
        return x
    flat = make("dot", make("reshape", x, shape=(x.size // D, D)), given.matrix)
    return make(draw(st.sampled_from(["tanh", "erf", "negative"])), make("reshape", flat, shape=x.shape))


def attention(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    if x.ndim != 3:
        return x
    scores = softmax(draw, make("dot", x, make("permute", x, axes=(0, 2, 1))), given)
    return make("dot", scores, x)


def looked_up(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    """Rows of the table, added where they fit."""
    mode = draw(st.sampled_from(["clip", "fill"]))
    rows = make("take", given.table, given.ids, mode=mode, unique=False)
    return make("add", x, rows) if x.shape == rows.shape else make("tanh", rows)


def counted(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    """What each row of the table is given by all examples."""
    if x.shape != given.data.shape:
        return x
    rows, ids = make("reshape", x, shape=(x.size // D, D)), make("reshape", given.ids, shape=(x.size // D,))
    table = make("scatter_add", given.table, ids, rows)
    return make("add", x, make("take", make("tanh", table), given.ids, mode="clip", unique=False))


def bags(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    """The rows of every example's ids, summed."""
    batch, tokens = given.ids.shape
    offsets = constant(np.arange(0, (batch + 1) * tokens, tokens))
    low, high = (make("broadcast", constant(each), shape=given.ids.shape) for each in (0, ROWS - 1))
    ids = make("reshape", make("minimum", make("maximum", given.ids, low), high), shape=(batch * tokens,))
    weights = make("broadcast", constant(0.5), shape=(batch * tokens,))
    found = make("bag", given.table, ids, weights, offsets)
    thin = make("reshape", found, shape=(batch, 1, D))
    return make("multiply", x, make("broadcast", thin, shape=x.shape)) if x.shape == given.data.shape else found


def ordered(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    axis = draw(st.integers(0, 2))
    found = make("cast", make("argsort", given.data, axis=axis), dtype=float64)
    return make("add", x, found) if x.shape == found.shape else found


def best(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    axis = draw(st.integers(0, 2))
    found = make("cast", make(draw(st.sampled_from(["argmax", "argmin"])), given.data, axis=axis), dtype=float64)
    return make("add", x, _spread(found, given.data, axis)) if x.shape == given.data.shape else found


def masked(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    """Chosen by a comparison of inputs, and by whether any or all of a row are so."""
    if x.shape != given.data.shape:
        return x
    axis = draw(st.integers(0, 2))
    big = make("less", _number(0.2, x), given.data)
    some = _spread(make(draw(st.sampled_from(["any", "all"])), big, axes=(axis,)), x, axis)
    return make("select", make("bitwise_and", big, some), make("exp", x), make("negative", x))


def running(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    return make(draw(st.sampled_from(["cumsum", "cumprod"])), make("sin", x), axis=_axis(draw, x))


def rounded(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    """The nearest numbers of single precision, of inputs only; whole ones otherwise."""
    small = make("cast", make("cast", given.data, dtype=float32), dtype=float64)
    return (
        make("multiply", x, small)
        if x.shape == small.shape
        else make("add", x, make("cast", _places(x), dtype=x.dtype))
    )


def _places(x: Node) -> Node:
    return make("iota", shape=x.shape, axis=x.ndim - 1, dtype=int32)


def dropped(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    bits = make("random_bits", constant(draw(st.integers(0, 2**64 - 1)), uint64), shape=x.shape)
    kept = make("less", bits, make("broadcast", constant(3 << 30, bits.dtype), shape=x.shape))
    return make("select", kept, x, _number(0.0, x))


def moved(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    return make("permute", x, axes=tuple(draw(st.permutations(range(x.ndim)))))


def recurrent(draw: st.DrawFn, x: Node, given: Inputs) -> Node:
    """A state of each example that goes through the matrix; in it, perhaps, another loop."""
    if x.ndim != 3 or x.shape[-1] != D:
        return x
    sequence = make("permute", x, axes=(1, 0, 2))
    part = Spec(sequence.shape[1:], float64)
    state, at, matrix = fresh_input(part), fresh_input(part), fresh_input(Spec((D, D), float64))
    new = make("tanh", make("add", make("dot", state, matrix), at))
    if draw(st.booleans()):
        inner, one = fresh_input(Spec((D,), float64)), fresh_input(Spec((D,), float64))
        body = Graph((inner, one), (make("sin", make("add", inner, one)), make("multiply", inner, one)))
        start = _number(0.1, inner)
        fixed = {"carries": 1, "scanned": 1, "length": part.shape[0], "reverse": draw(st.booleans())}
        new = make("add", new, make("item", make("scan", start, new, body=body, **fixed), index=1))
    fixed = {"carries": 1, "scanned": 1, "length": sequence.shape[0], "reverse": draw(st.booleans())}
    body = Graph((state, at, matrix), (new, make("multiply", new, state)))
    start = make("broadcast", constant(0.2), shape=part.shape)
    run = make("scan", start, sequence, given.matrix, body=body, **fixed)
    return make("item", run, index=draw(st.integers(0, 1)))


STEPS: tuple[Step, ...] = (
    *(softmax, normal, padded, part, doubled, windowed, multiplied, attention, looked_up, counted, bags, ordered),
    *(best, masked, running, rounded, dropped, moved, recurrent, multiplied, softmax, recurrent),
)


@st.composite
def assorted(draw: st.DrawFn, steps: int = 8) -> Graph:
    """A graph over data (B, T, D), a matrix, a table and ids, the last input; the matrix and the table are donated."""
    given = Inputs.of(draw(st.sampled_from([1, 2, 3, 5, 9])), draw(st.sampled_from([1, 3, 4])))
    nodes = [given.data]
    for _ in range(draw(st.integers(1, steps))):
        before = draw(st.sampled_from(nodes[-2:]))
        made = draw(st.sampled_from(STEPS))(draw, before, given)
        if 0 < made.size <= MOST and made.ndim <= 4:
            nodes.append(made)
    kept = draw(st.lists(st.sampled_from(nodes), max_size=2))
    # The gradient of the table, as a step gives it: back to where it was.
    table = make(
        "add",
        given.table,
        make("broadcast", make("sum", nodes[-1], axes=tuple(range(nodes[-1].ndim))), shape=(ROWS, D)),
    )
    return Graph(given.all(), (nodes[-1], table, *kept), frozenset((given.matrix, given.table)))
