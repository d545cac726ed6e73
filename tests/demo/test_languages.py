"""The demo's texts: short, unambiguous, reproducible, with room for scripts whose characters are wide."""

from __future__ import annotations

import unicodedata
from collections import Counter

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from saegim.data.table import read_table
from saegim.demo import languages
from saegim.demo.languages import as_tsv, build, language_name, names_in, scripts_in, split, whole_languages

FEW = ("ko", "ja", "zh", "fr", "es", "uk")


@pytest.fixture(scope="module")
def texts():
    return build(200, languages=FEW)


def columns(text):
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def test_each_text_is_short_clean_and_of_one_language(texts):
    names = {code: names_in(code) for code in FEW}
    assert len({each.text for each in texts}) == len(texts)
    for text, language in texts:
        assert 8 <= columns(text) <= 40
        assert text == unicodedata.normalize("NFC", " ".join(text.split()))
        assert "{0}" not in text
        assert [code for code in FEW if text in names[code]] == [language]


def test_texts_are_in_the_letters_of_their_language(texts):
    for text, language in texts:
        if language == "ko":
            assert "Hangul" in scripts_in(text)
        if language == "ja":
            assert scripts_in(text) & {"Han", "Hiragana", "Katakana"}


def test_wide_characters_let_short_names_in():
    assert "안도라공국" not in names_in("ko", (9, 9))
    assert {columns(name) for name in names_in("ko", (8, 9))} == {8, 9}
    assert names_in("ko", (8, 8)) >= {"대한민국"}


def test_the_same_again(texts):
    assert build(200, languages=FEW) == texts == sorted(texts)


def test_locales_that_are_no_language_of_their_own_are_left_out():
    assert {"nb", "nn", "yue", "root"}.isdisjoint(whole_languages())
    assert {"no", "zh", "ko"} <= set(whole_languages())
    assert not any("_" in code for code in whole_languages())


NAMES = st.dictionaries(st.sampled_from("abcde"), st.sets(st.sampled_from("0123456789")), min_size=1)


@given(NAMES, st.integers(1, 4))
def test_the_poorest_language_goes_until_all_have_enough(names, least):
    """Against the plain reading: while some language has too few names of its own, drop the poorest."""
    left = dict(names)

    def own(code):
        return {name for name in left[code] if not any(name in left[other] for other in left if other != code)}

    while left and min(len(own(code)) for code in left) < least:
        del left[min(left, key=lambda code: (len(own(code)), code))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "names_in", lambda code, columns: names[code])
        assert build(least, languages=names) == sorted((name, code) for code in left for name in own(code))


def test_no_language_has_enough():
    assert build(10**6, languages=("ko", "ja")) == []


def test_a_tenth_of_each_language_is_for_testing(texts):
    train, test = split(texts, seed=3)
    assert sorted(train + test) == texts
    total, held = (Counter(each.language for each in part) for part in (texts, test))
    assert all(abs(held[code] - total[code] / 10) <= 1 for code in total)
    assert split(texts, seed=3) == (train, test) != split(texts, seed=4)


def test_the_table_is_read_back(tmp_path, texts):
    odd = [languages.Text('a "quoted"\tname', "no"), languages.Text("'single", "en"), *texts[:50]]
    (tmp_path / "t.tsv").write_text(as_tsv(odd), encoding="utf-8")
    table = read_table(tmp_path / "t.tsv", text="text", label="language")
    assert list(zip(table.texts, table.labels, strict=True)) == odd


@pytest.mark.parametrize("text", ["한글 漢字 カナ", "αβγ abc 123", "ґ - ї", "…!?", "", "नमस्ते"])
def test_scripts_are_those_of_re2(text):
    letters = "".join(filter(str.isalpha, text))
    known = [script for script in languages.SCRIPTS if re2.search(f"\\p{{{script}}}", letters)]
    assert scripts_in(text) == set(known)


def test_languages_have_names():
    assert (language_name("ko"), language_name("ko", "ko")) == ("Korean", "한국어")
    assert language_name("xx") == "xx"


def test_the_version_of_cldr_or_of_the_library_that_has_it(monkeypatch):
    assert languages.cldr_version()
    monkeypatch.setattr(languages, "get_global", lambda key: {})
    assert languages.cldr_version() == f"of babel {languages.babel.__version__}"
