"""Explanations in words: sums that can be checked by eye, bars in proportion, long texts cut to what moved most."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saegim.explain import Explanation, Span, explain_decision
from saegim.explain.wording import in_words
from saegim.rules import Rule, RuleSet


def explanation(*amounts: float, error: float = 0.0) -> Explanation:
    spans = tuple(Span(3 * i, 3 * i + 2, f"w{i}", each) for i, each in enumerate(amounts))
    total = 0.5 + sum(amounts) + error
    text = " ".join(span.text for span in spans)
    return Explanation(text, len(text), "network", "yes", spans, "exact", 0.75, total, 0.5, error)


def test_the_sum_and_a_bar_for_each_word():
    lines = in_words(explanation(2.0, -1.0, error=0.001)).splitlines()
    assert lines[0] == '"w0 w1"'
    assert lines[1] == "=> label yes, probability 0.7500"
    assert lines[2] == "score +1.5010 = +0.5000 before reading +1.0000 by the words (error 1e-03)"
    assert lines[3] == f"  {'':20}│{'█' * 20} +2.0000  w0"
    assert lines[4] == f"  {'█' * 10:>20}│{'':20} -1.0000  w1"


def test_of_many_words_those_that_moved_it_most_are_shown_in_their_order():
    given = [0.001] * 30 + [1.0 + i / 100 for i in range(40)]
    lines = in_words(explanation(*given)).splitlines()
    assert [line.split()[-1] for line in lines[3:-1]] == [f"w{i}" for i in range(30, 70)]
    assert lines[-1] == "  and 30 words that moved it less, together +0.0300"


@pytest.mark.parametrize("amounts", [(), (0.0,)])
def test_nothing_that_moved_it(amounts):
    assert "+0.5000 before reading +0.0000 by the words" in in_words(explanation(*amounts))


def test_what_was_not_read_is_said():
    cut = replace(explanation(1.0), text="w0 w1 w2", read=2)
    assert in_words(cut).splitlines()[3] == "only the first 2 of 8 characters were read"
    assert "글자 8개 중 처음 2개만 읽음" in in_words(cut, "ko")


def test_in_korean():
    text = in_words(explanation(1.0), "ko")
    assert "yes(으)로 판단, 확률 0.7500" in text
    assert "점수 +1.5000 = 읽기 전 +0.5000, 단어들 +1.0000 (오차 0e+00)" in text


RULES = RuleSet(
    {"praise": {"words": ["great"]}, "loud": {"phrase": "!"}},
    [Rule("good", ("praise",), label="1", strength=2), Rule("noise", ("loud",), label="0", strength=0.5)],
)


def test_a_proof_is_shown_in_the_same_view():
    decision = RULES.decide("great \n!")
    told = in_words(explain_decision(decision)).split("\n")
    assert told[2:4] == [f"  {'':20}│{'█' * 20} +2  great  (good)", f"  {'█' * 5:>20}│{'':20} -0.5  !  (noise)"]
    assert "\n".join(told[:2] + told[4:]) == decision.explain()
    assert "추론:" in in_words(explain_decision(decision), "ko")


def test_of_many_places_40_are_shown():
    decision = RULES.decide("great x " * 50)
    assert in_words(explain_decision(decision)).count("(good)") == 40
    assert "  and 10 places that count less\n" in in_words(explain_decision(decision))
