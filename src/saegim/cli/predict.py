"""`saegim predict`: one line out for every line in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from saegim.cli.console import Console, one_line, whole
from saegim.cli.options import AsJson, Debug, ModelFolder, Policy, Quiet
from saegim.cli.places import check_place
from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import data, together, training
    from saegim.cli import deciding, lines
    from saegim.training import files
else:
    data, together, training = late("saegim.data"), late("saegim.together"), late("saegim.training")
    deciding = late("saegim.cli.deciding")
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
    policy: Policy = None,
    undecided: Annotated[
        str, typer.Option("--undecided", metavar="MARK", help="What stands for no answer; an empty line if left out.")
    ] = "",
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Label texts, or images: one line out for every line in.

    Texts come from the command line, a file or standard input; empty lines count. Labels are printed as soon as
    their texts have arrived. Texts that begin with a dash go after --. For a model of images, give the names of image
    files in place of texts. A folder with a policy may leave texts without an answer; with --json it also says who
    decided: which rules, or the network, and how sure that is.
    """
    console = Console(as_json=as_json, quiet=quiet)
    if (source is None) == (not texts):
        both = "both texts and --input were" if texts else "neither texts nor --input was"
        raise SettingError(f"{both} given; give TEXT..., or --input FILE (- for standard input)")
    if output is not None:
        check_place(output, "--output")
    model, mark = deciding.loaded(folder, policy), one_line(undecided)
    began = time.perf_counter()
    batches = (_labelled(model, batch, proba) for batch in _batches(console, texts, source))
    if output is None and not as_json:
        for batch in batches:
            print("\n".join(_line(entry, mark) for entry in batch), flush=True)
        return
    entries = [entry for batch in batches for entry in batch]
    if output is not None:
        files.write_atomically(output, "".join(f"{_line(entry, mark)}\n" for entry in entries).encode())
        console.say(f"{len(entries):,} lines were written to {output}")
    found: dict[str, Any] = {"predictions": entries} if output is None else {"output": output}
    if isinstance(model, together.Together):
        found["undecided"] = sum(entry["label"] is None for entry in entries)
    console.result({"n": len(entries), **found, "seconds": time.perf_counter() - began}, "")


def _batches(console: Console, texts: list[str] | None, source: str | None) -> Iterator[list[str]]:
    """The texts, those that arrive together in one list."""
    if source is None:
        yield [whole(text) for text in texts or []]
        return
    with lines.opened(source) as file:
        yield from lines.line_batches(file, "standard input" if source == lines.STDIN else source, console.say)


def _labelled(model: deciding.Model, batch: list[str], proba: bool) -> list[dict[str, Any]]:
    if isinstance(model, together.Together):
        entries = [answer.to_dict() for answer in model.decide(batch)]
        return _with_chances(entries, model, batch) if proba else entries
    if isinstance(model, training.ImageClassifier):
        parts = (batch[start : start + _IMAGES_AT_ONCE] for start in range(0, len(batch), _IMAGES_AT_ONCE))
        read = ((part, data.read_image_files(part, model.shape)) for part in parts)
        return [entry for part, images in read for entry in _entries(model, "image", part, images, proba)]
    return _entries(model, "text", batch, batch, proba)


def _entries(
    classifier: training.TextClassifier | training.ImageClassifier, what: str, names: list[str], x: Any, proba: bool
) -> list[dict[str, Any]]:
    """What the classifier says of each of `x`, which `names` stand for."""
    if not proba:
        return [{what: name, "label": str(label)} for name, label in zip(names, classifier.predict(x), strict=True)]
    entries: list[dict[str, Any]] = [{what: name} for name in names]
    for entry in _with_chances(entries, classifier, x):
        entry["label"] = max(entry["proba"], key=entry["proba"].__getitem__)
    return entries


def _with_chances(entries: list[dict[str, Any]], model: deciding.Model, x: Any) -> list[dict[str, Any]]:
    """The entries with the probability of each label."""
    classes = [str(each) for each in model.classes_]
    for entry, row in zip(entries, model.predict_proba(x).tolist(), strict=True):
        entry["proba"] = dict(zip(classes, row, strict=True))
    return entries


def _line(entry: dict[str, Any], mark: str) -> str:
    """The label, or the mark for none; with the label's probability if that was asked for."""
    label = mark if entry["label"] is None else one_line(entry["label"])
    if "proba" not in entry:
        return label
    return f"{label}\t{entry.get('confidence', max(entry['proba'].values())):.6f}"
