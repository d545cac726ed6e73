"""The contract table against PyTorch: same weights, same data, 20 steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nn.contracts import LAYERS, LOSSES, METHODS, Layer, Loss, Method
from saegim import losses, nn, optim
from saegim.tensor import compile, grad, tree
from saegim.training import train_step

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests; install the extra 'oracle'")

STEPS = 20
# Relative to the largest element of each array: roundings of float32 add up over the steps, those of float64 too.
CLOSE = {"float32": 5e-6, "float64": 1e-9}
DTYPES = list(CLOSE)


def assert_close(ours: Any, theirs: Any, what: str) -> None:
    ours, theirs = np.asarray(ours), theirs.detach().numpy() if hasattr(theirs, "detach") else np.asarray(theirs)
    assert ours.shape == theirs.shape, f"{what}: {ours.shape} is not {theirs.shape}"
    if not ours.size:
        return
    scale = max(float(np.abs(theirs).max()), 1e-2)
    error = float(np.abs(ours - theirs).max()) / scale
    assert error <= CLOSE[ours.dtype.name] if ours.dtype.kind == "f" else error == 0, f"{what}: off by {error:.2g}"


class Called(nn.Module):
    """A layer that is given its arguments by name, so that a training step can pass them."""

    def __init__(self, layer: nn.Module) -> None:
        self.layer = layer

    def __call__(self, arguments: dict[str, Any]) -> Any:
        return first(self.layer(**arguments))


def first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output


def in_dtype(arrays: Any, dtype: str) -> Any:
    return tree.map_leaves(lambda a: a.astype(dtype) if getattr(a, "dtype", None) == np.float64 else a, arrays)


def to_torch(arrays: Any) -> Any:
    return tree.map_leaves(lambda a: torch.asarray(a) if isinstance(a, np.ndarray) else a, arrays)


def same_start(ours: nn.Module, theirs: Any, dtype: str) -> None:
    """Copies our weights to PyTorch's module: names and shapes must be the same."""
    ours.astype(np.dtype(dtype))
    theirs.to(getattr(torch, dtype))
    theirs.load_state_dict({name: torch.asarray(array) for name, array in ours.state_dict().items()})


def gradients(model: nn.Module, loss: Callable[..., Any], *args: Any) -> dict[str, np.ndarray]:
    """The gradient of every parameter, by name; rows as whole tables."""
    found = grad(loss)(model, *args)
    return {name: np.asarray(_at(found, name)) for name, _each in model.named_parameters()}


def _at(tree: Any, name: str) -> Any:
    for part in name.split("."):
        tree = getattr(tree, part)
    return tree


def assert_same_state(ours: nn.Module, theirs: Any, what: str) -> None:
    for name, value in theirs.state_dict().items():
        assert_close(ours.state_dict()[name], value, f"{what}: {name}")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("row", LAYERS, ids=lambda row: row.name)
def test_layer(row: Layer, dtype: str) -> None:
    ours, theirs = Called(row.ours()), row.theirs(torch)
    same_start(ours.layer, theirs, dtype)
    rng = np.random.default_rng(0)
    learns = bool(list(ours.named_parameters()))
    step = train_step(ours, optim.SGD(0.1), losses.mean_squared_error) if learns else None
    mover = torch.optim.SGD(theirs.parameters(), 0.1) if learns else None
    for number in range(STEPS):
        inputs = in_dtype(row.inputs(rng), dtype)
        target = rng.standard_normal(row.shape).astype(dtype)
        fed = to_torch(inputs)
        for each in fed.values():
            if hasattr(each, "requires_grad_") and each.is_floating_point():
                each.requires_grad_()
        output = row.feed(torch, theirs, **fed)
        loss = torch.nn.functional.mse_loss(output, torch.asarray(target))
        theirs.zero_grad()
        loss.backward()
        if number in (0, STEPS - 1):
            _compare(ours, theirs, inputs, fed, target, output)
        if step is not None:
            assert_close(step(inputs, target), loss, f"step {number}: loss")
            mover.step()
    assert_same_state(ours.layer, theirs, "at the end")


