"""Texts and labels from Python: any iterable, NumPy arrays, the columns of pandas and polars."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from saegim.data.cleaning import clean_rows
from saegim.data.records import shown
from saegim.data.table import Table
from saegim.errors import DataError


def table_from_pairs(pairs: Iterable[Any], source: str = "the examples") -> Table:
    """A table from (text, label) pairs of any iterable; `lines` count the items from 1.

    Raises DataError for an item that is no pair, or whose text or label cannot be used.
    """
    texts, labels = [], []
    for number, pair in enumerate(_iterated(pairs, "pairs"), start=1):
        if isinstance(pair, str | bytes) or not isinstance(pair, Iterable) or len(both := list(pair)) != 2:
            raise DataError(f"{source}: item {number} is {shown(pair)} where a pair (text, label) was expected")
        texts.append(_python_value(both[0]))
        labels.append(_python_value(both[1]))
    cleaned = clean_rows(texts, labels, range(1, len(texts) + 1), "Unicode")
    if cleaned.bad:
        raise DataError(f"{source}: item {cleaned.bad[0].line}: {cleaned.bad[0].reason}; leave it out or mend it")
    return Table(cleaned.texts, cleaned.labels, cleaned.lines, source, "text", "label")


def texts_from(x: Any) -> list[str]:
    """The texts in a list, array, series, frame of one column or any other iterable of strings.

    Raises DataError, naming the item, for anything that is not a string.
    """
    texts = [_python_value(value) for value in _column(x, "texts")]
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            raise DataError(f"text {number} is {shown(text)} where a string was expected; convert or leave it out")
    return texts


def labels_from(y: Any) -> np.ndarray:
    """(N,) labels in the dtype they came in (strings, whole numbers, truth values; others as objects).

    Raises DataError, naming the item, for missing labels.
    """
    values = [_python_value(value) for value in _column(y, "labels")]
    for number, value in enumerate(values, start=1):
        if value is None or value != value:  # NaN differs from itself
            raise DataError(f"label {number} is missing; give every text a label")
    if all(isinstance(value, str) for value in values) or len({type(value) for value in values}) == 1:
        return np.asarray(values)
    labels = np.empty(len(values), object)
    labels[:] = values
    return labels


def _column(x: Any, what: str) -> Iterable[Any]:
    """One dimension: of a frame or matrix with one column, this column."""
    shape = getattr(x, "shape", None)
    if shape is not None and len(shape) != 1:
        if len(shape) != 2 or shape[1] != 1:
            raise DataError(f"{what} of shape {tuple(shape)} were given where one column was expected; choose one")
        array = x.to_numpy() if hasattr(x, "to_numpy") else np.asarray(x)
        return list(array[:, 0])
    return _iterated(x, what)


def _iterated(x: Any, what: str) -> Iterable[Any]:
    if isinstance(x, str | bytes | dict) or not isinstance(x, Iterable):
        raise DataError(f"{what}: a {type(x).__name__} was given where a list, array or column was expected")
    return x


def _python_value(value: Any) -> Any:
    """A NumPy scalar as the Python value it stands for; missing values of pandas as None."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if type(value).__name__ in ("NAType", "NaTType") else value
