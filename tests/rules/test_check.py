"""What is odd about rules, and how good they are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.errors import SettingError
from saegim.rules import Rule, RuleSet, check_rules, measure_rules

FACTS = {name: {"words": [name]} for name in "abc"}


def findings(rules, facts=FACTS):
    return [(f.code, f.message) for f in check_rules(RuleSet(facts, rules)) if f.code != "unused-fact"]


def test_a_sound_rule_set_has_no_findings():
    facts = {**FACTS, "both": {"all": ["a", "b"]}}
    rules = [Rule("x", ("both",), ("c",), "1"), Rule("y", ("c",), label="0")]
    assert check_rules(RuleSet(facts, rules)) == []


def test_unused_facts_seen_and_derived():
    rules = [Rule("x", ("a",), (), "1", ("d",)), Rule("y", ("b",), label="0")]
    found = check_rules(RuleSet(FACTS, rules))
    assert [f.code for f in found] == ["unused-fact", "unused-fact"]
    assert [f.message for f in found] == ["no rule needs the fact 'c'", "rule 'x' derives 'd', which no rule needs"]


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([Rule("x", ("a",), ("a",), "1")], "unreachable-rule"),
        ([Rule("p", ("d",), derives=("e",)), Rule("q", ("e",), derives=("d",))], "unreachable-rule"),
        ([Rule("p", ("a",), derives=("d",)), Rule("x", ("a",), ("d",), "1")], "unreachable-rule"),
        ([Rule("x", ("a", "b"), (), "1"), Rule("y", ("a",), (), "0", strength=2)], "always-beaten"),
        ([Rule("x", ("a",), ("b", "c"), "1"), Rule("y", ("a",), ("b",), "0", strength=2)], "always-beaten"),
        ([Rule("x", ("a",), (), "1"), Rule("y", ("a",), (), "0")], "always-tied"),
        ([Rule("x", ("a",), (), "1"), Rule("y", ("a",), (), "1")], "same-rule"),
    ],
)
def test_the_odd_rule_is_found(rules, code):
    assert code in {found for found, _ in findings(rules)}


@pytest.mark.parametrize(
    "rules",
    [
        [Rule("x", ("a",), (), "1"), Rule("y", ("a",), ("b",), "0", strength=2)],
        [Rule("x", ("a",), (), "1"), Rule("y", ("a", "b"), (), "0", strength=2)],
        [Rule("x", ("a",), (), "1", strength=2), Rule("y", ("a", "b"), (), "1")],
        [Rule("p", ("a",), ("b",), derives=("d",)), Rule("x", ("a",), ("d",), "1")],
    ],
)
def test_rules_with_an_effect_are_left_in_peace(rules):
    assert findings(rules) == []


def test_definitions_with_any_and_all_are_seen_through():
    facts = {**FACTS, "all": {"all": ["a", "b"]}, "any": {"any": ["b", "c"]}}
    rules = [Rule("x", ("all",), (), "1"), Rule("y", ("any",), (), "0", strength=2)]
    assert findings(rules, facts) == [
        ("always-beaten", "rule 'x' is always beaten: whenever it fires, the stronger rule 'y' fires too")
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_findings_are_never_wrong(data):
    names = [*"abc", "d", "e"]
    subset = st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)
    rules = []
    for number in range(data.draw(st.integers(1, 5))):
        if_, unless = data.draw(subset), data.draw(subset.map(lambda s: tuple(f for f in s if f in "abc")))
        label = data.draw(st.sampled_from("xy"))
        derives = data.draw(st.sampled_from([(), ("d",), ("e",)]))
        strength = data.draw(st.sampled_from([1, 2]))
        rules.append(Rule(f"r{number}", if_ or ("a",), unless, label, derives, strength=strength))
    rules.append(Rule("de", ("a",), (), None, ("d", "e")))
    ruleset = RuleSet(FACTS, rules)
    odd = {(f.code, f.message.split("'")[1]) for f in check_rules(ruleset)}
    for bits in range(8):
        decision = ruleset.decide(" ".join(name for n, name in enumerate("abc") if bits >> n & 1))
        for rule in decision.fired:
            assert ("unreachable-rule", rule.id) not in odd
        for rule in decision.won:
            assert ("always-beaten", rule.id) not in odd
            assert ("always-tied", rule.id) not in odd


def test_a_bad_file_lists_all_its_wrong_names(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(
        "facts: {a: {words: [a]}}\nrules:\n"
        "  - {id: x, if: [b, a], then: {label: 1}}\n"
        "  - {id: x, if: [a], unless: [c], then: {label: 1}}\n",
        encoding="utf-8",
    )
    found = check_rules(path)
    assert [f.code for f in found] == ["unknown-or-double-name"] * 3
    path.write_text("rules: [\n", encoding="utf-8")
    assert [f.code for f in check_rules(path)] == ["refused"]


def test_findings_know_their_line(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(
        "facts:\n  a: {words: [a]}\n  b: {words: [b]}\nrules:\n  - {id: x, if: a, unless: a, then: {label: 1}}\n",
        encoding="utf-8",
    )
    assert [(f.code, f.line) for f in check_rules(str(path))] == [("unreachable-rule", 5), ("unused-fact", 3)]
    json.dumps([f.to_dict() for f in check_rules(path)])


RULES = RuleSet(
    FACTS,
    [
        Rule("a1", ("a",), (), "1", ("seen-a",), strength=2),
        Rule("b0", ("b",), label="0"),
        Rule("c0", ("c",), label="0", strength=2),
        Rule("step", ("seen-a",), derives=("z",)),
    ],
    default="9",
)


def test_measures():
    texts = ["a", "a b", "a c", "b", "none", "c b"]
    truth = ["1", "0", "1", "0", "5", "0"]
    m = measure_rules(RULES, texts, truth)
    assert (m.texts, m.decided, m.by_default, m.conflicts) == (6, 5, 1, 1)
    assert m.coverage == pytest.approx(5 / 6)
    assert m.accuracy == pytest.approx(3 / 5)
    assert m.accuracy_by_rules == pytest.approx(3 / 4)
    assert m.accuracy_of_all == pytest.approx(3 / 6)
    assert (m.labels_only_in_rules, m.labels_only_in_data) == (("9",), ("5",))
    a1, b0, c0, step = m.rules
    assert (a1.fired, a1.correct, a1.overlaps, a1.conflicts, a1.won, a1.beaten) == (3, 2, 2, 2, 2, 0)
    assert (b0.fired, b0.correct, b0.overlaps, b0.conflicts, b0.won, b0.beaten) == (3, 3, 2, 1, 1, 1)
    assert (c0.fired, c0.correct, c0.overlaps, c0.conflicts, c0.won, c0.beaten) == (2, 1, 2, 1, 1, 0)
    assert (step.fired, step.accuracy, step.correct) == (3, None, 0)
    assert a1.accuracy == pytest.approx(2 / 3)
    assert a1.coverage == pytest.approx(1 / 2)
    assert json.loads(json.dumps(m.to_dict()))["rules"][0]["id"] == "a1"


def test_measures_agree_with_decide():
    texts = ["a", "a b", "a c", "b", "", "c b", "a b c"]
    truth = ["1", "0"] * 3 + ["1"]
    decisions = [RULES.decide(text) for text in texts]
    m = measure_rules(RULES, texts, truth)
    assert m.accuracy_of_all == sum(d.label == t for d, t in zip(decisions, truth, strict=True)) / 7
    for rule in m.rules:
        assert rule.fired == sum(rule.id in {r.id for r in d.fired} for d in decisions)
        assert rule.won == sum(rule.id in {r.id for r in d.won} for d in decisions)


def test_a_set_that_decides_nothing():
    m = measure_rules(RuleSet(FACTS, [Rule("x", ("a",), label="1")]), ["b"], ["1"])
    assert (m.accuracy, m.accuracy_by_rules, m.coverage, m.rules[0].accuracy) == (None, None, 0.0, None)


@pytest.mark.parametrize(("texts", "labels"), [(["a"], []), ([], [])])
def test_measuring_needs_a_label_for_every_text(texts, labels):
    with pytest.raises(SettingError, match="measuring rules needs"):
        measure_rules(RULES, texts, labels)
