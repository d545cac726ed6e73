"""`saegim evaluate`: how good a model is on labelled texts or images, and who answers best where it holds rules too."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saegim.cli.console import Console
from saegim.cli.options import (
    AsJson,
    Debug,
    InLanguage,
    LabelColumn,
    Language,
    ModelFolder,
    Policy,
    Quiet,
    SkipBadFiles,
    SkipBadRows,
    TextColumn,
)
from saegim.cli.reading import labelled_images, labelled_texts
from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import training
    from saegim.cli import evaluating
else:
    training, evaluating = late("saegim.training"), late("saegim.cli.evaluating")


def evaluate(
    folder: ModelFolder,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Labelled texts (CSV, TSV, JSONL, Parquet or fastText); for a model of images a folder of them.",
        ),
    ],
    text: TextColumn = None,
    label: LabelColumn = None,
    policy: Policy = None,
    skip_bad_rows: SkipBadRows = False,
    skip_bad_files: SkipBadFiles = False,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Measure a trained model on labelled texts or images.

    Gives their number, the accuracy, the macro F1 (the mean over classes of F1), precision, recall and F1 of every
    class, the seconds that prediction took, and whether probabilities mean what they say. Where the folder has a
    policy, also how much is decided, by whom, and a table of rules, network and both together.
    """
    console = Console(as_json=as_json, quiet=quiet)
    model = evaluating.Model.load(folder, policy)
    if isinstance(model.classifier, training.ImageClassifier):
        for option, given in (("--text", text), ("--label", label), ("--skip-bad-rows", skip_bad_rows)):
            if given:
                raise SettingError(f"{option} is for texts, but {folder} holds an image classifier; leave it out")
        images = labelled_images(console, str(file), size=model.classifier.shape, skip_bad_files=skip_bad_files)
        _measure(console, model, "images", images.pixels, images.labels, language)
        return
    if skip_bad_files:
        raise SettingError(f"--skip-bad-files is for images, but {folder} holds a text classifier; leave it out")
    table = labelled_texts(console, file, text, label, skip_bad_rows=skip_bad_rows)
    _measure(console, model, "texts", table.texts, table.labels or [], language)


def _measure(
    console: Console, model: evaluating.Model, what: evaluating.What, x: Any, labels: Sequence[str], language: Language
) -> None:
    """Measures on n texts or images x with n labels."""
    unknown = sorted(set(labels) - set(model.classes))
    if unknown:
        rows = sum(each in set(unknown) for each in labels)
        console.say(f"warning: {rows:,} {what} have labels that the model never gives: {', '.join(unknown[:5])}")
    began = time.perf_counter()
    answers = model.answers(x)
    figures = evaluating.measured(model, x, labels, answers, seconds=time.perf_counter() - began)
    console.result(figures.to_dict(), figures.in_words(what, language.value))
