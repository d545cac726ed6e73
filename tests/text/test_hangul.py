"""Hangul letters against the Unicode character database of the standard library."""

from __future__ import annotations

import unicodedata

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from saegim.text import hangul

ALL = "".join(chr(code) for code in range(0xAC00, 0xAC00 + 11172))
JAMO = st.sampled_from(
    [chr(c) for c in [0x1100, 0x1112, 0x1113, 0x1161, 0x1175, 0x1176, 0x11A7, 0x11A8, 0x11C2, 0x11C3]]
)
MIXED = st.text(st.one_of(JAMO, st.sampled_from("가각힣간ㅋa "), st.characters()), max_size=20)


def test_every_syllable_is_taken_apart_and_put_together():
    assert hangul.decompose(ALL) == unicodedata.normalize("NFD", ALL)
    assert hangul.compose(hangul.decompose(ALL)) == ALL
    assert hangul.from_compatibility(hangul.to_compatibility("한")) == "한"
    assert [hangul.from_compatibility(hangul.to_compatibility(c)) for c in ALL] == list(ALL)


@given(st.text(JAMO | st.sampled_from("가각힣간"), max_size=20))
def test_composing_is_the_normal_form(text):
    assert hangul.compose(text) == unicodedata.normalize("NFC", text)


@given(MIXED)
def test_letters_know_their_source(text):
    letters, source = hangul.decompose_codes(hangul.code_points(text))
    assert len(letters) == len(source) and letters.dtype == np.uint32
    for at, character in enumerate(text):
        part = hangul.from_code_points(letters[source == at])
        assert part == (unicodedata.normalize("NFD", character) if hangul.is_syllable(character) else character)


def test_typed_letters():
    assert hangul.to_compatibility("닭을 a") == "ㄷㅏㄺㅇㅡㄹ a"
    assert hangul.from_compatibility("ㄷㅏㄺㅇㅡㄹ ㅋㅋ ㅏ") == "닭을 ㅋㅋ ㅏ"
    assert hangul.from_compatibility("ㄱㅏㄱㅏ") == "가가"
    assert hangul.choseong("한글 책 a") == "ㅎㄱ ㅊ a"


@given(st.text(st.sampled_from("가나다힣값"), max_size=6))
def test_typing_a_text_gives_it_back(text):
    assert hangul.from_compatibility(hangul.to_compatibility(text)) == text
