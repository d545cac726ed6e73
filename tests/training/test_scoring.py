"""Scoring many texts: the same as one by one, in few shapes, and never NaN."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.errors import NonFiniteError
from saegim.models import WISHES
from saegim.training import TextClassifier, scoring

KINDS = [each for each in WISHES if each != "auto"]


@pytest.fixture(scope="module", params=KINDS)
def trained(request, data):
    return TextClassifier(request.param, epochs=1, seed=0).fit(*data)


@pytest.fixture(scope="module")
def texts(unseen):
    return [*unseen[0], "", "?", " ".join(unseen[0][:20]), "아주 " * 300, unseen[0][0]]


def test_batched_equals_one_by_one_in_any_order(trained, texts):
    together = trained.decision_function(texts)
    alone = np.concatenate([trained.decision_function([text]) for text in texts])
    np.testing.assert_allclose(alone, together, rtol=1e-4, atol=1e-4)
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = trained.decision_function([texts[k] for k in order])
    np.testing.assert_allclose(shuffled, together[order], rtol=1e-4, atol=1e-4)
    assert np.array_equal(together, trained.decision_function(texts))


def test_in_small_groups(trained, texts, monkeypatch):
    together = trained.decision_function(texts)
    for name, most in (("_MOST_INPUTS", 8), ("_MOST_TOKENS", 64), ("_MOST_NGRAMS", 200)):
        monkeypatch.setattr(scoring, name, most)
    np.testing.assert_allclose(trained.decision_function(texts), together, rtol=1e-4, atol=1e-4)


def test_groups_hold_every_row_once_and_fit(trained, texts):
    encoded = trained.encoder.encode(texts * 20)
    groups = list(scoring._groups(encoded))
    assert sorted(np.concatenate(groups).tolist()) == list(range(len(encoded)))
    for rows in groups:
        lengths = encoded.lengths[rows]
        padded = encoded.tokens is not None
        most = scoring._MOST_TOKENS if padded else scoring._MOST_NGRAMS
        assert len(rows) == 1 or (len(rows) * lengths.max() if padded else lengths.sum()) <= most
    assert max(map(len, groups)) <= 512


def test_few_shapes_whatever_the_number_of_texts(trained, texts):
    encoded = trained.encoder.encode(texts[:1] * 200)
    counts = {
        len(scoring._filled_up(rows))
        for size in range(1, 200)
        for rows in scoring._groups(encoded.take(np.arange(size)))
    }
    assert counts == {1 << power for power in range(8)}


def test_a_broken_weight_is_named(data):
    made = TextClassifier("bag", epochs=1).fit(*data)
    weights = np.array(made.network.head.weight)
    weights[0, 0] = np.nan
    made.network.head.weight._value = weights
    with pytest.raises(NonFiniteError, match=r"^the model's scores are not finite: head\.weight holds values"):
        made.predict(["좋다"])


def test_an_overflow_is_named(data):
    made = TextClassifier("wide", epochs=1).fit(*data)
    made.network.wide.weight._value = np.full(made.network.wide.weight.shape, 3e38, np.float32)
    with pytest.raises(NonFiniteError, match=r"'\w+' in layer wide.* is the first to give infinity"):
        made.predict([data[0][0]])
