"""Encoded texts for the tests of models."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.models import EncoderConfig, TextEncoder
from saegim.text import Ngrams

TEXTS = [
    "정말 재미있는 영화였다",
    "지루하다",
    "",
    "a",
    "배우들의 연기가 아주 좋고 음악도 훌륭해서 두 번이나 다시 본 작품",
    "별로",
    "최악의 시간 낭비!!",
    "다시 보고 싶다 정말 정말",
]
LABELS = np.array([1, 0, 1, 0, 1, 0, 0, 1])


@pytest.fixture(scope="session")
def texts():
    return TEXTS


@pytest.fixture(scope="session")
def encoder():
    """Reads n-grams and tokens; fitted on the texts."""
    made = TextEncoder(EncoderConfig(ngrams=Ngrams(words=(1, 1), chars=(1, 3)), tokenizer="bpe", vocabulary=200))
    made.fit(TEXTS, LABELS, 2, lambda _sentence: None)
    return made


@pytest.fixture(scope="session")
def encoded(encoder):
    return encoder.encode(TEXTS)
