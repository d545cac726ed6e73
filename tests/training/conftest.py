"""Texts and images that a small model learns in a second, and a listener that can end a run."""

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


def bars(count, seed=0, height=8, width=8):
    """Images (n, 8, 8) uint8 of a bright bar, and where it lies: "across" or "down"."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 80, (count, height, width)).astype(np.uint8)
    labels = np.where(rng.random(count) < 0.5, "across", "down")
    for image, label, place in zip(images, labels, rng.integers(1, 7, count), strict=True):
        image[place, :] = 255 if label == "across" else image[place, :]
        image[:, place] = 255 if label == "down" else image[:, place]
    return images, labels


class StoppedError(Exception):
    """A run ended by a listener, as a killed process would end."""


class Listener:
    """Keeps all that a run tells; ends it after so many steps by raising `stopped`."""

    stopped = StoppedError

    def __init__(self, steps=None):
        self.stop_after, self.said, self.steps, self.epochs, self.planned, self.finished = steps, [], [], [], None, 0

    def say(self, sentence):
        self.said.append(sentence)

    def start(self, steps):
        self.planned = steps

    def step(self, done, steps, loss, tokens):
        self.steps.append((done, steps, loss, tokens))
        if len(self.steps) == self.stop_after:
            raise StoppedError

    def epoch(self, record):
        self.epochs.append(record)

    def finish(self):
        self.finished += 1


@pytest.fixture(scope="session")
def data():
    return reviews(200)


@pytest.fixture(scope="session")
def unseen():
    return reviews(100, seed=1)


@pytest.fixture
def listener():
    return Listener


@pytest.fixture(scope="session")
def make_reviews():
    return reviews


@pytest.fixture(scope="session")
def make_bars():
    return bars
