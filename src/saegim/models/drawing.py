"""Drawing with a trained generator: from noise along the velocities that it tells, towards a category."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import tensor as sg
from saegim.errors import NonFiniteError
from saegim.models.generator import Generator
from saegim.tensor import Tensor, compile

Array = npt.NDArray[Any]

_AT_ONCE = 64  # images; always so many, some of them for nothing, so that an image does not depend on the others


class Velocities:
    """What a generator says the velocities of many images are; its program stays warm between calls."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self._program = compile(_told)

    def __call__(self, x: Array, time: Array, classes: Array) -> Array:
        """x (n, H, W, channels), time (n,), classes (n,) -> (n, H, W, channels). Puts the generator into prediction."""
        self.generator.eval()
        told = np.empty_like(x)
        for start in range(0, len(x), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            arguments = (_filled_up(each[part]) for each in (x, time, classes))
            told[part] = np.asarray(self._program(self.generator, *arguments))[: len(x) - start]
        return told


class Drawer:
    """Draws with a generator; its program stays warm between calls."""

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self._program = compile(_guided)

    def __call__(self, classes: Array, seeds: Array, guidance: float, steps: int) -> Array:
        """An image (H, W, channels) float32 for each class (n,) and seed (n, k): (n, H, W, channels).

        An image follows from its class and seed alone. guidance: 1 draws what was learned of the class, more
        exaggerates it; steps: along the way from noise to image. Raises NonFiniteError for a number that is NaN or
        infinite.
        """
        noise = np.stack([_noise(seed, self._shape) for seed in seeds]) if len(seeds) else np.zeros((0, *self._shape))
        self.generator.eval()
        parts = [
            self._drawn(noise[start : start + _AT_ONCE], classes[start : start + _AT_ONCE], guidance, steps)
            for start in range(0, len(classes), _AT_ONCE)
        ]
        drawn: Array = np.concatenate(parts) if parts else noise.astype(np.float32)
        if not np.isfinite(drawn).all():
            raise NonFiniteError("the network's images are not finite; train again with a lower learning rate")
        return drawn

    @property
    def _shape(self) -> tuple[int, int, int]:
        config = self.generator.config
        return config.height, config.width, config.channels

    def _drawn(self, x: Array, classes: Array, guidance: float, steps: int) -> Array:
        """From noise to images by Heun's method: the mean of the velocities at both ends of each step."""
        count = len(x)
        x, classes = _filled_up(x), _filled_up(classes)
        times = np.linspace(0, 1, steps + 1, dtype=np.float32)
        for time, following in pairwise(times):
            step = following - time
            velocity = self._velocity(x, time, classes, guidance)
            if following < 1:  # the last step is straight: at the end of the way there is nothing left to tell
                velocity = (velocity + self._velocity(x + step * velocity, following, classes, guidance)) / 2
            x = x + step * velocity
        return x[:count]

    def _velocity(self, x: Array, time: np.float32, classes: Array, guidance: float) -> Array:
        return np.asarray(self._program(self.generator, x, time, classes, np.float32(guidance)))


def _filled_up(array: Array) -> Array:
    """As many rows as are computed at once, zeros behind those that are there."""
    return np.pad(array, ((0, _AT_ONCE - len(array)), *((0, 0) for _ in array.shape[1:])))


def _told(generator: Generator, x: Tensor, time: Tensor, classes: Tensor) -> Tensor:
    velocities: Tensor = generator(x, time, classes)
    return velocities


def _noise(seed: Array, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(seed).standard_normal(shape, np.float32)


def _guided(generator: Generator, x: Tensor, time: Tensor, classes: Tensor, guidance: Tensor) -> Tensor:
    """The velocity for the classes, `guidance` times as far from that for none in particular."""
    count = x.shape[0]
    none = sg.full((count,), generator.config.classes, dtype=classes.dtype)
    times = sg.broadcast_to(time, (2 * count,))
    both = generator(sg.concat([x, x]), times, sg.concat([classes, none]))
    return both[count:] + guidance * (both[:count] - both[count:])
