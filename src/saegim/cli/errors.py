"""`saegim errors`: what a model gets wrong, and which labels are likely wrong themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saegim.cli.console import Console, one_line
from saegim.cli.options import (
    AsJson,
    Debug,
    InLanguage,
    LabelColumn,
    Language,
    ModelFolder,
    Quiet,
    SkipBadRows,
    TextColumn,
)
from saegim.cli.places import check_place
from saegim.cli.reading import labelled_texts
from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import training
    from saegim.explain import judging, mistakes, mistakes_wording
    from saegim.training import files, run_file
else:
    training, files, run_file = late("saegim.training"), late("saegim.training.files"), late("saegim.training.run_file")
    judging, mistakes = late("saegim.explain.judging"), late("saegim.explain.mistakes")
    mistakes_wording = late("saegim.explain.mistakes_wording")


def errors(
    folder: ModelFolder,
    file: Annotated[Path, typer.Argument(metavar="DATA", help="Labelled texts: CSV, TSV, JSONL, Parquet or fastText.")],
    text: TextColumn = None,
    label: LabelColumn = None,
    folds: Annotated[
        int | None,
        typer.Option("--folds", min=2, max=100, help="Judge each text by one of so many models trained without it."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=1_000_000, help="How many of each to show.")] = 10,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write all of them to this TSV file, to go through.")
    ] = None,
    skip_bad_rows: SkipBadRows = False,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Show what a model gets wrong, and which labels are likely wrong themselves.

    Which label is taken for which; the mistakes that the model is surest of; labels that are likely wrong, as the model
    is surer of another than it usually is; and texts that are nearly the same with different labels. Of the texts that
    the model was trained on, those are judged that training held out; with --folds all, by models trained without them.
    """
    console = Console(as_json=as_json, quiet=quiet)
    if out is not None:
        _check_out(out, file)
    classifier = training.TextClassifier.load(folder)
    table = labelled_texts(console, file, text, label, skip_bad_rows=skip_bad_rows)
    labels = table.labels or []
    if folds is not None:
        judgement = judging.judge_by_folds(classifier, table.texts, labels, folds, say=console.say)
    else:
        judgement = judging.judge(classifier, table.texts, labels, trained_on=_is_trained_on(folder, file))
    found = mistakes.find_mistakes(table.texts, labels, judgement, table.lines)
    if out is not None:
        files.write_atomically(out, mistakes_wording.as_tsv(found).encode("utf-8", "replace"))
        console.say(f"all of it was written to {out}")
    told = mistakes_wording.in_words(found, language.value, most=top)
    console.result({**found.to_dict(top), "out": out}, "\n".join(map(one_line, told.split("\n"))))


def _check_out(out: Path, file: Path) -> None:
    """Raises SettingError where nothing can be written, or the data would be."""
    check_place(out, "--out")
    if out.exists() and file.exists() and out.samefile(file):
        raise SettingError(f"--out {out} would overwrite the data; give another name")


def _is_trained_on(folder: Path, file: Path) -> bool:
    """Whether the model was trained on these bytes."""
    made_from = run_file.read_description(folder)
    return made_from is not None and made_from.get("sha256") == files.digest(file)