def _compare(ours: Called, theirs: Any, inputs: Any, fed: Any, target: Any, output: Any) -> None:
    """Output, gradients of the inputs and of the parameters. Leaves our layer's buffers as they are."""

    def loss(model: Called, arguments: Any) -> Any:
        return losses.mean_squared_error(model(arguments), target)

    assert_close(compile(lambda model, arguments: model(arguments))(ours, inputs), output, "output")
    if list(ours.named_parameters()):
        for name, found in gradients(ours, loss, inputs).items():
            expected = dict(theirs.named_parameters())[name.removeprefix("layer.")].grad
            assert_close(found, expected, f"gradient of {name}")
    moved = {name: each.grad for name, each in fed.items() if getattr(each, "grad", None) is not None}
    if moved:
        found = grad(loss, 1)(ours, inputs)
        for name, expected in moved.items():
            assert_close(found[name], expected, f"gradient of the input {name}")


class Predictions(nn.Module):
    """Predictions that are themselves learned."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = nn.Parameter(values)

    def __call__(self) -> Any:
        return self.values


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)
def test_loss(row: Loss, dtype: str) -> None:
    rng = np.random.default_rng(0)
    start = (2 * rng.standard_normal(row.predictions)).astype(dtype)
    ours, theirs = Predictions(start), torch.nn.Parameter(torch.asarray(start.copy()))
    step = train_step(ours, optim.SGD(0.5), row.ours)
    mover = torch.optim.SGD([theirs], 0.5)
    for number in range(STEPS):
        target = in_dtype(row.target(rng), dtype)
        mover.zero_grad()
        loss = row.theirs(torch, theirs, to_torch(target))
        loss.backward()
        found = gradients(ours, lambda model, target: row.ours(model(), target), target)
        assert_close(found["values"], theirs.grad, f"step {number}: gradient")
        assert_close(step(target), loss, f"step {number}: loss")
        mover.step()
    assert_close(ours.values, theirs, "at the end")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("row", METHODS, ids=lambda row: row.name)
def test_optimizer(row: Method, dtype: str) -> None:
    ours = nn.Sequential(nn.Linear(5, 8), nn.tanh, nn.Linear(8, 3), seed=1)
    theirs = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    same_start(ours, theirs, dtype)
    step = train_step(ours, row.ours, losses.mean_squared_error, clip_norm=row.clip)
    mover = row.theirs(torch, theirs.parameters())
    schedule = torch.optim.lr_scheduler.LambdaLR(mover, row.factor) if row.factor else None
    rng = np.random.default_rng(0)
    for number in range(STEPS):
        x, y = (rng.standard_normal(shape).astype(dtype) for shape in ((6, 5), (6, 3)))
        mover.zero_grad()
        loss = torch.nn.functional.mse_loss(theirs(torch.asarray(x)), torch.asarray(y))
        loss.backward()
        if row.clip:
            torch.nn.utils.clip_grad_norm_(theirs.parameters(), row.clip)
        assert_close(step(x, y), loss, f"step {number}: loss")
        mover.step()
        if schedule:
            schedule.step()
        assert_same_state(ours, theirs, f"step {number}")


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (optim.SGD(0.5), lambda p: torch.optim.SGD(p, 0.5)),
        (optim.Adagrad(0.1), lambda p: torch.optim.Adagrad(p, 0.1)),
        # The lazy variant, there too; its eps is taken before the correction, so it must be of no weight.
        (optim.Adam(0.01, eps=1e-14), lambda p: torch.optim.SparseAdam(p, 0.01, eps=1e-14)),
    ],
    ids=["SGD", "Adagrad", "lazy Adam"],
)
@pytest.mark.parametrize("tokens", [3, 40], ids=["fewer rows than the table", "more rows than the table"])
def test_rows(ours: optim.Optimizer, theirs: Callable[[Any], Any], tokens: int) -> None:
    table, other = nn.Embedding(9, 4, seed=0), torch.nn.Embedding(9, 4, sparse=True)
    same_start(table, other, "float64")
    step, mover = train_step(table, ours, losses.mean_squared_error), theirs(list(other.parameters()))
    rng = np.random.default_rng(0)
    for number in range(STEPS):
        # The last rows are used rarely, one never.
        indices = rng.integers(0, 8 if number % 5 == 0 else 5, tokens)
        target = rng.standard_normal((tokens, 4))
        mover.zero_grad()
        loss = torch.nn.functional.mse_loss(other(torch.asarray(indices)), torch.asarray(target))
        loss.backward()
        assert_close(step(indices, target), loss, f"step {number}: loss")
        mover.step()
        assert_same_state(table, other, f"step {number}")
