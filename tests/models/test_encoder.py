"""From a text to what a model reads."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from saegim.errors import SettingError
from saegim.models import EncoderConfig, TextEncoder
from saegim.text import Normalizer
from saegim.text.tokenizer import KINDS


def silent(_sentence):
    pass


def test_training_texts_are_encoded_as_later_ones(encoder, texts):
    other = TextEncoder(encoder.config)
    at_first, later = other.fit(texts, np.arange(8) % 2, 2, silent), other.encode(texts)
    assert np.array_equal(at_first.ngrams.values, later.ngrams.values)
    assert np.array_equal(at_first.tokens.values, later.tokens.values)
    assert at_first.columns == later.columns == other.vectorizer.columns


def test_texts_that_look_alike_are_read_alike(encoder):
    text = "정말 재미있는 영화"
    for other in (unicodedata.normalize("NFD", text), f"  {text}\u200b ", text.replace(" ", "\u3000\t")):
        assert encoder.traced(other).text == text
        for one, another in zip(*(vars(encoder.encode([each]).ngrams).values() for each in (text, other)), strict=True):
            assert np.array_equal(one, another)


def test_long_texts_are_cut_and_counted():
    encoder = TextEncoder(EncoderConfig(tokenizer="char", max_tokens=3, max_characters=5))
    said = []
    encoded = encoder.fit(["가나다라마바사", "가나", "가나다라"], np.array([0, 1, 1]), 2, said.append)
    assert said == [
        "1 of 3 texts are longer than 5 characters; the rest of each was left out",
        "2 of 3 texts are longer than 3 tokens; the rest of each was left out",
    ]
    assert encoded.tokens.lengths.tolist() == [3, 2, 3]
    assert encoder.traced("가나다라마바사").text == "가나다라마"
    assert encoder.token_places("가나다라마") == [(0, 1), (1, 2), (2, 3)]
    same = encoder.encode(["가나다라마", "가나다라마바사아자"])
    assert np.array_equal(*(same.ngrams.values[same.ngrams.offsets[k] : same.ngrams.offsets[k + 1]] for k in (0, 1)))


@pytest.mark.parametrize("kind", KINDS)
def test_places_of_tokens_are_those_of_the_batch(kind):
    encoder = TextEncoder(EncoderConfig(tokenizer=kind, vocabulary=60))
    texts = ["정말 재미있다 good!!", "지루하다 bad", "가나 정말"]
    encoded = encoder.fit(texts, np.array([0, 1, 1]), 2, silent)
    for row, text in enumerate(texts):
        places = encoder.token_places(text)
        assert len(places) == encoded.tokens.lengths[row]
        covered = {at for start, end in places for at in range(start, end)}
        assert covered >= {at for at, character in enumerate(text) if character != " "}


def test_without_a_tokenizer():
    encoder = TextEncoder(EncoderConfig(normalizer=Normalizer("NFKC")))
    encoded = encoder.fit(["ＡＢＣ", "가"], np.array([0, 1]), 2, silent)
    assert encoded.tokens is None and encoder.vocabulary == 0 and encoder.token_places("a") == []
    assert encoder.traced("ＡＢＣ").text == "ABC"


@pytest.mark.parametrize(
    "bad",
    [
        {"vocabulary": 0}, {"max_tokens": "9"}, {"max_characters": -1}, {"most_buckets": 1.5},
        {"tokenizer": "words"}, {"tokenizer": ["bpe"]},
    ],
)  # fmt: skip
def test_impossible_encoders(bad):
    with pytest.raises(SettingError, match=next(iter(bad))):
        EncoderConfig(**bad)


def test_a_folder_cannot_ask_for_endless_tables():
    with pytest.raises(SettingError, match="most_buckets: a whole number of at least 1 and at most"):
        TextEncoder(EncoderConfig(most_buckets=1 << 30))
