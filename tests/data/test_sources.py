"""Texts and labels from Python values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from saegim.data import labels_from, table_from_pairs, texts_from
from saegim.errors import DataError

TEXTS = ["좋다", "싫다", "it's"]


def test_pairs_from_a_generator():
    table = table_from_pairs((text, number) for number, text in enumerate(TEXTS))
    assert (table.texts, table.labels, table.lines) == (TEXTS, ["0", "1", "2"], [1, 2, 3])


@pytest.mark.parametrize("item", ["ab", ("a",), ("a", "b", "c"), 5, None, b"ab"])
def test_items_that_are_no_pairs(item):
    with pytest.raises(DataError, match=r"item 2 is .* where a pair"):
        table_from_pairs([("a", "b"), item])


@pytest.mark.parametrize(("item", "reason"), [(("", "a"), "text is empty"), (("a", None), "label is missing")])
def test_pairs_that_cannot_be_used(item, reason):
    with pytest.raises(DataError, match=f"item 2: the {reason}"):
        table_from_pairs([("a", "b"), item])


def _containers():
    pandas = pytest.importorskip("pandas")
    return [
        TEXTS,
        tuple(TEXTS),
        iter(TEXTS),
        np.asarray(TEXTS),
        np.asarray(TEXTS, object),
        np.asarray(TEXTS)[:, None],
        pandas.Series(TEXTS),
        pandas.DataFrame({"text": TEXTS}),
        pandas.Series(TEXTS, index=[9, 8, 7]),
        pl.Series(TEXTS),
        pl.DataFrame({"text": TEXTS}),
        dict.fromkeys(TEXTS).keys(),
    ]


@pytest.mark.parametrize("index", range(12))
def test_containers_of_texts_and_labels(index):
    found = texts_from(_containers()[index])
    assert found == TEXTS and all(type(text) is str for text in found)
    assert labels_from(_containers()[index]).tolist() == TEXTS


@pytest.mark.parametrize("bad", ["one text", b"x", 5, None, {"a": 1}])
def test_no_containers(bad):
    for take in (texts_from, labels_from):
        with pytest.raises(DataError, match="where a list, array or column was expected"):
            take(bad)


def test_two_columns_are_one_too_many():
    with pytest.raises(DataError, match=r"shape \(3, 2\)"):
        texts_from(pl.DataFrame({"a": TEXTS, "b": TEXTS}))


@pytest.mark.parametrize("value", [None, 5, float("nan"), b"x"])
def test_a_text_that_is_no_string(value):
    with pytest.raises(DataError, match="text 2 is"):
        texts_from(["a", value])


def test_labels_keep_their_dtype():
    assert labels_from([3, 1]).dtype.kind == "i"
    assert labels_from(np.asarray([True, False])).dtype.kind == "b"
    assert labels_from(["a", "bc"]).dtype.kind == "U"
    assert labels_from([1, "a"]).tolist() == [1, "a"]


def test_missing_labels():
    pandas = pytest.importorskip("pandas")
    for value in (None, float("nan"), np.nan, pandas.NA, pandas.NaT):
        with pytest.raises(DataError, match="label 2 is missing"):
            labels_from(["a", value])
