"""Optimisers that give every parameter its own step size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saegim.errors import SettingError
from saegim.optim.base import Optimizer, State
from saegim.tensor.core import Tensor, apply


def _sqrt(x: Tensor) -> Tensor:
    return apply("sqrt", x)


@dataclass(frozen=True, kw_only=True)
class Adagrad(Optimizer):
    """s += g^2;  p -= lr g / (sqrt(s) + eps)   (Duchi, Hazan and Singer, 2011).

    Exact for rows without weight decay: a row without a gradient does not move. `initial` is the first s.
    """

    lr: float = 0.01
    eps: float = 1e-10
    weight_decay: float = 0.0
    initial: float = 0.0

    @property
    def rows_are_exact(self) -> bool:
        return not self.weight_decay

    def init(self, param: Tensor) -> State:
        return {"sum": Tensor(np.full(param.shape, self.initial, param.dtype))}

    def apply(self, param: Tensor, grad: Tensor, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, State]:
        del step
        if self.weight_decay:
            grad = grad + self.weight_decay * param
        total = state["sum"] + grad * grad
        return param - lr * grad / (_sqrt(total) + self.eps), {"sum": total}


@dataclass(frozen=True, kw_only=True)
class Adam(Optimizer):
    """m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  p -= lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps).

    (Kingma and Ba, 2015.) Weight decay is added to the gradient. Lazy for rows: m and v of a row without a
    gradient stay as they are.
    """

    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(0 <= beta < 1 for beta in self.betas):
            raise SettingError(f"betas of at least 0 and below 1 expected, {self.betas} given")

    def init(self, param: Tensor) -> State:
        return {name: Tensor(np.zeros(param.shape, param.dtype)) for name in ("mean", "square")}

    def apply(self, param: Tensor, grad: Tensor, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, State]:
        if self.weight_decay:
            grad = grad + self.weight_decay * param
        b1, b2 = self.betas
        mean = b1 * state["mean"] + (1 - b1) * grad
        square = b2 * state["square"] + (1 - b2) * (grad * grad)
        # The bias corrections are scalars: two small powers a step, whatever the size of the parameter.
        spread = _sqrt(square) / _sqrt(1 - b2**step) + self.eps
        return param - (lr / (1 - b1**step)) * (mean / spread), {"mean": mean, "square": square}


@dataclass(frozen=True, kw_only=True)
class AdamW(Adam):
    """p -= lr weight_decay p, then Adam's step without weight decay in it (Loshchilov and Hutter, 2019)."""

    weight_decay: float = 0.01

    def apply(self, param: Tensor, grad: Tensor, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, State]:
        plain = Adam(lr=self.lr, betas=self.betas, eps=self.eps)
        return plain.apply(param * (1 - lr * self.weight_decay), grad, state, lr, step)
