"""Clipping of gradients by their global norm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saegim.optim.base import Gradient
from saegim.tensor.core import Tensor, apply, cast, reshape_to
from saegim.tensor.elementwise import minimum
from saegim.tensor.rows import Rows


def global_norm_squared(gradients: Sequence[Gradient]) -> Tensor:
    """The sum of all squared elements; duplicate rows of one index must have been added up (`Rows.distinct`)."""
    total = Tensor(np.zeros((), np.float32))
    for gradient in gradients:
        total = total + squared_norm(gradient)
    return total


def squared_norm(gradient: Gradient) -> Tensor:
    """The sum of squared elements of one gradient."""
    values = gradient.values if isinstance(gradient, Rows) else gradient
    line = reshape_to(values, (1, values.size))
    return reshape_to(apply("dot", line, line.mT), ())  # one pass, and nothing in between


def clip_by_global_norm(gradients: Sequence[Gradient], limit: float, norm: Tensor) -> list[Gradient]:
    """All gradients scaled by min(1, limit / norm) ("On the difficulty of training RNNs", Pascanu et al., 2013)."""
    scale = minimum(limit / (norm + 1e-6), 1.0)
    clipped: list[Gradient] = []
    for each in gradients:
        factor = cast(scale, each.dtype)
        clipped.append(each.with_values(each.values * factor) if isinstance(each, Rows) else each * factor)
    return clipped
