"""Every predicate: what it finds and where."""

from __future__ import annotations

import unicodedata

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.errors import SettingError
from saegim.rules import PREDICATES, RuleSet
from saegim.rules.index import Index
from saegim.rules.recognition import Recognizer
from saegim.rules.scripts import SCRIPTS, letters_of
from saegim.rules.view import words_of


def ruleset(fact, **others):
    return RuleSet({"f": fact, **others}, [{"id": "r", "if": "f", "then": {"label": "yes"}}])


def places(fact, text, **others):
    """The places of a fact as text, or None if it does not hold; also compares decide with predict."""
    rules = ruleset(fact, **others)
    decision = rules.decide(text)
    found = {seen.name: [place.text for place in seen.places] for seen in decision.facts}
    assert rules.predict([text]) == ["yes" if "f" in found else None]
    for seen in decision.facts:
        assert all(text[place.start : place.end] == place.text for place in seen.places)
    return found.get("f")


CASES = {
    "words": [
        ({"words": ["최고", "great"]}, "정말 최고, GREAT!", ["최고", "GREAT"]),
        ({"words": ["최고"]}, "최고다", None),
        ({"words": ["재미*"]}, "재미있다 노재미 재미", ["재미있다", "재미"]),
        ({"words": ["안"]}, "안 봤다 안녕", ["안"]),
        ({"words": "굿"}, "굿", ["굿"]),
        ({"words": ["US"], "case": "exact"}, "us US", ["US"]),
        ({"words": ["don't"]}, "I don’t know, I DON'T", ["don’t", "DON'T"]),
        ({"words": ["최고"]}, "'최고'라고", ["최고"]),
        ({"words": ["हिन्दी"]}, "यह हिन्दी है", ["हिन्दी"]),
        ({"words": ["no"]}, "", None),
        ({"words": ["straße"]}, "STRASSE", ["STRASSE"]),
    ],
    "phrase": [
        ({"phrase": "두 번 봤"}, "이걸 두  번\n봤다", ["두  번\n봤"]),
        ({"phrase": "두 번 봤"}, "두번 봤다", None),
        ({"phrase": ["a.b", "(c"]}, "axb a.b (C", ["a.b", "(C"]),
        ({"phrase": "Not Good", "case": "exact"}, "not good Not Good", ["Not Good"]),
    ],
    "pattern": [
        ({"pattern": r"(?i)not\s+good"}, "not  GOOD 좋다 not good", ["not  GOOD", "not good"]),
        ({"pattern": ["좋.", "싫(어|다)"]}, "정말 싫다 좋아", ["싫다", "좋아"]),
        ({"pattern": "^$"}, "", [""]),
        ({"pattern": "^$"}, "x", None),
        ({"pattern": "a"}, "\ud800a", ["a"]),
    ],
    "near": [
        ({"near": {"of": ["not"], "and": ["good"], "within": 2}}, "not so good", ["not so good"]),
        ({"near": {"of": ["not"], "and": ["good"], "within": 1}}, "not so good", None),
        ({"near": {"of": ["not"], "and": ["good"], "within": 1}}, "good, not bad", ["good, not"]),
        ({"near": {"of": ["좋*"], "and": ["좋*"], "within": 5}}, "좋다", None),
        ({"near": {"of": ["좋*"], "and": ["좋*"], "within": 1}}, "좋다 좋아", ["좋다 좋아"]),
    ],
    "script": [
        ({"script": "Hangul"}, "abc 가나 다", ["가나", "다"]),
        ({"script": "Hangul"}, "〮 abc", None),
        ({"script": "Han", "share": {"min": 0.5}}, "漢字 ab", ["漢字"]),
        ({"script": "Han", "share": {"min": 0.5}}, "漢 ab", None),
        ({"script": "Latin", "share": {"max": 0.5}}, "a 가나 123", ["a"]),
        ({"script": "Latin", "share": {"max": 0.5}}, "123", None),
    ],
    "count": [
        ({"count": {"pattern": "!", "min": 3}}, "좋다!! 와!", ["!", "!", "!"]),
        ({"count": {"pattern": "!", "min": 3}}, "좋다!!", None),
        ({"count": {"words": ["a"], "min": 1, "max": 1}}, "a b", ["a"]),
        ({"count": {"words": ["a"], "max": 1}}, "b", []),
        ({"count": {"words": ["a"], "max": 1}}, "a a", None),
        ({"count": {"any": [{"words": ["a"]}, {"phrase": "!"}], "min": 2}}, "a!", ["a", "!"]),
    ],
    "length": [
        ({"length": {"max": 3}}, "가나다", []),
        ({"length": {"max": 2}}, "가나다", None),
        ({"length": {"max": 3}}, unicodedata.normalize("NFD", "가나다"), []),
        ({"length": {"min": 2, "unit": "words"}}, "one two!", []),
        ({"length": {"min": 3, "unit": "words"}}, "one two!", None),
    ],
    "any": [
        ({"any": [{"words": ["a"]}, {"phrase": "b"}]}, "xb", ["b"]),
        ({"any": [{"words": ["a"]}, {"length": {"max": 1}}]}, "xy", None),
    ],
    "all": [
        ({"all": [{"words": ["a"]}, {"length": {"max": 3}}]}, "a b", ["a"]),
        ({"all": [{"words": ["a"]}, {"phrase": "z"}]}, "a b", None),
    ],
    "none": [
        ({"none": [{"words": ["a"]}]}, "b", []),
        ({"none": [{"words": ["a"]}]}, "a", None),
    ],
}


