"""Masks: (B, T) bool, True for a real token, False for padding."""

from __future__ import annotations

from saegim import tensor as sg
from saegim.dtypes import DType, bool_
from saegim.errors import DTypeError, ShapeError
from saegim.ir import Shape
from saegim.tensor import Tensor


def check_mask(layer: str, mask: Tensor, shape: Shape) -> None:
    """Raises DTypeError or ShapeError for a mask that is not bool of `shape`, (B, T)."""
    if mask.dtype != bool_:
        raise DTypeError(
            f"{layer}: a mask of dtype bool expected, {mask.dtype.name} given; True stands for a real token"
        )
    if mask.shape != shape:
        raise ShapeError(f"{layer}: a mask of shape {shape} expected, {mask.shape} given")


def mask_from_lengths(lengths: Tensor, tokens: int) -> Tensor:
    """lengths (B,) int -> (B, `tokens`) bool: True for the first `lengths[b]` tokens of row b."""
    position = sg.arange(tokens, dtype=lengths.dtype)
    return sg.expand_dims(position, axis=0) < sg.expand_dims(lengths, axis=1)


def over_channels(mask: Tensor) -> Tensor:
    """(B, T) -> (B, T, 1), so that it broadcasts over channels."""
    return sg.expand_dims(mask, axis=-1)


def lowest(dtype: DType) -> float:
    """What masked elements of a maximum become. Finite, so that infinity in a model always means a fault."""
    return float(sg.finfo(dtype).min)
