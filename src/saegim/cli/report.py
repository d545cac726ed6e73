"""`saegim report`: a run as one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saegim.cli.console import Console
from saegim.cli.options import (
    AsJson,
    Debug,
    InLanguage,
    LabelColumn,
    Language,
    Quiet,
    SkipBadRows,
    TextColumn,
)
from saegim.cli.reading import labelled_texts
from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import report as reporting
else:
    reporting = late("saegim.report")


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of a run, as `saegim train --out` wrote it.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="The page to write; report.html in RUN if left out.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", metavar="FILE", help="Labelled texts to measure on, instead of those held out."),
    ] = None,
    curve: Annotated[
        Path | None, typer.Option("--curve", metavar="FILE", help="A learning curve; curve.json in RUN if left out.")
    ] = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    skip_bad_rows: SkipBadRows = False,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Write a run's report: one HTML file that opens in any browser, offline.

    The verdict first; then the comparison, how training went, what is taken for what, whether the probabilities mean
    what they say, decisions taken apart, the worst errors, the model, and all that is needed to repeat the run. What
    needs texts uses those that training held out, as long as the file they are from is unchanged, or those of --data.
    """
    console = Console(as_json=as_json, quiet=quiet)
    if out is not None and (out.is_dir() or out.suffix.lower() not in (".html", ".htm")):
        raise SettingError(f"--out {out} is no name of a page; give one that ends in .html")
    table = None if data is None else labelled_texts(console, data, text, label, skip_bad_rows=skip_bad_rows)
    written = reporting.write_report(folder, out, data=table, curve_file=curve, language=language.value)
    if written.missing is not None:
        console.say(written.missing)
    console.result(
        {"report": written.path, "bytes": written.bytes, "sections": written.sections, "missing": written.missing},
        str(written.path),
    )
