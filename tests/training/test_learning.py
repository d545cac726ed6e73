"""Every kind of model learns what it can see."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.explain import explain_prediction
from saegim.models import WISHES
from saegim.training import TextClassifier

KINDS = [each for each in WISHES if each != "auto"]


@pytest.mark.parametrize("kind", KINDS)
def test_words_that_tell(make_reviews, unseen, kind):
    made = TextClassifier(kind, epochs=3, seed=0).fit(*make_reviews(300))
    majority = max(unseen[1].count(label) for label in set(unseen[1])) / len(unseen[1])
    assert made.score(*unseen) > 0.85 > majority + 0.2


def which_came_first(count, seed):
    """Two words among others; the label is the one that came first. No few characters in a row tell."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        first, second = rng.permutation(["왼쪽", "오른쪽"])
        others = rng.choice(["하나", "둘", "셋"], 6)
        texts.append(" ".join([*others[:2], first, *others[2:4], second, *others[4:]]))
        labels.append(first)
    return texts, labels


@pytest.mark.parametrize(("kind", "texts", "epochs"), [("cnn", 400, 8), ("lstm", 1500, 6), ("transformer", 1500, 10)])
def test_the_order_of_words(kind, texts, epochs):
    made = TextClassifier(kind, epochs=epochs, patience=99, tokenizer="word", seed=0)
    assert made.fit(*which_came_first(texts, 0)).score(*which_came_first(200, 1)) > 0.95


def test_ngrams_alone_do_not_see_it():
    made = TextClassifier("wide", epochs=8).fit(*which_came_first(400, 0))
    assert made.score(*which_came_first(200, 1)) < 0.7


ODD = "가\ud800\x00\u200b\U0001f600 \n\u1112\u1161"
ANYTHING = st.text(st.characters(exclude_categories=[]) | st.sampled_from(ODD), max_size=30)


@settings(max_examples=12)
@given(st.lists(ANYTHING, min_size=2, max_size=6), st.lists(ANYTHING, max_size=4), st.sampled_from(KINDS))
def test_any_texts_at_all(texts, others, kind):
    made = TextClassifier(kind, epochs=1).fit(texts, [k % 2 for k in range(len(texts))])
    chances = made.predict_proba([*texts, *others])
    assert np.isfinite(chances).all() and np.allclose(chances.sum(1), 1)
    for text in others:
        found = explain_prediction(made, text)
        moved = sum(span.amount for span in found.spans)
        assert found.base + moved + found.error == pytest.approx(found.score, abs=1e-6)
        assert abs(found.error) <= 1e-2 * max(1.0, abs(found.score))
        assert all(text[span.start : span.end] == span.text for span in found.spans)
