"""`saegim train`: from labelled texts to a model folder, measured, and set beside rules if there are any."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saegim.cli.console import Console
from saegim.cli.durations import seconds
from saegim.cli.options import (
    AsJson,
    Debug,
    Epochs,
    InLanguage,
    LabelColumn,
    Language,
    MinAccuracy,
    MinConfidence,
    Model,
    ModelName,
    Policy,
    Quiet,
    RuleFile,
    Seed,
    SkipBadRows,
    TensorBoardFolder,
    TextColumn,
    Threads,
    TimeBudget,
)
from saegim.cli.reading import checked, labelled_texts
from saegim.late import late

if TYPE_CHECKING:
    from saegim import rules, training
    from saegim.cli import deciding, measuring, run_folder, teaching
    from saegim.data import CheckedData
else:
    rules, training = late("saegim.rules"), late("saegim.training")
    measuring, run_folder = late("saegim.cli.measuring"), late("saegim.cli.run_folder")
    deciding, teaching = late("saegim.cli.deciding"), late("saegim.cli.teaching")


def train(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Labelled texts: CSV, TSV, JSONL, Parquet or fastText.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder that the model is written to.")],
    text: TextColumn = None,
    label: LabelColumn = None,
    valid: Annotated[
        Path | None, typer.Option("--valid", metavar="FILE", help="Validation texts; a part of FILE if left out.")
    ] = None,
    model: ModelName = Model.auto,
    rule_file: RuleFile = None,
    unlabelled: Annotated[
        Path | None,
        typer.Option("--unlabelled", metavar="FILE2", help="Texts without labels, for the rules to teach by."),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option("--test", metavar="FILE", help="With --unlabelled: texts to judge by; else a part of FILE."),
    ] = None,
    learn_labelled: Annotated[
        bool, typer.Option("--learn-labelled", help="With --unlabelled: learn from a part of FILE, too.")
    ] = False,
    policy: Policy = None,
    min_accuracy: MinAccuracy = None,
    min_confidence: MinConfidence = None,
    epochs: Epochs = None,
    time_budget: TimeBudget = None,
    seed: Seed = 0,
    threads: Threads = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in DIR.")] = False,
    skip_bad_rows: SkipBadRows = False,
    tensorboard: TensorBoardFolder = None,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Train a network on labelled texts and measure it.

    The model folder holds all that prediction needs, the figures of every epoch, and checkpoints: a run that was
    interrupted goes on with --resume and ends with the same model. With --rules, the rules are kept beside the model
    and measured on the same validation texts, and a paragraph says which of the two to trust. A policy says which rules
    should go first; --policy together lets it answer. With --min-accuracy or --min-confidence nothing is answered where
    the network is not sure enough.

    With --unlabelled, the rules teach: they label the texts of FILE2, networks learn from that, and the labelled texts
    of FILE only choose the best of them and judge it.
    """
    teaching.require_rules(rule_file, unlabelled, test, learn_labelled=learn_labelled)
    console = Console(as_json=as_json, quiet=quiet)
    budget, progress = seconds(time_budget), console.progress(language.value, tensorboard)
    run_folder.claim(out)
    rule_set = None if rule_file is None else rules.load_rules(rule_file)
    wish = deciding.Wish(min_accuracy, min_confidence, policy)
    classifier = training.TextClassifier(model.value, epochs=epochs, time_budget=budget, seed=seed, threads=threads)
    if rule_set is not None and rule_file is not None and unlabelled is not None:
        sources = teaching.Sources(file, unlabelled, valid, test, learn_labelled)
        parts = teaching.read_parts(console, sources, text, label, skip_bad_rows=skip_bad_rows, seed=seed)
        run_folder.describe(
            out, resume=resume, file=file, text=parts.choosing.text_column, label=parts.choosing.label_column,
            valid=valid, test=test, unlabelled=unlabelled, learn_labelled=learn_labelled, model=model.value,
            rules=rule_file, policy=wish.answers, min_accuracy=min_accuracy, min_confidence=min_confidence,
            epochs=epochs, time_budget=budget, seed=seed, threads=threads, skip_bad_rows=skip_bad_rows,
        )  # fmt: skip
        teaching.run(console, rule_set, rule_file, parts, classifier, out, resume, progress, wish, language.value)
        return
    table = labelled_texts(console, file, text, label, skip_bad_rows=skip_bad_rows)
    other = None if valid is None else labelled_texts(console, valid, text, label, skip_bad_rows=skip_bad_rows)
    data = checked(console, table, other)
    run_folder.describe(
        out, resume=resume, file=file, text=table.text_column, label=table.label_column, valid=valid, model=model.value,
        rules=rule_file, policy=wish.answers, min_accuracy=min_accuracy, min_confidence=min_confidence, epochs=epochs,
        time_budget=budget, seed=seed, threads=threads, skip_bad_rows=skip_bad_rows,
    )  # fmt: skip

    with run_folder.checkpointed(out):
        classifier.fit(
            data.train.texts,
            data.train.labels,
            valid=_known(data),
            folder=out,
            resume=resume,
            progress=progress,
        )
    classifier.save(out)
    run_folder.keep_rules(console, out, rule_file)

    together = deciding.fitted(console, out, classifier, rule_set, wish)
    held_out = _held_out(data, classifier)
    train_labels = _train_labels(data, held_out[1])
    figures = measuring.measured(
        classifier, rule_set, held_out, train_labels=train_labels, language=language.value, together=together
    )
    run_folder.keep_comparison(out, figures.comparison)
    about_policy = [] if together is None else [deciding.in_words(together.policy, language.value), ""]
    console.result(
        {
            "model": out,
            "kind": classifier.kind_,
            "train_rows": len(train_labels),
            **figures.to_dict(),
            "policy": None if together is None else deciding.as_data(together.policy, language.value),
            "epochs": len(classifier.history_),
            "seconds": classifier.seconds_,
            "notes": classifier.notes_,
            "findings": [vars(each) for each in data.findings],
            "health": [each.to_dict() for each in classifier.findings_],
        },
        "\n".join([figures.in_words(), *about_policy, f"the model ({classifier.kind_}) is in {out}"]),
    )


def _known(data: CheckedData) -> tuple[list[str], list[str]] | None:
    """The validation texts whose labels training knows: by these the best epoch is chosen."""
    if data.valid is None:
        return None
    classes = set(data.train.labels or [])
    pairs = [pair for pair in zip(data.valid.texts, data.valid.labels or [], strict=True) if pair[1] in classes]
    return [text for text, _ in pairs], [label for _, label in pairs]


def _train_labels(data: CheckedData, held_out: Sequence[str]) -> list[str]:
    """The labels of the texts that training saw, in any order."""
    counts = Counter(data.train.labels or []) - Counter(held_out if data.valid is None else ())
    return list(counts.elements())


def _held_out(data: CheckedData, classifier: training.TextClassifier) -> tuple[list[str], list[str]]:
    """Texts and labels that the network was not trained on; none if there were too few to hold some out."""
    if data.valid is not None:
        return data.valid.texts, data.valid.labels or []
    texts, labels = classifier.validation_ or ([], [])
    return list(texts), [str(label) for label in labels]
