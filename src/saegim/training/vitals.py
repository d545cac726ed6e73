"""Vital signs of a step: for each layer how large its gradient was, how far it moved, and how much of it is dead.

They are computed inside of the compiled step, where what they need is at hand: gradients are squared for their norm
already, and the update reads and writes every weight once. Of a table only the rows in use count; of filters an eighth.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import tensor as sg
from saegim.dtypes import float32
from saegim.nn.module import is_bias
from saegim.optim.base import Gradient
from saegim.optim.clipping import squared_norm
from saegim.tensor.core import Tensor, cast

SIGNS = 4
"""Signs of a layer: the squared norms of its gradient, of its change and of its weights after the step, and the share
of its units that are dead: whose bias has a gradient of exactly 0, because nothing in the batch makes them answer."""

Array = npt.NDArray[Any]
Moves = Mapping[str, tuple[Tensor, Tensor]]


def layers_of(parameters: Iterable[str]) -> dict[str, list[str]]:
    """The layers that own these parameters (dotted names), in the order in which they come."""
    layers: dict[str, list[str]] = {}
    for name in parameters:
        layers.setdefault(name.rpartition(".")[0], []).append(name)
    return layers


def vital_signs(gradients: Mapping[str, Gradient], moves: Moves) -> list[Tensor]:
    """SIGNS scalars for each of `layers_of(gradients)`.

    moves: each parameter before and after the step; of a table the rows in use.
    """
    return [sign for names in layers_of(gradients).values() for sign in _signs(names, gradients, moves)]


def _signs(names: Sequence[str], gradients: Mapping[str, Gradient], moves: Moves) -> tuple[Tensor, ...]:
    return (
        _sum(squared_norm(gradients[name]) for name in names),
        _sum(_squares(moves[name][1] - moves[name][0]) for name in names),
        _sum(_squares(moves[name][1]) for name in names),
        _dead([each for name in names if is_bias(name) and isinstance(each := gradients[name], Tensor)]),
    )


def _sum(scalars: Iterable[Tensor]) -> Tensor:
    first, *others = scalars
    return functools.reduce(Tensor.__add__, others, first)


def _squares(x: Tensor) -> Tensor:
    """The sum of squares. Of filters an eighth stands for all: their rows are too short to be summed in passing."""
    if x.ndim <= 2:
        return sg.sum(x * x)
    some = x[: max(1, x.shape[0] // 8)]
    return sg.sum(some * some) * (x.size / max(some.size, 1))


def _dead(biases: Sequence[Tensor]) -> Tensor:
    """The share of elements that are exactly 0 in the gradients of a layer's biases; 0 without biases."""
    if not biases:
        return Tensor(np.zeros((), np.float32))
    return _sum(sg.sum(cast(sg.equal(each, 0), float32)) for each in biases) / sum(each.size for each in biases)


def flow_of(layers: Iterable[str], sums: Sequence[Sequence[float]], steps: int) -> dict[str, dict[str, float]]:
    """For each layer over so many steps, whose signs add up to `sums` (L, 4): the root mean square of its gradient's
    norm; how far a step moves it, as a share of its weights' norm; the share of its units that are dead."""
    return {
        layer: {
            "gradient": math.sqrt(gradient / steps),
            "update": math.sqrt(change / weight) if weight > 0 else 0.0,
            "dead": dead / steps,
        }
        for layer, (gradient, change, weight, dead) in zip(layers, sums, strict=True)
    }
