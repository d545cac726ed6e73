"""Optimisers that give every parameter its own step size."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from saegim.errors import SettingError
from saegim.optim.base import Optimizer, State
from saegim.tensor import mean
from saegim.tensor.core import Tensor, apply, cast


def _sqrt(x: Tensor) -> Tensor:
    return apply("sqrt", x)


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """s += g^2;  p -= lr g / (sqrt(s) + eps)   (Duchi, Hazan and Singer, 2011).

    Exact for rows without weight decay: a row without a gradient does not move. `initial` is the first s. With
    `per_row` a row (first axis) has one s for all its elements, the sum of the mean of g^2 over them: a step size
    for each row, and the direction of plain gradient descent within it. That keeps the proportions between the
    classes of a row, which matters in tables of n-grams by classes.
    """

    lr: float = 0.01
    _: KW_ONLY
    eps: float = 1e-10
    weight_decay: float = 0.0
    initial: float = 0.0
    per_row: bool = False

    @property
    def rows_are_exact(self) -> bool:
        return not self.weight_decay

    def init(self, param: Tensor) -> State:
        shape = (*param.shape[:1], *(1 for _ in param.shape[1:])) if self.per_row else param.shape
        return {"sum": Tensor(np.full(shape, self.initial, param.dtype))}

    def apply(self, param: Tensor, grad: Tensor, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, State]:
        del step
        if self.weight_decay:
            grad = grad + self.weight_decay * param
        square = grad * grad
        if self.per_row and grad.ndim > 1:
            square = mean(square, axis=tuple(range(1, grad.ndim)), keepdims=True)
        total = state["sum"] + square
        return param - lr * grad / (_sqrt(total) + self.eps), {"sum": total}


@dataclass(frozen=True)
class Adam(Optimizer):
    """m = b1 m + (1-b1) g;  v = b2 v + (1-b2) g^2;  p -= lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps).

    (Kingma and Ba, 2015.) Weight decay is added to the gradient. Lazy for rows: m and v of a row without a
    gradient stay as they are.
    """

    lr: float = 1e-3
    _: KW_ONLY
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
        first, second = (cast(each, param.dtype) for each in (1 - b1**step, _sqrt(1 - b2**step)))
        spread = _sqrt(square) / second + self.eps
        return param - (lr / first) * (mean / spread), {"mean": mean, "square": square}


@dataclass(frozen=True)
class AdamW(Adam):
    """p -= lr weight_decay p, then Adam's step without weight decay in it (Loshchilov and Hutter, 2019)."""

    _: KW_ONLY
    weight_decay: float = 0.01

    def apply(self, param: Tensor, grad: Tensor, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, State]:
        plain = Adam(lr=self.lr, betas=self.betas, eps=self.eps)
        return plain.apply(param * (1 - lr * self.weight_decay), grad, state, lr, step)
