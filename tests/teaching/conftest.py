"""Texts whose words hang together, and rules that know a few of them."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.rules import RuleSet
from saegim.teaching import teach
from saegim.training import TextClassifier

GOOD = ["최고", "감동", "훌륭", "따뜻", "완벽", "행복"]
BAD = ["최악", "지루", "실망", "허접", "엉망", "짜증"]
OTHER = ["영화", "배우", "음악", "장면", "감독", "이야기", "결말", "주말"]

RULES = RuleSet(
    {word: {"words": [word]} for word in (*GOOD[:3], *BAD[:3], "주말")},
    [
        *({"id": f"좋음-{word}", "if": word, "then": {"label": "좋음"}} for word in GOOD[:3]),
        *({"id": f"나쁨-{word}", "if": word, "then": {"label": "나쁨"}} for word in BAD[:3]),
    ],
)


def reviews(count, seed):
    """Texts and labels: three words that fit the label, one in eight of the other kind, among others."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for number in range(count):
        good = number % 2 == 0
        own, other = (GOOD, BAD) if good else (BAD, GOOD)
        words = [str(rng.choice(own if rng.random() < 0.875 else other)) for _ in range(3)]
        texts.append(" ".join([*words, *rng.choice(OTHER, 3), str(number)]))
        labels.append("좋음" if good else "나쁨")
    return texts, labels


@pytest.fixture(scope="session")
def parts():
    """Unlabelled texts, and labelled ones for choosing and for the end."""
    return reviews(800, 0)[0], reviews(80, 1), reviews(400, 2)


@pytest.fixture(scope="session")
def quick():
    return TextClassifier("wide", epochs=2, seed=0)


@pytest.fixture(scope="session")
def taught(parts, quick):
    """What came of teaching, not to be changed."""
    return teach(RULES, *parts, classifier=quick)
