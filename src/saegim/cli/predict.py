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
    from saegim import training
    from saegim.cli import lines
    from saegim.training import files
else:
    training, lines, files = late("saegim.training"), late("saegim.cli.lines"), late("saegim.training.files")


def predict(
    folder: ModelFolder,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT...", help="Texts to label.")] = None,
    source: Annotated[
        str | None,
        typer.Option("--input", metavar="FILE|-", help="A file with one text per line; - for standard input."),
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
    """Label texts: one line out for every line in.

    Texts come from the command line, a file or standard input; empty lines count. Labels are printed as soon as
    their texts have arrived. Texts that begin with a dash go after --.
    """
    console = Console(as_json=as_json, quiet=quiet)
    if (source is None) == (not texts):
        both = "both texts and --input were" if texts else "neither texts nor --input was"
        raise SettingError(f"{both} given; give TEXT..., or --input FILE (- for standard input)")
    if output is not None:
        check_place(output, "--output")
    classifier = training.TextClassifier.load(folder)
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


def _labelled(classifier: training.TextClassifier, batch: list[str], proba: bool) -> list[dict[str, Any]]:
    if not proba:
        return [
            {"text": text, "label": str(label)} for text, label in zip(batch, classifier.predict(batch), strict=True)
        ]
    classes = [str(each) for each in classifier.classes_]
    rows = classifier.predict_proba(batch)
    return [
        {"text": text, "label": classes[int(row.argmax())], "proba": dict(zip(classes, row.tolist(), strict=True))}
        for text, row in zip(batch, rows, strict=True)
    ]


def _line(entry: dict[str, Any]) -> str:
    label = one_line(entry["label"])
    return f"{label}\t{max(entry['proba'].values()):.6f}" if "proba" in entry else label
