"""Initialisations: how a layer's arrays start. Each is a function of (rng, shape) that gives float32.

`fan_in` is how many inputs one output sums, `fan_out` how many outputs one input feeds. PyTorch's defaults are
used where a layer has PyTorch's name, so that a network starts from the same distribution in both.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int, ...]


def uniform(rng: np.random.Generator, shape: Shape, bound: float) -> Array:
    """Uniform between -bound and bound."""
    values = rng.random(shape, dtype=np.float32)
    values *= 2 * bound
    values -= bound
    return values


def normal(rng: np.random.Generator, shape: Shape, std: float = 1.0) -> Array:
    """Normal with mean 0."""
    values = rng.standard_normal(shape, dtype=np.float32)
    values *= std
    return values


def fan_in_uniform(rng: np.random.Generator, shape: Shape, fan_in: int) -> Array:
    """Uniform with bound 1/sqrt(fan_in): PyTorch's default for linear and convolution layers, weights and biases.

    For weights it is He initialisation ("Delving Deep into Rectifiers", 2015) with gain sqrt(1/3).
    """
    return uniform(rng, shape, 1 / math.sqrt(max(fan_in, 1)))


def xavier_uniform(rng: np.random.Generator, shape: Shape) -> Array:
    """Uniform with bound sqrt(6/(fan_in + fan_out)) (Glorot and Bengio, 2010); shape (fan_out, fan_in)."""
    return uniform(rng, shape, math.sqrt(6 / (shape[0] + shape[1])))


def he_normal(rng: np.random.Generator, shape: Shape, fan_in: int) -> Array:
    """Normal with variance 2/fan_in (He et al., 2015): keeps the spread of activations through relu layers."""
    return normal(rng, shape, math.sqrt(2 / max(fan_in, 1)))


def zeros(shape: Shape) -> Array:
    return np.zeros(shape, np.float32)


def ones(shape: Shape) -> Array:
    return np.ones(shape, np.float32)
