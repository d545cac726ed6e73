"""A model folder as what wrote it, whatever that learned."""

from __future__ import annotations

from pathlib import Path

from saegim.errors import ModelFileError
from saegim.training.classifier import TextClassifier
from saegim.training.folder import CONFIG, TASKS, task_of
from saegim.training.generator import ImageGenerator
from saegim.training.image_classifier import ImageClassifier


def load_model(folder: str | Path) -> TextClassifier | ImageClassifier | ImageGenerator:
    """The classifier or generator in a model folder.

    Raises ModelFileError for a folder that is missing, damaged or altered.
    """
    place = Path(folder)
    task = task_of(place)
    if task == "text":
        return TextClassifier.load(place)
    return ImageClassifier.load(place) if task == "images" else ImageGenerator.load(place)


def load_classifier(folder: str | Path) -> TextClassifier | ImageClassifier:
    """The classifier of texts or of images in a model folder.

    Raises ModelFileError for a folder that is missing, damaged or altered, or holds a model that is no classifier.
    """
    place = Path(folder)
    task = task_of(place)
    if task == "draw":
        raise ModelFileError(
            f"{place / CONFIG} is of {TASKS[task]} where a classifier was expected; give another folder"
        )
    return TextClassifier.load(place) if task == "text" else ImageClassifier.load(place)
