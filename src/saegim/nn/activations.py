"""Activation functions. Each is a plain function of a tensor, so it stands in a Sequential beside the layers."""

from __future__ import annotations

import math
from typing import Literal

from saegim import tensor as sg
from saegim.errors import SettingError
from saegim.nn.observing import observable
from saegim.tensor import Tensor, log_softmax, softmax, tanh
from saegim.tensor.core import apply, asarray_like

__all__ = ["gelu", "log_softmax", "relu", "sigmoid", "silu", "softmax", "tanh"]


@observable
def relu(x: Tensor, /) -> Tensor:
    """max(x, 0); its derivative at 0 is 0. nan stays nan."""
    return sg.where(x <= 0, 0.0, x)


@observable
def sigmoid(x: Tensor, /) -> Tensor:
    """1 / (1 + exp(-x)), accurate also where it is nearly 0."""
    return apply("sigmoid", asarray_like(x))


@observable
def silu(x: Tensor, /) -> Tensor:
    """x sigmoid(x) ("swish"; Elfwing, Uchibe and Doya, 2017)."""
    return x * apply("sigmoid", asarray_like(x))


@observable
def gelu(x: Tensor, /, *, approximate: Literal["none", "tanh"] = "none") -> Tensor:
    """x P(Z <= x) for a standard normal Z (Hendrycks and Gimpel, 2016); "tanh" is their cheaper approximation.

    Raises SettingError for another name of an approximation.
    """
    if approximate == "none":
        return 0.5 * x * (1 + sg.erf(x * math.sqrt(0.5)))
    if approximate == "tanh":
        return 0.5 * x * (1 + sg.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))))
    raise SettingError(f"gelu: approximate 'none' or 'tanh' expected, {approximate!r} given")
