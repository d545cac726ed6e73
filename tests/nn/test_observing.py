"""What an observer sees: modules and functions, their names, what they were given and gave."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import saegim as sg
from saegim import nn
from saegim.errors import ShapeError
from saegim.nn.observing import Call, observed

X = np.ones((5, 2), np.float32)


def calls_of(model: Any, *inputs: Any) -> list[Call]:
    seen: list[Call] = []
    with observed(seen.append):
        model(*inputs)
    return seen


def test_functions_among_layers_are_seen_once_under_their_place() -> None:
    gelu = partial(nn.gelu, approximate="tanh")
    model = nn.Sequential(nn.Linear(2, 3, seed=0), nn.relu, gelu, sg.tanh, nn.Sequential(nn.silu))
    seen = calls_of(model, X)
    assert [each.name for each in seen] == ["0", "1", "2", "3", "4.0", "4", ""]
    assert [each.layer for each in seen][1:4] == [nn.relu, gelu, sg.tanh]
    assert seen[1].inputs[0] is seen[0].output
    np.testing.assert_array_equal(np.asarray(seen[1].output), np.maximum(np.asarray(seen[0].output), 0))


class Reading(nn.Module):
    """Calls functions itself."""

    def __call__(self, x: Any) -> Any:
        return nn.mean_over_time(nn.sigmoid(x), mask=None)


def test_functions_within_a_layer_have_their_own_names_in_it() -> None:
    seen = calls_of(nn.Sequential(Reading()), np.zeros((1, 2, 3)))
    assert [each.name for each in seen] == ["0.sigmoid", "0.mean_over_time", "0", ""]
    assert seen[1].inputs[0] is seen[0].output


def test_keyword_arguments_are_inputs_too() -> None:
    layer = nn.MultiHeadAttention(4, 2, seed=0).eval()
    mask = np.ones((1, 3), bool)
    seen = calls_of(partial(layer, mask=mask), np.zeros((1, 3, 4), np.float32))
    assert any(np.array_equal(np.asarray(each), mask) for each in seen[-1].inputs if isinstance(each, sg.Tensor))


def test_nobody_is_told_outside() -> None:
    seen: list[Call] = []
    with observed(seen.append):
        pass
    nn.Sequential(nn.relu)(X)
    assert not seen


def test_an_error_in_a_function_names_its_place() -> None:
    def broken(x: Any) -> Any:
        return sg.reshape(x, (7, 7))

    with pytest.raises(ShapeError):
        nn.Sequential(broken)(X)
    graph = sg.value_and_grad(lambda x: sg.sum(nn.Sequential(nn.Sequential(sg.log))(x)))
    value, _gradient = graph(X)
    assert float(value) == 0
