"""Clipping of gradients by their global norm."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saegim.optim.base import Gradient
from saegim.tensor.core import Tensor, apply, reshape_to
from saegim.tensor.rows import Rows


def global_norm_squared(gradients: Sequence[Gradient]) -> Tensor:
    """The sum of all squared elements; duplicate rows of one index must have been added up (`Rows.distinct`)."""
    total = Tensor(np.zeros((), np.float32))
    for gradient in gradients:
        values = gradient.values if isinstance(gradient, Rows) else gradient
        line = reshape_to(values, (1, values.size))
        total = total + reshape_to(apply("dot", line, line.mT), ())  # one pass, and nothing in between
    return total


def clip_by_global_norm(gradients: Sequence[Gradient], limit: float, norm: Tensor) -> list[Gradient]:
    """All gradients scaled by min(1, limit / norm) ("On the difficulty of training RNNs", Pascanu et al., 2013)."""
    scale = apply("minimum", Tensor(np.ones((), np.float32)), limit / (norm + 1e-6))
    return [each.with_values(each.values * scale) if isinstance(each, Rows) else each * scale for each in gradients]
