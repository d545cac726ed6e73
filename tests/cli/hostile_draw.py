"""Drawing what is no category, to where nothing can be, with models that are none; and learning to from bad images."""

from __future__ import annotations

import json
from pathlib import Path

from cli.hostile_case import DRAW_MODEL, IMAGE_MODEL, MODEL, Case
from cli.hostile_images import GOOD, png
from cli.hostile_models import seal

OUT = ("--out", "x.png")
DRAW = ("draw", DRAW_MODEL, *OUT)
TRAIN = ("train-draw", "images", "--out", "out", "--quiet")


def forged(network: dict[str, object]):
    """A model folder whose config names another network, with digests that fit."""

    def prepare(place: Path) -> None:
        config = json.loads((place / DRAW_MODEL / "config.json").read_text(encoding="utf-8"))
        config["network"] |= network
        seal(place / DRAW_MODEL, config)

    return prepare


def without(name: str):
    return lambda place: (place / DRAW_MODEL / name).unlink()


def a_folder(path: Path) -> None:
    (path / "x.png").mkdir()


DRAWING = [
    Case("a category that is none", (*DRAW, "--category", "cat"), "category 'cat' is none that the model",
         process=True),
    Case("an empty category", (*DRAW, "--category", ""), "category '' is none"),
    Case("a category that steers a terminal", (*DRAW, "--category", "\x1b[2J"), "is none that the model was"),
    Case("no drawings", (*DRAW, "--count", "0"), "--count"),
    Case("drawings without end", (*DRAW, "--count", "1000000000"), "--count"),
    Case("half a drawing", (*DRAW, "--count", "0.5"), "--count"),
    Case("no steps", (*DRAW, "--steps", "0"), "--steps"),
    Case("guidance away from the category", (*DRAW, "--guidance", "-3"), "guidance: a number of at least 0"),
    Case("guidance that is no number", (*DRAW, "--guidance", "nan"), "guidance: a number of at least 0"),
    Case("guidance without end", (*DRAW, "--guidance", "1e9"), "guidance: a number of at least 0 and at most 100"),
    Case("nothing to draw and to measure", ("draw", DRAW_MODEL), "--out FILE expected"),
    Case("drawings as a JPEG", ("draw", DRAW_MODEL, "--out", "x.jpg"), "does not end in .png"),
    Case("drawings without a name", ("draw", DRAW_MODEL, "--out", ""), "does not end in .png"),
    Case("drawings in place of a folder", DRAW, "--out x.png is a folder where a file was expected", prepare=a_folder),
    Case("drawings under a file", ("draw", DRAW_MODEL, "--out", "a/x.png"), "a/x.png cannot be written", {"a": "x"}),
    Case("drawings under a name that is too long", ("draw", DRAW_MODEL, "--out", "a" * 300 + ".png"),
         "cannot be written"),
    Case("drawings measured beside other images", ("draw", DRAW_MODEL, "--measure", "images"),
         "these are not the images that the model was trained on", GOOD),
    Case("drawings measured beside nothing", ("draw", DRAW_MODEL, "--measure", "gone"), "gone does not exist"),
]  # fmt: skip

MODELS = [
    Case("drawings by a model of texts", ("draw", MODEL, *OUT), "is of a text classifier where a generator of images"),
    Case("drawings by a model that classifies images", ("draw", IMAGE_MODEL, *OUT), "is of an image classifier where"),
    Case("drawings by nothing", ("draw", "gone", *OUT), "gone is not a folder"),
    Case("labels by a generator", ("predict", DRAW_MODEL, "a.png"), "where a classifier was", {"a.png": png()}),
    Case("figures of a generator's labels", ("evaluate", DRAW_MODEL, "images"), "where a classifier was", GOOD),
    Case("a generator without weights", DRAW, "model.safetensors", prepare=without("model.safetensors")),
    Case("a generator without figures", DRAW, "metrics.json", prepare=without("metrics.json")),
    Case("a generator of larger images than it has weights for", DRAW, "holds another number of weights",
         prepare=forged({"height": 64, "width": 64})),
    Case("a generator of endless images", DRAW, "config.json", prepare=forged({"height": 10**12})),
    Case("a generator with endless layers", DRAW, "config.json", prepare=forged({"blocks": 10**30})),
    Case("a generator whose pixels have no end", DRAW, "config.json", prepare=forged({"high": 1e300, "whole": False})),
    Case("a generator of nothing but a name", DRAW, "config.json", prepare=forged({"patch": "all"})),
    Case("a generator's layers", ("summary", DRAW_MODEL), "a generator of images (flow) of 2 categories: a, b", code=0),
]  # fmt: skip

LEARNING = [
    Case("a text among images to draw", TRAIN, "cat/1.png: it is no image", GOOD | {"images/cat/1.png": "no image"}),
    Case("one category to draw", TRAIN, "at least two classes are needed", {"images/a/1.png": png()}),
    Case("no folder of images to draw", ("train-draw", "gone", "--out", "out"), "gone does not exist", process=True),
    Case("images to draw into a folder that is someone's", ("train-draw", "digits", "--out", "out"),
         "--out out holds other", {"out/thesis.doc": "x"}),
    Case("images to draw that are too large", (*TRAIN, "--side", "65"), "--side", GOOD),
    Case("images to draw that cannot be cut", TRAIN, "11 x 13 pixels cannot be cut",
         {f"images/{name}/1.png": png(11, 13) for name in "ab"}),
    Case("drawing on a checkpoint that is broken", (*TRAIN, "--resume"), "checkpoint.safetensors",
         GOOD | {"out/checkpoint.safetensors": "x" * 99}),
]  # fmt: skip

CASES = [*DRAWING, *MODELS, *LEARNING]
