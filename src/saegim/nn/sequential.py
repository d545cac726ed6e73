"""Layers one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from saegim.nn.module import Module, Seed
from saegim.nn.observing import called
from saegim.tensor.core import Tensor


class Sequential(Module):
    """Feeds its input through layers (modules or functions) in order; tens to hundreds of them are fine.

    With a `seed` all parameters are drawn anew from it, so that the same seed gives the same network.
    """

    def __init__(self, *layers: Module | Callable[[Any], Any], seed: Seed = None) -> None:
        self.depth = len(layers)
        for number, each in enumerate(layers):
            setattr(self, str(number), each)
        if seed is not None:
            self.reset_all(seed)

    def __call__(self, x: Tensor) -> Tensor:
        for number in range(self.depth):
            each = getattr(self, str(number))
            x = each(x) if isinstance(each, Module) else called(str(number), each, x)
        return x

    def __len__(self) -> int:
        return self.depth

    def __getitem__(self, number: int) -> Any:
        return getattr(self, str(range(self.depth)[number]))
