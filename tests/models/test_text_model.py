"""The networks: what they compute, what padding must not change, and how large they are."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from scipy import sparse

import saegim as sg
from saegim.errors import SettingError
from saegim.models import ModelConfig, ReaderConfig, TextModel
from saegim.models.readers import READERS, Kind
from saegim.models.wide import Wide

KINDS = (None, *READERS)
SMALL = {"width": 12, "hidden": 5, "filters": 7, "layers": 2, "heads": 3, "max_tokens": 100}


def network(encoder, kind, seed=0):
    reader = None if kind is None else ReaderConfig(kind, **SMALL)
    model = TextModel(ModelConfig(encoder.vectorizer.columns, 2, encoder.vocabulary, reader), seed=seed)
    rng = np.random.default_rng(1)
    model.wide.weight = sg.nn.Parameter(rng.standard_normal(model.wide.weight.shape).astype(np.float32))
    return model.eval()


def scores(model, batch):
    return np.asarray(model(batch))


# --- the wide part ---


def test_the_wide_part_is_a_sparse_product(encoded):
    rng = np.random.default_rng(0)
    wide = Wide(encoded.columns, 3, scale=2.5)
    wide.weight = sg.nn.Parameter(rng.standard_normal((encoded.columns, 3)).astype(np.float32))
    wide.bias = sg.nn.Parameter(rng.standard_normal(3).astype(np.float32))
    rows = np.array([4, 0, 2, 0])
    matrix = sparse.csr_array(
        (encoded.ngrams.values, encoded.ngrams.columns, encoded.ngrams.offsets), shape=(len(encoded), encoded.columns)
    )
    expected = 2.5 * (matrix[rows] @ np.asarray(wide.weight)) + np.asarray(wide.bias)
    found = np.asarray(sg.compile(wide)(encoded.batch(rows).ngrams))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [None, "bag"])
def test_gradients_of_tables_are_the_dense_ones_and_rows(encoder, encoded, kind):
    model = network(encoder, kind)
    batch = encoded.batch(np.array([0, 4, 7]))
    towards = np.random.default_rng(2).standard_normal((3, 2)).astype(np.float32)
    gradient = sg.grad(lambda m: sg.sum(m(batch) * towards))(model)

    table = np.zeros((3, encoded.columns), np.float32)
    for bag in range(3):
        part = slice(batch.ngrams.offsets[bag], batch.ngrams.offsets[bag + 1])
        table[bag, batch.ngrams.rows[batch.ngrams.items[part]]] = batch.ngrams.weights[part]
    dense = model.config.wide_scale * table.T @ towards
    np.testing.assert_allclose(np.asarray(gradient.wide.weight), dense, rtol=1e-4, atol=1e-5)
    tables = [gradient.wide.weight]
    if kind == "bag":
        head = np.asarray(model.head.weight)
        np.testing.assert_allclose(np.asarray(gradient.reader.weight), dense @ head, rtol=1e-4, atol=1e-5)
        tables.append(gradient.reader.weight)
    for each in tables:
        assert each.indices.shape == batch.ngrams.rows.shape  # rows, never the whole table


def test_the_first_prediction_is_how_frequent_the_classes_are(encoder, encoded):
    model = TextModel(ModelConfig(encoder.vectorizer.columns, 3), seed=0).eval()
    model.wide.start_from(np.array([0, 0, 0, 2]))
    chances = np.asarray(sg.softmax(model(encoded.batch(np.arange(4)))))
    np.testing.assert_allclose(chances, [[0.75, 0, 0.25]] * 4, atol=1e-5)


# --- every kind ---


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_a_batch_are_those_of_its_texts(encoder, encoded, kind):
    """Different companions mean different padding: it stands for nothing."""
    model = network(encoder, kind)
    together = scores(model, encoded.batch(np.arange(len(encoded))))
    assert together.shape == (len(encoded), 2) and np.isfinite(together).all()
    for row in range(len(encoded)):
        alone = scores(model, encoded.batch(np.array([row])))[0]
        np.testing.assert_allclose(alone, together[row], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_what_padding_holds_changes_nothing(encoder, encoded, kind):
    model = network(encoder, kind)
    batch = encoded.batch(np.array([1, 4, 2, 0]))
    last = batch.ngrams.offsets[-1]
    items, weights = batch.ngrams.items.copy(), batch.ngrams.weights.copy()
    items[last:], weights[last:] = 1, 7.0
    tokens = np.where(batch.tokens.mask, batch.tokens.tokens, 3)
    assert len(items) > last and not batch.tokens.mask.all()
    other = replace(
        batch,
        ngrams=replace(batch.ngrams, items=items, weights=weights),
        tokens=replace(batch.tokens, tokens=tokens),
    )
    assert np.array_equal(scores(model, batch), scores(model, other))


@pytest.mark.parametrize("kind", [kind for kind in READERS if kind != "bag"])
def test_wider_padding_changes_nothing(encoder, encoded, kind):
    model = network(encoder, kind)
    batch = encoded.batch(np.array([1, 0]))
    wider = {name: np.pad(getattr(batch.tokens, name), ((0, 0), (0, 16))) for name in ("tokens", "mask", "weights")}
    other = replace(batch, tokens=replace(batch.tokens, **wider))
    np.testing.assert_allclose(scores(model, other), scores(model, batch), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_has_a_gradient(encoder, encoded, kind):
    model = network(encoder, kind).train()
    batch = encoded.batch(np.arange(len(encoded)))
    gradient = sg.grad(lambda m: sg.sum(m(batch) ** 2))(model)
    for name, each in gradient.named_tensors():
        if "key" not in name:
            assert np.abs(np.asarray(each)).max() > 0, name


@pytest.mark.parametrize("kind", KINDS)
def test_seeds(encoder, kind):
    first, again, other = (network(encoder, kind, seed).state_dict() for seed in (0, 0, 1))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert kind is None or any(not np.array_equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sizes", [SMALL, {"width": 8, "hidden": 3, "filters": 2, "layers": 1, "filter_sizes": (1, 6)}])
def test_the_number_of_parameters_is_known_beforehand(kind, sizes):
    reader = None if kind is None else ReaderConfig(kind, **sizes)
    config = ModelConfig(11, 3, 17, reader)
    assert config.parameters == sum(each.size for _name, each in TextModel(config, seed=0).named_parameters())


@pytest.mark.parametrize("kind", READERS)
def test_the_longest_texts_fit(encoder, kind):
    """The longest text is padded to more tokens than it may have."""
    model = network(encoder, kind)
    long = encoder.encode(["가나다라 마바사 " * 200])
    long = replace(long, tokens=long.tokens.truncate(SMALL["max_tokens"])[0])
    batch = long.batch(np.array([0]))
    assert batch.tokens.mask.sum() == 100 < batch.tokens.mask.shape[1]
    assert np.isfinite(scores(model, batch)).all()


def test_dropout_of_items_and_tokens_acts_while_training_only(encoder, encoded):
    batch = encoded.batch(np.arange(4))
    for kind in READERS:
        model = network(encoder, kind)
        assert np.array_equal(scores(model, batch), scores(model, batch))
        model.train()
        assert not np.array_equal(scores(model, batch), scores(model, batch)), kind


# --- configurations ---


def test_the_kinds_are_those_of_the_table():
    assert get_args(Kind) == tuple(READERS)


@pytest.mark.parametrize(
    "bad",
    [
        {"width": 0}, {"width": 1.5}, {"width": True}, {"width": "8"}, {"hidden": -1}, {"filters": 1 << 40},
        {"layers": 0}, {"heads": None}, {"max_tokens": 0}, {"dropout": 1.0}, {"dropout": float("nan")},
        {"token_dropout": -0.1}, {"token_dropout": "0"}, {"filter_sizes": ()}, {"filter_sizes": (0,)},
        {"filter_sizes": [2, 3]}, {"filter_sizes": ("2",)}, {"scale": float("inf")}, {"kind": "none"},
    ],
)  # fmt: skip
def test_impossible_readers(bad):
    with pytest.raises(SettingError, match=next(iter(bad)).replace("kind", "no kind of reader")):
        ReaderConfig(**({"kind": "cnn"} | bad))


@pytest.mark.parametrize(
    "bad",
    [
        {"columns": -1}, {"columns": 1.0}, {"classes": 1}, {"classes": "2"}, {"vocabulary": -1},
        {"wide_scale": float("nan")}, {"wide_dropout": 1},
    ],
)  # fmt: skip
def test_impossible_models(bad):
    with pytest.raises(SettingError, match=next(iter(bad))):
        ModelConfig(**({"columns": 1, "classes": 2} | bad))


def test_a_reader_of_tokens_needs_tokens():
    with pytest.raises(SettingError, match="cnn reads tokens, but the vocabulary has none"):
        ModelConfig(10, 2, 0, ReaderConfig("cnn"))
    assert ModelConfig(10, 2, 0, ReaderConfig("bag")).parameters
