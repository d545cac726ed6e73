"""What follows from the data."""

from __future__ import annotations

import unicodedata

import pytest

from saegim.errors import SettingError
from saegim.models import WISHES, choose

KOREAN = ["정말 재미있는 영화", "지루하다"] * 5
ENGLISH = ["a great movie", "boring"] * 5


@pytest.mark.parametrize("wish", [each for each in WISHES if each != "auto"])
def test_every_kind_is_what_was_asked_for(wish):
    choice = choose(wish, ENGLISH)
    assert choice.kind == wish
    assert (choice.reader is None) == (wish == "wide") and (choice.reader is None or choice.reader.kind == wish)
    assert (choice.encoder.tokenizer is not None) == (wish in ("cnn", "lstm", "transformer"))
    assert choice.reader is None or choice.encoder.max_tokens <= choice.reader.max_tokens


def test_auto_says_why():
    choice = choose("auto", ENGLISH)
    assert choice.kind == "wide"
    [reason] = choice.reasons
    assert "auto chose the model 'wide'" in reason and "\n" not in reason


@pytest.mark.parametrize("texts", [KOREAN, [unicodedata.normalize("NFD", text) for text in KOREAN], KOREAN + ENGLISH])
def test_korean_is_recognised_however_it_is_written(texts):
    choice = choose("wide", texts)
    assert choice.encoder.ngrams.edges == 2
    assert choice.reasons == ("the texts are Korean: n-grams are also taken from parts of syllables",)


@pytest.mark.parametrize("texts", [ENGLISH, [], [""], ["123 !"], [*ENGLISH, "한국"]])
def test_other_languages(texts):
    assert choose("wide", texts).encoder.ngrams.edges == 0


def test_fewer_texts_are_read_more_often_in_smaller_batches():
    few, many = (choose("wide", ["a"] * n) for n in (100, 50_000))
    assert few.epochs > many.epochs and few.batch_size < many.batch_size


@pytest.mark.parametrize("wish", ["svm", "", None, 3, []])
def test_unknown_kinds(wish):
    with pytest.raises(SettingError, match="is no kind of model; choose one of auto, wide, bag, cnn"):
        choose(wish, ENGLISH)
