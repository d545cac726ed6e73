"""Setting contenders side by side: the same training rows, the same test rows, the same measures.

A contender is built from the training part and asked for the labels of the test part. One that fails is
reported in the table with its reason; the others are measured all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from saegim.data.split import stratified_split
from saegim.errors import DataError, SaegimError, SettingError
from saegim.evaluation.baselines import LogisticBaseline, MajorityClass, SvmBaseline, TextFeatures
from saegim.evaluation.comparison import Comparison, Kind, Measurement, assemble

__all__ = ["Contender", "Examples", "LabelledTexts", "Predictor", "classical_contenders", "compare", "split"]


class Predictor(Protocol):
    """Anything that gives every text a label, or None where it abstains.

    It may also have `size_bytes()`, `notes` (sentences that readers of its figures should know) and
    `reused_seconds` (build time that it saved by using another contender's work, added to its own).
    """

    def predict(self, texts: Sequence[str], /) -> Sequence[str | None]:
        """One label or None for every text."""
        ...


class Examples(Protocol):
    """Labelled texts; a `data.table.Table` is one."""

    @property
    def texts(self) -> Sequence[str]:
        """N texts."""
        ...

    @property
    def labels(self) -> Sequence[str] | None:
        """N labels."""
        ...


@dataclass(frozen=True)
class LabelledTexts:
    """The plainest Examples."""

    texts: Sequence[str]
    labels: Sequence[str]


@dataclass(frozen=True)
class Contender:
    """A name for the table, what kind it is, and how to build it.

    `build(texts, labels)` gets the training part and returns a predictor. Rules may look at neither.
    """

    name: str
    kind: Kind
    build: Callable[[Sequence[str], Sequence[str]], Predictor] = field(repr=False)


def classical_contenders(
    *, max_features: int | None = None, threads: int | None = None, seed: int = 0
) -> list[Contender]:
    """The majority class, and both linear models over one TF-IDF matrix that is computed once."""
    features = TextFeatures(max_features=max_features, uses=2)

    def logistic(texts: Sequence[str], labels: Sequence[str]) -> Predictor:
        return LogisticBaseline(features, threads=threads, seed=seed).fit(texts, labels)

    def svm(texts: Sequence[str], labels: Sequence[str]) -> Predictor:
        return SvmBaseline(features, threads=threads, seed=seed).fit(texts, labels)

    return [
        Contender("majority class", "majority", lambda texts, labels: MajorityClass().fit(texts, labels)),
        Contender("TF-IDF + logistic regression", "classical", logistic),
        Contender("TF-IDF + linear SVM", "classical", svm),
    ]


def compare(
    contenders: Sequence[Contender],
    train: Examples,
    test: Examples,
    *,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """Build every contender on `train`, measure it on `test`.

    progress: called with a contender's name before it is built. clock: seconds, for the times in the table.
    Raises DataError for a part without labels or test rows, SettingError if every contender failed.
    """
    train_labels, true = _labels_of(train, "training"), _labels_of(test, "test")
    if not len(true):
        raise DataError("the test part has 0 rows, but at least 1 is needed; hold out more of the data")
    _check_names([one.name for one in contenders])
    measurements = []
    for contender in contenders:
        if progress is not None:
            progress(contender.name)
        measurements.append(_measure(contender, train.texts, train_labels, test.texts, clock))
    return assemble(measurements, true, train_rows=len(train_labels), resamples=resamples, level=level, seed=seed)


def split(examples: Examples, *, share: float = 0.2, seed: int = 0) -> tuple[LabelledTexts, LabelledTexts]:
    """A training and a test part, `share` of the rows in the latter, each class in proportion.

    Raises DataError without labels, otherwise as `data.split.stratified_split`.
    """
    labels = _labels_of(examples, "given")
    kept, held_out = stratified_split(labels, share, seed)
    train, test = (
        LabelledTexts([examples.texts[row] for row in rows], [labels[row] for row in rows]) for rows in (kept, held_out)
    )
    return train, test


def _labels_of(part: Examples, which: str) -> Sequence[str]:
    if part.labels is None:
        raise DataError(f"the {which} part has no labels, but a comparison needs them; name the label column")
    if len(part.labels) != len(part.texts):
        raise DataError(
            f"the {which} part has {len(part.texts)} texts and {len(part.labels)} labels, "
            "but should have as many of both; give every text its label"
        )
    return part.labels


def _check_names(names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SettingError(f"two contenders are called {twice[0]!r}, but names must differ; rename one")


def _measure(
    contender: Contender,
    texts: Sequence[str],
    labels: Sequence[str],
    test_texts: Sequence[str],
    clock: Callable[[], float],
) -> Measurement:
    """One row of the table. What goes wrong inside a contender is its own failure, not the comparison's."""
    started = clock()
    measured: dict[str, Any] = {"name": contender.name, "kind": contender.kind}
    try:
        predictor = contender.build(texts, labels)
        built = clock()
        measured["build_seconds"] = built - started + float(getattr(predictor, "reused_seconds", 0.0))
        measured["size_bytes"] = _size_of(predictor)
        measured["notes"] = tuple(getattr(predictor, "notes", ()))
        asked = clock()
        predictions = predictor.predict(test_texts)
        seconds = clock() - asked
        measured["predictions"] = _checked(predictions, len(test_texts))
        measured["predictions_per_second"] = len(test_texts) / seconds if seconds > 0 else None
    except Exception as error:
        measured["error"] = str(error) if isinstance(error, SaegimError) else f"{type(error).__name__}: {error}"
    return Measurement(**measured)


def _size_of(predictor: Predictor) -> int | None:
    size = getattr(predictor, "size_bytes", None)
    return int(size()) if callable(size) else None


def _checked(predictions: Sequence[str | None], rows: int) -> tuple[str | None, ...]:
    if len(predictions) != rows:
        raise DataError(f"it gave {len(predictions)} predictions for {rows} texts; predict must give one per text")
    for one in predictions:
        if one is not None and not isinstance(one, str):
            raise DataError(f"it predicted {one!r}, a {type(one).__name__}; predict must give text or None")
    return tuple(predictions)
