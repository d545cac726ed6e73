"""Hostile folders of images, and image models where texts are meant and the other way round."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from cli.hostile_case import IMAGE_MODEL, MODEL, Case

OUT = ("--out", "out", "--quiet")
TRAIN = ("train-images", "images", *OUT)


def png(height: int = 8, width: int = 8, format: str = "PNG", **options: Any) -> bytes:
    """A grey image of noise that is whole."""
    file, noise = io.BytesIO(), np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    Image.fromarray(noise).save(file, format, **options)
    return file.getvalue()


GOOD = {f"images/{name}/{number}.png": png() for name in ("cat", "dog") for number in range(3)}


def spoiled(name: str, content: bytes | str, says: str, *, process: bool = False, file: str = "cat/1.png") -> Case:
    """One of the files is something else."""
    path = f"images/{file}"
    return Case(f"{name} among images", TRAIN, says, GOOD | {path: content}, process=process)


def looped(path: Path) -> None:
    (path / "images/cat/1.png").unlink()
    (path / "images/cat/1.png").symlink_to("1.png")


FILES = [
    spoiled("a text", "no image at all", "cat/1.png: it is no image of a known format", process=True),
    spoiled("an empty file", b"", "cat/1.png: it is no image of a known format"),
    spoiled("half an image", png()[:60], "cat/1.png: it is broken"),
    spoiled("an image without its last pixels", png()[:-30], "cat/1.png: it is broken"),
    spoiled("a JPEG cut short", png(64, 64, "JPEG")[:500], "cat/1.png: it is broken"),
    spoiled("a GIF of nothing", b"GIF89a" + bytes(100), "cat/1.png: it is "),
    spoiled("a TIFF of nothing", b"II*\0" + bytes(100), "cat/1.png: it is "),
    spoiled("a program in PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is no image"),
    spoiled("a vector graphic", "<svg xmlns='http://www.w3.org/2000/svg'/>", "cat/1.png: it is no image"),
    spoiled("an image of a million rows", b"P5 60000 60000 255\n" + bytes(9), "pixels"),
    spoiled("a million columns of nothing", b"P5 1000000 1 255\n", "cat/1.png: it is broken"),
    spoiled("an image without rows", b"P5 0 0 255\n", "cat/1.png: it is "),
    spoiled("an image of letters", "P2 x y\n", "cat/1.png: it is "),
    Case("images that are bad, all of them", (*TRAIN, "--skip-bad-files"), "holds no image that can be used",
         {"images/a/1.png": "x", "images/b/1.png": "y"}),
    Case("one class left when bad files are skipped", (*TRAIN, "--skip-bad-files"), "at least two classes are needed",
         GOOD | {f"images/dog/{number}.png": "x" for number in range(3)}),
    Case("a link to itself among images", TRAIN, "the model", GOOD, 0, looped),
    Case("images of all sizes", TRAIN, "the model",
         {f"images/{name}/{size}.png": png(size, 21 - size) for name in "ab" for size in (1, 7, 20)}, 0),
    Case("an image of one pixel in each class", TRAIN, "the model",
         {f"images/{name}/1.png": png(1, 1) for name in "ab"}, 0),
    Case("names of classes that steer a terminal", TRAIN, "the model",
         {f"images/{name}/1.png": png() for name in ("\x1b[2J", "\u202e", "a\tb")}, 0),
]  # fmt: skip

FOLDERS = [
    Case("no folder of images", ("train-images", "gone", *OUT), "gone does not exist", process=True),
    Case("a file for a folder of images", ("train-images", "a.png", *OUT), "a.png is a file", {"a.png": png()}),
    Case("images without classes", ("train-images", "images", *OUT), "holds no sub-folders", {"images/1.png": png()}),
    Case("classes without images", TRAIN, "holds no sub-folders with images", {"images/a/x.txt": "x"}),
    Case("one class of images", TRAIN, "at least two classes are needed", {"images/a/1.png": png()}),
    Case("a NUL in the name of a folder", ("train-images", "a\0b", *OUT), "does not exist"),
    Case("an empty name of a folder", ("train-images", "", *OUT), "holds no sub-folders"),
    Case("images into a folder that is someone's", ("train-images", "digits", "--out", "out"), "--out out holds other",
         {"out/thesis.doc": "x"}),
    Case("a side of no pixel", (*TRAIN, "--side", "0"), "--side", GOOD),
    Case("a side without end", (*TRAIN, "--side", "100000"), "--side", GOOD),
    Case("images on a checkpoint that is broken", (*TRAIN, "--resume"), "checkpoint.safetensors",
         GOOD | {"out/checkpoint.safetensors": "x" * 99}),
]  # fmt: skip

MODELS = [
    Case("a text for a model of images", ("predict", IMAGE_MODEL, "정말 재미있다"), "it does not exist", process=True),
    Case("a broken image to label", ("predict", IMAGE_MODEL, "a.png"), "a.png: it is broken", {"a.png": png()[:60]}),
    Case("a folder to label", ("predict", IMAGE_MODEL, IMAGE_MODEL), "it is no file"),
    Case("a list of images with an empty line", ("predict", IMAGE_MODEL, "--input", "list"), "it is no file",
         {"list": "a.png\n\n", "a.png": png()}),
    Case("an image in other sizes and colours", ("predict", IMAGE_MODEL, "a.webp"), "",
         {"a.webp": png(30, 9, "WEBP")}, 0),
    Case("texts to measure a model of images on", ("evaluate", IMAGE_MODEL, "a.csv"), "a.csv is a file",
         {"a.csv": "text,label\nx,1\n"}),
    Case("a column for images", ("evaluate", IMAGE_MODEL, "digits", "--text", "x"), "--text is for texts"),
    Case("images to measure a model of texts on", ("evaluate", MODEL, "images"), "images is a folder", GOOD),
    Case("bad files of texts", ("evaluate", MODEL, "a.csv", "--skip-bad-files"), "--skip-bad-files is for images"),
    Case("an explanation by a model of images", ("explain", IMAGE_MODEL, "x"), "is of an image classifier"),
    Case("the anatomy of a model of images", ("anatomy", IMAGE_MODEL, "x", "--label", "1"),
         "is of an image classifier"),
    Case("an image model whose config was changed", ("summary", IMAGE_MODEL), "was altered",
         prepare=lambda place: (place / IMAGE_MODEL / "config.json").write_text(
             (place / IMAGE_MODEL / "config.json").read_text().replace("residual", "Residual"))),
    Case("an image model without its weights", ("predict", IMAGE_MODEL, "x"), "model.safetensors",
         prepare=lambda place: (place / IMAGE_MODEL / "model.safetensors").unlink()),
]  # fmt: skip

CASES = [*FILES, *FOLDERS, *MODELS]
