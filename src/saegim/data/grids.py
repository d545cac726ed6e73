"""Many small images as one picture that can be looked at, and pictures as PNG files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.errors import DataError
from saegim.late import late

_pillow = late("PIL.Image")

Array = npt.NDArray[Any]

_SIDE = 64  # pixels that an image is enlarged to at least, in each direction
_PAPER = 127  # what is between the images: neither dark nor bright
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def grid(groups: Sequence[Array], columns: int, *, side: int = _SIDE) -> Array:
    """Groups of images (n, H, W, channels) uint8, each in rows of `columns` of its own -> (H', W', channels).

    Every pixel becomes a square of several: images are enlarged by a whole factor, to at least `side` pixels in each
    direction.
    """
    height, width, channels = groups[0].shape[1:]
    factor = max(1, -(-side // min(height, width)))
    gap = max(1, factor // 4)
    rows = [images[start : start + columns] for images in groups for start in range(0, len(images), columns)]
    down, across = height * factor + gap, width * factor + gap
    picture = np.full((len(rows) * down + gap, columns * across + gap, channels), _PAPER, np.uint8)
    for row, images in enumerate(rows):
        for column, image in enumerate(images.repeat(factor, 1).repeat(factor, 2)):
            top, left = gap + row * down, gap + column * across
            picture[top : top + height * factor, left : left + width * factor] = image
    return picture


def png(picture: Array) -> bytes:
    """A picture (H, W, channels) uint8 as a PNG file. Raises DataError for other than 1, 3 or 4 channels."""
    if picture.ndim != 3 or picture.shape[2] not in _MODES or picture.dtype != np.uint8:
        raise DataError(
            f"a picture (height, width, channels) of 1, 3 or 4 channels in uint8 expected, {picture.shape} in "
            f"{picture.dtype} given"
        )
    content = io.BytesIO()
    plain = picture[..., 0] if picture.shape[2] == 1 else picture
    _pillow.fromarray(np.ascontiguousarray(plain)).save(content, "PNG")
    return content.getvalue()
