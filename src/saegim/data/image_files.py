"""Image files, which are hostile until they are read: broken, huge, animated, turned, transparent, of any size."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from saegim.data.images import Images
from saegim.errors import DataError, SettingError
from saegim.runtime.threads import threads

Array = npt.NDArray[Any]
T = TypeVar("T")

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"))
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")  # only these decoders run, whatever a file claims to be
_MOST_PIXELS = 50_000_000  # of a file; a few bytes can claim any number
_ORIENTATION = 0x0112  # EXIF: how a camera was held
_LYING = (5, 6, 7, 8)  # its values for which height and width change places
_WAY_OUT = "mend or remove it, or pass --skip-bad-files (skip_bad_files=True) to count such files and go on"


@dataclass(frozen=True)
class _Bad:
    """Why a file cannot be used."""

    reason: str


@dataclass(frozen=True)
class _Header:
    """What a file says about its image before it is decoded; height and width are those it is looked at in."""

    height: int
    width: int
    animated: bool
    transparent: bool


def read_folder(
    folder: Path, *, side: int, size: tuple[int, int, int] | None = None, skip_bad_files: bool = False
) -> Images:
    """The images in the sub-folders of a folder, labelled by these (`data.read_images`)."""
    if side < 1:
        raise SettingError(f"side: at least 1 pixel expected, {side} given")
    paths, labels, notes = _listed(folder)
    with _without_warnings():
        headers, bad = _apart(_each(_header, paths), paths)
        _require(folder, paths, bad, skip_bad_files)
        height, width = size[:2] if size is not None else _common_size(list(headers.values()), side)
        usable = list(headers)
        decoded, more = _apart(_each(lambda path: _decoded(path, height, width), usable), usable)
    bad = {path: (bad | more)[path] for path in paths if path in bad or path in more}
    _require(folder, paths, bad, skip_bad_files)
    pixels = _with_channels(np.stack(list(decoded.values())), None if size is None else size[2])
    headers = {path: headers[path] for path in decoded}
    notes += [*_skipped(bad), *_about(list(headers.values()), height, width, given=size is not None)]
    label = dict(zip(paths, labels, strict=True))
    names, labels = [str(path) for path in decoded], [label[path] for path in decoded]
    return Images(pixels, labels, names, str(folder), [*notes, *_repeated(pixels, labels, names)])


def read_files(paths: Sequence[Path], size: tuple[int, int, int]) -> Array:
    """Files as (n, *size) uint8 (`data.read_image_files`)."""
    with _without_warnings():
        decoded, bad = _apart(_each(lambda path: _decoded(path, *size[:2]), list(dict.fromkeys(paths))), paths)
    for path, each in bad.items():
        raise DataError(f"{path}: {each.reason}; give another image")
    if not paths:
        return np.zeros((0, *size), np.uint8)
    return _with_channels(np.stack([decoded[path] for path in paths]), size[2])


def resized(pixels: Array, size: tuple[int, int, int]) -> Array:
    """Images (n, H, W, channels) uint8 brought to another size, (n, *size)."""
    rows = (Image.fromarray(each.squeeze(-1) if each.shape[-1] == 1 else each).convert("RGB") for each in pixels)
    return _with_channels(np.stack([_array(each, *size[:2]) for each in rows]), size[2])


# --- which files ----------------------------------------------------------------------------------------------------


def _listed(folder: Path) -> tuple[list[Path], list[str], list[str]]:
    """The image files, by name; the label of each; and what is to be said of the others. Hidden ones do not count."""
    try:
        if not folder.exists():
            raise DataError(f"{folder} does not exist; give a folder with a sub-folder of images for each class")
        if not folder.is_dir():
            raise DataError(f"{folder} is a file where a folder with a sub-folder for each class was expected")
        classes = [each for each in _entries(folder) if each.is_dir()]
        inside = {each: _entries(each) for each in classes}
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{str(folder)!r} cannot be read: {reason}; give another folder") from None
    images = {each: [path for path in inside[each] if _is_image(path)] for each in classes}
    if not any(images.values()):
        what = "sub-folders with images" if classes else "sub-folders"
        raise DataError(
            f"{folder} holds no {what}; put the images of each class into a sub-folder that is called like the class"
        )
    notes = [f"{each} holds no images, so there is no such class" for each in classes if not images[each]]
    others = [path for each in classes for path in inside[each] if path not in set(images[each])]
    others += [path for path in _entries(folder) if path not in set(classes)]
    if others:
        shown = ", ".join(str(path.relative_to(folder)) for path in others[:3]) + ", …" * (len(others) > 3)
        notes.append(f"{_count(len(others), 'entry', 'entries')} left out, no image by name or place: {shown}")
    paths = [path for each in classes for path in images[each]]
    return paths, [path.parent.name for path in paths], notes


def _entries(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if not each.name.startswith("."))


def _is_image(path: Path) -> bool:
    """By its name; and a regular file: a pipe could be waited for without end."""
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _require(folder: Path, paths: Sequence[Path], bad: dict[Path, _Bad], skip: bool) -> None:
    """Raises DataError for the first bad file, or when nothing but bad ones is left."""
    for path, each in bad.items():
        more = f" (the first of {len(bad):,} bad files)" if len(bad) > 1 else ""
        if not skip:
            raise DataError(f"{path}: {each.reason}{more}; {_WAY_OUT}")
        if len(bad) == len(paths):
            raise DataError(f"{folder} holds no image that can be used: {path}: {each.reason}{more}; give others")


def _skipped(bad: dict[Path, _Bad]) -> list[str]:
    first = next(iter(bad.items()), None)
    return [] if first is None else [f"{_count(len(bad), 'bad file')} skipped; {first[0]}: {first[1].reason}"]


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"1 {one} was" if number == 1 else f"{number:,} {many or f'{one}s'} were"


# --- which size -----------------------------------------------------------------------------------------------------


def _common_size(headers: Sequence[_Header], side: int) -> tuple[int, int]:
    """The median height and width, made smaller until the longer side is at most `side`."""
    height, width = (float(np.median([getattr(each, name) for each in headers])) for name in ("height", "width"))
    factor = min(1.0, side / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def _about(headers: Sequence[_Header], height: int, width: int, *, given: bool) -> list[str]:
    """What was done to the images, as far as a user may not expect it."""
    notes = []
    sizes = {(each.height, each.width) for each in headers}
    if sizes != {(height, width)}:
        had = f"all {len(headers):,} images have" if len(sizes) == 1 else f"{len(headers):,} images have {len(sizes):,}"
        which = f"{' x '.join(map(str, min(sizes)))} pixels" if len(sizes) == 1 else "sizes"
        why = (
            "what the model reads"
            if given
            else "the median of their heights and widths, made smaller where it is large"
        )
        notes.append(f"{had} {which}; each is brought to {height} x {width} ({why})")
    animated, transparent = (sum(getattr(each, name) for each in headers) for name in ("animated", "transparent"))
    if animated:
        notes.append(f"of {animated:,} animated images the first picture is read")
    if transparent:
        notes.append(f"what is transparent in {transparent:,} images is read as white")
    return notes


def _repeated(pixels: Array, labels: Sequence[str], names: Sequence[str]) -> list[str]:
    """What is to be said of images that are there several times, pixel by pixel as they are read."""
    first: dict[bytes, int] = {}
    pairs = [(first.setdefault(each.tobytes(), row), row) for row, each in enumerate(pixels)]
    again = [(one, row) for one, row in pairs if one != row]
    torn = [(one, row) for one, row in again if labels[one] != labels[row]]
    notes = []
    if again:
        one, row = again[0]
        notes.append(
            f"{len(again):,} of {len(names):,} images repeat an earlier one ({names[row]} is {names[one]}): measured "
            "on copies of what it learned from, a model looks better than it is"
        )
    if torn:
        one, row = torn[0]
        notes.append(
            f"{_count(len(torn), 'image')} there with other labels, too ({names[one]}, {names[row]}); keep one"
        )
    return notes


# --- one file -------------------------------------------------------------------------------------------------------


def _header(path: Path) -> _Header:
    with _opened(path) as image:
        width, height = image.size
        if image.getexif().get(_ORIENTATION) in _LYING:
            height, width = width, height
        return _Header(height, width, getattr(image, "is_animated", False), _is_transparent(image))


def _decoded(path: Path, height: int, width: int) -> Array:
    """(height, width, 3) uint8."""
    with _opened(path) as image:
        image.load()
        return _array(_as_colours(ImageOps.exif_transpose(image)), height, width)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The file's image, not decoded yet. Raises ValueError for what is not to be decoded."""
    if not path.is_file():
        raise ValueError("it is no file" if path.exists() else "it does not exist")
    with Image.open(path, formats=_FORMATS) as image:
        if image.width * image.height > _MOST_PIXELS:
            raise ValueError(f"it has {image.width} x {image.height} pixels, more than {_MOST_PIXELS:,}")
        yield image


