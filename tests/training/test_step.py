"""The training step: what it learns, what it refuses, what it leaves as it is."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import saegim as sg
from saegim import losses, nn, optim, schedules
from saegim.errors import NonFiniteError, SettingError, TraceError, UnlearnableError
from saegim.training import TrainStep, train_step

RNG = np.random.default_rng(0)
X = RNG.standard_normal((16, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 16)


def classifier(seed: int = 0) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.relu, nn.Linear(8, 3), seed=seed)


def tensors(model: nn.Module) -> dict[str, np.ndarray]:
    return {name: np.array(each) for name, each in model.named_tensors()}


def states(step: TrainStep) -> dict[str, np.ndarray]:
    return {f"{n}/{slot}": np.array(each) for n, slots in step.state.items() for slot, each in slots.items()}


def assert_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


# --- learning -------------------------------------------------------------------------------------------------------


def test_it_learns_what_no_linear_model_can() -> None:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    labels = np.array([0, 1, 1, 0])
    model = nn.Sequential(nn.Linear(2, 8), nn.tanh, nn.Linear(8, 2), seed=0)
    step = train_step(model, optim.Adam(0.05), losses.cross_entropy)
    for _ in range(200):
        step(x, labels)
    assert np.argmax(np.asarray(model(x)), 1).tolist() == labels.tolist()


def test_loss_and_norm_are_those_of_the_model_before_the_step() -> None:
    model = nn.Linear(4, 3, seed=0)
    loss, gradient = sg.value_and_grad(lambda model: losses.cross_entropy(model(X), Y))(model)
    norm = np.sqrt(sum(float((np.asarray(each) ** 2).sum()) for each in (gradient.weight, gradient.bias)))
    step = train_step(model, optim.SGD(0.1), losses.cross_entropy)
    assert float(step(X, Y)) == pytest.approx(float(loss), rel=1e-6)
    assert step.gradient_norm == pytest.approx(norm, rel=1e-6)


def test_clipping_limits_how_far_plain_descent_goes() -> None:
    model = classifier()
    before = tensors(model)
    step = train_step(model, optim.SGD(1.0), losses.cross_entropy, clip_norm=1e-3)
    step(X, Y)
    moved = sum(float(((tensors(model)[name] - before[name]) ** 2).sum()) for name in before)
    assert step.gradient_norm > 1e-3
    assert np.sqrt(moved) == pytest.approx(1e-3, rel=1e-2)


def test_the_same_seed_gives_the_same_bits() -> None:
    results = []
    for _ in range(2):
        model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3), seed=3)
        step = train_step(model, optim.AdamW(0.01), losses.cross_entropy)
        results.append(({"losses": np.array([float(step(X, Y)) for _ in range(5)])}, tensors(model)))
    for first, second in zip(*results, strict=True):
        assert_same(first, second)


def test_a_double_precision_model_stays_one() -> None:
    model = classifier().astype(sg.float64)
    step = train_step(model, optim.Adam(0.01), losses.cross_entropy)
    assert step(X.astype(np.float64), Y).dtype == sg.float64
    assert {each.dtype for each in (*tensors(model).values(), *states(step).values())} == {sg.float64}
    step(X.astype(np.float64), Y)
    assert step.programs == 1


def test_optimisers_by_name_have_rates_of_their_own() -> None:
    model = classifier()
    before = tensors(model)
    parts = {"0.*": optim.SGD(0.0), "*.bias": optim.SGD(0.0), "*": optim.Adam(0.01)}
    train_step(model, optim.ByName(parts), losses.cross_entropy)(X, Y)
    moved = [name for name, each in tensors(model).items() if (each != before[name]).any()]
    assert moved == ["2.weight"]


# --- programs -------------------------------------------------------------------------------------------------------


def test_schedules_and_factors_recompile_nothing() -> None:
    step = train_step(classifier(), optim.SGD(0.1, schedule=schedules.Cosine(20, warmup=5)), losses.cross_entropy)
    for number in range(20):
        step.factor = 1 / (number + 1)
        step(X, Y)
    assert (step.programs, step.steps) == (1, 20)


def test_every_shape_has_a_program_of_its_own() -> None:
    step = train_step(classifier(), optim.SGD(0.1), losses.cross_entropy)
    for size in (16, 8, 16, 8):
        step(X[:size], Y[:size])
    assert step.programs == 2


def test_the_rate_follows_the_schedule() -> None:
    model = nn.Linear(1, 1, bias=False, seed=0)
    halving = optim.SGD(1.0, schedule=lambda step: 0.5**step)
    step = train_step(model, halving, lambda output, _target: output.__array_namespace__().sum(output))
    places = [float(np.asarray(model.weight)[0, 0])]
    for _ in range(4):
        step(np.ones((1, 1), np.float32), Y)
        places.append(float(np.asarray(model.weight)[0, 0]))
    np.testing.assert_allclose(-np.diff(places), [1, 0.5, 0.25, 0.125], rtol=1e-6)


# --- inputs ---------------------------------------------------------------------------------------------------------


class Bilinear(nn.Module):
    def __init__(self) -> None:
        self.left, self.right = nn.Linear(4, 3, seed=0), nn.Linear(2, 3, seed=1)

    def __call__(self, x: Any, z: Any) -> Any:
        return self.left(x) * self.right(z)


def test_several_inputs() -> None:
    z = RNG.standard_normal((16, 2)).astype(np.float32)
    step = train_step(Bilinear(), optim.Adam(0.05), losses.cross_entropy)
    found = [float(step(X, z, Y)) for _ in range(50)]
    assert found[-1] < 0.7 * found[0]


@dataclass(frozen=True)
class Batch:
    parts: dict[str, Any]
    mask: Any


class OfBatches(nn.Module):
    def __init__(self) -> None:
        self.layers = [nn.Linear(4, 8, seed=0), nn.tanh, {"out": nn.Linear(8, 3, seed=1)}]

    def __call__(self, batch: Batch) -> Any:
        first, activation, last = self.layers
        return last["out"](activation(first(batch.parts["x"]))) * batch.mask[:, None]


def test_inputs_targets_and_models_are_trees() -> None:
    def loss(output: Any, target: tuple[Any, Any]) -> Any:
        return losses.cross_entropy(output, target[0], weights=target[1])

    model = OfBatches()
    step = train_step(model, optim.Adam(0.05), loss)
    batch = Batch({"x": X}, np.ones(16, np.float32))
    found = [float(step(batch, (Y, np.ones(16, np.float32)))) for _ in range(50)]
    assert found[-1] < 0.7 * found[0]
    assert list(tensors(model)) == ["layers.0.weight", "layers.0.bias", "layers.2.out.weight", "layers.2.out.bias"]


# --- state that is not learned --------------------------------------------------------------------------------------


def test_dropout_differs_between_steps_and_repeats_from_a_saved_state() -> None:
    model = nn.Sequential(nn.Linear(4, 32), nn.Dropout(0.5), nn.Linear(32, 3), seed=0)
    step = train_step(model, optim.SGD(0.0), losses.cross_entropy)  # the weights stay, so only the bits differ
    saved = tensors(model)
    found = [float(step(X, Y)) for _ in range(4)]
    assert len(set(found)) == 4
    assert (saved["1.key"] != tensors(model)["1.key"]).any()
    for name, each in model.named_tensors():
        each._value = saved[name]
    assert [float(step(X, Y)) for _ in range(4)] == found


def test_running_statistics_move_with_each_step() -> None:
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3), seed=0)
    step = train_step(model, optim.SGD(0.1), losses.cross_entropy)
    for _ in range(2):
        step(X, Y)
    mean, share = X.mean(0), 1 - 0.9**2
    np.testing.assert_allclose(tensors(model)["0.running_mean"], share * mean, rtol=1e-5, atol=1e-7)
    assert tensors(model)["0.num_batches_tracked"] == 2
    assert set(step.state) == {"0.weight", "0.bias", "1.weight", "1.bias"}


def test_a_layer_taken_from_around_a_traced_function_cannot_change() -> None:
    model = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 3), seed=0)
    with pytest.raises(TraceError, match=r"BatchNorm1d.num_batches_tracked would change|BatchNorm1d.running_mean"):
        sg.grad(lambda x: sg.sum(model(x)))(X)
    assert not any(each.is_traced for _name, each in model.named_tensors())


# --- large ----------------------------------------------------------------------------------------------------------


def test_two_hundred_layers() -> None:
    layers = [part for _ in range(199) for part in (nn.Linear(8, 8), nn.tanh)]
    model = nn.Sequential(nn.Linear(4, 8), *layers, nn.Linear(8, 3), seed=0)
    before = tensors(model)
    step = train_step(model, optim.SGD(0.1), losses.cross_entropy)
    step(X, Y)
    step(X, Y)
    assert step.programs == 1
    assert (tensors(model)["399.weight"] != before["399.weight"]).any()


class Bag(nn.Module):
    def __init__(self, rows: int) -> None:
        self.table = nn.Embedding(rows, 4, seed=0)
        self.head = nn.Linear(4, 3, seed=0)

    def __call__(self, indices: Any) -> Any:
        return self.head(nn.mean_over_time(self.table(indices)))


@pytest.mark.parametrize(
    "optimizer", [optim.SGD(0.1), optim.Adagrad(0.1), optim.Adam(0.01)], ids=lambda o: type(o).__name__
)
def test_ten_million_rows_are_updated_where_they_lie(optimizer: optim.Optimizer) -> None:
    rows = 10_000_000
    model = Bag(rows)
    step = train_step(model, optimizer, losses.cross_entropy)
    indices = RNG.integers(0, rows, (16, 8))
    tables = [model.table.weight, *step.state["table.weight"].values()]
    arrays = [each._value for each in tables]
    before = model.table.weight._value[indices[0]].copy()
    untouched = model.table.weight._value[:1000].copy()
    step(indices, Y)
    tracemalloc.start()
    step(indices, Y)
    _size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6, "a step needs memory for the rows in use, not for the table"
    now = [model.table.weight, *step.state["table.weight"].values()]
    assert all(each._value is array for each, array in zip(now, arrays, strict=True))
    assert (model.table.weight._value[indices[0]] != before).all()
    kept = ~np.isin(np.arange(1000), indices)
    np.testing.assert_array_equal(model.table.weight._value[:1000][kept], untouched[kept])


# --- what cannot be learned -----------------------------------------------------------------------------------------


class Odd(nn.Module):
    """Four parameters, of which only one can be learned."""

    def __init__(self) -> None:
        self.floored = nn.Linear(4, 3, bias=False, seed=0)
        self.chosen = nn.Parameter(np.eye(4, 3, dtype=np.float32))
        self.idle = nn.Parameter(np.ones(3, np.float32))
        self.counts = nn.Parameter(np.ones(3, np.int64))
        self.good = nn.Parameter(np.ones(3, np.float32))

    def __call__(self, x: Any) -> Any:
        steps = sg.floor(self.floored(x))
        best = sg.argmax(x @ self.chosen, axis=1)
        return steps + self.good * sg.astype(best, sg.float32)[:, None] + sg.astype(self.counts, sg.float32)


def test_parameters_that_cannot_be_learned_are_named_with_what_cut_the_path_and_where() -> None:
    with pytest.raises(UnlearnableError) as caught:
        train_step(Odd(), optim.SGD(0.1), losses.cross_entropy)(X, Y)
    text = str(caught.value)
    assert text.startswith(
        "4 of 5 parameters cannot be learned: floored.weight is cut off by 'floor' (piecewise constant"
    )
    assert "chosen is cut off by 'argmax' (its result is a position" in text
    assert "idle is not used by the loss" in text
    assert "counts is int64, not floating-point" in text
    assert text.count(f"{__file__}:") == 2
    assert "allow_unlearnable=True" in text


def test_allowed_to_the_others_are_trained_and_they_stay() -> None:
    model = Odd()
    before = tensors(model)
    step = train_step(model, optim.Adam(0.1), losses.cross_entropy, allow_unlearnable=True)
    step(X, Y)
    assert [name for name, each in tensors(model).items() if (each != before[name]).any()] == ["good"]


def test_a_model_without_anything_to_learn_is_refused_even_so() -> None:
    class Nothing(nn.Module):
        def __call__(self, x: Any) -> Any:
            return x

    with pytest.raises(UnlearnableError, match="the model has no parameters"):
        train_step(Nothing(), optim.SGD(0.1), losses.cross_entropy, allow_unlearnable=True)(X, Y)


def test_one_tensor_under_two_names_is_refused() -> None:
    model = nn.Sequential(nn.Linear(4, 4, seed=0), nn.Linear(4, 4, seed=0))
    model[1].weight = model[0].weight
    with pytest.raises(SettingError, match=r"0\.weight and 1\.weight are one tensor"):
        train_step(model, optim.SGD(0.1), losses.cross_entropy)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SettingError, match="clip_norm above 0"):
        train_step(classifier(), optim.SGD(0.1), losses.cross_entropy, clip_norm=0)


# --- not a number ---------------------------------------------------------------------------------------------------


class Rooted(nn.Module):
    """Takes a square root of what may be negative or 0."""

    def __init__(self) -> None:
        self.table = nn.Embedding(6, 4, seed=0)
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.1, seed=0)
        self.root = Root()
        self.head = nn.Linear(4, 3, seed=0)

    def __call__(self, x: Any, indices: Any) -> Any:
        return self.head(self.root(x) + self.drop(self.norm(self.table(indices))))


class Root(nn.Module):
    def __init__(self) -> None:
        self.shift = nn.Parameter(np.zeros(4, np.float32))

    def __call__(self, x: Any) -> Any:
        return sg.sqrt(x + self.shift)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (-1.0, r"step 2: the loss is nan; 'sqrt' in layer root \(.*test_step.py:\d+\) is the first to give NaN"),
        (
            0.0,
            r"step 2: the loss is \d\S*, but its gradients are not finite; 'divide' in layer root \(.*test_step.py",
        ),
        (np.nan, r"step 2: the loss is nan; one of the inputs holds NaN already"),
    ],
)
@pytest.mark.parametrize(
    "optimizer",
    [optim.SGD(0.1), optim.SGD(0.1, momentum=0.9), optim.Adagrad(0.1), optim.AdamW(0.1)],
    ids=["SGD", "momentum", "Adagrad", "AdamW"],
)
def test_a_step_that_is_not_finite_names_the_place_and_changes_nothing(
    optimizer: optim.Optimizer, value: float, sentence: str
) -> None:
    model = Rooted()
    step = train_step(model, optimizer, losses.cross_entropy, clip_norm=1.0)
    x, indices = np.abs(X) + 1, RNG.integers(0, 6, 16)
    step(x, indices, Y)
    before, state = tensors(model), states(step)
    bad = x.copy()
    bad[3, 2] = value - tensors(model)["root.shift"][2]
    with pytest.raises(NonFiniteError, match=sentence):
        step(bad, indices, Y)
    assert_same(tensors(model), before)
    assert_same(states(step), state)
    assert step.steps == 1
    step(x, indices, Y)  # and it can go on
    assert step.steps == 2


def test_a_parameter_that_is_not_finite_is_named() -> None:
    model = classifier()
    model[0].weight._value[0, 0] = np.inf
    with pytest.raises(NonFiniteError, match=r"0\.weight holds values that are not finite already"):
        train_step(model, optim.SGD(0.1), losses.cross_entropy)(X, Y)


def test_a_loss_that_overflows_although_its_gradients_do_not_changes_nothing() -> None:
    model = nn.Linear(4, 3, seed=0)
    before = tensors(model)
    step = train_step(model, optim.SGD(0.1), lambda output, _target: sg.sum(output) + sg.exp(sg.asarray(1000.0)))
    with pytest.raises(NonFiniteError, match="the loss is inf"):
        step(X, Y)
    assert_same(tensors(model), before)
