"""From what the user gives to texts with the number of each one's class, for training and for validation."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.records import shown
from saegim.data.sources import labels_from, texts_from
from saegim.data.split import stratified_split
from saegim.errors import DataError

Array = npt.NDArray[Any]

_ROUNDING = 1e-3  # by so much the shares of a text may miss 1
_FEW_FOR_VALIDATION = 40  # with fewer texts every one of them is needed for training


@dataclass(frozen=True, eq=False)
class Labelled:
    """Texts (n) and the number of each one's class, (n,) int64: the most likely one where shares are known.

    shares: (n, C) float32 how likely each class is, None where the class is certain; weights: (n,) float32 how much
    each text counts, None for all alike
    """

    texts: list[str]
    numbers: Array
    shares: Array | None = None
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def targets(self) -> Array:
        """What the loss compares with: the shares, or else the numbers."""
        return self.numbers if self.shares is None else self.shares

    def take(self, rows: Array) -> Labelled:
        shares, weights = (None if each is None else each[rows] for each in (self.shares, self.weights))
        return Labelled([self.texts[row] for row in rows], self.numbers[rows], shares, weights)

    def split(self, share: float, seed: int) -> tuple[Labelled, Labelled]:
        """(rest, held out): `share` of the texts held out, drawn within each class; the rest has every class."""
        rest, held = split_rows(self.numbers, share, seed)
        return self.take(rest), self.take(held)


def labelled(texts: Any, labels: Any) -> tuple[Labelled, Array]:
    """Training texts, and the classes (C,), ascending. Raises DataError when nothing can be learned from them."""
    read, values = _pairs(texts, labels)
    if not read:
        raise DataError("no texts were given; training needs at least two, of different classes")
    numbers, classes = numbered(values)
    return Labelled(read, numbers), classes


def softly_labelled(texts: Any, shares: Any, classes: Any) -> tuple[Labelled, Array]:
    """Training texts whose labels are shares (n, C) of the classes (C,), and the classes, ascending.

    Raises DataError for shares that are none, or do not fit the texts and the classes.
    """
    read, names = texts_from(texts), labels_from(classes)
    ascending, order = _ascending(names)
    if not 2 <= len(ascending) == len(names):
        raise DataError(f"classes: at least two different labels expected, {shown(names.tolist())} given")
    found = np.asarray(shares)
    if found.shape != (len(read), len(names)) or found.dtype.kind not in "fiu":
        raise DataError(
            f"labels as shares of {len(names)} classes: numbers of shape ({len(read)}, {len(names)}) expected, "
            f"{found.dtype} of shape {found.shape} given"
        )
    if not read:
        raise DataError("no texts were given; training needs at least two")
    sums = found.sum(1, dtype=np.float64, keepdims=True)
    if not (np.isfinite(found).all() and found.min() >= 0 and np.abs(sums - 1).max() < _ROUNDING):
        raise DataError("labels as shares: each text's shares of the classes should be at least 0 and add up to 1")
    exact = (found / sums)[:, order].astype(np.float32)
    return Labelled(read, exact.argmax(1).astype(np.int64), exact), ascending


def weighted(train: Labelled, weights: Any) -> Labelled:
    """The texts with how much each counts (n,), at least 0. Raises DataError for weights that say nothing."""
    found = np.asarray(weights)
    if found.shape != (len(train),) or found.dtype.kind not in "fiub":
        raise DataError(
            f"sample_weight: {len(train)} numbers expected, one for each text, {found.dtype} of shape {found.shape} "
            "given"
        )
    if not (np.isfinite(found).all() and found.min() >= 0 and found.max() > 0):
        raise DataError("sample_weight: finite numbers of at least 0 expected, one of them above 0")
    return replace(train, weights=found.astype(np.float32))


def validation(valid: Any, classes: Array) -> Labelled:
    """Validation texts from a pair (texts, labels). Raises DataError for labels that are none of the classes."""
    if not isinstance(valid, tuple | list) or len(valid) != 2:
        raise DataError(f"valid: a pair (texts, labels) expected, {type(valid).__name__} given")
    texts, labels = _pairs(*valid)
    return Labelled(texts, numbers_in(classes, labels))


def affordable(train: Labelled, share: float, seed: int) -> Labelled:
    """The texts that training uses: a share of them, when there is no time for all."""
    return train.split(1 - share, seed)[0] if share < 1 else train


def hold_out(train: Labelled, share: float, seed: int) -> tuple[Labelled, Labelled | None]:
    """Training texts, and a share of them to choose the best epoch by; None when every text is needed."""
    return train.split(share, seed) if may_hold_out(train.numbers, share) else (train, None)


# --- of texts and of images alike ---


def numbered(labels: Array, example: str = "text") -> tuple[Array, Array]:
    """The number of each label's class, (n,) int64, and the classes (C,), ascending. Raises DataError for one class."""
    classes, _first = _ascending(labels)
    if len(classes) < 2:
        raise DataError(
            f"all {len(labels)} {example}s have the label {shown(labels[0])}; at least two classes are needed"
        )
    return np.searchsorted(classes, labels).astype(np.int64), classes


def numbers_in(classes: Array, labels: Array, example: str = "text") -> Array:
    """The number of each label's class in `classes`, (n,) int64. Raises DataError for a label that is none of them."""
    number = {label: place for place, label in enumerate(classes.tolist())}
    values = labels.tolist()
    unknown = sorted({shown(each) for each in values if not isinstance(each, Hashable) or each not in number})
    if unknown:
        raise DataError(
            f"the validation part has labels that no training {example} has: {', '.join(unknown[:5])}; leave these "
            f"{example}s out or add such {example}s to the training part"
        )
    return np.array([number[each] for each in values], np.int64)


def may_hold_out(numbers: Array, share: float) -> bool:
    """Whether a share of examples of these classes can be spared to choose the best epoch by."""
    return bool(share) and len(numbers) >= _FEW_FOR_VALIDATION and bool(np.bincount(numbers).max() >= 2)


def split_rows(numbers: Array, share: float, seed: int) -> tuple[Array, Array]:
    """(rest, held out): rows, `share` of them held out, drawn within each class; the rest has every class."""
    return stratified_split([str(number) for number in numbers], share, seed)


def _ascending(labels: Array) -> tuple[Array, Array]:
    """The different labels, ascending, and where each is first."""
    try:
        different, first = np.unique(labels, return_index=True)
    except TypeError:
        raise DataError("labels of different types were given; make all of them strings or all numbers") from None
    return different, first


def _pairs(texts: Any, labels: Any) -> tuple[list[str], Array]:
    """Texts (n) and labels (n,)."""
    read, values = texts_from(texts), labels_from(labels)
    if len(read) != len(values):
        raise DataError(f"{len(read)} texts but {len(values)} labels were given; give one label for each text")
    if values.ndim != 1:
        raise DataError(f"labels like {shown(labels[0])} were given; give a string or a number for each text")
    return read, values
