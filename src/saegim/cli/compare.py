"""`saegim compare`: the majority class, rules, classical baselines and a network, on one split."""

from __future__ import annotations

from collections.abc import Sequence
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
    ModelName,
    Quiet,
    RuleFile,
    Seed,
    SkipBadRows,
    TextColumn,
    Threads,
    TimeBudget,
)
from saegim.cli.reading import labelled_texts, parts
from saegim.late import late

if TYPE_CHECKING:
    from saegim import rules, training
    from saegim.cli import run_folder
    from saegim.evaluation import compare as comparing
    from saegim.evaluation import learned
    from saegim.evaluation import verdict as verdicts
else:
    rules, training = late("saegim.rules"), late("saegim.training")
    run_folder = late("saegim.cli.run_folder")
    comparing, verdicts = late("saegim.evaluation.compare"), late("saegim.evaluation.verdict")
    learned = late("saegim.evaluation.learned")

HELD_OUT = 0.2


def compare(
    file: Annotated[Path, typer.Argument(metavar="DATA", help="Labelled texts: CSV, TSV, JSONL, Parquet or fastText.")],
    text: TextColumn = None,
    label: LabelColumn = None,
    rule_file: RuleFile = None,
    test: Annotated[
        Path | None, typer.Option("--test", metavar="FILE", help="Texts to measure on; a fifth of DATA if left out.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep the comparison there, for `saegim report`.")
    ] = None,
    model: ModelName = Model.auto,
    time_budget: TimeBudget = None,
    seed: Seed = 0,
    threads: Threads = None,
    skip_bad_rows: SkipBadRows = False,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Set a network beside your rules and the usual baselines; say which to trust.

    All are built from the same texts and measured on the same others: the majority class, the rules, TF-IDF with
    logistic regression and with a linear SVM, and the network. The time budget is for training the network.
    """
    console = Console(as_json=as_json, quiet=quiet)
    budget = seconds(time_budget)
    if out is not None:
        run_folder.claim(out)
    if rule_file is not None:
        rules.load_rules(rule_file)  # what is wrong with it is told before anything is trained
    table = labelled_texts(console, file, text, label, skip_bad_rows=skip_bad_rows)
    other = None if test is None else labelled_texts(console, test, text, label, skip_bad_rows=skip_bad_rows)
    data = parts(console, table, other, share=HELD_OUT, seed=seed)

    def network(texts: Sequence[str], labels: Sequence[str]) -> learned.Learned:
        classifier = training.TextClassifier(model.value, time_budget=budget, seed=seed, threads=threads)
        return learned.Learned(classifier.fit(texts, labels, progress=console.progress()))

    majority, *classical = comparing.classical_contenders(threads=threads, seed=seed)
    expert = (
        [] if rule_file is None else [comparing.Contender("rules", "rules", lambda *_: rules.load_rules(rule_file))]
    )
    network_contender = comparing.Contender(f"network ({model.value})", "learned", network)
    contenders = [majority, *expert, *classical, network_contender]
    assert data.valid is not None
    comparison = comparing.compare(
        contenders, data.train, data.valid, seed=seed, progress=lambda name: console.say(f"building: {name}")
    )
    if out is not None:
        run_folder.keep_comparison(out, comparison)
    said = verdicts.verdict(comparison, language.value)
    console.result(
        {**comparison.to_dict(), "verdict": said, "findings": [vars(each) for each in data.findings]},
        f"{comparison.table(language.value).text()}\n\n{said}",
    )
