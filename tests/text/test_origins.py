"""Places kept through normalising: they lead back to what each character was made of, whatever the text."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.text import Normalizer, Traced

FORMS = st.builds(Normalizer, st.sampled_from(["NFC", "NFKC"]), st.booleans())
ODD = (
    "가각\u1100\u1161\u11a8\u3131\u314f\uffa1\uffc2\u11a7"  # syllables; letters that join, compatibility, half width
    "e\u0301\u0323é\u1e69\u212b\u0344\u0f73"  # marks, and characters that are taken apart for good
    "ﬁＡ①\uff76\uff9e\u3000ﷺ¨ẛ"  # compatibility characters: one becomes several, some join, some become spaces
    "İΣΟΔΟΣßǅ"  # letters whose case is odd
    " \t\r\n\xa0\u2028\x1f\u200b\u00ad\ufeff\x00\x7f"  # white space and what is invisible
    "\u09c7\u09be\U00011347\U0001133e\U00016d63\U00016d67"  # vowel signs that join
    "👨\u200d👩🏽🇰🇷️\ud800\udc00"  # emoji of several characters, surrogates
)
TEXT = st.text(st.one_of(st.sampled_from(ODD), st.characters()), max_size=30)


def left_out(character: str) -> bool:
    """Whether normalising may drop it: white space, control characters, what nobody sees."""
    return character.isspace() or unicodedata.category(character) in ("Cc", "Cf") or character == "\ufeff"


@settings(max_examples=400)
@given(FORMS, TEXT)
def test_the_traced_text_is_the_normalised_one(normalizer, text):
    traced = normalizer.traced(text)
    assert traced.text == normalizer(text)
    assert (traced.size, len(traced), len(traced.starts), len(traced.ends)) == (
        len(text),
        *[len(normalizer(text))] * 3,
    )


@settings(max_examples=400)
@given(FORMS, TEXT)
def test_places_are_stretches_in_order_that_cover_the_text(normalizer, text):
    traced = normalizer.traced(text)
    starts, ends = traced.starts.tolist(), traced.ends.tolist()
    assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
    assert starts == sorted(starts)
    assert ends == sorted(ends)
    covered = {at for start, end in zip(starts, ends, strict=True) for at in range(start, end)}
    assert all(left_out(text[at]) for at in range(len(text)) if at not in covered)


@settings(max_examples=400)
@given(FORMS, TEXT, st.data())
def test_what_a_stretch_was_made_of_gives_it_again(normalizer, text, data):
    """Normalising only the place of some characters gives these characters, and at most their neighbours' parts."""
    traced = normalizer.traced(text)
    if not traced.text:
        return
    start = data.draw(st.integers(0, len(traced) - 1))
    end = data.draw(st.integers(start + 1, len(traced)))
    first, last = traced.span(start, end)
    made = normalizer(text[first:last])
    wanted = traced.text[start:end].strip()
    assert wanted.replace("ς", "σ") in made.replace("ς", "σ")  # a final sigma is seen from outside


@given(FORMS, TEXT)
def test_a_normal_text_is_its_own_origin(normalizer, text):
    normal = normalizer(text)
    traced = normalizer.traced(normal)
    assert traced.text == normal
    assert traced.starts.tolist() == list(range(len(normal)))
    assert traced.ends.tolist() == list(range(1, len(normal) + 1))


@given(FORMS, st.lists(TEXT.filter(lambda text: "Σ" not in text), max_size=4))
def test_texts_side_by_side_keep_their_places(normalizer, texts):
    """Words between spaces are traced each by itself."""
    parts = [text for text in texts if normalizer(text)]
    together = normalizer.traced(" ".join(parts))
    starts, at = [], 0
    for number, part in enumerate(parts):
        if number:
            starts.append(None)  # the space, with the white space beside it
        starts += (normalizer.traced(part).starts + at).tolist()
        at += len(part) + 1
    assert len(starts) == len(together)
    assert all(each is None or each == found for each, found in zip(starts, together.starts.tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "form", "lowercase", "places"),
    [
        ("\u1112\u1161\u11ab글", "NFC", False, [("한", 0, 3), ("글", 3, 4)]),
        ("ﬁt", "NFKC", False, [("f", 0, 1), ("i", 0, 1), ("t", 1, 2)]),
        ("Ａ①", "NFKC", True, [("a", 0, 1), ("1", 1, 2)]),
        ("e\u200b\u0301x", "NFC", False, [("é", 0, 3), ("x", 3, 4)]),
        ("  a \t\n b ", "NFC", False, [("a", 2, 3), (" ", 3, 7), ("b", 7, 8)]),
        ("ㄱㅏㄱ", "NFKC", False, [("가", 0, 2), ("ᄀ", 2, 3)]),
        ("\uff76\uff9e", "NFKC", False, [("ガ", 0, 2)]),
        ("İX", "NFC", True, [("i", 0, 1), ("\u0307", 0, 1), ("x", 1, 2)]),
        ("ΟΔΟΣ", "NFC", True, [("ο", 0, 1), ("δ", 1, 2), ("ο", 2, 3), ("ς", 3, 4)]),
        ("👨\u200d👩", "NFC", False, [("👨", 0, 1), ("\u200d", 1, 2), ("👩", 2, 3)]),
        ("a\u0323\u0307", "NFC", False, [("ạ", 0, 3), ("\u0307", 0, 3)]),
        ("\x00\u200b", "NFC", False, []),
    ],
)
def test_examples(text, form, lowercase, places):
    traced = Normalizer(form, lowercase).traced(text)
    assert list(zip(traced.text, traced.starts.tolist(), traced.ends.tolist(), strict=True)) == places


def test_spans_and_cuts():
    traced = Normalizer().traced(" \u1112\u1161\u11ab  글 ")
    assert traced.text == "한 글"
    assert [traced.span(0, 1), traced.span(1, 2), traced.span(0, 3), traced.span(2, 3)] == [
        (1, 4), (4, 6), (1, 7), (6, 7),
    ]  # fmt: skip
    assert [traced.span(0, 0), traced.span(2, 2), traced.span(3, 3)] == [(1, 1), (6, 6), (8, 8)]
    cut = traced.cut(2)
    assert (cut.text, cut.span(0, 2), len(cut), cut.size) == ("한 ", (1, 6), 2, 8)
    assert Traced.of("").span(0, 0) == (0, 0)


def test_nothing_joins_across_the_seams():
    """Every character that may follow another: where the map cuts, normalising the parts gives the whole."""
    befores = ["a", "\u1100", "가", "\u09c7", "o\u0327", "\U00016d67"]
    for form in ("NFC", "NFKC"):
        for after in map(chr, range(0x300, 0x20000)):
            for before in befores:
                whole = unicodedata.normalize(form, before + after)
                if whole != before + after:
                    assert Traced.of(before + after).in_form(form).text == whole, hex(ord(after))
