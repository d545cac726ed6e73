"""`saegim predict`: one line out for every line in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saegim.cli.console import Console, one_line, whole
from saegim.cli.options import AsJson, Debug, ModelFolder, Quiet
from saegim.cli.places import check_place
from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import data, training
    from saegim.cli import lines
    from saegim.training import files
else:
    data, training = late("saegim.data"), late("saegim.training")
    lines, files = late("saegim.cli.lines"), late("saegim.training.files")

_IMAGES_AT_ONCE = 1024  # that are in memory


def predict(
    folder: ModelFolder,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Texts, or image files.")] = None,
    source: Annotated[
        str | None,
        typer.Option("--input", metavar="FILE|-", help="A file with one of them per line; - for standard input."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the lines there, whole or not at all.")
    ] = None,
    proba: Annotated[
        bool, typer.Option("--proba", help="Add the label's probability after a tab; with --json those of all labels.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Label texts, or images: one line out for every line in.

    Texts come from the command line, a file or standard input; empty lines count. Labels are printed as soon as
    their texts have arrived. Texts that begin with a dash go after --. For a model of images, give the names of image
    files in place of texts.
    """
    console = Console(as_json=as_json, quiet=quiet)
    if (source is None) == (not texts):
        both = "both texts and --input were" if texts else "neither texts nor --input was"
        raise SettingError(f"{both} given; give TEXT..., or --input FILE (- for standard input)")
    if output is not None:
        check_place(output, "--output")
    classifier = training.load_classifier(folder)
    began = time.perf_counter()
    batches = (_labelled(classifier, batch, proba) for batch in _batches(console, texts, source))
    if output is None and not as_json:
        for batch in batches:
            print("\n".join(map(_line, batch)), flush=True)
        return
    entries = [entry for batch in batches for entry in batch]
    if output is not None:
        files.write_atomically(output, "".join(f"{_line(entry)}\n" for entry in entries).encode())
        console.say(f"{len(entries):,} lines were written to {output}")
    found = {"predictions": entries} if output is None else {"output": output}
    console.result({"n": len(entries), **found, "seconds": time.perf_counter() - began}, "")


def _batches(console: Console, texts: list[str] | None, source: str | None) -> Iterator[list[str]]:
    """The texts, those that arrive together in one list."""
    if source is None:
        yield [whole(text) for text in texts or []]
        return
    with lines.opened(source) as file:
        yield from lines.line_batches(file, "standard input" if source == lines.STDIN else source, console.say)


def _labelled(
    classifier: training.TextClassifier | training.ImageClassifier, batch: list[str], proba: bool
) -> list[dict[str, Any]]:
    if isinstance(classifier, training.ImageClassifier):
        parts = (batch[start : start + _IMAGES_AT_ONCE] for start in range(0, len(batch), _IMAGES_AT_ONCE))
        read = ((part, data.read_image_files(part, classifier.shape)) for part in parts)
        return [entry for part, images in read for entry in _entries(classifier, "image", part, images, proba)]
    return _entries(classifier, "text", batch, batch, proba)


def _entries(
    classifier: training.TextClassifier | training.ImageClassifier, what: str, names: list[str], x: Any, proba: bool
) -> list[dict[str, Any]]:
    """What the classifier says of each of `x`, which `names` stand for."""
    if not proba:
        return [{what: name, "label": str(label)} for name, label in zip(names, classifier.predict(x), strict=True)]
    classes = [str(each) for each in classifier.classes_]
    return [
        {what: name, "label": classes[int(row.argmax())], "proba": dict(zip(classes, row.tolist(), strict=True))}
        for name, row in zip(names, classifier.predict_proba(x), strict=True)
    ]


def _line(entry: dict[str, Any]) -> str:
    label = one_line(entry["label"])
    return f"{label}\t{max(entry['proba'].values()):.6f}" if "proba" in entry else label
