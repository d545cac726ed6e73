"""Batches hold what the rows hold, and their shapes take few values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saegim.data import Ragged
from saegim.models import EncodedTexts, SparseRows
from saegim.models.batch import capacity, padding_share


@given(st.integers(0, 5000))
def test_capacities(size):
    room = capacity(size)
    assert room >= max(size, 8) and room <= max(8, size * 3 / 2)
    assert room in {8, *(2**k for k in range(4, 14)), *(3 * 2**k for k in range(2, 13))}
    assert capacity(room) == room


@st.composite
def sparse_rows(draw):
    columns = draw(st.integers(1, 50))
    rows = draw(st.lists(st.lists(st.integers(0, columns - 1), unique=True, max_size=10), max_size=8))
    ragged = Ragged.from_rows([sorted(row) for row in rows], np.int32)
    values = np.arange(1, len(ragged.values) + 1, dtype=np.float32)
    return EncodedTexts(SparseRows(ragged.values, values, ragged.offsets), columns, None)


def dense(texts):
    table = np.zeros((len(texts), texts.columns), np.float32)
    for row in range(len(texts)):
        part = slice(texts.ngrams.offsets[row], texts.ngrams.offsets[row + 1])
        table[row, texts.ngrams.columns[part]] = texts.ngrams.values[part]
    return table


@pytest.mark.parametrize("native", ["", "0"])
@given(sparse_rows(), st.data())
def test_ngrams_of_a_batch_are_those_of_its_rows(native, texts, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAEGIM_COMPILE", native)
        check_ngrams(texts, data)


def check_ngrams(texts, data):
    rows = np.array(data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=9) if len(texts) else st.just([])), int)
    batch = texts.batch(rows).ngrams
    table = np.zeros((len(rows), texts.columns + 1), np.float32)
    for bag in range(len(rows)):
        for item in range(batch.offsets[bag], batch.offsets[bag + 1]):
            table[bag, batch.rows[batch.items[item]]] += batch.weights[item]
    assert np.array_equal(table[:, :-1], dense(texts)[rows]) and not table[:, -1].any()
    used = batch.rows[batch.rows < texts.columns]
    assert (np.diff(used) > 0).all() and (batch.rows[len(used) :] == texts.columns).all()
    assert not batch.weights[batch.offsets[-1] :].any()
    assert {each.dtype for each in (batch.rows, batch.items, batch.offsets)} == {np.dtype(np.int32)}
    room, row_room = len(batch.items), len(batch.rows)
    assert room >= 1024 and room & (room - 1) == 0 and row_room % (room // 8) == 0 and row_room <= room


@pytest.mark.parametrize("width", [500, 1 << 20], ids=["looked through", "sorted"])
@pytest.mark.parametrize("native", ["", "0"])
def test_columns_are_told_apart_in_any_way(width, native, monkeypatch):
    monkeypatch.setenv("SAEGIM_COMPILE", native)
    columns = np.random.default_rng(0).integers(0, 500, 300).astype(np.int32)
    offsets = np.array([0, 100, 100, 300])
    found = EncodedTexts(SparseRows(columns, np.ones(300, np.float32), offsets), width, None).batch(np.arange(3))
    used = sorted(set(columns.tolist()))
    assert found.ngrams.rows[: len(used)].tolist() == used
    assert found.ngrams.rows[found.ngrams.items[:300]].tolist() == columns.tolist()


def test_shapes_take_few_values():
    """Batches of one size and of lengths from 1 to 100 have fewer than 30 shapes: a program is made for each."""
    rng = np.random.default_rng(0)
    lengths = np.repeat(np.arange(1, 101), 8)
    rows = Ragged(rng.integers(0, 5000, lengths.sum() * 9).astype(np.int32), np.append(0, np.cumsum(lengths * 9)))
    tokens = Ragged(np.ones(lengths.sum(), np.int32), np.append(0, np.cumsum(lengths)))
    texts = EncodedTexts(SparseRows(rows.values, np.ones(len(rows.values), np.float32), rows.offsets), 5000, tokens)
    shapes = set()
    for start in range(796):
        batch = texts.batch(np.arange(start, start + 4))
        shapes.add((len(batch.ngrams.rows), len(batch.ngrams.items), batch.tokens.tokens.shape))
    assert len(shapes) < 30


def test_tokens_are_padded(encoded):
    batch = encoded.batch(np.array([4, 2, 1])).tokens
    assert batch.tokens.shape == batch.mask.shape == batch.weights.shape
    assert batch.tokens.shape[1] == capacity(int(encoded.tokens.lengths[[4, 2, 1]].max()))
    for row, text in enumerate((4, 2, 1)):
        own = encoded.tokens[text]
        assert batch.tokens[row, : len(own)].tolist() == own.tolist()
        assert batch.mask[row].sum() == len(own) and batch.mask[row, : len(own)].all()
    assert np.array_equal(batch.weights, batch.mask) and not batch.tokens[~batch.mask].any()


def test_lengths_are_in_what_is_read(encoded):
    assert np.array_equal(encoded.lengths, encoded.tokens.lengths)
    without = EncodedTexts(encoded.ngrams, encoded.columns, None)
    assert np.array_equal(without.lengths, np.diff(encoded.ngrams.offsets))


def test_some_of_the_texts(encoded):
    part = encoded.take(np.array([6, 0, 6]))
    assert len(part) == 3 and part.tokens[1].tolist() == encoded.tokens[0].tolist()
    assert np.array_equal(dense(part), dense(encoded)[[6, 0, 6]])
    [(rows, batch)] = part.batches([np.array([2])])
    assert rows.tolist() == [2] and np.array_equal(batch.ngrams.rows, encoded.batch(np.array([6])).ngrams.rows)


@pytest.mark.parametrize("rows", [[], [2], [2, 2]])
def test_nothing_to_read(encoded, rows):
    batch = encoded.batch(np.array(rows, int))
    assert batch.tokens.tokens.shape == (len(rows), 8) and not batch.tokens.mask.any()
    assert batch.ngrams.offsets.tolist() == [0] * (len(rows) + 1)


def test_padding_is_what_batches_hold_besides_tokens() -> None:
    groups = [np.array([3, 8]), np.array([12]), np.array([], int)]
    assert padding_share(groups) == pytest.approx(1 - (3 + 8 + 12) / (2 * capacity(8) + capacity(12)))
    assert padding_share([]) == 0.0
