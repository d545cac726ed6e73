"""Pooling: windows of text or images, or a whole text, reduced to their largest or their mean value."""

from __future__ import annotations

from typing import ClassVar

from saegim import tensor as sg
from saegim.errors import SettingError, ShapeError
from saegim.nn.convolution import Sizes, per_axis
from saegim.nn.masks import check_mask, lowest, over_channels
from saegim.nn.module import Module
from saegim.nn.observing import observable
from saegim.tensor import Tensor


class _Pooling(Module):
    axes: ClassVar[int]

    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        name = type(self).__name__
        self.kernel_size = per_axis(kernel_size, self.axes, f"{name}: a kernel_size", 1)
        self.stride = per_axis(kernel_size if stride is None else stride, self.axes, f"{name}: a stride", 1)
        self.padding = per_axis(padding, self.axes, f"{name}: a padding", 0)
        if any(2 * pad > size for pad, size in zip(self.padding, self.kernel_size, strict=True)):
            raise SettingError(f"{name}: a padding of at most half of {self.kernel_size} expected, {padding} given")

    def _windows(self, x: Tensor, value: float) -> Tensor:
        """(B, *out, *kernel, C), with `value` for what lies outside."""
        if x.ndim != self.axes + 2:
            wanted = "(B, T, C)" if self.axes == 1 else "(B, H, W, C)"
            raise ShapeError(f"{type(self).__name__}: inputs {wanted} expected, {x.shape} given")
        if any(self.padding):
            x = sg.pad(x, ((0, 0), *((size, size) for size in self.padding), (0, 0)), value=value)
        return sg.windows(x, self.kernel_size, stride=self.stride)

    @property
    def _inside(self) -> tuple[int, ...]:
        """The axes of `_windows` that are a window."""
        return tuple(range(self.axes + 1, 2 * self.axes + 1))

    def _largest(self, x: Tensor) -> Tensor:
        return sg.max(self._windows(x, lowest(x.dtype)), axis=self._inside)

    def _total(self, x: Tensor) -> Tensor:
        return sg.sum(self._windows(x, 0.0), axis=self._inside)


class MaxPool1d(_Pooling):
    """The largest value of every window: x (B, T, C) -> (B, T', C), one window every `stride` (the kernel's size).

    With `mask` (B, T) only real tokens count; a window without any gives 0.
    """

    axes = 1

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return self._largest(x)
        check_mask("MaxPool1d", mask, x.shape[:2])
        real = sg.astype(over_channels(mask), x.dtype)
        found = self._largest(sg.where(over_channels(mask), x, lowest(x.dtype)))
        return sg.where(self._total(real) > 0, found, 0.0)


class MaxPool2d(_Pooling):
    """The largest value of every window: x (B, H, W, C) -> (B, H', W', C)."""

    axes = 2

    def __call__(self, x: Tensor) -> Tensor:
        return self._largest(x)


class AvgPool1d(_Pooling):
    """The mean of every window: x (B, T, C) -> (B, T', C); zeros of `padding` count, as in PyTorch.

    With `mask` (B, T) only real tokens count; a window without any gives 0.
    """

    axes = 1

    def __call__(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return self._total(x) * (1 / self.kernel_size[0])
        check_mask("AvgPool1d", mask, x.shape[:2])
        size = self._total(sg.astype(over_channels(mask), x.dtype))
        return self._total(sg.where(over_channels(mask), x, 0.0)) / sg.maximum(size, 1.0)


class AvgPool2d(_Pooling):
    """The mean of every window: x (B, H, W, C) -> (B, H', W', C); zeros of `padding` count, as in PyTorch."""

    axes = 2

    def __call__(self, x: Tensor) -> Tensor:
        height, width = self.kernel_size
        return self._total(x) * (1 / (height * width))


@observable
def max_over_time(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """The largest value of each channel: x (B, T, C), mask (B, T) bool -> (B, C). A text without tokens gives 0."""
    _check("max_over_time", x, mask)
    if x.shape[1] == 0:
        return sg.sum(x, axis=1)
    if mask is None:
        return sg.max(x, axis=1)
    largest = sg.max(sg.where(over_channels(mask), x, lowest(x.dtype)), axis=1)
    return sg.where(sg.any(mask, axis=1, keepdims=True), largest, 0.0)


@observable
def mean_over_time(x: Tensor, mask: Tensor | None = None) -> Tensor:
    """The mean of each channel: x (B, T, C), mask (B, T) bool -> (B, C). A text without tokens gives 0."""
    _check("mean_over_time", x, mask)
    if mask is None:
        return sg.sum(x, axis=1) * (1 / max(x.shape[1], 1))
    count = sg.sum(sg.astype(mask, x.dtype), axis=1, keepdims=True)
    return sg.sum(sg.where(over_channels(mask), x, 0.0), axis=1) / sg.maximum(count, 1.0)


def _check(name: str, x: Tensor, mask: Tensor | None) -> None:
    if x.ndim != 3:
        raise ShapeError(f"{name}: inputs (B, T, C) expected, {x.shape} given")
    if mask is not None:
        check_mask(name, mask, x.shape[:2])
