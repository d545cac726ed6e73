"""Images with labels: from arrays, from a folder with a sub-folder for each class, and the digits that are built in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from saegim.errors import DataError
from saegim.late import late

if TYPE_CHECKING:
    from saegim.data import image_files
else:
    image_files = late("saegim.data.image_files")
_datasets = late("sklearn.datasets")

Array = npt.NDArray[Any]

DIGITS = "digits"  # the name of what is built in
SIDE = 64  # pixels: images are read so large at most, unless it is said otherwise
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True, eq=False)
class Images:
    """Labelled images, all of one size, in the order of their files' names.

    pixels: (n, H, W, channels) uint8, one channel where all are grey, otherwise red, green, blue
    labels: the names of their folders; names: of their files, as messages name them
    source: where they come from; notes: what a user should be told, one sentence each
    """

    pixels: Array
    labels: list[str]
    names: list[str]
    source: str
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.labels)

    def digest(self) -> str:
        """The SHA-256, in hexadecimal, of all pixels and labels."""
        found = hashlib.sha256(repr((self.pixels.shape, self.labels)).encode("utf-8", "replace"))
        found.update(np.ascontiguousarray(self.pixels).data)
        return found.hexdigest()


def read_images(
    source: str | Path, *, side: int = SIDE, size: tuple[int, int, int] | None = None, skip_bad_files: bool = False
) -> Images:
    """The images in a folder that has a sub-folder for each class; `digits` is a set of 1,797 that is built in.

    Images of different sizes are brought to one: the median of their heights and widths, at most `side` pixels on the
    longer side. With `size` (height, width, channels) they are brought to that. A folder that is called digits is
    reached as ./digits.
    Raises DataError for a folder without images, or for the first file that is broken; with `skip_bad_files` these are
    counted and left out.
    """
    if str(source) == DIGITS:
        found = _digits()
        if size is None or size == found.pixels.shape[1:]:
            return found
        pixels = image_files.resized(found.pixels, size)
        return Images(pixels, found.labels, found.names, found.source, found.notes)
    return image_files.read_folder(Path(source), side=side, size=size, skip_bad_files=skip_bad_files)


def read_image_files(paths: Sequence[str | Path], size: tuple[int, int, int]) -> Array:
    """Image files as (n, *size) uint8, size = (height, width, channels). Raises DataError, which names the file."""
    return image_files.read_files([Path(path) for path in paths], size)


def images_from(x: Any) -> Array:
    """Arrays of images, (n, H, W) or (n, H, W, channels), as (n, H, W, channels): uint8 as it is, others as float32.

    Raises DataError for another shape or dtype, and for values that are not finite.
    """
    try:
        array = np.asarray(x)
    except ValueError:
        raise DataError("images of different sizes were given; bring them to one size") from None
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or array.shape[-1] not in _CHANNELS or 0 in array.shape[1:]:
        raise DataError(
            f"images as an array (n, height, width) or (n, height, width, channels) with 1, 3 or 4 channels expected, "
            f"shape {array.shape} given; bring them into that shape"
        )
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "fb":
        raise DataError(f"images of uint8, floats or truth values expected, {array.dtype} given; convert them")
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise DataError("images hold values that are NaN or too large for 32 bits; mend them or leave them out")
    return array


def _digits() -> Images:
    """1,797 handwritten digits of 8 x 8 pixels (E. Alpaydin and C. Kaynak, UCI, 1998), as scikit-learn has them."""
    found = _datasets.load_digits()
    pixels = np.round(found.images * (255 / 16)).astype(np.uint8)[..., None]
    names = [f"digit {number}" for number in range(1, len(pixels) + 1)]
    return Images(pixels, [str(label) for label in found.target.tolist()], names, DIGITS)
