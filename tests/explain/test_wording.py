"""Explanations in words: sums that can be checked by eye, bars in proportion, long texts cut to what moved most."""

from __future__ import annotations

import pytest

from saegim.explain import Explanation, WordContribution
from saegim.explain.wording import in_words


def explanation(*contributions: float, error: float = 0.0) -> Explanation:
    words = tuple(WordContribution(f"w{i}", 3 * i, 3 * i + 2, each) for i, each in enumerate(contributions))
    total = 0.5 + sum(contributions) + error
    return Explanation(" ".join(word.word for word in words), "yes", 0.75, total, 0.5, words, error)


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


@pytest.mark.parametrize("contributions", [(), (0.0,)])
def test_nothing_that_moved_it(contributions):
    assert "+0.5000 before reading +0.0000 by the words" in in_words(explanation(*contributions))


def test_in_korean():
    text = in_words(explanation(1.0), "ko")
    assert "yes(으)로 판단, 확률 0.7500" in text
    assert "읽기 전" in text
