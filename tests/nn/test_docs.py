"""The page on adding a layer is true: its examples run, and its row passes the contract."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import saegim as sg
from nn import test_contracts
from saegim import losses, nn
from saegim.errors import ShapeError

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-layer.md"


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """Everything that the page's examples define."""
    found: dict[str, Any] = {"__name__": __name__}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, str(PAGE), "exec", dont_inherit=True), found)
    return found


def test_the_layer_learns(names: dict[str, Any]) -> None:
    assert float(names["loss"]) > 0
    with pytest.raises(ShapeError, match=r"PReLU: inputs \(\.\.\., 3\) expected, \(2, 4\) given"):
        names["PReLU"](3)(np.ones((2, 4)))


@pytest.mark.parametrize(
    "check",
    [
        test_contracts.test_output_has_the_promised_shape_and_the_inputs_dtype,
        test_contracts.test_recorded_as_a_program_it_gives_what_it_gives_at_once,
        test_contracts.test_prediction_draws_nothing_and_changes_nothing,
        test_contracts.test_a_batch_gives_what_its_examples_give_alone,
        test_contracts.test_gradient_agrees_with_finite_differences,
    ],
)
def test_its_row_passes_the_contract(names: dict[str, Any], check: Callable[[Any], None]) -> None:
    check(names["ROW"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_its_row_agrees_with_torch(names: dict[str, Any], dtype: str) -> None:
    pytest.importorskip("torch", reason="PyTorch is the oracle of this test; install the extra 'oracle'")
    from nn import test_against_torch

    test_against_torch.test_layer(names["ROW"], dtype)


def test_the_optimiser_moves_against_the_sign(names: dict[str, Any]) -> None:
    model = nn.Linear(2, 3, seed=0)
    before = np.array(model.weight)
    gradient = sg.grad(lambda model: losses.cross_entropy(model(np.ones((2, 2), np.float32)), np.array([0, 1])))(model)
    sg.train_step(model, names["SignSGD"](0.5), losses.cross_entropy)(np.ones((2, 2), np.float32), np.array([0, 1]))
    np.testing.assert_allclose(np.asarray(model.weight), before - 0.5 * np.sign(gradient.weight), rtol=1e-6)
