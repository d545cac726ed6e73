"""What is learned from what: hard labels, shares of classes, weights; figures of validation."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.losses import cross_entropy
from saegim.models import EncoderConfig, ModelConfig, TextEncoder, TextModel
from saegim.training import Classification, Examples, Settings


@pytest.fixture(scope="module")
def inputs(data):
    encoder = TextEncoder(EncoderConfig())
    return encoder.fit(data[0], np.zeros(len(data[0]), np.int64), 3, lambda _sentence: None)


@pytest.fixture
def objective(inputs):
    return Classification(TextModel(ModelConfig(inputs.columns, 3), seed=0), 3, Settings(class_balance=0.5))


@pytest.fixture
def labels(inputs):
    return np.random.default_rng(0).choice(3, len(inputs), p=[0.6, 0.3, 0.1])


def test_certain_shares_count_like_labels(objective, inputs, labels):
    hard = objective.importance(Examples(inputs, labels))
    soft = objective.importance(Examples(inputs, np.eye(3, dtype=np.float32)[labels]))
    np.testing.assert_allclose(soft, hard, rtol=1e-6)
    shares = np.bincount(labels) / len(labels)
    np.testing.assert_allclose(hard, (shares**-0.5 / (shares**0.5).sum())[labels], rtol=1e-6)


def test_an_example_of_twice_the_weight_is_two_examples(objective, inputs, labels):
    weights = np.where(np.arange(len(labels)) % 3, 1.0, 2.0).astype(np.float32)
    rows = np.repeat(np.arange(len(labels)), weights.astype(int))
    once = objective.importance(Examples(inputs, labels, weights))
    twice = objective.importance(Examples(inputs, labels).take(rows))
    np.testing.assert_allclose(once / weights * weights.mean(), twice[np.unique(rows, return_index=True)[1]], rtol=1e-6)
    assert once.dtype == np.float32 and once.mean() == pytest.approx(twice.mean())


def test_the_loss_for_shares(objective):
    rng = np.random.default_rng(1)
    scores, shares = rng.normal(size=(5, 3)), rng.dirichlet(np.ones(3), 5)
    importance = rng.random(5)
    each = [cross_entropy(score, share, label_smoothing=0.1) for score, share in zip(scores, shares, strict=True)]
    found = objective.loss(*(np.asarray(part) for part in (scores,)), (shares, importance))
    assert float(found) == pytest.approx(np.mean(np.array(list(map(float, each))) * importance))


def test_validation_measures_against_the_likeliest_class(objective, inputs, labels):
    shares = np.full((len(labels), 3), 0.2) + 0.4 * np.eye(3)[labels]
    assert objective.validate(Examples(inputs, shares)) == objective.validate(Examples(inputs, labels))


def test_taking_some(inputs, labels):
    weights = np.linspace(0, 1, len(labels), dtype=np.float32)
    taken = Examples(inputs, labels, weights).take(np.array([5, 2]))
    assert taken.labels.tolist() == labels[[5, 2]].tolist() and taken.weights.tolist() == weights[[5, 2]].tolist()
    assert len(taken.inputs) == len(taken) == 2
