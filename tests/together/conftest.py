"""A small network on texts that it learns in a second, rules about the same texts, and both together."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.rules import RuleSet
from saegim.together import Together
from saegim.training import TextClassifier

GOOD, BAD = ["좋은", "재미있는", "훌륭한"], ["나쁜", "지루한", "아쉬운"]
THINGS = ["영화", "연기", "음악", "감독"]


def reviews(count, seed=0):
    """Texts and labels. A third says the opposite and 'not', which n-grams of few texts hardly learn; rules know it."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for number in range(count):
        good, turned = rng.random() < 0.5, rng.random() < 1 / 3
        words = [f"{rng.choice(GOOD if good != turned else BAD)} {rng.choice(THINGS)}" for _ in range(2)]
        texts.append(" ".join([*words, *(["아님"] if turned else []), str(number)]))
        labels.append("긍정" if good else "부정")
    return texts, labels


@pytest.fixture(scope="session")
def make_reviews():
    return reviews


@pytest.fixture(scope="session")
def rules():
    return RuleSet(
        facts={
            "praise": {"words": GOOD},
            "blame": {"words": BAD},
            "turned": {"words": ["아님"]},
            "music": {"words": ["음악"]},
        },
        rules=[
            {"id": "turned-praise", "if": ["praise", "turned"], "then": {"label": "부정"}, "strength": 3},
            {"id": "turned-blame", "if": ["blame", "turned"], "then": {"label": "긍정"}, "strength": 3},
            {"id": "music-is-good", "if": ["music"], "then": {"label": "긍정"}},
            {"id": "unknown", "if": ["music", "turned"], "then": {"label": "모름"}, "strength": 0.5},
        ],
    )


@pytest.fixture(scope="session")
def classifier(make_reviews):
    texts, labels = make_reviews(150)
    return TextClassifier("wide", epochs=2, seed=0).fit(texts, labels, valid=make_reviews(300, seed=1))


@pytest.fixture(scope="session")
def together(classifier, rules):
    return Together.fit(classifier, rules)


@pytest.fixture(scope="session")
def unseen(make_reviews):
    return make_reviews(400, seed=2)
