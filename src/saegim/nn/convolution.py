"""Convolutions over channels-last data: windows, then one matrix product."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np

from saegim import tensor as sg
from saegim.errors import SettingError, ShapeError
from saegim.nn import init
from saegim.nn.masks import check_mask, over_channels
from saegim.nn.module import Module, Parameter, Seed
from saegim.tensor import Tensor

Sizes = int | Sequence[int]
Padding = Sizes | Literal["same", "valid"]


def per_axis(sizes: Sizes, axes: int, what: str, least: int) -> tuple[int, ...]:
    """One size per axis from one for all or one each. Raises SettingError where they do not fit."""
    found = (sizes,) * axes if isinstance(sizes, int) else tuple(sizes)
    if len(found) != axes or min(found) < least:
        raise SettingError(f"{what} of at least {least} for each of {axes} axes expected, {sizes} given")
    return found


class _Convolution(Module):
    """`weight` (O, C/groups, *kernel) and `bias` (O,) start uniform in +-1/sqrt(inputs that one output sums)."""

    axes: ClassVar[int]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Padding = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        seed: Seed = None,
    ) -> None:
        name = type(self).__name__
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise SettingError(
                f"{name}: groups that divide {in_channels} and {out_channels} channels expected, {groups} given"
            )
        self.in_channels, self.out_channels, self.groups, self.use_bias = in_channels, out_channels, groups, bias
        self.kernel_size = per_axis(kernel_size, self.axes, f"{name}: a kernel_size", 1)
        self.stride = per_axis(stride, self.axes, f"{name}: a stride", 1)
        self.dilation = per_axis(dilation, self.axes, f"{name}: a dilation", 1)
        self.padding = self._padding(padding)
        self.reset(np.random.default_rng(seed))

    def _padding(self, padding: Padding) -> tuple[tuple[int, int], ...]:
        """How many zeros stand before and after each axis."""
        if not isinstance(padding, str):
            sizes = per_axis(padding, self.axes, f"{type(self).__name__}: a padding", 0)
            return tuple((size, size) for size in sizes)
        if padding == "valid":
            return ((0, 0),) * self.axes
        if padding != "same" or max(self.stride) > 1:
            raise SettingError(
                f"{type(self).__name__}: padding 'valid', sizes, or with a stride of 1 'same' expected, "
                f"{padding!r} with a stride of {self.stride} given"
            )
        totals = [(size - 1) * gap for size, gap in zip(self.kernel_size, self.dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)

    def reset(self, rng: np.random.Generator) -> None:
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        fan_in = math.prod(shape[1:])
        self.weight = Parameter(init.fan_in_uniform(rng, shape, fan_in))
        self.bias = Parameter(init.fan_in_uniform(rng, (self.out_channels,), fan_in)) if self.use_bias else None

    def _convolve(self, x: Tensor) -> Tensor:
        if x.ndim != self.axes + 2 or x.shape[-1] != self.in_channels:
            space = "T" if self.axes == 1 else "H, W"
            raise ShapeError(
                f"{type(self).__name__}: inputs (B, {space}, {self.in_channels}) expected, {x.shape} given"
            )
        if any(map(any, self.padding)):
            x = sg.pad(x, ((0, 0), *self.padding, (0, 0)))
        found = sg.windows(x, self.kernel_size, stride=self.stride, dilation=self.dilation)
        out = found.shape[: self.axes + 1]
        y = self._products(sg.reshape(found, (math.prod(out), math.prod(self.kernel_size), self.in_channels)))
        y = sg.reshape(y, (*out, self.out_channels))
        return y if self.bias is None else y + self.bias

    def _products(self, found: Tensor) -> Tensor:
        """Windows (M, K, C) times the kernels -> (M, O); every group of channels has kernels of its own."""
        rows, places, channels = found.shape
        groups, ours, theirs = self.groups, channels // self.groups, self.out_channels // self.groups
        # (O, C/G, *kernel) -> (G, K C/G, O/G): what the windows' elements are multiplied by, in their order.
        kernels = sg.permute_dims(sg.reshape(self.weight, (groups, theirs, ours, places)), (0, 3, 2, 1))
        kernels = sg.reshape(kernels, (groups, places * ours, theirs))
        if groups == 1:
            return sg.matmul(sg.reshape(found, (rows, places * channels)), kernels[0])
        split = sg.permute_dims(sg.reshape(found, (rows, places, groups, ours)), (2, 0, 1, 3))
        y = sg.matmul(sg.reshape(split, (groups, rows, places * ours)), kernels)
        return sg.reshape(sg.permute_dims(y, (1, 0, 2)), (rows, self.out_channels))


class Conv1d(_Convolution):
    """Filters slid over text: x (B, T, C) -> (B, T', O); with padding "same" T' = T.

    With `mask` (B, T) padding tokens are read as zeros, as if the text ended there. `weight` is (O, C/groups, K) as
    PyTorch has it, the data is channels-last.
    """

    axes = 1

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is not None:
            check_mask("Conv1d", mask, x.shape[:2])
            x = sg.where(over_channels(mask), x, 0.0)
        return self._convolve(x)


class Conv2d(_Convolution):
    """Filters slid over images: x (B, H, W, C) -> (B, H', W', O); with padding "same" H' = H and W' = W.

    `weight` is (O, C/groups, KH, KW) as PyTorch has it, the data is channels-last.
    """

    axes = 2

    def __call__(self, x: Tensor) -> Tensor:
        return self._convolve(x)
