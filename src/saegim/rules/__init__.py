"""Rules that an expert wrote down: read, checked, reasoned with step by step, every decision proved.

rules = load_rules("reviews.yaml")
rules.predict(texts)                  one label, or None, for every text
print(rules.decide(text))             the label, the facts with their places, the rules in order
check_rules(rules)                    what is odd about them
measure_rules(rules, texts, labels)   how good each of them is on labelled texts
"""

from __future__ import annotations

from saegim.rules.check import Finding, check_rules
from saegim.rules.decision import Decision, Place, Proof, SeenFact, Stopped
from saegim.rules.measure import RuleMeasure, RuleSetMeasure, measure_rules
from saegim.rules.predicates import PREDICATES
from saegim.rules.rule import Rule
from saegim.rules.ruleset import RuleSet, load_rules

__all__ = [
    "PREDICATES",
    "Decision",
    "Finding",
    "Place",
    "Proof",
    "Rule",
    "RuleMeasure",
    "RuleSet",
    "RuleSetMeasure",
    "SeenFact",
    "Stopped",
    "check_rules",
    "load_rules",
    "measure_rules",
]
