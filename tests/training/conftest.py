"""Texts that a small model learns in a second."""

from __future__ import annotations

import numpy as np
import pytest

GOOD, BAD = ["좋은", "재미있는", "훌륭한", "멋진", "최고의"], ["나쁜", "지루한", "형편없는", "아쉬운", "최악의"]
THINGS = ["영화", "연기", "음악", "감독", "배우", "각본", "장면", "결말"]


def reviews(count, seed=0):
    """Texts and labels: a fifth of the texts have a word of the other kind, too."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        good = bool(rng.integers(2))
        words = [f"{rng.choice(GOOD if good else BAD)} {rng.choice(THINGS)}" for _ in range(rng.integers(2, 5))]
        if rng.random() < 0.2:
            words.append(f"{rng.choice(BAD if good else GOOD)} {rng.choice(THINGS)}")
        texts.append(" ".join(rng.permutation(words)))
        labels.append("긍정" if good else "부정")
    return texts, labels


@pytest.fixture(scope="session")
def data():
    return reviews(200)


@pytest.fixture(scope="session")
def unseen():
    return reviews(100, seed=1)
