"""What the documentation says of rules is true; the examples of the guide are run by tests/test_docs.py."""

from __future__ import annotations

import re
from pathlib import Path

from saegim.rules import PREDICATES, RuleSet

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_guide_names_every_predicate():
    page = (DOCS / "guide/rules.md").read_text(encoding="utf-8")
    assert all(f"{{{name}:" in page or f"`{name}`" in page for name in PREDICATES)


def test_adding_a_predicate(monkeypatch):
    names = {}
    first, second = blocks("adding-a-predicate.md", "python")
    exec(first, names)
    monkeypatch.setattr("saegim.rules.predicates.PREDICATES", table := dict(PREDICATES))
    names["PREDICATES"] = table
    exec(second, names)
    rules = RuleSet({"hello": {"starts": "안녕"}}, [{"id": "r", "if": "hello", "then": {"label": "hi"}}])
    decision = rules.decide("안녕하세요")
    assert (decision.label, decision.facts[0].places[0].text) == ("hi", "안녕")
    assert rules.predict(["네, 안녕"]) == [None]
