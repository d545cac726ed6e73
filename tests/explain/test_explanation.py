"""Rules explained in the form of networks: places, strengths, and the proof."""

from __future__ import annotations

import json
import unicodedata

import pytest

from saegim.explain import Span, explain_decision, explain_prediction
from saegim.rules import Rule, RuleSet
from saegim.training import TextClassifier

RULES = RuleSet(
    {
        "praise": {"words": ["great", "좋*"]},
        "loud": {"count": {"phrase": "!", "min": 2}},
        "long_praise": {"phrase": "great film"},
        "short": {"length": {"max": 40}},
        "not": {"words": ["not"]},
        "blame": {"words": ["dull"]},
    },
    [
        Rule("warm", ("praise",), ("not",), derives=("pleased",)),
        Rule("good", ("pleased", "short"), label="1", strength=2),
        Rule("phrase", ("long_praise",), label="1", strength=2),
        Rule("noise", ("loud",), label="0"),
        Rule("bad", ("blame",), label="0", strength=2),
    ],
)


def spans(text):
    return [(span.text, span.amount, span.reasons) for span in explain_decision(RULES.decide(text)).spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So great!", [("great", 2.0, ("good",))]),
        ("great!! x", [("great", 2.0, ("good",)), ("!!", -1.0, ("noise",))]),  # places side by side are one
        ("great film", [("great", 2.0, ("good", "phrase")), (" film", 2.0, ("phrase",))]),
        ("great but dull", [("great", 2.0, ("good",)), ("dull", 2.0, ("bad",))]),  # a conflict: for neither label
        ("great not", []),
        ("", []),
    ],
)
def test_the_places_that_a_decision_rests_on(text, expected):
    assert spans(text) == expected


def test_places_are_those_of_the_text_as_given():
    text = unicodedata.normalize("NFD", "참 좋다 !!")
    found = explain_decision(RULES.decide(text))
    assert [unicodedata.normalize("NFC", span.text) for span in found.spans] == ["좋다", "!!"]
    assert all(text[span.start : span.end] == span.text for span in found.spans)
    assert (found.read, found.source, found.method, found.strength) == (len(text), "rules", "proof", 2)


def test_grounds_reach_through_the_rules_between():
    decision = RULES.decide("great!!")
    assert [fact.name for fact in decision.grounds(RULES.rules[1])] == ["praise", "short"]
    assert [fact.name for fact in decision.grounds(RULES.rules[3])] == ["loud"]


def test_both_kinds_have_the_same_keys():
    network = TextClassifier("wide", epochs=1).fit(["great", "dull"] * 4, ["1", "0"] * 4)
    attributed = explain_prediction(network, "great!!").to_dict()
    proved = json.loads(json.dumps(explain_decision(RULES.decide("great!!")).to_dict()))
    assert attributed.keys() == proved.keys()
    assert [step["id"] for step in proved["steps"]] == ["warm", "good", "noise"]
    assert (proved["won"], proved["beaten"], proved["reason"], proved["label"]) == (["good"], ["noise"], "rules", "1")
    assert proved["spans"][0] == {"start": 0, "end": 5, "text": "great", "amount": 2.0, "reasons": ["good"]}
    stopped = explain_decision(RULES.decide("not great")).to_dict()
    assert stopped["stopped"] == [{"rule": "warm", "by": ["not"]}]
    assert (stopped["label"], stopped["strength"], stopped["spans"]) == (None, None, [])


def test_a_default_rests_on_nothing():
    decision = RuleSet({"a": {"words": ["a"]}}, [Rule("r", ("a",), label="x")], default="y").decide("b")
    found = explain_decision(decision)
    assert (found.label, found.spans, found.strength) == ("y", (), None)


def test_spans_of_whole_text_facts_are_nowhere():
    decision = RuleSet({"short": {"length": {"max": 9}}}, [Rule("r", ("short",), label="x")]).decide("b")
    assert explain_decision(decision).spans == ()
    assert Span(0, 1, "b", 1.0).reasons == ()
