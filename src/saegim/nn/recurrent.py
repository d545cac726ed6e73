"""Recurrent layers: they read a text token by token and carry a state along.

Data is (B, T, D); inside, time comes first, since a scan runs along the first axis. The products of the inputs with
their weights are one matrix product for all tokens, before the scan. A padding token leaves the state as it is, so
that the last state is that of the last real token, and a reading backwards begins at the true end.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from saegim import tensor as sg
from saegim.errors import SettingError, ShapeError
from saegim.nn import init
from saegim.nn.activations import sigmoid
from saegim.nn.dropout import Dropout
from saegim.nn.masks import check_mask, mask_from_lengths
from saegim.nn.module import Module, Parameter, Seed
from saegim.tensor import Tensor

State = tuple[Tensor, ...]  # what one direction of one layer carries: (B, H) each


class _Recurrent(Module, ABC):
    """Per layer l and direction: `weight_ih_l` (G*H, D), `weight_hh_l` (G*H, H), `bias_ih_l`, `bias_hh_l` (G*H,).

    All start uniform in +-1/sqrt(H). Names of the backward direction end in `_reverse`.
    """

    gates: ClassVar[int]  # G
    carried: ClassVar[int]  # how many arrays a state consists of

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        seed: Seed = None,
    ) -> None:
        if num_layers < 1 or hidden_size < 1:
            raise SettingError(
                f"{type(self).__name__}: at least 1 layer of at least 1 unit expected, "
                f"{num_layers} of {hidden_size} given"
            )
        rng = np.random.default_rng(seed)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.use_bias, self.bidirectional = bias, bidirectional
        self.between = Dropout(dropout, seed=rng)  # between layers, not after the last
        self.reset(rng)

    @property
    def _directions(self) -> tuple[str, ...]:
        return ("", "_reverse") if self.bidirectional else ("",)

    def reset(self, rng: np.random.Generator) -> None:
        rows, bound = self.gates * self.hidden_size, 1 / math.sqrt(self.hidden_size)
        for layer in range(self.num_layers):
            width = self.hidden_size * len(self._directions) if layer else self.input_size
            for direction in self._directions:
                shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, self.hidden_size)}
                if self.use_bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                for name, shape in shapes.items():
                    setattr(self, f"{name}_l{layer}{direction}", Parameter(init.uniform(rng, shape, bound)))

    def _run(self, x: Tensor, start: State | None, mask: Tensor | None, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Outputs (B, T, H*directions) and last states (layers*directions, B, H)."""
        name = type(self).__name__
        if x.ndim != 3 or x.shape[-1] != self.input_size:
            raise ShapeError(f"{name}: inputs (B, T, {self.input_size}) expected, {x.shape} given")
        if mask is not None and lengths is not None:
            raise SettingError(f"{name}: a mask or lengths expected, both given")
        if lengths is not None:
            mask = mask_from_lengths(lengths, x.shape[1])
        if mask is not None:
            check_mask(name, mask, x.shape[:2])
            mask = sg.expand_dims(sg.permute_dims(mask, (1, 0)), axis=-1)
        starts = self._starts(x, start)
        outputs = sg.permute_dims(x, (1, 0, 2))
        lasts: list[State] = []
        for layer in range(self.num_layers):
            inputs = self.between(outputs) if layer else outputs
            both = []
            for direction in self._directions:
                y, last = self._read(inputs, f"l{layer}{direction}", starts[len(lasts)], mask)
                both.append(y)
                lasts.append(last)
            outputs = both[0] if len(both) == 1 else sg.concat(both, axis=-1)
        stacked = tuple(sg.stack([last[number] for last in lasts]) for number in range(self.carried))
        return sg.permute_dims(outputs, (1, 0, 2)), stacked

    def _starts(self, x: Tensor, start: State | None) -> list[State]:
        """The first state of each layer and direction: as given, or zeros."""
        count = self.num_layers * len(self._directions)
        shape = (x.shape[0], self.hidden_size)
        if start is None:
            zeros = sg.zeros(shape, dtype=sg.result_type(x, self._weight("weight_hh", "l0")))
            return [(zeros,) * self.carried] * count
        for each in start:
            if each.shape != (count, *shape):
                raise ShapeError(
                    f"{type(self).__name__}: a first state of shape {(count, *shape)} expected, {each.shape} given"
                )
        return [tuple(each[number] for each in start) for number in range(count)]

    def _read(self, x: Tensor, place: str, start: State, mask: Tensor | None) -> tuple[Tensor, State]:
        """One direction of one layer over x (T, B, D): outputs (T, B, H), zero at padding, and the last state."""
        projected = sg.matmul(x, self._weight("weight_ih", place).mT)
        if self.use_bias:
            projected = projected + self._weight("bias_ih", place)
        recurrent = self._weight("weight_hh", place).mT
        bias = self._weight("bias_hh", place) if self.use_bias else None

        def body(state: State, inputs: tuple[Tensor, Tensor | None]) -> tuple[State, Tensor]:
            projection, real = inputs
            onward = sg.matmul(state[0], recurrent)
            new = self._cell(state, projection, onward if bias is None else onward + bias)
            if real is None:
                return new, new[0]
            kept = tuple(sg.where(real, after, before) for after, before in zip(new, state, strict=True))
            return kept, sg.where(real, new[0], 0.0)

        last, outputs = sg.scan(body, start, (projected, mask), reverse=place.endswith("_reverse"))
        return outputs, last

    def _weight(self, name: str, place: str) -> Tensor:
        weight: Tensor = getattr(self, f"{name}_{place}")
        return weight

    @abstractmethod
    def _cell(self, state: State, projection: Tensor, onward: Tensor) -> State:
        """The next state. projection and onward (B, G*H): what the input and the state say to each gate."""

    def _gate(self, values: Tensor, number: int) -> Tensor:
        size = self.hidden_size
        return values[:, number * size : (number + 1) * size]


