"""`saegim evaluate`: how good a model is on labelled texts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saegim.cli.console import Console, one_line
from saegim.cli.options import AsJson, Debug, LabelColumn, ModelFolder, Quiet, SkipBadRows, TextColumn
from saegim.cli.reading import labelled_texts
from saegim.late import late

if TYPE_CHECKING:
    from saegim import evaluation, training
    from saegim.evaluation import learned
else:
    evaluation, training = late("saegim.evaluation"), late("saegim.training")
    learned = late("saegim.evaluation.learned")


def evaluate(
    folder: ModelFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Labelled texts: CSV, TSV, JSONL, Parquet or fastText.")],
    text: TextColumn = None,
    label: LabelColumn = None,
    skip_bad_rows: SkipBadRows = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Measure a trained model on labelled texts.

    Gives the number of texts, the accuracy, the macro F1 (the mean over classes of F1), precision, recall and F1 of
    every class, and the seconds that prediction took.
    """
    console = Console(as_json=as_json, quiet=quiet)
    classifier = training.TextClassifier.load(folder)
    table = labelled_texts(console, file, text, label, skip_bad_rows=skip_bad_rows)
    labels = table.labels or []
    unknown = sorted(set(labels) - {str(each) for each in classifier.classes_})
    if unknown:
        rows = sum(each in set(unknown) for each in labels)
        console.say(f"warning: {rows:,} texts have labels that the model never gives: {', '.join(unknown[:5])}")
    began = time.perf_counter()
    predicted = learned.Learned(classifier).predict(table.texts)
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
        _in_words(scores, seconds),
    )


def _in_words(scores: evaluation.Scores, seconds: float) -> str:
    headers = ("class", "precision", "recall", "F1", "texts", "predicted")
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
    speed = f"{seconds:.2f} s, {scores.n / max(seconds, 1e-9):,.0f} texts per second"
    return (
        f"{scores.n:,} texts: accuracy {scores.accuracy:.4f}, macro F1 {scores.macro_f1:.4f} ({speed})\n\n"
        f"{evaluation.PlainTable(headers, tuple(rows)).text()}"
    )
