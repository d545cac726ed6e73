"""Values that are mostly zeros are known as such, and the programs that make use of it mean the same."""

from __future__ import annotations

import numpy as np
import pytest

import saegim as sg
from compiler.native import Array
from compiler.recorded import Recorded, training
from saegim import losses, nn, optim
from saegim.compiler.native import NativeProgram
from saegim.compiler.simplify import simplify
from saegim.compiler.sparse import mostly_zero
from saegim.dtypes import float32
from saegim.errors import NonFiniteError
from saegim.ir import Node, Spec, constant, fresh_input, make
from saegim.reference import Schedule

B, T, V, C = 6, 20, 30, 3
X = fresh_input(Spec((B, T, 8), float32))
G = fresh_input(Spec((B, T, 8), float32))
ZERO = make("broadcast", constant(0, float32), shape=X.shape)


def chosen(x: Node, axes: tuple[int, ...], kept: tuple[int, ...]) -> Node:
    extreme = make("reshape", make("max", x, axes=axes), shape=kept)
    return make("equal", x, make("broadcast", extreme, shape=x.shape))


def knows(node: Node) -> bool:
    seen: dict[Node, None] = {}

    def visit(each: Node) -> None:
        for before in each.inputs:
            visit(before)
        seen[each] = None

    visit(node)
    return node in mostly_zero(seen)


def test_what_is_known() -> None:
    mask = chosen(X, (1,), (B, 1, 8))
    gradient = make("select", mask, G, ZERO)
    assert knows(gradient)
    assert knows(make("select", make("less", X, G), ZERO, gradient))
    assert knows(make("multiply", G, gradient))
    assert knows(make("add", make("multiply", G, gradient), gradient))
    assert knows(make("reshape", gradient, shape=(B * T, 8)))
    assert knows(make("permute", gradient, axes=(0, 2, 1)))
    assert knows(make("multiply", make("cast", mask, dtype=float32), G))


def test_what_is_not() -> None:
    mask = chosen(X, (1,), (B, 1, 8))
    assert not knows(make("select", mask, ZERO, G))
    assert not knows(make("select", mask, G, X))
    assert not knows(make("add", make("select", mask, G, ZERO), G))
    few = fresh_input(Spec((B, 4), float32))
    assert not knows(chosen(few, (1,), (B, 1)))  # one in four is not few
    of_another = make("reshape", make("max", G, axes=(1,)), shape=(B, 1, 8))
    assert not knows(make("equal", X, make("broadcast", of_another, shape=X.shape)))


class Cnn(nn.Module):
    """Filters of several widths, the largest of each over time."""

    def __init__(self, activation=nn.relu, **settings) -> None:
        self.table = nn.Embedding(V, 8, seed=0)
        self.filters = [nn.Conv1d(8, 10, size, seed=size, **settings) for size in (3, 4)]
        self.head = nn.Linear(20, C, seed=1)
        self.activation = activation

    def __call__(self, ids):
        x = self.table(ids)
        return self.head(sg.concat([nn.max_over_time(self.activation(each(x))) for each in self.filters], axis=-1))


def batch() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.integers(0, V, (B, T)), rng.integers(0, C, B)


def sparse_products(recorded: Recorded) -> int:
    """How many products have an operand that is mostly zeros, on the left."""
    nodes = simplify(recorded.graph).nodes()
    found = mostly_zero(nodes)
    assert not any(node.op == "dot" and node.inputs[1] in found for node in nodes)
    return sum(node.op == "dot" and node.inputs[0] in found for node in nodes)


@pytest.mark.parametrize("settings", [{}, {"stride": 2}, {"padding": "same"}, {"dilation": 2}], ids=str)
def test_gradients_of_convolutions(settings) -> None:
    recorded = training(Cnn(**settings), *batch())
    assert sparse_products(recorded) == 4  # of the filters and of what they are slid over
    program = NativeProgram(recorded.graph)
    calls = program.stages["lower"].count("sparseproduct")
    assert calls == 4
    wanted = Schedule(recorded.graph)(*(each.copy() for each in recorded.arrays))
    for value, want in zip(program(*recorded.arrays), wanted, strict=True):
        np.testing.assert_allclose(value, want, rtol=3e-5, atol=3e-6)


def test_what_is_dense_after_all() -> None:
    """All places are equal, so that each is the largest."""
    ids, labels = batch()
    recorded = training(Cnn(nn.gelu), np.ones_like(ids), labels)
    assert sparse_products(recorded) == 4
    wanted = Schedule(recorded.graph)(*(each.copy() for each in recorded.arrays))
    for value, want in zip(NativeProgram(recorded.graph)(*recorded.arrays), wanted, strict=True):
        np.testing.assert_allclose(value, want, rtol=3e-5, atol=3e-6)


def losses_of(steps: int) -> list[float]:
    step = sg.train_step(Cnn(), optim.Adam(3e-3), losses.cross_entropy)
    return [float(step(*batch())) for _ in range(steps)]


def test_training_goes_as_it_means_to(monkeypatch: pytest.MonkeyPatch) -> None:
    got = losses_of(20)
    monkeypatch.setenv("SAEGIM_COMPILE", "0")
    np.testing.assert_allclose(got, losses_of(20), rtol=1e-4)
    assert got[-1] < got[0] / 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_noticed(bad: float) -> None:
    model = Cnn()
    state = model.state_dict()
    model.load_state_dict(state | {"filters.0.weight": np.full(state["filters.0.weight"].shape, bad, np.float32)})
    step = sg.train_step(model, optim.SGD(0.1), losses.cross_entropy)
    with pytest.raises(NonFiniteError):
        step(*batch())
