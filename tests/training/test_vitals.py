"""Vital signs of a step: the norms that NumPy finds, for dense parameters and for rows; dead units; their sums."""

from __future__ import annotations

import numpy as np
import pytest

import saegim as sg
from saegim import losses, nn, optim
from saegim.training import TrainStep
from saegim.training.vitals import flow_of, layers_of

RNG = np.random.default_rng(0)
X = RNG.standard_normal((16, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 16)


def arrays(model):
    return {name: np.array(each, np.float64) for name, each in model.named_tensors()}


def squares(parts):
    return sum(float((each**2).sum()) for each in parts)


@pytest.mark.parametrize("optimizer", [optim.SGD(0.1), optim.SGD(0.1, momentum=0.9), optim.AdamW(0.01)])
def test_dense_parameters(optimizer):
    model = nn.Sequential(nn.Linear(4, 8), nn.relu, nn.LayerNorm(8), nn.Linear(8, 3), seed=0)
    _loss, gradient = sg.value_and_grad(lambda model: losses.cross_entropy(model(X), Y))(model)
    before, slopes = arrays(model), arrays(gradient)
    step = TrainStep(model, optimizer, losses.cross_entropy, vitals=True)
    step(X, Y)
    after, layers = arrays(model), layers_of(before)
    assert list(layers) == ["0", "2", "3"] and step.vitals.shape == (3, 4)
    for names, signs in zip(layers.values(), step.vitals, strict=True):
        expected = [
            squares(slopes[name] for name in names),
            squares(after[name] - before[name] for name in names),
            squares(after[name] for name in names),
        ]
        np.testing.assert_allclose(signs[:3], expected, rtol=1e-4)


class Bag(nn.Module):
    def __init__(self):
        self.table = nn.Embedding(50, 4, seed=0)
        self.head = nn.Linear(4, 3, seed=0)

    def __call__(self, tokens):
        return self.head(sg.mean(self.table(tokens), axis=1))


@pytest.mark.parametrize("optimizer", [optim.SGD(0.5), optim.Adagrad(0.1), optim.Adam(0.01)])
def test_of_a_table_the_rows_in_use(optimizer):
    model, tokens = Bag(), np.array([[3, 3, 7], [7, 9, 3]])
    step = TrainStep(model, optimizer, losses.cross_entropy, vitals=True)
    for _ in range(2):
        before = arrays(model)["table.weight"]
        step(tokens, np.array([0, 2]))
        after = arrays(model)["table.weight"]
        change, used = after - before, after[[3, 7, 9]]
        np.testing.assert_allclose(step.vitals[0, 1:3], [squares([change]), squares([used])], rtol=1e-4)


def test_of_filters_an_eighth_stands_for_all():
    model = nn.Conv1d(4, 16, 3, seed=0)
    before = arrays(model)
    step = TrainStep(model, optim.SGD(0.1), lambda y, _target: sg.mean(y * y), vitals=True)
    step(RNG.standard_normal((2, 9, 4)).astype(np.float32), np.zeros(2, np.float32))
    after = arrays(model)
    moved = {name: after[name] - before[name] for name in before}
    expected = [squares([each["bias"]]) + 8 * squares([each["weight"][:2]]) for each in (moved, after)]
    np.testing.assert_allclose(step.vitals[0, 1:3], expected, rtol=1e-4)
    np.testing.assert_allclose(step.vitals[0, 0], squares(moved.values()) / 0.1**2, rtol=1e-4)


def test_watching_changes_nothing():
    moved = []
    for vitals in (False, True):
        model = nn.Sequential(nn.Linear(4, 8), nn.tanh, nn.Linear(8, 3), seed=0)
        step = TrainStep(model, optim.Adam(0.01), losses.cross_entropy, vitals=vitals)
        moved.append([float(step(X, Y)) for _ in range(5)])
    assert moved[0] == moved[1]


def test_units_that_nothing_makes_answer_are_dead():
    model = nn.Sequential(nn.Linear(4, 8), nn.relu, nn.Linear(8, 3, bias=False), seed=0)
    bias = np.zeros(8, np.float32)
    bias[:3] = -100
    next(each for each in model.modules() if isinstance(each, nn.Linear)).bias = nn.Parameter(bias)
    step = TrainStep(model, optim.SGD(0.1), losses.cross_entropy, vitals=True)
    step(X, Y)
    assert step.vitals[:, 3].tolist() == pytest.approx([3 / 8, 0])


def test_flow_is_the_mean_over_steps():
    flow = flow_of(["a", "b"], [[8.0, 0.5, 50.0, 1.0], [0.0, 0.0, 0.0, 0.0]], 2)
    assert flow == {
        "a": {"gradient": 2.0, "update": 0.1, "dead": 0.5},
        "b": {"gradient": 0.0, "update": 0.0, "dead": 0.0},
    }