class LSTM(_Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), gates i, f, g, o:

    c = f c + i g,  h = o tanh(c)  with  i, f, o = sigmoid(W x + b + U h + b'), g = tanh(likewise).

    x (B, T, D) -> outputs (B, T, H*directions) and the last states (h, c), (layers*directions, B, H) each. With
    `mask` (B, T) bool or `lengths` (B,) int, padding leaves the state as it is and its outputs are 0.
    """

    gates = 4
    carried = 2

    def __call__(
        self,
        x: Tensor,
        state: tuple[Tensor, Tensor] | None = None,
        *,
        mask: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        outputs, (h, c) = self._run(x, state, mask, lengths)
        return outputs, (h, c)

    def _cell(self, state: State, projection: Tensor, onward: Tensor) -> State:
        _h, c = state
        total = projection + onward
        i, f, o = (sigmoid(self._gate(total, number)) for number in (0, 1, 3))
        c = f * c + i * sg.tanh(self._gate(total, 2))
        return o * sg.tanh(c), c


class GRU(_Recurrent):
    """Gated recurrent unit (Cho et al., 2014), gates r, z, n, with the reset after the product as PyTorch has it:

    h = (1 - z) n + z h  with  r, z = sigmoid(W x + b + U h + b'), n = tanh(W x + b + r (U h + b')).

    x (B, T, D) -> outputs (B, T, H*directions) and the last state (layers*directions, B, H). With `mask` (B, T) bool
    or `lengths` (B,) int, padding leaves the state as it is and its outputs are 0.
    """

    gates = 3
    carried = 1

    def __call__(
        self, x: Tensor, state: Tensor | None = None, *, mask: Tensor | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        outputs, (h,) = self._run(x, None if state is None else (state,), mask, lengths)
        return outputs, h

    def _cell(self, state: State, projection: Tensor, onward: Tensor) -> State:
        (h,) = state
        r, z = (sigmoid(self._gate(projection, number) + self._gate(onward, number)) for number in (0, 1))
        n = sg.tanh(self._gate(projection, 2) + r * self._gate(onward, 2))
        return ((1 - z) * n + z * h,)