def test_every_predicate_has_cases():
    assert CASES.keys() == PREDICATES.keys()


@pytest.mark.parametrize(("fact", "text", "expected"), [case for cases in CASES.values() for case in cases])
def test_found_at(fact, text, expected):
    assert places(fact, text) == expected


def test_facts_may_refer_to_facts_in_any_order():
    others = {"g": {"none": ["h"]}, "h": {"words": ["b"]}}
    assert places({"all": ["g", {"words": ["a"]}]}, "a", **others) == ["a"]
    assert places({"all": ["g", {"words": ["a"]}]}, "a b", **others) is None
    assert places({"any": ["h", "g"]}, "b", **others) == ["b"]


def test_decomposed_text_is_found_and_placed_in_the_original():
    text = unicodedata.normalize("NFD", "정말 최고!")
    assert places({"words": ["최고"]}, text) == [unicodedata.normalize("NFD", "최고")]
    assert places({"pattern": "말.최"}, text) == [unicodedata.normalize("NFD", "말 최")]
    assert places({"words": [unicodedata.normalize("NFD", "최고")]}, "최고") == ["최고"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=12), st.integers(1, 4))
def test_near_agrees_with_comparing_every_pair(words, within):
    holds = any({x, y} == {"a", "b"} and abs(i - j) <= within for i, x in enumerate(words) for j, y in enumerate(words))
    fact = {"near": {"of": ["a"], "and": ["b"], "within": within}}
    assert (places(fact, " ".join(words)) is not None) == holds


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(alphabet="가나a.é ", max_size=6), min_size=1, max_size=6))
def test_many_patterns_in_one_pass_agree_with_each_alone(texts):
    patterns = ["가", "나.", "(?i)A+", r"\.", "é$", "^a", "[가-나]{2}", "x"]
    index = Index()
    atoms = [index.add_pattern(pattern) for pattern in patterns]
    index.freeze()
    recognizer = Recognizer({})
    for text in texts:
        view = recognizer.see(unicodedata.normalize("NFC", text))
        expected = {a for a, p in zip(atoms, patterns, strict=True) if re2.search(p, view.text)}
        assert index.hits(view).keys() == expected


def test_an_automaton_out_of_memory_is_noticed():
    class Exhausted:
        def Match(self, data):  # noqa: N802 (RE2's name)
            return None

    rules = ruleset({"pattern": "b+"})
    index = rules.recognizer._index
    index._sets = [(Exhausted(), index._sets[0][1])]
    assert rules.predict(["abb", "a"]) == ["yes", None]


def test_patterns_too_large_for_one_automaton_are_split(monkeypatch):
    monkeypatch.setattr("saegim.rules.index._SET_MEMORY", 1 << 14)
    facts = {f"f{n}": {"pattern": f"[a-z가-힣]{{5}}{n}x"} for n in range(40)}
    rules = [{"id": f"r{n}", "if": f"f{n}", "then": {"label": str(n)}} for n in range(40)]
    ruleset = RuleSet(facts, rules)
    assert len(ruleset.recognizer._index._sets) > 1
    assert ruleset.predict(["가나abc7x", "abcde39x", "none"]) == ["7", "39", None]


def test_every_script_is_known_to_re2_and_has_letters_only():
    for script in SCRIPTS:
        re2.compile(f"\\p{{{script}}}")
    assert letters_of("Hangul").findall("가ㅋa〮ᄀ") == ["가ㅋ", "ᄀ"]
    assert letters_of("Braille").search("⠿") is None  # symbols, not letters


def test_words_keep_marks_and_apostrophes_inside():
    assert words_of("it's 최고ㅋㅋ, हिन्दी e\u0301a _x1") == ["it's", "최고ㅋㅋ", "हिन्दी", "e\u0301a", "_x1"]


@pytest.mark.parametrize("texts", ["one text", b"bytes", 3, None, [None], [b"x"], [3.5]])
def test_what_is_not_a_list_of_texts_is_refused(texts):
    with pytest.raises(SettingError, match=r"list of texts|decide about text"):
        ruleset({"words": ["a"]}).predict(texts)


def test_a_long_hostile_text_is_read_in_time_linear_in_its_length():
    rules = ruleset({"near": {"of": ["a"], "and": ["b"], "within": 10**9}}, g={"words": ["x*"]})
    text = "a " * 100_000 + "b " * 100_000 + "x" * 200_000
    assert rules.predict([text]) == ["yes"]
