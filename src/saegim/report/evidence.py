"""Texts with known labels that a model was not trained on, and what it says about them.

A run keeps no texts. run.yaml names the file that it was trained on, with its digest: while the file is there, the part
that training held out can be told again. Letters: n texts, C classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from saegim.data import Table, check_examples, read_table
from saegim.training import TextClassifier
from saegim.training.files import digest

Array = npt.NDArray[Any]
Why = Literal["no description", "gone", "changed", "none held out", "no model"]


@dataclass(frozen=True, eq=False)
class Evidence:
    """texts, true, predicted: n each; probabilities: (n, C), columns as in `classes`; source: the file they are from;
    held_out: whether training chose the best epoch by them"""

    texts: list[str]
    true: list[str]
    predicted: list[str]
    probabilities: Array
    classes: list[str]
    source: str
    held_out: bool = False

    @cached_property
    def confidence(self) -> Array:
        """(n,) the probability of each predicted label."""
        confidence: Array = self.probabilities.max(1)
        return confidence

    @cached_property
    def right(self) -> Array:
        """(n,) bool whether each predicted label is the true one."""
        return np.array([true == said for true, said in zip(self.true, self.predicted, strict=True)], bool)

    @property
    def wrong(self) -> list[int]:
        """The rows that are predicted wrong, the most confident first."""
        rows: list[int] = np.flatnonzero(~self.right).tolist()
        return sorted(rows, key=lambda row: (-self.confidence[row], row))


@dataclass(frozen=True)
class Missing:
    """Why there is no evidence, and the file that it is about."""

    why: Why
    file: str = ""


def evidence_of(
    classifier: TextClassifier, texts: Sequence[str], labels: Iterable[Any], source: str, *, held_out: bool = False
) -> Evidence:
    """What the classifier says about n texts with known labels."""
    probabilities = classifier.predict_proba(list(texts))
    classes = [str(each) for each in classifier.classes_]
    predicted = [classes[place] for place in probabilities.argmax(1)]
    return Evidence(list(texts), [str(each) for each in labels], predicted, probabilities, classes, source, held_out)


def evidence_from(classifier: TextClassifier, table: Table) -> Evidence:
    """What the classifier says about the labelled texts of a file."""
    return evidence_of(classifier, table.texts, table.labels or [], table.source)


def held_out_evidence(classifier: TextClassifier | None, made_from: dict[str, Any] | None) -> Evidence | Missing:
    """What the classifier says about the texts that its training held out, or validated with.

    Raises DataError for a file that has the right digest and yet cannot be read.
    """
    if classifier is None:
        return Missing("no model")
    if made_from is None or not isinstance(made_from.get("file"), str):
        return Missing("no description")
    train = _unchanged(made_from, "file", "sha256")
    if isinstance(train, Missing):
        return train
    if made_from.get("valid") is None:
        part = classifier.held_out(train.texts, train.labels)
        if part is None:
            return Missing("none held out", train.source)
        return evidence_of(classifier, *part, train.source, held_out=True)
    valid = _unchanged(made_from, "valid", "valid_sha256")
    if isinstance(valid, Missing):
        return valid
    others = check_examples(train, valid).valid  # without texts that are in both
    assert others is not None
    return evidence_of(classifier, others.texts, others.labels or [], others.source, held_out=True)


def _unchanged(made_from: dict[str, Any], name: str, sha256: str) -> Table | Missing:
    """The table in a file that run.yaml names, if it is the one that was trained on."""
    file = str(made_from[name])
    text, label = (None if made_from.get(key) is None else str(made_from[key]) for key in ("text", "label"))
    if not Path(file).is_file():
        return Missing("gone", file)
    if digest(Path(file)) != made_from.get(sha256):
        return Missing("changed", file)
    return read_table(file, text=text, label=label, skip_bad_rows=made_from.get("skip_bad_rows") is True)
