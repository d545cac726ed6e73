"""Random computations over examples: what the split pass cuts into tiles."""

from __future__ import annotations

from hypothesis import strategies as st

from saegim.dtypes import float64, uint64
from saegim.ir import Graph, Node, Spec, constant, fresh_input, make


def _with_vector(draw, x: Node, vector: Node, matrix: Node) -> Node:
    other = make("broadcast", vector if x.shape[-1] == 4 else constant(0.5), shape=x.shape)
    return make(draw(st.sampled_from(["add", "multiply", "maximum"])), x, other)


def _times_matrix(draw, x: Node, vector: Node, matrix: Node) -> Node:
    if x.shape[-1:] != (4,):
        return x
    flat = make("reshape", x, shape=(x.size // 4, 4))
    return make("tanh", make("reshape", make("dot", flat, matrix), shape=x.shape))


def _moved(draw, x: Node, vector: Node, matrix: Node) -> Node:
    return make("permute", x, axes=tuple(draw(st.permutations(range(x.ndim)))))


def _reduced(draw, x: Node, vector: Node, matrix: Node) -> Node:
    """Less what it is over some axes: a partial where the examples are among them."""
    axes = tuple(axis for axis in range(x.ndim) if draw(st.booleans()))
    found = make(draw(st.sampled_from(["sum", "max", "min"])), x, axes=axes)
    thin = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    return make("subtract", x, make("broadcast", make("reshape", found, shape=thin), shape=x.shape))


def _dropped(draw, x: Node, vector: Node, matrix: Node) -> Node:
    bits = make("random_bits", constant(draw(st.integers(0, 2**64 - 1)), uint64), shape=x.shape)
    return make("select", make("less", bits, make("broadcast", constant(2**31, bits.dtype), shape=x.shape)), x, x)


def _counted(draw, x: Node, vector: Node, matrix: Node) -> Node:
    return make("add", x, make("iota", shape=x.shape, axis=draw(st.integers(0, x.ndim - 1)), dtype=float64))


def _gram(draw, x: Node, vector: Node, matrix: Node) -> Node:
    """Rows by rows summed over all examples and places, (4, 4), and put back."""
    if x.shape[-1:] != (4,):
        return x
    flat = make("reshape", x, shape=(x.size // 4, 4))
    gram = make("tanh", make("dot", make("permute", flat, axes=(1, 0)), flat))
    return make("reshape", make("dot", flat, gram), shape=x.shape)


def _running(draw, x: Node, vector: Node, matrix: Node) -> Node:
    return make("cumsum", x, axis=draw(st.integers(0, x.ndim - 1)))


def _recurrent(draw, x: Node, vector: Node, matrix: Node) -> Node:
    """A state per example, and a sum over examples and places that starts from zeros."""
    part = Spec(x.shape[1:], float64)
    state, at, total = fresh_input(part), fresh_input(part), fresh_input(Spec((), float64))
    new = make("tanh", make("add", state, at))
    summed = make("add", total, make("sum", new, axes=tuple(range(new.ndim))))
    body = Graph((state, total, at), (new, summed, new))
    start = make("broadcast", constant(0.0), shape=part.shape)
    fixed = {"carries": 2, "scanned": 1, "length": x.shape[0], "reverse": draw(st.booleans())}
    scan = make("scan", start, constant(0.0), x, body=body, **fixed)
    whole = make("tanh", make("item", scan, index=1))
    return make("add", make("item", scan, index=2), make("broadcast", whole, shape=x.shape))


STEPS = (
    *(_with_vector, _times_matrix, _moved, _reduced, _dropped, _counted, _gram, _running, _recurrent),
    *(_with_vector, _times_matrix, _moved),
)


@st.composite
def over_examples(draw) -> Graph:
    """A graph over data (B, 2, 4), a vector and a matrix."""
    data = fresh_input(Spec((draw(st.sampled_from([2, 3, 5, 6])), 2, 4), float64))
    vector, matrix = fresh_input(Spec((4,), float64)), fresh_input(Spec((4, 4), float64))
    nodes = [data]
    for _ in range(draw(st.integers(1, 7))):
        nodes.append(draw(st.sampled_from(STEPS))(draw, nodes[-1], vector, matrix))
    kept = draw(st.lists(st.sampled_from(nodes), max_size=2))
    return Graph((vector, matrix, data), (nodes[-1], *kept), frozenset((vector, matrix)))
