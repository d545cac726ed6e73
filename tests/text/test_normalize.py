"""Normalising against the standard library."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.errors import SettingError
from saegim.text import Normalizer

FORMS = st.builds(Normalizer, st.sampled_from(["NFC", "NFKC"]), st.booleans())
TEXT = st.text(
    st.one_of(st.sampled_from("가\u1100\u1161\u11a8e\u0301\u200b \t\r\n\xa0\u3000\x00\x7fAİΣ①"), st.characters())
)


@settings(deadline=None)
@given(FORMS, TEXT)
def test_a_normal_text_stays_and_is_in_normal_form(normalizer, text):
    once = normalizer(text)
    assert normalizer(once) == once
    assert unicodedata.normalize(normalizer.form, once) == once
    assert once == " ".join(once.split())
    assert not any(unicodedata.category(c) in ("Cc", "Cs") for c in once)


@given(st.text(st.characters(codec="utf-8"), max_size=50))
def test_visible_text_only_changes_form_and_space(text):
    visible = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf"))
    assert Normalizer()(visible) == " ".join(unicodedata.normalize("NFC", visible).split())


@pytest.mark.parametrize(
    ("text", "form", "lowercase", "wanted"),
    [
        ("각", "NFC", False, "각"),
        ("ＡＢ①ﬁ", "NFC", False, "ＡＢ①ﬁ"),
        ("ＡＢ①ﬁ", "NFKC", True, "ab1fi"),
        ("  a\t\r\n b\u3000 ", "NFC", False, "a b"),
        ("e\u200b\u0301", "NFC", False, "é"),
        ("\ud800가\x00", "NFC", False, "\ufffd가"),
    ],
)
def test_examples(text, form, lowercase, wanted):
    assert Normalizer(form, lowercase)(text) == wanted
    assert Normalizer(form, lowercase).many([text, text]) == [wanted, wanted]


def test_unknown_form():
    with pytest.raises(SettingError, match="'NFD' is no normal form"):
        Normalizer("NFD")
