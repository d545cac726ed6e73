"""`saegim curve`: from how much data on does learning win?"""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saegim.cli.console import Console
from saegim.cli.durations import seconds
from saegim.cli.options import (
    AsJson,
    Debug,
    InLanguage,
    LabelColumn,
    Language,
    Model,
    Quiet,
    RuleFile,
    Seed,
    SkipBadRows,
    TextColumn,
    Threads,
)
from saegim.cli.reading import labelled_texts, parts
from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import curve as curves
    from saegim import rules
    from saegim.cli import run_folder
    from saegim.curve import verdict as verdicts
    from saegim.curve import view
else:
    curves, rules = late("saegim.curve"), late("saegim.rules")
    run_folder = late("saegim.cli.run_folder")
    verdicts, view = late("saegim.curve.verdict"), late("saegim.curve.view")

SHARE, LEAST, SHARE_AT_MOST, MOST = 1 / 5, 200, 1 / 3, 10_000  # of the texts, for measuring


def curve(
    file: Annotated[Path, typer.Argument(metavar="DATA", help="Labelled texts: CSV, TSV, JSONL, Parquet or fastText.")],
    text: TextColumn = None,
    label: LabelColumn = None,
    rule_file: RuleFile = None,
    test: Annotated[
        Path | None, typer.Option("--test", metavar="FILE", help="Texts to measure on; a part of DATA if left out.")
    ] = None,
    models: Annotated[
        list[Model] | None, typer.Option("--model", help="A network to measure; give it again for more. auto if none.")
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", min=1, max=100, help="Samples of each size, each with its own seed.")
    ] = 5,
    time_budget: Annotated[
        str | None,
        typer.Option("--time-budget", metavar="TIME", help="The longest measuring may take: 90, 90s, 2m, 1h30m."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep every point in DIR/curve.json.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the points in DIR/curve.json.")] = False,
    seed: Seed = 0,
    threads: Threads = None,
    skip_bad_rows: SkipBadRows = False,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Say from how much data on learning wins against your rules.

    Networks and the classical baseline are trained on growing samples (10, 30, 100, ... all), several of each size, and
    measured beside the rules on the same held-out texts. Curves are fitted, and the number of labelled texts from
    which the network beats the rules is told with an interval, overall and for every class; also what 100 more labels
    would bring, and when the data do not allow an answer.
    """
    began = time.monotonic()
    console = Console(as_json=as_json, quiet=quiet)
    budget = seconds(time_budget)
    if out is not None:
        run_folder.claim(out)
    elif resume:
        raise SettingError("--resume goes on with what is kept in a folder, but none is given; add --out DIR")
    rule_set = None if rule_file is None else rules.load_rules(rule_file)
    table = labelled_texts(console, file, text, label, skip_bad_rows=skip_bad_rows)
    other = None if test is None else labelled_texts(console, test, text, label, skip_bad_rows=skip_bad_rows)
    data = parts(console, table, other, share=_test_share(len(table)), seed=seed)
    assert data.valid is not None, "there is a part to measure on"
    task = curves.Task(
        data.train, data.valid, rule_set, samples, seed, labelled=len(table) if other is None else len(data.train)
    )
    learners = [curves.classical(threads=threads)]
    learners += [curves.network(model.value, threads=threads) for model in dict.fromkeys(models or [Model.auto])]
    with nullcontext() if out is None else run_folder.checkpointed(out, "curve.json"):
        found = curves.measure(task, learners, folder=out, resume=resume, budget=budget, began=began, say=console.say)
    said = verdicts.verdict(found, language.value)
    console.result({**found.to_dict(), "verdict": said}, f"{view.whole(found, language.value)}\n\n{said}")


def _test_share(rows: int) -> float:
    """The share of the texts to measure on: a fifth, but of few texts more, and of many no more than needed."""
    wanted = min(max(SHARE * rows, min(LEAST, SHARE_AT_MOST * rows)), MOST)
    return wanted / rows if rows else SHARE
