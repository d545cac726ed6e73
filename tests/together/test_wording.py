"""A policy in words: every sentence is there because of a number, in both languages."""

from __future__ import annotations

from dataclasses import replace

import pytest

from saegim.evaluation import Interval
from saegim.together import Policy, RuleRecord, Trial
from saegim.together.wording import beside, card, statement

LANGUAGES = ("en", "ko")


def record(name, *, first=True, right=19):
    return RuleRecord(name, "good", 20, right, 3, 1, 0.85, first)


def policy(rules=("a", "b"), *, trial=None, **changed):
    plain = Policy("together", None, None, 0.8, True, tuple(map(record, rules)), 0.0, Trial(300, 300, 270, 60, 57, 261))
    return replace(plain, **changed | ({} if trial is None else {"trial": trial}))


def test_who_goes_first():
    said = statement(policy())
    assert "Rules go first where they are precise: a, b. " in said
    assert "each of these 2 is right more often than 80.0% (what the network gets right of all), with 90% cert" in said
    assert "Otherwise the network answers, however sure it is." in said
    ko = statement(policy(), "ko")
    assert "정확한 규칙 2개를 먼저 따릅니다: a, b." in ko and "나머지는 신경망이 얼마나 확신하든 답합니다." in ko
    assert "One rule goes first, since it is precise: a. " in statement(policy(["a"]))
    assert "정확한 규칙 하나를 먼저 따릅니다: a." in statement(policy(["a"]), "ko")


def test_many_rules_are_not_all_named():
    assert "r0, r1, r2, r3, r4, r5, r6, r7 and 3 more." in statement(policy([f"r{k}" for k in range(11)]))
    assert "r7 외 3개." in statement(policy([f"r{k}" for k in range(11)]), "ko")


def test_why_none_goes_first():
    none = policy(rules=()), policy(rules=())
    assert "rule" not in statement(none[0]).split("network")[0]
    losers = tuple(record(name, first=False) for name in "ab")
    assert "No rule goes first: on the validation texts" in statement(replace(policy(), rules=losers))
    worse = replace(policy(), rules=losers, borne_out=False)
    assert statement(worse) == (
        "No rule goes first: tried on 300 validation texts, rules first did worse than the network. "
        "The network answers, however sure it is."
    )
    assert "신경망만 쓸 때보다 못했습니다" in statement(worse, "ko")


def test_when_nothing_is_answered():
    asked = policy(threshold=0.8, min_confidence=0.8)
    assert "Otherwise the network answers where it is at least 80.0% sure, as was asked for." in statement(asked)
    wanted = policy(threshold=0.7312, min_accuracy=0.9, bar=0.9)
    assert "at least 73.1% sure: there it is right in 90.0% of the cases, with 90% certainty." in statement(wanted)
    assert "right more often than 90.0% (what was asked for)" in statement(wanted)
    never = policy(rules=(), threshold=None, min_accuracy=0.99)
    assert "Nothing is answered: of no probability is it known" in statement(never)
    assert "아무 글에도 답하지 않습니다." in statement(never, "ko")
    assert "Otherwise nothing is answered" in statement(policy(threshold=None, min_accuracy=0.99))


def test_what_to_expect():
    said = statement(policy())
    assert "Tried on 300 validation texts" in said and "gets 90.0% (86.1% to 92.9%) right" in said
    assert "rules decide 20.0% (15.9% to 24.9%) and get 95.0% (86.3% to 98.3%) of these right" in said
    some = policy(threshold=0.7, min_accuracy=0.9, trial=Trial(300, 150, 144, 0, 0, 240))
    assert "this decides 50.0% (44.4% to 55.6%) and gets 96.0%" in statement(some) and "rules decide" not in statement(
        some
    )
    nothing = policy(threshold=None, min_accuracy=0.99, trial=Trial(300, 0, 0, 0, 0, 240))
    assert "this decides none; the network alone gets 80.0% (" in statement(nothing)


def test_who_answers():
    assert statement(policy()).endswith("answers by this policy, with --policy network by the network alone.")
    assert statement(policy(answers="network")).endswith("with --policy together by this policy.")
    assert statement(policy(answers="network"), "ko").endswith("--policy together를 주면 이 방침을 따릅니다.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_place_is_left_open(language):
    for threshold, accuracy in ((0.0, None), (0.8, None), (0.8, 0.9), (None, 0.9)):
        for rules in ((), ("a",), ("a", "b")):
            for trial in (Trial(300, 300, 270, 60, 57, 261), Trial(300, 0, 0, 0, 0, 261), Trial(1, 1, 1, 0, 0, 1)):
                said = statement(policy(rules, threshold=threshold, min_accuracy=accuracy, trial=trial), language)
                assert "{" not in said and "nan" not in said and "  " not in said


def test_beside_the_better_alone():
    ahead, behind = Interval(0.017, 0.014, 0.021, 0.95), Interval(-0.001, -0.003, 0.00004, 0.95)
    assert beside("network", ahead, clear=True) == (
        "Together they get 1.7 points more of all right than the network alone (95% interval 1.4 to 2.1): "
        "a clear difference."
    )
    assert beside("rules", behind, clear=False) == (
        "Together they get 0.1 points less of all right than the rules alone (95% interval 0.0 to 0.3): "
        "that may be chance."
    )
    assert "똑같이 맞힙니다" in beside("network", Interval(0.0, 0.0, 0.0, 0.95), clear=False, language="ko")
    assert "1.7%포인트(95% 구간 1.4~2.1) 더 맞힙니다" in beside("network", ahead, clear=True, language="ko")


def test_the_card_bears_odd_names():
    said = card(policy(["a|b`c\nd"]))
    row = said.splitlines()[-1]
    assert row == "| `a\u2223b\u2019c d` | `good` | 20 | 19 | 85.0% |"
    assert said.startswith("## Who answers\n\n") and "\nd" not in said
    assert "| rule |" not in card(policy(()))
