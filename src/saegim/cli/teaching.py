"""`saegim train --unlabelled`: the part of the command in which rules teach."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from saegim.cli import deciding, measuring, run_folder
from saegim.cli.console import Console, plain
from saegim.cli.reading import labelled_texts
from saegim.data import Table, check_examples, read_table
from saegim.errors import DataError, SettingError
from saegim.rules import RuleSet
from saegim.teaching import Parts, Taught, parts_of, teach
from saegim.teaching.lesson import FOLDER
from saegim.teaching.wording import Language, note
from saegim.together import Together
from saegim.training import TextClassifier, checkpoint, files
from saegim.training.folder import CONFIG
from saegim.training.progress import Progress
from saegim.training.trainer import LOG

TEACHING = "teaching.json"


@dataclass(frozen=True)
class Sources:
    """Where the texts come from: FILE, and what its labelled texts need not be used for because other files are."""

    file: Path
    unlabelled: Path
    valid: Path | None
    test: Path | None
    learn_labelled: bool


def require_rules(rules: object, unlabelled: object, test: object, *, learn_labelled: bool) -> None:
    """Raises SettingError for options of teaching without what they need."""
    if unlabelled is not None and rules is None:
        raise SettingError("--unlabelled needs --rules FILE, the rules that are to label its texts; give both")
    if unlabelled is None and (test is not None or learn_labelled):
        option = "--test" if test is not None else "--learn-labelled"
        raise SettingError(
            f"{option} needs --unlabelled FILE, texts for rules to label; give it, or leave {option} out"
        )


def read_parts(
    console: Console, sources: Sources, text: str | None, label: str | None, *, skip_bad_rows: bool, seed: int
) -> Parts:
    """Reads all files and divides FILE among the uses that no other file has. Raises DataError."""

    def labelled(path: Path) -> Table:
        return labelled_texts(console, path, text, label, skip_bad_rows=skip_bad_rows)

    table = labelled(sources.file)
    check_examples(table).raise_errors()
    found = parts_of(
        table,
        valid=None if sources.valid is None else labelled(sources.valid),
        test=None if sources.test is None else labelled(sources.test),
        unlabelled=_unlabelled(console, sources.unlabelled, text, table, skip_bad_rows=skip_bad_rows),
        learn_labelled=sources.learn_labelled,
        seed=seed,
    )
    for finding in found.findings:
        console.say(f"{finding.level}: {finding.message}")
    return found


def _unlabelled(console: Console, path: Path, text: str | None, labelled: Table, *, skip_bad_rows: bool) -> Table:
    """The texts of FILE2: of the column that was named, or named as that of FILE, or the one that is clear."""
    column = text or (None if labelled.text_column.isdigit() else labelled.text_column)
    try:
        table = read_table(path, text=column, skip_bad_rows=skip_bad_rows, require_label=False)
    except DataError:
        if column is None:
            raise
        with suppress(DataError):
            return _announced(console, read_table(path, skip_bad_rows=skip_bad_rows, require_label=False))
        raise
    return _announced(console, table)


def _announced(console: Console, table: Table) -> Table:
    for sentence in table.notes:
        console.say(sentence if table.source in sentence else f"{table.source}: {sentence}")
    return table


def run(
    console: Console,
    rules: RuleSet,
    rule_file: Path,
    parts: Parts,
    classifier: TextClassifier,
    out: Path,
    resume: bool,
    progress: Progress,
    wish: deciding.Wish,
    language: Language,
) -> None:
    """Teaches, writes the network that is kept and the table of all into the folder, and prints what came of it."""
    with _interruptible(out):
        taught = teach(
            rules,
            [] if parts.unlabelled is None else parts.unlabelled.texts,
            _texts(parts.choosing),
            _texts(parts.final),
            learned=None if parts.learned is None else _texts(parts.learned),
            classifier=classifier,
            folder=out,
            resume=resume,
            progress=progress,
            language=language,
        )
    _keep(taught, out)
    run_folder.keep_rules(console, out, rule_file)
    together = deciding.fitted(console, out, taught.classifier, rules, wish)
    _print(console, taught, parts, rules, out, together, language)


def _keep(taught: Taught, out: Path) -> None:
    """The network with its log, and the table."""
    classifier, log = taught.classifier, out / FOLDER / taught.winner.name / LOG
    classifier.notes_.append(note(taught))
    classifier.save(out)
    if log.exists():
        files.write_atomically(out / LOG, log.read_bytes())
    content = json.dumps(plain(taught.to_dict()), ensure_ascii=False, indent=2)
    files.write_atomically(out / TEACHING, content.encode())


def _print(
    console: Console,
    taught: Taught,
    parts: Parts,
    rules: RuleSet,
    out: Path,
    together: Together | None,
    language: Language,
) -> None:
    """What came of it; the comparison of rules and network is kept in the folder."""
    classifier, labels = taught.classifier, parts.choosing.labels or []
    figures = measuring.measured(
        classifier, rules, _texts(parts.final), train_labels=labels, language=language, together=together
    )
    about_policy = [] if together is None else [deciding.in_words(together.policy, language)]
    run_folder.keep_comparison(out, figures.comparison)
    console.result(
        {
            "model": out,
            "kind": classifier.kind_,
            "train_rows": taught.winner.taught,
            **figures.to_dict(),
            "teaching": taught.to_dict(),
            "policy": None if together is None else deciding.as_data(together.policy, language),
            "epochs": len(classifier.history_),
            "seconds": taught.seconds,
            "notes": classifier.notes_,
            "findings": [vars(each) for each in parts.findings],
            "health": [each.to_dict() for each in classifier.findings_],
        },
        "\n\n".join([taught.in_words(language), *about_policy, SAID[language].format(kind=classifier.kind_, out=out)]),
    )


SAID: dict[Language, str] = {
    "en": "the model ({kind}) is in {out}",
    "ko": "모델({kind})은 {out}에 있습니다",
}


def _texts(table: Table) -> tuple[Sequence[str], Sequence[str]]:
    return table.texts, table.labels or []


@contextmanager
def _interruptible(out: Path) -> Iterator[None]:
    """An interrupt inside says what was saved and how to go on."""
    before = _saved(out)
    try:
        yield
    except KeyboardInterrupt:
        if _saved(out) == before:
            raise KeyboardInterrupt("interrupted before there was anything to save") from None
        raise KeyboardInterrupt(
            f"interrupted; {out / FOLDER} holds what was learned: the same command with --resume goes on"
        ) from None


def _saved(out: Path) -> set[tuple[str, int]]:
    """The checkpoints and finished models of all networks, and when they were written."""
    names = (checkpoint.NAME, CONFIG)
    return {(str(path), path.stat().st_mtime_ns) for name in names for path in (out / FOLDER).glob(f"*/{name}")}
