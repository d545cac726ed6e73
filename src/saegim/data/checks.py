"""Looking at the examples before training: what would make a model useless, or its score a lie."""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from saegim.data.records import shown
from saegim.data.table import Table
from saegim.errors import DataError

LONG_TEXT = 5_000
"""Characters from which on a text is called very long: about 20 paragraphs."""

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """One thing the check found.

    level: "error" (no training with this), "warning" (results will suffer), "note" (good to know)
    code: a short name that does not change, such as "single-class"
    message: one sentence
    """

    level: Level
    code: str
    message: str


@dataclass(frozen=True)
class CheckedData:
    """The tables to use, and what was found in them."""

    train: Table
    valid: Table | None
    findings: list[Finding]

    def raise_errors(self) -> None:
        """Raises DataError with the first finding that forbids training."""
        for finding in self.findings:
            if finding.level == "error":
                raise DataError(finding.message)


def check_examples(train: Table, valid: Table | None = None, *, long_text: int = LONG_TEXT) -> CheckedData:
    """Examine the training examples and, if given, those for validation.

    Rows of `valid` whose text (compared in NFC, white space collapsed) is also in `train` are dropped.
    """
    keys = [_key(text) for text in train.texts]
    findings = _classes(train) + _contradictions(train, keys)
    if valid is not None:
        valid, shared = _without_shared(train, valid, set(keys))
        findings += shared + _validation_classes(train, valid)
    return CheckedData(train, valid, findings + _long_texts(train, long_text))


def _key(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _classes(train: Table) -> list[Finding]:
    if len(train) == 0:
        return [Finding("error", "no-examples", f"{train.source} holds no examples; give labelled texts")]
    if train.labels is None:
        return [Finding("error", "no-labels", f"{train.source} holds no labels; name the column with --label")]
    counts = Counter(train.labels)
    if len(counts) == 1:
        message = f"all {len(train):,} examples of {train.source} have the label {shown(train.labels[0])};"
        return [Finding("error", "single-class", f"{message} learning needs at least 2 different labels")]
    rare = sorted(label for label, count in counts.items() if count < 2)
    if not rare:
        return []
    few = f"{_number(len(rare), 'class has', 'classes have')} only one example ({_listed(rare)})"
    return [Finding("warning", "rare-class", f"{few}: no model can be measured on them; add examples")]


def _contradictions(train: Table, keys: list[str]) -> list[Finding]:
    labels_of: dict[str, set[str]] = {}
    for key, label in zip(keys, train.labels or [], strict=False):
        labels_of.setdefault(key, set()).add(label)
    findings = []
    contradicting = {key for key, labels in labels_of.items() if len(labels) > 1}
    if contradicting:
        rows = [row for row, key in enumerate(keys) if key in contradicting]
        first = [train.lines[row] for row in rows if keys[row] == keys[rows[0]]]
        texts = _number(len(contradicting), "text occurs", "texts occur")
        where = f"({len(rows):,} rows; the first is {shown(train.texts[rows[0]])}, lines {_lines(first)})"
        findings.append(
            Finding(
                "warning",
                "contradicting-labels",
                f"{texts} with different labels {where}: decide on one each",
            )
        )
    repeated = len(keys) - len(set(keys))
    if repeated:
        rows_repeat = _number(repeated, "row repeats", "rows repeat")
        findings.append(
            Finding(
                "note",
                "repeated-texts",
                f"{rows_repeat} the text of an earlier one; they count like any other",
            )
        )
    return findings


def _without_shared(train: Table, valid: Table, known: set[str]) -> tuple[Table, list[Finding]]:
    kept = [row for row, text in enumerate(valid.texts) if _key(text) not in known]
    dropped = len(valid) - len(kept)
    if dropped == 0:
        return valid, []
    message = f"{_number(dropped, 'text', 'texts')} of {valid.source} also in {train.source}: dropped"
    findings = [Finding("warning", "shared-texts", f"{message}, {len(kept):,} are left")]
    if not kept:
        findings.append(
            Finding(
                "error",
                "no-validation",
                f"every text of {valid.source} is also in {train.source}; give others",
            )
        )
    return valid.take(kept), findings


def _validation_classes(train: Table, valid: Table) -> list[Finding]:
    if not train.labels or not valid.labels:
        return []
    unknown = sorted(set(valid.labels) - set(train.labels))
    absent = sorted(set(train.labels) - set(valid.labels))
    findings = []
    if unknown:
        labels = f"{_number(len(unknown), 'label', 'labels')} of {valid.source} ({_listed(unknown)})"
        findings.append(Finding("warning", "unknown-labels", f"{labels} never in {train.source}: always wrong"))
    if absent:
        labels = f"{_number(len(absent), 'label', 'labels')} of {train.source} ({_listed(absent)})"
        findings.append(Finding("note", "unmeasured-labels", f"{labels} never in {valid.source}: not measured"))
    return findings


def _long_texts(train: Table, limit: int) -> list[Finding]:
    rows = [row for row, text in enumerate(train.texts) if len(text) > limit]
    if not rows:
        return []
    longest = max(rows, key=lambda row: len(train.texts[row]))
    texts = _number(len(rows), "text is", "texts are")
    where = f"the longest, line {train.lines[longest]}, has {len(train.texts[longest]):,}"
    message = f"{texts} longer than {limit:,} characters ({where}): models that read in order cut them"
    return [Finding("note", "long-texts", message)]


def _number(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count:,} {many}"


def _listed(labels: list[str]) -> str:
    return ", ".join(shown(label) for label in labels[:5]) + (", …" if len(labels) > 5 else "")


def _lines(lines: list[int]) -> str:
    return ", ".join(str(line) for line in lines[:3]) + (", …" if len(lines) > 3 else "")
