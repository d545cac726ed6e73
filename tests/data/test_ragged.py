"""Ragged rows against lists of lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saegim.data import Ragged
from saegim.errors import SettingError, ShapeError

ROWS = st.lists(st.lists(st.integers(-9, 9), max_size=6), max_size=8)


def _lists(ragged):
    return [ragged[row].tolist() for row in range(len(ragged))]


@given(ROWS, st.data())
def test_rows(rows, data):
    ragged = Ragged.from_rows(rows, np.int32)
    assert _lists(ragged) == rows
    assert ragged.lengths.tolist() == [len(row) for row in rows]
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1))) if rows else []
    assert _lists(ragged.take(chosen)) == [rows[row] for row in chosen]
    assert ragged.take(chosen).values.dtype == np.int32
    assert _lists(Ragged.concatenate([ragged, ragged])) == rows + rows


@given(ROWS, st.integers(1, 7))
def test_truncate(rows, length):
    short, cut = Ragged.from_rows(rows, np.int32).truncate(length)
    assert _lists(short) == [row[:length] for row in rows]
    assert cut == sum(len(row) > length for row in rows)


@given(ROWS)
def test_padded(rows):
    table, mask = Ragged.from_rows(rows, np.int32).padded(99)
    longest = max(map(len, rows), default=0)
    assert table.tolist() == [row + [99] * (longest - len(row)) for row in rows]
    assert mask.tolist() == [[True] * len(row) + [False] * (longest - len(row)) for row in rows]


def test_negative_rows_and_rows_that_are_not_there():
    ragged = Ragged.from_rows([[1], [2, 3]], np.int64)
    assert ragged[-1].tolist() == [2, 3]
    for row in (2, -3):
        with pytest.raises(IndexError, match=f"row {row} of 2"):
            ragged[row]


@pytest.mark.parametrize("offsets", [[], [1, 3], [0, 2], [0, 2, 1, 3], [[0, 3]]])
def test_offsets_that_do_not_fit(offsets):
    with pytest.raises(ShapeError, match="Ragged"):
        Ragged(np.arange(3), np.asarray(offsets, np.int64))


def test_cut_to_nothing():
    with pytest.raises(SettingError, match="1 or more"):
        Ragged.from_rows([[1]], np.int32).truncate(0)
