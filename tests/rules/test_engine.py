"""The semantics of rules against a slow oracle that shares nothing with the engine."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saegim.errors import RuleError
from saegim.rules import Rule, RuleSet

SEEN = ["s0", "s1", "s2", "s3"]
DERIVED = ["d0", "d1", "d2", "d3"]
FACTS = {name: {"words": [name]} for name in SEEN}


def oracle_levels(rules):
    """Levels by repeated relaxation; None if some level grows beyond every possible stratum."""
    levels = dict.fromkeys([*SEEN, *DERIVED], 0)
    for _ in range(len(DERIVED) + 2):
        changed = False
        for rule in rules:
            need = max([levels[f] for f in rule.if_] + [levels[f] + (f in DERIVED) for f in rule.unless])
            for fact in rule.derives:
                if levels[fact] < need:
                    levels[fact], changed = need, True
        if not changed:
            return levels
    return None


def oracle(rules, seen, levels):
    """All facts that hold and all rules that fire: level by level, each to its fixed point."""
    known, fired = set(seen), set()
    for level in range(max(levels.values()) + 2):
        changed = True
        while changed:
            changed = False
            for number, rule in enumerate(rules):
                need = max([levels[f] for f in rule.if_] + [levels[f] + (f in DERIVED) for f in rule.unless])
                if need != level or number in fired:
                    continue
                if all(f in known for f in rule.if_) and not any(f in known for f in rule.unless):
                    fired.add(number)
                    known |= set(rule.derives)
                    changed = True
    return known, fired


def oracle_label(rules, fired):
    best = {}
    for number in fired:
        if rules[number].label is not None:
            best[rules[number].label] = max(best.get(rules[number].label, 0), rules[number].strength)
    winners = [label for label, strength in best.items() if strength == max(best.values())]
    return winners[0] if len(winners) == 1 else None


@st.composite
def rule_lists(draw, negation=True):
    size = draw(st.integers(1, 8))
    rules = []
    for number in range(size):
        derives = tuple(draw(st.lists(st.sampled_from(DERIVED), max_size=2, unique=True)))
        known = sorted({*SEEN, *(f for rule in rules for f in rule.derives), *derives})
        if_ = tuple(draw(st.lists(st.sampled_from(known), max_size=3, unique=True)))
        unless = tuple(draw(st.lists(st.sampled_from(known), max_size=2, unique=True))) if negation else ()
        label = draw(st.sampled_from(["x", "y", "z"] if not derives else [None, "x", "y", "z"]))
        strength = draw(st.sampled_from([1, 2, 0.5]))
        if not if_ and not unless:
            if_ = ("s0",)
        rules.append(Rule(f"r{number}", if_, unless, label, derives, strength=strength))
    return draw(st.permutations(rules))


texts = st.lists(st.sampled_from(SEEN), unique=True)


@settings(max_examples=400, deadline=None)
@given(rules=rule_lists(), seen=texts)
def test_agrees_with_the_oracle(rules, seen):
    levels = oracle_levels(rules)
    if levels is None:
        with pytest.raises(RuleError, match="circle through unless"):
            RuleSet(FACTS, rules)
        return
    ruleset = RuleSet(FACTS, rules)
    known, fired = oracle(rules, seen, levels)
    decision = ruleset.decide(" ".join(seen))
    assert {rule.id for rule in decision.fired} == {rules[number].id for number in fired}
    assert {fact.name for fact in decision.facts} == set(seen)
    assert known == set(seen) | {fact for rule in decision.fired for fact in rule.derives}
    assert decision.label == oracle_label(rules, fired)
    assert ruleset.predict([" ".join(seen)]) == [decision.label]


@settings(max_examples=150, deadline=None)
@given(rules=rule_lists(), seen=texts)
def test_every_step_of_a_proof_follows_from_earlier_ones(rules, seen):
    if oracle_levels(rules) is None:
        return
    decision = RuleSet(FACTS, rules).decide(" ".join(seen))
    proof = decision.proof
    known = {fact.name for fact in proof.facts}
    for rule in proof.steps:
        assert known.issuperset(rule.if_)
        assert known.isdisjoint(rule.unless)
        known |= set(rule.derives)
    voters = {rule.id for rule in decision.fired if rule.label is not None}
    assert voters <= {rule.id for rule in proof.steps}
    assert {r.id for r in (*decision.won, *decision.beaten, *decision.conflict)} <= voters


@settings(max_examples=150, deadline=None)
@given(rules=rule_lists(negation=False), seen=texts, more=texts)
def test_without_unless_more_facts_never_take_a_conclusion_back(rules, seen, more):
    ruleset = RuleSet(FACTS, rules)
    few = {rule.id for rule in ruleset.decide(" ".join(seen)).fired}
    many = {rule.id for rule in ruleset.decide(" ".join([*seen, *more])).fired}
    assert few <= many


@settings(max_examples=100, deadline=None)
@given(rules=rule_lists(), seen=texts)
def test_order_of_words_and_repetition_change_nothing(rules, seen):
    if oracle_levels(rules) is None:
        return
    once = RuleSet(FACTS, rules).decide(" ".join(seen))
    again = RuleSet(FACTS, rules).decide(" ".join([*reversed(seen), *seen]))
    assert [rule.id for rule in once.fired] == [rule.id for rule in again.fired]
    assert once.label == again.label


def rule(id, if_=(), unless=(), **then):
    return Rule(id, tuple(if_), tuple(unless), **then)


def test_the_stronger_wins_and_the_beaten_are_named():
    rules = [
        rule("weak", ["s0"], label="x"),
        rule("strong", ["s0"], label="y", strength=2),
        rule("friend", ["s0"], label="y"),
    ]
    decision = RuleSet(FACTS, rules).decide("s0")
    assert (decision.label, decision.reason) == ("y", "rules")
    assert [r.id for r in decision.won] == ["strong"]
    assert [r.id for r in decision.beaten] == ["weak"]
    assert decision.conflict == ()


def test_equal_strength_abstains_even_with_a_default():
    rules = [
        rule("a", ["s0"], label="x"),
        rule("b", ["s0"], label="y"),
        rule("c", ["s0"], label="z", strength=0.5),
    ]
    decision = RuleSet(FACTS, rules, default="x").decide("s0")
    assert (decision.label, decision.reason) == (None, "conflict")
    assert [r.id for r in decision.conflict] == ["a", "b"]
    assert [r.id for r in decision.beaten] == ["c"]


def test_without_a_firing_rule_the_default_or_silence():
    rules = [rule("a", ["s0"], label="x")]
    assert RuleSet(FACTS, rules).decide("nothing").reason == "silence"
    assert RuleSet(FACTS, rules, default="y").decide("nothing").label == "y"
    assert RuleSet(FACTS, rules, default="y").predict(["nothing", "s0"]) == ["y", "x"]


def test_rules_chain_against_the_order_of_the_file():
    rules = [
        rule("last", ["d1"], label="x"),
        rule("middle", ["d0"], derives=("d1",)),
        rule("first", ["s0"], derives=("d0",)),
    ]
    decision = RuleSet(FACTS, rules).decide("s0")
    assert [r.id for r in decision.fired] == ["first", "middle", "last"]


def test_unless_waits_for_the_facts_it_names():
    rules = [
        rule("normally", ["s0"], ["d0"], label="x"),
        rule("exception", ["s1"], derives=("d0",)),
    ]
    ruleset = RuleSet(FACTS, rules)
    assert ruleset.predict(["s0", "s0 s1"]) == ["x", None]
    stopped = ruleset.decide("s0 s1").stopped
    assert [(stop.rule.id, stop.by) for stop in stopped] == [("normally", ("d0",))]


def test_a_circle_without_unless_is_fine_and_holds_nothing_up_by_itself():
    rules = [
        rule("a", ["d0"], derives=("d1",)),
        rule("b", ["d1"], derives=("d0",)),
        rule("c", ["d0"], label="x"),
        rule("start", ["s0"], derives=("d1",)),
    ]
    assert RuleSet(FACTS, rules).predict(["s1", "s0"]) == [None, "x"]


def test_a_circle_through_unless_names_its_path():
    rules = [
        rule("calm-down", ["s0"], ["d1"], derives=("d0",)),
        rule("step", ["d0"], derives=("d2",)),
        rule("get-angry", ["d2"], derives=("d1",)),
        rule("outside", ["d1"], label="x"),
    ]
    path = "rule calm-down -> unless d1 -> by rule get-angry -> if d2 -> by rule step -> if d0 -> by rule calm-down"
    with pytest.raises(RuleError) as caught:
        RuleSet(FACTS, rules)
    assert path in str(caught.value)


def test_ten_thousand_rules_in_a_chain_need_no_recursion():
    rules = [rule("r0", ["s0"], derives=("c0",))]
    rules += [rule(f"r{n}", [f"c{n - 1}"], ["s1"], derives=(f"c{n}",)) for n in range(1, 10_000)]
    rules.append(rule("end", ["c9999"], label="x"))
    ruleset = RuleSet(FACTS, rules)
    assert ruleset.predict(["s0", "s0 s1"]) == ["x", None]
    assert len(ruleset.decide("s0").proof.steps) == 10_001
