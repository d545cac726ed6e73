"""What the contract table promises of every layer and loss, checked without PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nn.contracts import LAYERS, LOSSES, Layer, Loss
from saegim import nn
from saegim.dtypes import float64
from saegim.tensor import Tensor, compile, grad, tree
from saegim.tensor import sum as total


def first(output: Any) -> Any:
    return output[0] if isinstance(output, tuple) else output


def run(layer: nn.Module, inputs: dict[str, Any]) -> np.ndarray:
    return np.asarray(first(layer(**inputs)))


def in_float32(inputs: dict[str, Any]) -> dict[str, Any]:
    return {k: v.astype(np.float32) if getattr(v, "dtype", None) == np.float64 else v for k, v in inputs.items()}


every_layer = pytest.mark.parametrize("row", LAYERS, ids=lambda row: row.name)


@every_layer
def test_output_has_the_promised_shape_and_the_inputs_dtype(row: Layer) -> None:
    layer, inputs = row.ours(), in_float32(row.inputs(np.random.default_rng(0)))
    output = first(layer(**inputs))
    assert (output.shape, output.dtype) == (row.shape, np.float32)


@every_layer
def test_recorded_as_a_program_it_gives_what_it_gives_at_once(row: Layer) -> None:
    layer, inputs = row.ours().eval(), in_float32(row.inputs(np.random.default_rng(0)))
    recorded = compile(lambda layer, inputs: first(layer(**inputs)))(layer, inputs)
    np.testing.assert_allclose(np.asarray(recorded), run(layer, inputs), rtol=1e-6, atol=1e-6)


@every_layer
def test_prediction_draws_nothing_and_changes_nothing(row: Layer) -> None:
    layer, inputs = row.ours().eval(), in_float32(row.inputs(np.random.default_rng(0)))
    before = {name: np.array(each) for name, each in layer.named_tensors()}
    once, twice = run(layer, inputs), run(layer, inputs)
    np.testing.assert_array_equal(once, twice)
    for name, each in layer.named_tensors():
        np.testing.assert_array_equal(np.asarray(each), before[name])


@pytest.mark.parametrize("row", [row for row in LAYERS if row.one_by_one], ids=lambda row: row.name)
def test_a_batch_gives_what_its_examples_give_alone(row: Layer) -> None:
    layer, inputs = row.ours().astype(float64).eval(), row.inputs(np.random.default_rng(0))
    together = run(layer, inputs)
    for number in range(len(together)):
        alone = {k: v[number : number + 1] if isinstance(v, np.ndarray) else v for k, v in inputs.items()}
        np.testing.assert_allclose(run(layer, alone)[0], together[number], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "row", [row for row in LAYERS if "mask" in row.inputs(np.random.default_rng(0))], ids=lambda row: row.name
)
def test_what_stands_at_padding_changes_nothing(row: Layer) -> None:
    layer, inputs = row.ours().astype(float64), row.inputs(np.random.default_rng(0))
    mask = inputs["mask"]
    noisy = {
        name: np.where(mask[..., None], each, 1e6)
        if getattr(each, "shape", ())[:2] == mask.shape and each.ndim == 3
        else each
        for name, each in inputs.items()
    }
    assert any((noisy[name] != inputs[name]).any() for name in inputs), "the test must change something"
    for mode in (False, True):
        plain, changed = run(layer.train(mode), inputs), run(layer.train(mode), noisy)
        if row.padding == "real":
            plain, changed = plain[mask], changed[mask]
        np.testing.assert_array_equal(plain, changed)


@pytest.mark.parametrize("row", [row for row in LAYERS if row.all_learned], ids=lambda row: row.name)
def test_gradient_agrees_with_finite_differences(row: Layer) -> None:
    rng = np.random.default_rng(1)
    inputs = row.inputs(rng)
    weight = rng.standard_normal(row.shape)
    leaves, structure = tree.flatten((row.ours().astype(float64), inputs))
    floating = [getattr(leaf, "dtype", None) == np.float64 and not getattr(leaf, "is_buffer", False) for leaf in leaves]

    @compile
    def value(learned: list[Any], others: list[Any]) -> Tensor:
        """The layer's outputs, weighted and summed."""
        given = {True: iter(learned), False: iter(others)}
        layer, inputs = tree.unflatten(structure, [next(given[each]) for each in floating])
        return total(first(layer(**inputs)) * weight)

    learned, others = (
        [leaf for leaf, each in zip(leaves, floating, strict=True) if each is kind] for kind in (True, False)
    )
    at = [np.asarray(each) for each in learned]
    direction = [rng.standard_normal(each.shape) for each in at]
    ahead, behind = ([a + s * d for a, d in zip(at, direction, strict=True)] for s in (1e-6, -1e-6))
    expected = (float(value(ahead, others)) - float(value(behind, others))) / 2e-6
    found = grad(value)(at, others)
    slope = sum(float(np.vdot(np.asarray(g), d)) for g, d in zip(found, direction, strict=True))
    assert slope == pytest.approx(expected, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("row", LOSSES, ids=lambda row: row.name)
def test_gradient_of_a_loss_agrees_with_finite_differences(row: Loss) -> None:
    rng = np.random.default_rng(1)
    target = row.target(rng)
    at, direction = 3 * rng.standard_normal(row.predictions), rng.standard_normal(row.predictions)
    ahead, behind = (float(row.ours(at + s * direction, target)) for s in (1e-6, -1e-6))
    slope = float(np.vdot(np.asarray(grad(row.ours)(at, target)), direction))
    assert slope == pytest.approx((ahead - behind) / 2e-6, rel=1e-6, abs=1e-7)
