"""Which labelled texts are used for what: no text that a figure is measured on has decided anything before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from saegim.data import stratified_split

__all__ = ["Use", "divide", "uses"]

Array = npt.NDArray[Any]
Use = Literal["choosing", "final", "learned"]


def uses(*, valid: bool, test: bool, learn_labelled: bool) -> tuple[Use, ...]:
    """What a file of labelled texts is used for, where others (`valid`, `test`) may choose and judge in its place.

    One that is needed for neither is learned.
    """
    found: list[Use] = [*(() if valid else ("choosing",)), *(() if test else ("final",))]
    return (*found, "learned") if learn_labelled or not found else tuple(found)


def divide(labels: Sequence[str], parts: int, seed: int) -> list[Array]:
    """The rows of so many parts of about the same size, each class in proportion, ascending.

    The same labels and seed give the same parts. Raises DataError where there are too few labels for that.
    """
    rows = np.arange(len(labels))
    found: list[Array] = []
    for left in range(parts, 1, -1):
        rest, held = stratified_split([labels[int(row)] for row in rows], 1 / left, seed)
        found.append(rows[held])
        rows = rows[rest]
    return [*found, rows]
