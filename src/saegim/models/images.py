"""The network that puts images into classes: a small residual network of convolutions, and what it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim import nn
from saegim import tensor as sg
from saegim.errors import SettingError, ShapeError
from saegim.models.augment import RandomAffine
from saegim.models.limits import check_number, check_whole
from saegim.nn.module import Seed
from saegim.tensor import Tensor

Array = npt.NDArray[Any]

MOST_SIDE = 1024  # pixels of an image that a network reads
_MOST_STAGES, _MOST_BLOCKS = 8, 64
_KERNEL = 3
_LARGE = 40  # from that many pixels on, the first convolution takes every other one


@dataclass(frozen=True)
class ImageConfig:
    """All sizes of an image classifier.

    height, width, channels: of the images; classes: C
    mean, spread: of each channel over the training images; what is read is centred and scaled by them
    stride: of the first convolution; widths: channels of each stage, each half as high and wide as the one before
    blocks: of each stage
    shift, turn, scale, flip: of images while training (`RandomAffine`)
    """

    height: int
    width: int
    channels: int
    classes: int
    mean: tuple[float, ...]
    spread: tuple[float, ...]
    stride: int = 1
    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1
    shift: float = 0.06
    turn: float = 8.0
    scale: float = 0.1
    flip: bool = False

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            check_whole(name, getattr(self, name), 1, MOST_SIDE)
        check_whole("classes", self.classes, 2)
        for name, most in (("channels", 4), ("stride", 4), ("blocks", _MOST_BLOCKS)):
            check_whole(name, getattr(self, name), 1, most)
        self._check_channels("mean", self.mean, -np.inf)
        self._check_channels("spread", self.spread, 0)
        if not isinstance(self.widths, tuple) or not 1 <= len(self.widths) <= _MOST_STAGES:
            raise SettingError(f"widths: 1 to {_MOST_STAGES} sizes expected, {self.widths!r} given")
        for size in self.widths:
            check_whole("widths", size)
        check_number("shift", self.shift, 0, 1)
        check_number("turn", self.turn, 0, 60)
        check_number("scale", self.scale, 0, 1)
        if not isinstance(self.flip, bool):
            raise SettingError(f"flip: True or False expected, {self.flip!r} given")

    def _check_channels(self, name: str, values: object, above: float) -> None:
        if not isinstance(values, tuple) or len(values) != self.channels:
            raise SettingError(f"{name}: a number for each of {self.channels} channels expected, {values!r} given")
        for each in values:
            check_number(name, each, above, above=True)

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
        first, last = self.widths[0], self.widths[-1]
        blocks = sum(_block_size(before, after, stride) for before, after, stride in self.steps())
        return _convolution(self.channels, first) + blocks + 2 * last + (last + 1) * self.classes

    def steps(self) -> Iterator[tuple[int, int, int]]:
        """Each block's channels before and after, and its stride."""
        before = self.widths[0]
        for stage, after in enumerate(self.widths):
            for block in range(self.blocks):
                yield before, after, 2 if stage and not block else 1
                before = after


def _convolution(before: int, after: int, kernel: int = _KERNEL) -> int:
    return (before * kernel * kernel + 1) * after


def _block_size(before: int, after: int, stride: int) -> int:
    skip = _convolution(before, after, 1) if stride > 1 or before != after else 0
    return 2 * before + _convolution(before, after) + 2 * after + _convolution(after, after) + skip


def config_for(size: Sequence[int], classes: int, mean: Array, spread: Array, **others: Any) -> ImageConfig:
    """A network for images of a size (height, width): so many stages that the last one's images are about 4 x 4.

    mean, spread: (channels,) of the training images
    """
    height, width = size
    stride = 2 if min(height, width) >= _LARGE else 1
    stages = max(1, min(4, round(np.log2(min(height, width) / stride / 4)) + 1))
    widths = tuple(min(32 << stage, 128) for stage in range(stages))
    return ImageConfig(
        height, width, len(mean), classes, tuple(mean.tolist()), tuple(spread.tolist()),
        stride=stride, widths=widths, **others,
    )  # fmt: skip


