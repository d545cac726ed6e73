"""From what the user gives to texts with the number of each one's class, for training and for validation."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data.records import shown
from saegim.data.sources import labels_from, texts_from
from saegim.data.split import stratified_split
from saegim.errors import DataError

Array = npt.NDArray[Any]

_FEW_FOR_VALIDATION = 40  # with fewer texts every one of them is needed for training


@dataclass(frozen=True, eq=False)
class Labelled:
    """Texts (n) and the number of each one's class, (n,) int64."""

    texts: list[str]
    numbers: Array

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Array) -> Labelled:
        return Labelled([self.texts[row] for row in rows], self.numbers[rows])

    def split(self, share: float, seed: int) -> tuple[Labelled, Labelled]:
        """(rest, held out): `share` of the texts held out, drawn within each class; the rest has every class."""
        rest, held = stratified_split([str(number) for number in self.numbers], share, seed)
        return self.take(rest), self.take(held)


def labelled(texts: Any, labels: Any) -> tuple[Labelled, Array]:
    """Training texts, and the classes (C,), ascending. Raises DataError when nothing can be learned from them."""
    read, values = _pairs(texts, labels)
    if not read:
        raise DataError("no texts were given; training needs at least two, of different classes")
    try:
        classes, numbers = np.unique(values, return_inverse=True)
    except TypeError:
        raise DataError("labels of different types were given; make all of them strings or all numbers") from None
    if len(classes) < 2:
        raise DataError(f"all {len(read)} texts have the label {shown(values[0])}; at least two classes are needed")
    return Labelled(read, numbers.astype(np.int64)), classes


def validation(valid: Any, classes: Array) -> Labelled:
    """Validation texts from a pair (texts, labels). Raises DataError for labels that are none of the classes."""
    if not isinstance(valid, tuple | list) or len(valid) != 2:
        raise DataError(f"valid: a pair (texts, labels) expected, {type(valid).__name__} given")
    texts, labels = _pairs(*valid)
    number = {label: place for place, label in enumerate(classes.tolist())}
    values = labels.tolist()
    unknown = sorted({shown(each) for each in values if not isinstance(each, Hashable) or each not in number})
    if unknown:
        raise DataError(
            f"the validation part has labels that no training text has: {', '.join(unknown[:5])}; leave these texts "
            "out or add such texts to the training part"
        )
    return Labelled(texts, np.array([number[each] for each in values], np.int64))


def hold_out(train: Labelled, share: float, seed: int) -> tuple[Labelled, Labelled | None]:
    """Training texts, and a share of them to choose the best epoch by; None when every text is needed."""
    if not share or len(train) < _FEW_FOR_VALIDATION or np.bincount(train.numbers).max() < 2:
        return train, None
    return train.split(share, seed)


def _pairs(texts: Any, labels: Any) -> tuple[list[str], Array]:
    """Texts (n) and labels (n,)."""
    read, values = texts_from(texts), labels_from(labels)
    if len(read) != len(values):
        raise DataError(f"{len(read)} texts but {len(values)} labels were given; give one label for each text")
    if values.ndim != 1:
        raise DataError(f"labels like {shown(labels[0])} were given; give a string or a number for each text")
    return read, values
