"""What a classifier says of texts that it was not trained on, or would say if it had been trained without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from saegim.errors import SettingError
from saegim.explain.duplicates import letters_of, numbered
from saegim.explain.mistakes import Basis, Judgement

if TYPE_CHECKING:
    from saegim.training import TextClassifier

Array = npt.NDArray[Any]
Say = Callable[[str], None]

_UNSEEN: Basis = "unseen"
_HELD_OUT: Basis = "held out"
_TRAINED_ON: Basis = "trained on"


def judge(
    classifier: TextClassifier, texts: Sequence[str], labels: Sequence[str], *, trained_on: bool = False
) -> Judgement:
    """What the classifier says of texts with labels (n).

    trained_on: these are the texts that `fit` was given; only those that it held out are judged, all if there are none
    """
    rows, basis = None, _TRAINED_ON if trained_on else _UNSEEN
    if trained_on and (part := classifier.held_out(texts, labels)) is not None:
        rows, basis = _rows_of(part[0], part[1].tolist(), texts, labels), _HELD_OUT
    read = texts if rows is None else [texts[row] for row in rows.tolist()]
    return Judgement([str(name) for name in classifier.classes_], classifier.predict_proba(read), rows, basis)


def _rows_of(part: Sequence[str], part_labels: Sequence[Any], texts: Sequence[str], labels: Sequence[Any]) -> Array:
    """The rows of a part of texts with labels, rising; of equal ones the first."""
    waiting: dict[tuple[str, str], list[int]] = {}
    for row in range(len(texts) - 1, -1, -1):
        waiting.setdefault((texts[row], str(labels[row])), []).append(row)
    return np.sort([waiting[text, str(label)].pop() for text, label in zip(part, part_labels, strict=True)])


def judge_by_folds(
    classifier: TextClassifier,
    texts: Sequence[str],
    labels: Sequence[str],
    folds: int,
    *,
    say: Say = lambda _sentence: None,
) -> Judgement:
    """Judges texts with labels (n) in `folds` parts, each by a model trained on all others as `classifier` was.

    Texts of the same letters are in one part, as their labels would give each other away. Raises SettingError for
    fewer than two folds, DataError where the other parts cannot be learned from.
    """
    if folds < 2:
        raise SettingError(f"{folds} folds were asked for; give 2 or more, so that there are texts to train on")
    part = assign_folds(texts, labels, folds, seed=classifier.seed)
    classes = sorted(set(labels))
    probabilities = np.zeros((len(texts), len(classes)))
    for fold in range(folds):
        say(f"training without part {fold + 1} of {folds}")
        inside, outside = np.flatnonzero(part == fold).tolist(), np.flatnonzero(part != fold).tolist()
        if not inside:
            continue
        made = type(classifier)(**classifier.get_params())
        made.fit([texts[row] for row in outside], [labels[row] for row in outside])
        columns = [classes.index(str(name)) for name in made.classes_]
        probabilities[np.array(inside)[:, None], columns] = made.predict_proba([texts[row] for row in inside])
    return Judgement(classes, probabilities, basis="folds", folds=folds)


def assign_folds(texts: Sequence[str], labels: Sequence[str], folds: int, *, seed: int) -> Array:
    """(n,) which of the folds each text is in; each has its share of every label.

    All texts of the same letters go where the first of them goes.
    """
    first: dict[str, int] = {}
    owners = np.array([first.setdefault(letters_of(text), row) for row, text in enumerate(texts)], np.int64)
    rows = np.unique(owners)
    order = rows[np.lexsort((np.random.default_rng(seed).permutation(len(rows)), numbered(labels)[rows]))]
    fold = np.zeros(len(texts), np.int64)
    fold[order] = np.arange(len(order)) % folds
    return fold[owners]
