"""From what the user gives to images with the number of each one's class, for training and for validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.images import images_from
from saegim.data.sources import labels_from
from saegim.errors import DataError
from saegim.models.images import MOST_SIDE, EncodedImages
from saegim.training.examples import may_hold_out, numbered, numbers_in, split_rows
from saegim.training.objective import Examples

Array = npt.NDArray[Any]

_EXAMPLE = "image"


def labelled_images(images: Any, labels: Any) -> tuple[Examples, Array]:
    """Training images, and the classes (C,), ascending. Raises DataError when nothing can be learned from them."""
    pixels, values = _pairs(images, labels)
    if not len(pixels):
        raise DataError("no images were given; training needs at least two, of different classes")
    if max(pixels.shape[1:3]) > MOST_SIDE:
        raise DataError(
            f"images of {pixels.shape[1]} x {pixels.shape[2]} pixels were given where at most {MOST_SIDE} in each "
            "direction can be read; make them smaller"
        )
    numbers, classes = numbered(values, _EXAMPLE)
    return Examples(EncodedImages(pixels), numbers), classes


def validation_images(valid: Any, classes: Array, like: EncodedImages) -> Examples:
    """Validation images from a pair (images, labels). Raises DataError for labels that are none of the classes, and for
    images that are not as those of training are."""
    if not isinstance(valid, tuple | list) or len(valid) != 2:
        raise DataError(f"valid: a pair (images, labels) expected, {type(valid).__name__} given")
    pixels, values = _pairs(*valid)
    return Examples(encoded_like(pixels, like.pixels.shape[1:]), numbers_in(classes, values, _EXAMPLE))


def encoded_like(images: Any, shape: tuple[int, ...]) -> EncodedImages:
    """Images of that shape (H, W, channels). Raises DataError for others."""
    pixels = images_from(images)
    if pixels.shape[1:] != shape:
        raise DataError(f"images of shape {shape} expected, {pixels.shape[1:]} given; bring them into that shape")
    return EncodedImages(pixels)


def hold_out_images(train: Examples, share: float, seed: int) -> tuple[Examples, Examples | None]:
    """Training images, and a share of them to choose the best epoch by; None when every image is needed."""
    if not may_hold_out(train.labels, share):
        return train, None
    rest, held = split_rows(train.labels, share, seed)
    return train.take(rest), train.take(held)


def _pairs(images: Any, labels: Any) -> tuple[Array, Array]:
    """Images (n, H, W, channels) and labels (n,)."""
    pixels, values = images_from(images), labels_from(labels)
    if len(pixels) != len(values):
        raise DataError(f"{len(pixels)} images but {len(values)} labels were given; give one label for each image")
    return pixels, np.asarray(values)
