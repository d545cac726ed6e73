"""Proofs as text and as plain data, and the example that is shipped."""

from __future__ import annotations

import json
from pathlib import Path

from saegim.rules import Rule, RuleSet, check_rules, load_rules

EXAMPLE = Path(__file__).parents[2] / "examples/movie-reviews/rules.yaml"

RULES = RuleSet(
    {
        "praise": {"words": ["great", "좋*"]},
        "loud": {"count": {"phrase": "!", "min": 6}},
        "short": {"length": {"max": 40}},
        "not": {"words": ["not"]},
    },
    [
        Rule("warm", ("praise",), ("not",), derives=("pleased",), because="Praise\nis praise."),
        Rule("good", ("pleased", "short"), label="1", strength=2),
        Rule("noise", ("loud",), label="0"),
        Rule("aside", ("short",), derives=("unused",)),
    ],
)


def test_a_proof_in_english():
    assert RULES.decide("Great  film!!!!!!").explain() == (
        '"Great film!!!!!!"\n'
        "=> label 1, by good (label 1, strength 2)\n"
        "Seen in the text:\n"
        '  praise: "Great" (0-5)\n'
        '  loud: "!" (11-12), "!" (12-13), "!" (13-14), "!" (14-15), "!" (15-16) and 1 more\n'
        "  short: the text as a whole\n"
        "Reasoning:\n"
        "  1. warm: praise, without not -> fact pleased\n"
        "     Praise is praise.\n"
        "  2. good: pleased and short -> label 1, strength 2\n"
        "  3. noise: loud -> label 0, strength 1\n"
        "Beaten: noise (label 0, strength 1)"
    )


def test_a_proof_in_korean():
    text = RULES.decide("좋다").explain("ko")
    assert '=> 1(으)로 판단: good (1, 세기 2)\n글에서 본 사실:\n  praise: "좋다" (0-2)' in text
    assert "not 없음 -> 사실 pleased" in text


def test_what_kept_a_rule_from_firing_is_said():
    decision = RULES.decide("not great")
    assert str(decision) == ('"not great"\n=> no label: no rule for a label fired\nKept from firing: warm by not')


def test_plain_data_survives_json():
    decision = RULES.decide("Great film!!!!!!")
    data = json.loads(json.dumps(decision.to_dict()))
    assert (data["label"], data["reason"], data["won"], data["beaten"]) == ("1", "rules", ["good"], ["noise"])
    assert data["fired"] == ["warm", "good", "noise", "aside"]
    assert [step["id"] for step in data["proof"]["steps"]] == ["warm", "good", "noise"]
    assert data["proof"]["facts"][0] == {
        "fact": "praise",
        "places": [{"start": 0, "end": 5, "text": "Great"}],
    }


def test_the_example_is_sound_and_sensible():
    rules = load_rules(EXAMPLE)
    assert check_rules(rules) == []
    assert len(rules.rules) <= 40
    assert rules.labels == ("0", "1")
    texts = [
        "정말 재미있고 감동적인 영화",
        "돈이 아깝다 최악의 쓰레기",
        "안 지루하다 재밌다",
        "이 영화는 1998년에 나왔다",
    ]
    assert rules.predict(texts) == ["1", "0", "1", None]
    assert "waste" in rules.decide(texts[1]).explain("ko")
