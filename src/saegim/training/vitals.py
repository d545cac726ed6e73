"""Vital signs of a step: for each layer how large its gradient was, how far it moved, and how much of it is dead.

They are computed inside of the compiled step, where what they need is at hand: gradients are squared for their norm
already, and the update reads and writes every weight once. Of a table only the rows in use count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from saegim import tensor as sg
from saegim.dtypes import float32
from saegim.nn.module import is_bias
from saegim.optim.base import Gradient
from saegim.optim.clipping import squared_norm
from saegim.tensor.core import Tensor, cast
from saegim.tensor.rows import Rows

SIGNS = 4
"""Signs of a layer: the squared norms of its gradient, its change and its weights, and the share of its units that
are dead: whose bias has a gradient of exactly 0, because nothing that the batch holds makes them answer."""

Moves = Mapping[str, tuple[Tensor, Tensor]]


def layers_of(parameters: Iterable[str]) -> dict[str, list[str]]:
    """The layers that own these parameters (dotted names), in the order in which they come."""
    layers: dict[str, list[str]] = {}
    for name in parameters:
        layers.setdefault(name.rpartition(".")[0], []).append(name)
    return layers


def vital_signs(gradients: Mapping[str, Gradient], moves: Moves) -> Tensor:
    """(L, 4) float32, a row of signs for each of `layers_of(gradients)`.

    moves: each parameter before and after the step; of a table the rows in use.
    """
    return sg.stack([_signs(names, gradients, moves) for names in layers_of(gradients).values()])


def _signs(names: list[str], gradients: Mapping[str, Gradient], moves: Moves) -> Tensor:
    gradient = sum(squared_norm(gradients[name]) for name in names)
    change = sum(_squares(moves[name][1] - moves[name][0]) for name in names)
    weight = sum(_squares(moves[name][0]) for name in names)
    return sg.stack([cast(sg.asarray(each), float32) for each in (gradient, change, weight, _dead(names, gradients))])


def _squares(x: Tensor) -> Tensor:
    return sg.sum(x * x)


def _dead(names: list[str], gradients: Mapping[str, Gradient]) -> Tensor:
    """The share of the layer's biases without a gradient; 0 for a layer without biases."""
    biases = [each for name in names if is_bias(name) and not isinstance(each := gradients[name], Rows)]
    if not biases:
        return Tensor(np.zeros((), np.float32))
    silent = sg.concat([sg.reshape(cast(each == 0, float32), (-1,)) for each in biases])
    return sg.mean(silent)


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
