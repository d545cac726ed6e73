"""Augmentation: while training every image is moved, turned and scaled a little, each time differently."""

from __future__ import annotations

import math

import numpy as np

from saegim import tensor as sg
from saegim.nn.module import Buffer, Module, Seed
from saegim.tensor import Tensor


class RandomAffine(Module):
    """While training, x (B, H, W, C) is seen through a random affine map, one for each image; else x as it is.

    shift: up to that share of the height and width; turn: up to that many degrees; scale: by a factor of up to
    1 + scale, up or down, for each axis; flip: whether half of the images are mirrored left to right. What lies
    outside of an image is what its edge is. As with dropout the random bits follow from the buffer `key`, so that a run
    that goes on from a saved key sees the same images.

    An affine map is two passes, one along the rows and one along the columns (Catmull and Smith, "3-D transformations
    of images in scanline order", 1980). Each reads every pixel between two neighbours, linearly, which is a product
    with a small matrix: nothing is looked up by index, and all of it is compiled into the step.
    """

    def __init__(
        self, shift: float = 0.0, turn: float = 0.0, scale: float = 0.0, flip: bool = False, *, seed: Seed = None
    ) -> None:
        self.shift, self.turn, self.scale, self.flip = shift, turn, scale, flip
        self.reset(np.random.default_rng(seed))

    def reset(self, rng: np.random.Generator) -> None:
        self.key = Buffer(rng.integers(2**64, dtype=np.uint64), persistent=False)

    def __call__(self, x: Tensor) -> Tensor:
        if not self.training or not (self.shift or self.turn or self.scale or self.flip):
            return x
        own, following = sg.unstack(sg.random.split(self.key))
        self.set_buffer("key", following)
        height, width = x.shape[1:3]
        a, b, c, d, across, down = self._maps(own, x.shape[0], height, width)
        rows, columns = _centred(height)[None, None, :], _centred(width)[None, None, :]
        # Output (row, column) shows the input at (c column + d row + down, a column + b row + across). Along its rows
        # first: input row `row` belongs to the output row (row - c column - down) / d.
        lean = b / d
        places = (a - lean * c) * columns + lean * (_centred(height)[None, :, None] - down) + across
        x = _read(x, places + (width - 1) / 2)
        places = d * rows + c * _centred(width)[None, :, None] + down
        x = _read(sg.permute_dims(x, (0, 2, 1, 3)), places + (height - 1) / 2)
        return sg.permute_dims(x, (0, 2, 1, 3))

    def _maps(self, key: Tensor, count: int, height: int, width: int) -> list[Tensor]:
        """a, b, c, d, across and down of `count` random maps, (B, 1, 1) each."""
        drawn = 2 * sg.random.uniform(key, (count, 6)) - 1
        turn, wide, high, across, down, mirror = (drawn[:, number, None, None] for number in range(6))
        angle = turn * math.radians(self.turn)
        wide, high = (sg.exp(each * math.log1p(self.scale)) for each in (wide, high))
        cos, sin = sg.cos(angle), sg.sin(angle)
        side = sg.where(mirror < 0, -1.0, 1.0) if self.flip else 1.0
        return [
            side * cos * wide,
            -(sin * high),
            side * sin * wide,
            cos * high,
            across * (self.shift * width),
            down * (self.shift * height),
        ]


def _centred(size: int) -> Tensor:
    """The positions of an axis, from its middle: (size,) float32."""
    return sg.asarray(np.arange(size, dtype=np.float32) - np.float32((size - 1) / 2))


def _read(x: Tensor, places: Tensor) -> Tensor:
    """x (B, H, W, C) along its rows at `places` (B, H, W'), between two pixels linearly -> (B, H, W', C)."""
    width = x.shape[2]
    inside = sg.clip(places, 0, width - 1)
    pixels = sg.asarray(np.arange(width, dtype=np.float32))
    shares = sg.maximum(1 - sg.abs(inside[..., None] - pixels), 0.0)
    return sg.matmul(shares, x)
