"""Stochastic gradient descent."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from saegim.errors import SettingError
from saegim.optim.base import Optimizer, State, written
from saegim.tensor.core import Tensor, apply
from saegim.tensor.rows import Rows


@dataclass(frozen=True)
class SGD(Optimizer):
    """g += weight_decay p;  v = momentum v + g;  p -= lr v   (Nesterov: p -= lr (g + momentum v)).

    Without momentum: p -= lr g. The first v is g, as in PyTorch. Exact for rows without momentum and weight decay,
    lazy with them.
    """

    lr: float = 0.1
    _: KW_ONLY
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.momentum < 1:
            raise SettingError(f"a momentum of at least 0 and below 1 expected, {self.momentum} given")
        if self.nesterov and not self.momentum:
            raise SettingError("nesterov needs a momentum above 0, 0 given")

    @property
    def rows_are_exact(self) -> bool:
        return not self.momentum and not self.weight_decay

    def init(self, param: Tensor) -> State:
        return {"velocity": Tensor(np.zeros(param.shape, param.dtype))} if self.momentum else {}

    def apply(self, param: Tensor, grad: Tensor, state: State, lr: Tensor, step: Tensor) -> tuple[Tensor, State]:
        del step
        if self.weight_decay:
            grad = grad + self.weight_decay * param
        if not self.momentum:
            return param - lr * grad, {}
        velocity = self.momentum * state["velocity"] + grad
        direction = grad + self.momentum * velocity if self.nesterov else velocity
        return param - lr * direction, {"velocity": velocity}

    def apply_rows(
        self, param: Tensor, grad: Rows, state: State, lr: Tensor, step: Tensor, finite: Tensor | None = None
    ) -> tuple[Tensor, State]:
        if self.rows_are_exact:  # duplicates add up by themselves
            return apply("scatter_add", param, written(grad, finite), -lr * grad.values), {}
        return super().apply_rows(param, grad, state, lr, step, finite)
