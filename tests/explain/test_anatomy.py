"""The anatomy of a step: values, gradients, factors and updates against finite differences, PyTorch and the step."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest

import saegim as sg
from saegim import losses, nn, optim
from saegim.errors import NonFiniteError, SettingError, ShapeError, TraceError
from saegim.explain import anatomy_of_step
from saegim.training import train_step

RNG = np.random.default_rng(0)
X, LABELS = RNG.standard_normal((2, 3)), np.array([1, 0])
LAYERS = ("Linear", "relu", "Linear", "tanh", "Linear")


def mlp():
    return nn.Sequential(nn.Linear(3, 4), nn.relu, nn.Linear(4, 4), sg.tanh, nn.Linear(4, 2), seed=1).astype(sg.float64)


def anatomy(model=None, optimizer=None, inputs=X, target=LABELS, loss=losses.cross_entropy):
    return anatomy_of_step(model or mlp(), optimizer or optim.SGD(0.1), loss, inputs, target)


def values(numbers):
    return np.array(numbers.values).reshape(numbers.shape)


def slope(function, x, eps=1e-6):
    """The gradient of a function of an array by central differences."""
    found = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = eps
        found[place] = (function(x + step) - function(x - step)) / (2 * eps)
    return found


def tail(model, number):
    """The loss as a function of what layer `number` gives."""

    def loss(h):
        for later in range(number + 1, len(model)):
            h = model[later](sg.asarray(h))
        return float(losses.cross_entropy(h, LABELS))

    return loss


def test_layers_stand_in_order_with_what_they_gave():
    model, found = mlp(), anatomy()
    assert [(each.name, each.kind) for each in found.layers] == [
        *((str(n), k) for n, k in enumerate(LAYERS)),
        ("", "Sequential"),
    ]
    h = sg.asarray(X)
    for number, layer in enumerate(found.layers[:-1]):
        h = model[number](h)
        np.testing.assert_allclose(values(layer.output), np.asarray(h), rtol=1e-12)
        assert layer.output.mean == pytest.approx(np.asarray(h).mean())
        assert layer.output.spread == pytest.approx(np.asarray(h).std())
        assert layer.output.dead == (np.asarray(h) == 0).all(0).mean()
    np.testing.assert_allclose(found.prediction, np.asarray(h), rtol=1e-12)
    assert found.loss == pytest.approx(float(losses.cross_entropy(h, LABELS)), rel=1e-12)


def test_gradients_of_all_outputs_are_those_of_finite_differences():
    model, found = mlp(), anatomy()
    for number, layer in enumerate(found.layers[:-1]):
        expected = slope(tail(model, number), values(layer.output))
        np.testing.assert_allclose(values(layer.gradient), expected, rtol=1e-6, atol=1e-9)
    (given,) = found.inputs
    np.testing.assert_allclose(values(given.gradient), slope(tail(model, -1), X), rtol=1e-6, atol=1e-9)


def test_what_is_passed_on_is_the_transposed_jacobian_times_the_gradient():
    model, found = mlp(), anatomy()
    x = X
    for number, layer in enumerate(found.layers[:-1]):
        g = values(layer.gradient)
        expected = slope(lambda v, n=number, g=g: float(sg.sum(model[n](sg.asarray(v)) * g)), x)
        (passed,) = layer.passed
        np.testing.assert_allclose(values(passed), expected, rtol=1e-6, atol=1e-9)
        assert layer.gain == pytest.approx(np.linalg.norm(expected) / np.linalg.norm(g), rel=1e-6)
        x = values(layer.output)


def test_gains_multiply_along_a_chain():
    found = anatomy()
    product = math.prod(layer.gain for layer in found.layers[:-1])
    assert product == pytest.approx(found.layers[-1].gain, rel=1e-12)
    assert product == pytest.approx(found.inputs[0].gradient.norm / found.layers[-1].gradient.norm, rel=1e-12)


@pytest.mark.parametrize(
    "optimizer", [optim.SGD(0.1), optim.SGD(0.1, momentum=0.9), optim.Adam(0.01), optim.AdamW(0.01), optim.Adagrad(0.1)]
)
def test_the_update_is_that_of_a_training_step(optimizer):
    model = mlp()
    before = model.state_dict()
    found = anatomy(model, optimizer)
    step = train_step(model, optimizer, losses.cross_entropy)
    assert found.loss == pytest.approx(float(step(X, LABELS)), rel=1e-12)
    assert found.gradient == pytest.approx(step.gradient_norm, rel=1e-10)
    after = model.state_dict()
    for each in found.parameters:
        assert (each.optimizer, each.rate) == (type(optimizer).__name__, optimizer.lr)
        assert each.before == pytest.approx(np.linalg.norm(before[each.name]))
        assert each.after == pytest.approx(np.linalg.norm(after[each.name]))
        assert each.change == pytest.approx(np.linalg.norm(after[each.name] - before[each.name]), rel=1e-8)
        for moved in each.numbers:
            assert moved.before == before[each.name][moved.place]
            assert moved.after == pytest.approx(after[each.name][moved.place], rel=1e-8)
    assert found.loss_after == pytest.approx(float(losses.cross_entropy(model(X), LABELS)), rel=1e-9)
    np.testing.assert_allclose(found.prediction_after, np.asarray(model(X)), rtol=1e-8)


def test_it_agrees_with_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    model, found = mlp(), anatomy(optimizer=optim.Adam(0.01))
    linear = torch.nn.Linear
    other = torch.nn.Sequential(linear(3, 4), torch.nn.ReLU(), linear(4, 4), torch.nn.Tanh(), linear(4, 2)).double()
    other.load_state_dict({name: torch.tensor(each) for name, each in model.state_dict().items()})
    x = torch.tensor(X, requires_grad=True)
    outputs, h = [], x
    for layer in other:
        h = layer(h)
        h.retain_grad()
        outputs.append(h)
    optimizer = torch.optim.Adam(other.parameters(), 0.01)
    loss = torch.nn.functional.cross_entropy(h, torch.tensor(LABELS))
    loss.backward()
    assert found.loss == pytest.approx(loss.item(), rel=1e-12)
    for layer, h in zip(found.layers, outputs, strict=False):
        np.testing.assert_allclose(values(layer.output), h.detach().numpy(), rtol=1e-10)
        np.testing.assert_allclose(values(layer.gradient), h.grad.numpy(), rtol=1e-10, atol=1e-15)
    np.testing.assert_allclose(values(found.inputs[0].gradient), x.grad.numpy(), rtol=1e-10)
    gradients = {name: each.grad.numpy() for name, each in other.named_parameters()}
    optimizer.step()
    for each in found.parameters:
        assert each.gradient == pytest.approx(np.linalg.norm(gradients[each.name]), rel=1e-10)
        after = other.state_dict()[each.name].numpy()
        for moved in each.numbers:
            assert moved.gradient == pytest.approx(gradients[each.name][moved.place], rel=1e-9)
            assert moved.after == pytest.approx(after[moved.place], rel=1e-6)


def test_the_model_stays_as_it_is():
    model = nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 2), seed=0)
    before = {name: np.array(each) for name, each in model.named_tensors()}
    found = anatomy(model, inputs=X.astype(np.float32))
    assert model.training
    for name, each in model.named_tensors():
        np.testing.assert_array_equal(np.asarray(each), before[name], err_msg=name)
    assert anatomy(model, inputs=X.astype(np.float32)) == found


def test_dropout_drops_what_the_step_would_drop_and_nothing_in_prediction():
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 2), seed=0)
    x = X.astype(np.float32)
    found, again = anatomy(model, inputs=x), copy.deepcopy(model)
    assert found.loss == pytest.approx(float(train_step(again, optim.SGD(0.1), losses.cross_entropy)(x, LABELS)))
    assert found.layers[1].own
    off = anatomy(model.eval(), inputs=x)
    assert not off.layers[1].own
    assert off.layers[1].gain == 1
    assert off.loss == pytest.approx(float(losses.cross_entropy(model(x), LABELS)))


class Residual(nn.Module):
    """h + inner(h), with h used twice, and one layer called twice."""

    def __init__(self):
        self.first, self.inner = nn.Linear(3, 3, seed=0), nn.Linear(3, 3, seed=1)
        self.last = nn.Linear(3, 2, seed=2)

    def __call__(self, x):
        h = self.first(x)
        return self.last(h + self.inner(self.inner(h)))


def test_gradients_add_up_where_paths_meet():
    found = {each.name: each for each in anatomy(Residual().astype(sg.float64)).layers}
    assert list(found) == ["first", "inner", "inner#2", "last", ""]
    meeting = values(found["first"].gradient)
    np.testing.assert_allclose(
        meeting, values(found["inner#2"].gradient) + values(found["inner"].passed[0]), rtol=1e-12
    )
    np.testing.assert_allclose(values(found["inner"].gradient), values(found["inner#2"].passed[0]), rtol=1e-12)
    assert [(each.composite, each.own) for each in found.values()] == [(False, True)] * 4 + [(True, False)]


class Images(nn.Module):
    def __init__(self):
        self.conv, self.pool, self.head = nn.Conv2d(1, 4, 3, seed=0), nn.MaxPool2d(2), nn.Linear(36, 2, seed=1)

    def __call__(self, x):
        h = self.pool(nn.relu(self.conv(x)))
        return self.head(sg.reshape(h, (h.shape[0], 36)))


def test_a_network_of_images():
    x = RNG.standard_normal((2, 8, 8, 1)).astype(np.float32)
    found = anatomy(Images(), optim.AdamW(1e-3), inputs=x)
    assert [each.name for each in found.layers] == ["conv", "relu", "pool", "head", ""]
    conv, relu, pool = found.layers[:3]
    assert conv.output.shape == (2, 6, 6, 4)
    assert conv.output.values is None
    assert relu.gain < 1
    assert 0.5 < pool.gain <= 1  # the largest value of each window gets all of it; four that are 0, a quarter each
    assert found.inputs[0].gradient.norm == pytest.approx(conv.passed[0].norm)
    assert len(found.parameters[0].numbers) == 3
    largest = [abs(each.gradient) for each in found.parameters[0].numbers]
    assert largest == sorted(largest, reverse=True)


class Looking(nn.Module):
    """Rows of a table, some of them twice, summed."""

    def __init__(self):
        self.table, self.head = nn.Embedding(50, 3, seed=0), nn.Linear(3, 2, seed=0)

    def __call__(self, tokens):
        return self.head(nn.mean_over_time(self.table(tokens)))


def test_tables_count_the_rows_that_were_read():
    tokens = np.array([[4, 4, 7], [9, 4, 0]])
    found = anatomy(Looking(), inputs=tokens)
    table = found.parameters[0]
    assert (table.name, table.shape, table.rows) == ("table.weight", (50, 3), 4)
    assert {each.place[0] for each in table.numbers} <= {0, 4, 7, 9}
    assert found.layers[0].passed == ()
    assert found.layers[0].gain is None
    assert found.layers[0].gradient is not None
    assert found.inputs == ()
    model = Looking()
    train_step(model, optim.SGD(0.1), losses.cross_entropy)(tokens, LABELS)
    assert table.after == pytest.approx(float(np.linalg.norm(np.asarray(model.table.weight))), rel=1e-6)


class Blocked(nn.Module):
    """One layer behind a step function, one that nobody asks."""

    def __init__(self):
        self.cut, self.idle, self.head = nn.Linear(3, 3, seed=0), nn.Linear(3, 3, seed=0), nn.Linear(3, 2, seed=0)

    def __call__(self, x):
        return self.head(sg.floor(self.cut(x)))


def test_what_cannot_be_learned_is_listed_with_the_reason():
    found = anatomy(Blocked(), inputs=X.astype(np.float32))
    fixed = {each.name: each.fixed for each in found.parameters}
    assert "cut off by 'floor' (piecewise constant" in fixed["cut.weight"]
    assert fixed["idle.weight"] == "the loss does not use it"
    assert fixed["head.weight"] is None
    assert [each.change for each in found.parameters if each.fixed] == [0, 0, 0, 0]
    assert found.layers[0].gradient is None
    assert found.inputs[0].gradient is None


class Looping(nn.Module):
    """A layer inside of a loop."""

    def __init__(self):
        self.cell, self.head = nn.Linear(3, 3, seed=0), nn.Linear(3, 2, seed=0)

    def __call__(self, x):
        def body(state, each):
            new = sg.tanh(self.cell(each) + state)
            return new, new

        last, _all = sg.scan(body, sg.zeros((3,), dtype=x.dtype), x)
        return sg.expand_dims(self.head(last), axis=0)


def test_layers_inside_of_a_loop_are_left_out_but_learned():
    found = anatomy(Looping(), inputs=X.astype(np.float32), target=np.array([1]))
    assert [each.name for each in found.layers] == ["head", ""]
    assert all(each.gradient for each in found.parameters)


def test_other_losses_and_outputs():
    found = anatomy(
        nn.LSTM(3, 4, seed=0), inputs=np.ones((1, 5, 3), np.float32), target=None, loss=lambda y, _t: sg.sum(y[0])
    )
    lstm = found.layers[-1]
    assert (lstm.name, lstm.kind, lstm.output.shape) == ("", "LSTM", (1, 5, 4))
    assert lstm.gradient.mean == 1
    assert len(found.prediction) == 2


def test_it_is_plain_data():
    found = anatomy()
    again = json.loads(json.dumps(found.to_dict()))
    assert again["loss"] == found.loss
    assert again["layers"][0]["gain"] == found.layers[0].gain
    assert again["parameters"][0]["numbers"][0]["place"] == [0, 0]


@pytest.mark.parametrize("target", [1, np.float64(2)])
def test_constants_of_any_kind_may_be_targets(target):
    found = anatomy(target=target, loss=lambda y, t: sg.sum(y * float(t)) if isinstance(t, int) else sg.sum(y * t))
    assert found.layers[-1].gradient.mean == pytest.approx(float(target))


def test_errors_say_what_was_given():
    with pytest.raises(SettingError, match="a module expected, function given"):
        anatomy_of_step(lambda x: x, optim.SGD(), losses.cross_entropy, X, LABELS)
    with pytest.raises(TraceError, match="the model's inputs and the target expected, 1 arguments given"):
        anatomy_of_step(mlp(), optim.SGD(), losses.cross_entropy, X)
    with pytest.raises(ShapeError, match="the loss must give one floating-point scalar"):
        anatomy(loss=lambda y, _target: y)
    with pytest.raises(NonFiniteError, match=r"the step is not finite: .*'log' in layer 1"):
        anatomy(nn.Sequential(nn.Linear(3, 2, seed=0), sg.log), inputs=np.zeros((2, 3), np.float32) - 100)