class Block(nn.Module):
    """y = x + two convolutions of x, each after a norm over the channels and relu (He et al., "Identity mappings in
    deep residual networks", 2016). x (B, H, W, before) -> (B, H / stride, W / stride, after).

    The norm is of each pixel's channels alone (Ba, Kiros and Hinton, 2016), not of the batch: an image's output does
    not depend on the others, so that whole steps run image by image, near the core.
    """

    def __init__(self, before: int, after: int, stride: int, *, seed: Seed = None) -> None:
        rng = np.random.default_rng(seed)
        self.norm1 = nn.LayerNorm(before)
        self.conv1 = nn.Conv2d(before, after, _KERNEL, stride=stride, padding=_KERNEL // 2, seed=rng)
        self.norm2 = nn.LayerNorm(after)
        self.conv2 = nn.Conv2d(after, after, _KERNEL, padding=_KERNEL // 2, seed=rng)
        self.skip = nn.Conv2d(before, after, 1, stride=stride, seed=rng) if stride > 1 or before != after else None

    def __call__(self, x: Tensor) -> Tensor:
        y = self.conv1(nn.relu(self.norm1(x)))
        y = self.conv2(nn.relu(self.norm2(y)))
        return y + (x if self.skip is None else self.skip(x))


class ImageModel(nn.Module):
    """scores (B, C) of images (B, H, W, channels): a convolution, residual blocks, the mean over all places, one
    linear layer. While training the images are moved about."""

    def __init__(self, config: ImageConfig, *, seed: Seed = None) -> None:
        rng = np.random.default_rng(seed)
        self.config = config
        self.augment = RandomAffine(config.shift, config.turn, config.scale, config.flip, seed=rng)
        self.stem = nn.Conv2d(
            config.channels, config.widths[0], _KERNEL, stride=config.stride, padding=_KERNEL // 2, seed=rng
        )
        self.blocks = [Block(*sizes, seed=rng) for sizes in config.steps()]
        self.norm = nn.LayerNorm(config.widths[-1])
        self.head = nn.Linear(config.widths[-1], config.classes, seed=rng)

    def __call__(self, x: Tensor) -> Tensor:
        config = self.config
        if x.ndim != 4 or x.shape[1:] != (config.height, config.width, config.channels):
            wanted = f"(B, {config.height}, {config.width}, {config.channels})"
            raise ShapeError(f"ImageModel: images {wanted} expected, {x.shape} given")
        mean, spread = (sg.asarray(np.asarray(each, np.float32)) for each in (config.mean, config.spread))
        x = self.stem((self.augment(x) - mean) * (1 / spread))
        for block in self.blocks:
            x = block(x)
        return self.head(sg.mean(nn.relu(self.norm(x)), axis=(1, 2)))


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """Images ready to be batched: `pixels` (n, H, W, channels), uint8 (read as 0 to 1) or float32 (read as it is)."""

    pixels: Array
    is_padded = False

    def __len__(self) -> int:
        return len(self.pixels)

    @cached_property
    def lengths(self) -> Array:
        """(n,) how many pixels each image has."""
        return np.full(len(self), self.pixels.shape[1] * self.pixels.shape[2], np.int64)

    def take(self, rows: Array) -> EncodedImages:
        """These images, in this order."""
        return EncodedImages(self.pixels[rows])

    def batch(self, rows: Array) -> Array:
        """These images as the network reads them, (B, H, W, channels) float32."""
        chosen = self.pixels[rows]
        if chosen.dtype == np.uint8:
            return chosen.astype(np.float32) / np.float32(255)
        return chosen.astype(np.float32, copy=False)

    def statistics(self) -> tuple[Array, Array]:
        """The mean of each channel, and how far its values lie from it on average: (channels,) float64 each, as the
        network reads them. A channel that is the same everywhere has the spread 1."""
        each = (self.batch(np.arange(start, min(start + 1024, len(self)))) for start in range(0, len(self), 1024))
        sums = np.zeros((2, self.pixels.shape[-1]))
        for part in each:
            sums += [part.sum((0, 1, 2), dtype=np.float64), (part.astype(np.float64) ** 2).sum((0, 1, 2))]
        count = max(int(self.lengths.sum()), 1)
        mean = sums[0] / count
        spread = np.sqrt(np.maximum(sums[1] / count - mean**2, 0))
        return mean, np.where(spread > 1e-6 * np.maximum(np.abs(mean), 1e-6), spread, 1.0)
