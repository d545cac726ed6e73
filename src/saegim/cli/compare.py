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
    from saegim import rules, together, training
    from saegim.cli import run_folder
    from saegim.evaluation import compare as comparing
    from saegim.evaluation import learned
    from saegim.evaluation import verdict as verdicts
    from saegim.together import contender
else:
    rules, training = late("saegim.rules"), late("saegim.training")
    run_folder = late("saegim.cli.run_folder")
    comparing, verdicts = late("saegim.evaluation.compare"), late("saegim.evaluation.verdict")
    learned = late("saegim.evaluation.learned")
    together, contender = late("saegim.together"), late("saegim.together.contender")

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
    logistic regression and with a linear SVM, the network, and rules and network together. The time budget is for
    training the network.
    """
    console = Console(as_json=as_json, quiet=quiet)
    budget = seconds(time_budget)
    if out is not None:
        run_folder.claim(out)
    rule_set = None if rule_file is None else rules.load_rules(rule_file)
    table = labelled_texts(console, file, text, label, skip_bad_rows=skip_bad_rows)
    other = None if test is None else labelled_texts(console, test, text, label, skip_bad_rows=skip_bad_rows)
    data = parts(console, table, other, share=HELD_OUT, seed=seed)

    majority, *classical = comparing.classical_contenders(threads=threads, seed=seed)
    expert = [] if rule_set is None else [comparing.Contender("rules", "rules", lambda *_: rule_set)]
    classifier = training.TextClassifier(model.value, time_budget=budget, seed=seed, threads=threads)
    contenders = [majority, *expert, *classical, *_learned(classifier, rule_set, console)]
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


def _learned(
    classifier: training.TextClassifier, rule_set: rules.RuleSet | None, console: Console
) -> list[comparing.Contender]:
    """The network, and with rules the same network together with them."""

    def network(texts: Sequence[str], labels: Sequence[str]) -> learned.Learned:
        return learned.Learned(classifier.fit(texts, labels, progress=console.progress()))

    def both(_texts: Sequence[str], _labels: Sequence[str]) -> contender.Deciding:
        fitted = together.Together.fit(classifier, rule_set, seed=classifier.seed)
        return contender.Deciding(fitted, reused_seconds=classifier.seconds_)

    alone = comparing.Contender(f"network ({classifier.model})", "learned", network)
    return [alone] if rule_set is None else [alone, comparing.Contender(contender.NAME, "together", both)]
