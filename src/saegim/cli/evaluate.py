"""`saegim evaluate`: how good a model is on labelled texts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saegim.cli.console import Console, one_line
from saegim.cli.options import AsJson, Debug, LabelColumn, ModelFolder, Quiet, SkipBadFiles, SkipBadRows, TextColumn
from saegim.cli.reading import labelled_images, labelled_texts
from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import evaluation, training
else:
    evaluation, training = late("saegim.evaluation"), late("saegim.training")


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
    skip_bad_rows: SkipBadRows = False,
    skip_bad_files: SkipBadFiles = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Measure a trained model on labelled texts or images.

    Gives their number, the accuracy, the macro F1 (the mean over classes of F1), precision, recall and F1 of every
    class, and the seconds that prediction took.
    """
    console = Console(as_json=as_json, quiet=quiet)
    classifier = training.load_classifier(folder)
    if isinstance(classifier, training.ImageClassifier):
        for option, given in (("--text", text), ("--label", label), ("--skip-bad-rows", skip_bad_rows)):
            if given:
                raise SettingError(f"{option} is for texts, but {folder} holds an image classifier; leave it out")
        images = labelled_images(console, str(file), size=classifier.shape, skip_bad_files=skip_bad_files)
        _measure(console, classifier, "images", images.pixels, images.labels)
        return
    if skip_bad_files:
        raise SettingError(f"--skip-bad-files is for images, but {folder} holds a text classifier; leave it out")
    table = labelled_texts(console, file, text, label, skip_bad_rows=skip_bad_rows)
    _measure(console, classifier, "texts", table.texts, table.labels or [])


def _measure(
    console: Console,
    classifier: training.TextClassifier | training.ImageClassifier,
    what: str,
    x: Any,
    labels: Sequence[str],
) -> None:
    """Measures on n texts or images x with n labels."""
    unknown = sorted(set(labels) - {str(each) for each in classifier.classes_})
    if unknown:
        rows = sum(each in set(unknown) for each in labels)
        console.say(f"warning: {rows:,} {what} have labels that the model never gives: {', '.join(unknown[:5])}")
    began = time.perf_counter()
    predicted = [str(each) for each in classifier.predict(x)]
    seconds = time.perf_counter() - began
    scores = evaluation.score(labels, predicted)
    per_class = {name: vars(each) for name, each in scores.per_class.items()}
    console.result(
        {
            "n": scores.n,
            "accuracy": scores.accuracy,
            "macro_f1": scores.macro_f1,
            "per_class": per_class,
            "seconds": seconds,
        },
        _in_words(scores, seconds, what),
    )


def _in_words(scores: evaluation.Scores, seconds: float, what: str) -> str:
    headers = ("class", "precision", "recall", "F1", what, "predicted")
    rows = [
        (
            one_line(name),
            f"{one.precision:.3f}",
            f"{one.recall:.3f}",
            f"{one.f1:.3f}",
            f"{one.support:,}",
            f"{one.predicted:,}",
        )
        for name, one in scores.per_class.items()
    ]
    speed = f"{seconds:.2f} s, {scores.n / max(seconds, 1e-9):,.0f} {what} per second"
    return (
        f"{scores.n:,} {what}: accuracy {scores.accuracy:.4f}, macro F1 {scores.macro_f1:.4f} ({speed})\n\n"
        f"{evaluation.PlainTable(headers, tuple(rows)).text()}"
    )
