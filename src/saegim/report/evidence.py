"""Examples with known labels that a model was not trained on, and what it says about them.

A run keeps no examples. run.yaml names what it was trained on, with a digest: while that is there, the part that
training held out can be told again. Letters: n examples, C classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from saegim.data import Images, Table, check_examples, read_images, read_table
from saegim.data.images import SIDE
from saegim.errors import DataError
from saegim.teaching import parts_of
from saegim.training import ImageClassifier, TextClassifier
from saegim.training.files import digest

Array = npt.NDArray[Any]
Made = dict[str, Any]
Why = Literal["no description", "gone", "changed", "none held out", "no model"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """true, predicted: n labels each; probabilities: (n, C), columns as in `classes`

    source: where the examples are from; held_out: whether training chose the best epoch by them
    """

    true: list[str]
    predicted: list[str]
    probabilities: Array
    classes: list[str]
    source: str
    held_out: bool = False

    @cached_property
    def confidence(self) -> Array:
        """(n,) the probability of each predicted label."""
        confidence: Array = self.probabilities.max(1)
        return confidence

    @cached_property
    def right(self) -> Array:
        """(n,) bool whether each predicted label is the true one."""
        return np.array([true == said for true, said in zip(self.true, self.predicted, strict=True)], bool)

    @property
    def wrong(self) -> list[int]:
        """The rows that are predicted wrong, the most confident first."""
        rows: list[int] = np.flatnonzero(~self.right).tolist()
        return sorted(rows, key=lambda row: (-self.confidence[row], row))


@dataclass(frozen=True, eq=False, kw_only=True)
class TextEvidence(Evidence):
    """Of n texts."""

    texts: list[str]


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageEvidence(Evidence):
    """Of images (n, H, W, channels), uint8."""

    pixels: Array


@dataclass(frozen=True)
class Missing:
    """Why there is no evidence, and the file or folder that it is about."""

    why: Why
    file: str = ""


def of_texts(
    classifier: TextClassifier, texts: list[str], labels: Iterable[Any], source: str, *, held_out: bool = False
) -> TextEvidence:
    """What the classifier says about n texts with known labels."""
    return TextEvidence(texts=texts, **_answers(classifier, texts, labels), source=source, held_out=held_out)


def of_table(classifier: TextClassifier, table: Table) -> TextEvidence:
    """What the classifier says about the labelled texts of a file."""
    return of_texts(classifier, table.texts, table.labels or [], table.source)


def held_out_texts(classifier: TextClassifier, made_from: Made | None) -> TextEvidence | Missing:
    """What the classifier says about the texts that its training held out, or validated with.

    Raises DataError for a file that has the right digest and yet cannot be read.
    """
    if made_from is None or not isinstance(made_from.get("file"), str):
        return Missing("no description")
    train = _unchanged(made_from, "file", "sha256")
    if isinstance(train, Missing):
        return train
    if made_from.get("unlabelled") is not None:
        return _taught_texts(classifier, made_from, train)
    if made_from.get("valid") is None:
        part = classifier.held_out(train.texts, train.labels)
        if part is None:
            return Missing("none held out", train.source)
        return of_texts(classifier, *part, train.source, held_out=True)
    valid = _unchanged(made_from, "valid", "valid_sha256")
    if isinstance(valid, Missing):
        return valid
    others = check_examples(train, valid).valid  # without texts that are in both
    assert others is not None
    return of_texts(classifier, others.texts, others.labels or [], others.source, held_out=True)


def held_out_images(classifier: ImageClassifier, made_from: Made | None) -> ImageEvidence | Missing:
    """What the classifier says about the images that its training held out."""
    images = unchanged_images(made_from)
    if isinstance(images, Missing):
        return images
    part = classifier.held_out(images.pixels, images.labels)
    if part is None:
        return Missing("none held out", images.source)
    pixels, labels = part
    return ImageEvidence(pixels=pixels, **_answers(classifier, pixels, labels), source=images.source, held_out=True)


def unchanged_images(made_from: Made | None) -> Images | Missing:
    """The images that run.yaml names, if they are those that were trained on."""
    if made_from is None or not isinstance(made_from.get("file"), str):
        return Missing("no description")
    source, side = made_from["file"], made_from.get("side")
    side = side if type(side) is int and side > 0 else SIDE
    try:
        images = read_images(source, side=side, skip_bad_files=made_from.get("skip_bad_files") is True)
    except DataError:
        return Missing("changed" if Path(source).is_dir() else "gone", source)
    return images if images.digest() == made_from.get("sha256") else Missing("changed", source)


def _answers(classifier: TextClassifier | ImageClassifier, examples: Any, labels: Iterable[Any]) -> dict[str, Any]:
    """The fields that all evidence has but where it is from."""
    probabilities = classifier.predict_proba(examples)
    classes = [str(each) for each in classifier.classes_]
    return {
        "true": [str(each) for each in labels],
        "predicted": [classes[place] for place in probabilities.argmax(1)],
        "probabilities": probabilities,
        "classes": classes,
    }


def _taught_texts(classifier: TextClassifier, made_from: Made, table: Table) -> TextEvidence | Missing:
    """What a network that rules taught says about the texts that judged it, which nothing was chosen by."""
    others = {
        name: _unchanged(made_from, name, f"{name}_sha256")
        for name in ("valid", "test")
        if made_from.get(name) is not None
    }
    for found in others.values():
        if isinstance(found, Missing):
            return found
    tables = {name: found for name, found in others.items() if isinstance(found, Table)}
    learn, seed = made_from.get("learn_labelled") is True, made_from.get("seed")
    final = parts_of(table, **tables, learn_labelled=learn, seed=seed if isinstance(seed, int) else 0).final
    return of_texts(classifier, final.texts, final.labels or [], final.source)


def _unchanged(made_from: Made, name: str, sha256: str) -> Table | Missing:
    """The table in a file that run.yaml names, if it is the one that was trained on."""
    file = str(made_from[name])
    text, label = (None if made_from.get(key) is None else str(made_from[key]) for key in ("text", "label"))
    if not Path(file).is_file():
        return Missing("gone", file)
    if digest(Path(file)) != made_from.get(sha256):
        return Missing("changed", file)
    return read_table(file, text=text, label=label, skip_bad_rows=made_from.get("skip_bad_rows") is True)