def _as_colours(image: Image.Image) -> Image.Image:
    """The image in red, green and blue, 8 bits each; on white where it is transparent."""
    if image.mode.startswith("I"):
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 0xFFFF:
            raise ValueError("it has numbers of 32 bits where 8 or 16 were expected")
        image = Image.fromarray((values >> (8 if values.max() > 0xFF else 0)).astype(np.uint8))
    if image.mode == "F":
        raise ValueError("it has floating-point numbers where 8 or 16 bits were expected")
    if _is_transparent(image):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _array(image: Image.Image, height: int, width: int) -> Array:
    """(height, width, 3) uint8; what is made smaller is averaged over the pixels that fall together."""
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image)


def _with_channels(colours: Array, channels: int | None) -> Array:
    """(n, H, W, 3) uint8 with so many channels; by default one if everything is grey."""
    grey = (colours == colours[..., :1]).all()
    if channels == 1 or (channels is None and grey):
        if grey:
            return np.ascontiguousarray(colours[..., :1])
        # The brightness of ITU-R BT.601, as everybody has it.
        bright = colours.astype(np.uint32) @ np.array([299, 587, 114], np.uint32)
        return ((bright + 500) // 1000).astype(np.uint8)[..., None]
    if channels == 4:
        return np.concatenate([colours, np.full_like(colours[..., :1], 255)], -1)
    return colours


def _each(function: Callable[[Path], T], paths: Sequence[Path]) -> list[T | _Bad]:
    """function(path) for every path, by several threads; why not where it fails."""

    def attempt(path: Path) -> T | _Bad:
        try:
            return function(path)
        except Exception as error:  # of decoders, which raise whatever they like
            return _Bad(_reason(error))

    with ThreadPoolExecutor(threads()) as pool:
        return list(pool.map(attempt, paths))


def _apart(results: Sequence[T | _Bad], paths: Sequence[Path]) -> tuple[dict[Path, T], dict[Path, _Bad]]:
    """What came out, and what did not, by path."""
    good, bad = {}, {}
    for path, each in zip(dict.fromkeys(paths), results, strict=True):
        if isinstance(each, _Bad):
            bad[path] = each
        else:
            good[path] = each
    return good, bad


def _reason(error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {_MOST_PIXELS:,} pixels"
    if isinstance(error, UnidentifiedImageError):
        return "it is no image of a known format (PNG, JPEG, BMP, GIF, WebP, TIFF, PPM)"
    if isinstance(error, OSError) and error.errno is not None:
        return f"it cannot be read ({os.strerror(error.errno)})"
    words = " ".join(str(error).split())[:100]
    return words if words.startswith("it ") else f"it is broken ({words or type(error).__name__})"


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Decoders warn of what is odd about a file; whatever they cannot read, they raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
