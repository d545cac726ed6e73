"""The network that draws images of a category, by flow matching with classifier-free guidance.

An image x is reached from noise z along a straight line, x_t = (1 - t) z + t x for t from 0 to 1. Its velocity is x - z
everywhere. The network learns to tell the velocity from x_t, t and the category; to draw, one starts from noise and
follows what it says (Lipman et al., "Flow matching for generative modeling", 2023). While it learns, some categories
are withheld, so that it also knows the velocity for no category in particular; drawing goes further in the direction in
which the asked category differs from that (Ho and Salimans, "Classifier-free diffusion guidance", 2022).

The network is a small transformer over patches of the image, steered by time and category (Peebles and Xie, "Scalable
diffusion models with transformers", 2023).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import nn
from saegim import tensor as sg
from saegim.dtypes import float32
from saegim.errors import SettingError, ShapeError
from saegim.models.limits import check_number, check_whole
from saegim.nn import init
from saegim.nn.module import Buffer, Parameter, Seed
from saegim.tensor import Tensor, tree

Array = npt.NDArray[Any]

MOST_SIDE = 64  # pixels of an image that is drawn
_MOST_PATCHES = 64  # that are chosen: with more a step would take too long
_FEW_PATCHES = 9  # with fewer, patches are single pixels if they may
_FEW_NUMBERS = 16  # of a patch: what a small network can hold
_SMALL, _LARGE = 48, 96  # numbers for each patch
_MIDDLING = 0.6  # below 1: times come more often from the middle of the way
_MOST_VALUE = 1e30  # of a pixel, above or below 0
_LONGEST_WAVE = 8.0  # of the waves that tell the time, in units of the whole way


@dataclass(frozen=True)
class GeneratorConfig:
    """All sizes of a generator.

    height, width, channels: of the images; classes: C; patch: side of the squares that an image is cut into
    size: numbers for each patch; blocks: layers; heads: of attention; steering: numbers that time and category become
    withheld: share of the examples whose category is withheld while training
    low, high: what -1 and 1 stand for in the values of pixels; whole: whether these are uint8
    """

    height: int
    width: int
    channels: int
    classes: int
    patch: int
    size: int = 48
    blocks: int = 3
    heads: int = 4
    steering: int = 96
    withheld: float = 0.1
    low: float = 0.0
    high: float = 255.0
    whole: bool = True

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            check_whole(name, getattr(self, name), 1, MOST_SIDE)
        for name, least in (("channels", 1), ("classes", 2), ("patch", 1), ("blocks", 1), ("heads", 1)):
            check_whole(name, getattr(self, name), least)
        for name, unit in (("size", self.heads), ("steering", 2)):
            check_whole(name, getattr(self, name))
            if getattr(self, name) % unit:
                raise SettingError(f"{name}: a multiple of {unit} expected, {getattr(self, name)} given")
        if self.height % self.patch or self.width % self.patch:
            raise SettingError(
                f"patch: a side that divides {self.height} and {self.width} expected, {self.patch} given"
            )
        check_number("withheld", self.withheld, 0, 1, below=True)
        check_number("low", self.low, -_MOST_VALUE, _MOST_VALUE)
        check_number("high", self.high, self.low, _MOST_VALUE, above=True)
        if not isinstance(self.whole, bool):
            raise SettingError(f"whole: True or False expected, {self.whole!r} given")
        if self.whole and (self.low < 0 or self.high > 255):
            raise SettingError(f"whole values from 0 to 255 expected, {self.low:g} to {self.high:g} given")

    def values(self, images: Array) -> Array:
        """Images from -1 to 1 in the values of pixels: uint8, or float32; what goes beyond is cut off."""
        found: Array = np.float32(self.low) + _shares(images) * np.float32(self.high - self.low)
        return found.round().astype(np.uint8) if self.whole else found

    def bytes(self, images: Array) -> Array:
        """Images from -1 to 1 as uint8, from 0 for the darkest pixels that there were to 255 for the brightest."""
        return self.values(images) if self.whole else (_shares(images) * 255).round().astype(np.uint8)

    @property
    def patches(self) -> int:
        """How many patches an image has."""
        return (self.height // self.patch) * (self.width // self.patch)

    @property
    def patch_numbers(self) -> int:
        """How many numbers a patch has."""
        return self.patch * self.patch * self.channels

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        size, steering = self.size, self.steering
        block = 6 * size * (steering + 1) + 4 * size * (size + 1) + 8 * size * size + 5 * size
        ends = (self.patch_numbers + 1 + self.patches) * size + self.patch_numbers * (size + 1)
        return ends + (self.classes + 1) * steering + 2 * steering * (steering + 1) + self.blocks * block


def config_for(shape: tuple[int, ...], classes: int, size: int | None = None, **others: Any) -> GeneratorConfig:
    """A network for images of that shape (height, width, channels), its patches as small as is worth their time.

    Raises SettingError for sides without a common divisor that would do.
    """
    height, width, channels = shape
    sides = [side for side in range(1, min(height, width) + 1) if height % side == 0 and width % side == 0]
    counts = {side: (height // side) * (width // side) for side in sides}
    fitting = [side for side in sides if counts[side] <= _MOST_PATCHES]
    if not fitting:
        raise SettingError(
            f"images of {height} x {width} pixels cannot be cut into at most {_MOST_PATCHES} equal squares; bring them "
            "into another size, such as 32 x 32"
        )
    patch = next((side for side in fitting if side > 1 and counts[side] >= _FEW_PATCHES), fitting[0])
    size = size or (_SMALL if patch * patch * channels <= _FEW_NUMBERS else _LARGE)
    return GeneratorConfig(height, width, channels, classes, patch, size, steering=2 * size, **others)


def _shares(images: Array) -> Array:
    """From -1 to 1 to from 0 to 1; what goes beyond is cut off."""
    shares: Array = (np.clip(images, -1, 1) + np.float32(1)) / np.float32(2)
    return shares


class SteeredBlock(nn.Module):
    """Attention, then two linear layers, each added to x (B, T, D); what steers them (B, S) says, for each, how its
    input is shifted and scaled after the norm, and how much more or less than usual its output counts."""

    def __init__(self, config: GeneratorConfig, *, seed: Seed = None) -> None:
        rng = np.random.default_rng(seed)
        size = self.size = config.size
        self.norm1 = nn.LayerNorm(size, elementwise_affine=False)
        self.attention = nn.MultiHeadAttention(size, config.heads, seed=rng)
        self.norm2 = nn.LayerNorm(size, elementwise_affine=False)
        self.linear1 = nn.Linear(size, 4 * size, seed=rng)
        self.linear2 = nn.Linear(4 * size, size, seed=rng)
        self.steer = nn.Linear(config.steering, 6 * size, seed=rng)

    def __call__(self, x: Tensor, steering: Tensor) -> Tensor:
        steer = sg.expand_dims(self.steer(steering), axis=1)
        shift1, scale1, gate1, shift2, scale2, gate2 = (
            steer[..., start : start + self.size] for start in range(0, 6 * self.size, self.size)
        )
        x = x + (1 + gate1) * self.attention(self.norm1(x) * (1 + scale1) + shift1)
        y = self.linear1(self.norm2(x) * (1 + scale2) + shift2)
        return x + (1 + gate2) * self.linear2(nn.silu(y))


class Generator(nn.Module):
    """The velocity (B, H, W, channels) at x (B, H, W, channels), which has got as far as `time` (B,), on the way to
    an image of the class (B,) int; the class C stands for none in particular."""

    def __init__(self, config: GeneratorConfig, *, seed: Seed = None) -> None:
        rng = np.random.default_rng(seed)
        self.config = config
        size, steering = config.size, config.steering
        self.stem = nn.Linear(config.patch_numbers, size, seed=rng)
        self.categories = nn.Embedding(config.classes + 1, steering, seed=rng)
        self.time1 = nn.Linear(steering, steering, seed=rng)
        self.time2 = nn.Linear(steering, steering, seed=rng)
        self.blocks = [SteeredBlock(config, seed=rng) for _ in range(config.blocks)]
        self.norm = nn.LayerNorm(size, elementwise_affine=False)
        self.head = nn.Linear(size, config.patch_numbers, seed=rng)
        self.reset(rng)

    def reset(self, rng: np.random.Generator) -> None:
        self.positions = Parameter(init.normal(rng, (self.config.patches, self.config.size), 0.5))

    def __call__(self, x: Tensor, time: Tensor, classes: Tensor) -> Tensor:
        config = self.config
        if x.ndim != 4 or x.shape[1:] != (config.height, config.width, config.channels):
            wanted = f"(B, {config.height}, {config.width}, {config.channels})"
            raise ShapeError(f"Generator: images {wanted} expected, {x.shape} given")
        steering = nn.silu(self.time2(nn.silu(self.time1(self._waves(time)))) + self.categories(classes))
        y = self.stem(self._cut(x)) + self.positions
        for block in self.blocks:
            y = block(y, steering)
        return self._put_together(self.head(self.norm(y)))

    def _waves(self, time: Tensor) -> Tensor:
        """Times (B,) as sines and cosines of many lengths (B, S)."""
        half = self.config.steering // 2
        lengths = np.geomspace(_LONGEST_WAVE, _LONGEST_WAVE / 300, half)
        angles = sg.expand_dims(time, axis=1) * sg.asarray((2 * math.pi / lengths).astype(np.float32))
        return sg.concat([sg.cos(angles), sg.sin(angles)], axis=1)

    def _cut(self, x: Tensor) -> Tensor:
        """(B, H, W, channels) -> (B, T, numbers of a patch)"""
        config = self.config
        down, across, side = config.height // config.patch, config.width // config.patch, config.patch
        squares = sg.reshape(x, (x.shape[0], down, side, across, side, config.channels))
        return sg.reshape(sg.permute_dims(squares, (0, 1, 3, 2, 4, 5)), (x.shape[0], down * across, -1))

    def _put_together(self, y: Tensor) -> Tensor:
        """(B, T, numbers of a patch) -> (B, H, W, channels)"""
        config = self.config
        down, across, side = config.height // config.patch, config.width // config.patch, config.patch
        squares = sg.reshape(y, (y.shape[0], down, across, side, side, config.channels))
        moved = sg.permute_dims(squares, (0, 1, 3, 2, 4, 5))
        return sg.reshape(moved, (y.shape[0], config.height, config.width, config.channels))


class Flow(nn.Module):
    """A generator that learns: images (B, H, W, channels) and their classes (B,) -> what it says the velocities are
    less what they are, (B, H, W, channels).

    Every image gets noise and a time of its own and loses its class now and then. Times are more often from the middle
    of the way than from its ends (Esser et al., "Scaling rectified flow transformers", 2024), and those of a batch are
    spread evenly, so that losses differ little from batch to batch (Kingma et al., "Variational diffusion models",
    2021). As with dropout all of that follows from the buffer `key`, so that a run that goes on from a saved key draws
    the same.
    """

    def __init__(self, generator: Generator, *, seed: Seed = None) -> None:
        self.generator = generator
        self.reset(np.random.default_rng(seed))

    def reset(self, rng: np.random.Generator) -> None:
        self.key = Buffer(rng.integers(2**64, dtype=np.uint64), persistent=False)

    def __call__(self, batch: ImageBatch) -> Tensor:
        images, classes = map(tree.as_tensor, (batch.images, batch.classes))
        config, count = self.generator.config, images.shape[0]
        noise_key, time_key, class_key, following = sg.unstack(sg.random.split(self.key, 4))
        self.set_buffer("key", following)
        noise = sg.random.normal(noise_key, images.shape)
        time = _middling((sg.arange(count, dtype=float32) + sg.random.uniform(time_key, (count,))) / count)
        withheld = sg.random.uniform(class_key, (count,)) < config.withheld
        way = sg.reshape(time, (count, 1, 1, 1))
        reached = (1 - way) * noise + way * images
        return self.generator(reached, time, sg.where(withheld, config.classes, classes)) - (images - noise)


def _middling(share: Tensor) -> Tensor:
    """From 0 to 1, evenly spread -> from 0 to 1, denser in the middle: 1 / (1 + (1/share - 1)^0.6)."""
    early, late = share**_MIDDLING, (1 - share) ** _MIDDLING
    return early / (early + late)


@dataclass(frozen=True)
class ImageBatch:
    """images (B, H, W, channels) float32, classes (B,) int64."""

    images: Array
    classes: Array


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images to learn to draw, ready to be batched: pixels (n, H, W, channels) float32 from -1 to 1, and the number of
    each one's class (n,) int64."""

    pixels: Array
    classes: Array
    is_padded = False

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def lengths(self) -> Array:
        """(n,) how many pixels each image has."""
        return np.full(len(self), self.pixels.shape[1] * self.pixels.shape[2], np.int64)

    def take(self, rows: Array) -> LabelledImages:
        """These images, in this order."""
        return LabelledImages(self.pixels[rows], self.classes[rows])

    def batch(self, rows: Array) -> ImageBatch:
        """These images as a `Flow` takes them."""
        return ImageBatch(self.pixels[rows], self.classes[rows])
