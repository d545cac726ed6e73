"""The rule file of the example teaches: on reviews of the public set, and by the rules of its own header."""

from __future__ import annotations

from pathlib import Path

import pytest

from saegim.data import read_table
from saegim.rules import check_rules, load_rules
from saegim.teaching import parts_of, teach, voters
from saegim.training import TextClassifier

ROOT = Path(__file__).parents[2]
RULES = ROOT / "examples/movie-reviews/teaching.yaml"
REVIEWS = ROOT.parent / "shared/data/nsmc"


def test_forty_hints_each_by_itself():
    rules = load_rules(RULES)
    assert len(rules.rules) == len(voters(rules)) == 40
    assert {rule.label for rule in rules.rules} == {"0", "1"}
    assert all(len(rule.if_) == 1 and not rule.unless for rule in rules.rules)
    assert not [each for each in check_rules(RULES) if each.level != "note"]


@pytest.mark.skipif(not REVIEWS.exists(), reason="the reviews are in ../shared/data/nsmc, which is not here")
def test_a_network_passes_them():
    train, dev = (read_table(REVIEWS / name, text="document", label="label") for name in ("train.tsv", "dev.tsv"))
    parts = parts_of(train.take(range(500)), test=dev.take(range(2000)), unlabelled=train.take(range(500, 4500)))
    (choosing, final) = ((part.texts, part.labels) for part in (parts.choosing, parts.final))
    taught = teach(load_rules(RULES), parts.unlabelled.texts, choosing, final, classifier=TextClassifier("wide"))
    ahead = taught.passing_rules.with_frequent[1]
    assert ahead.low > 0.02
    assert taught.passing_rules.where_abstained.low > 0.6
    model = next(each.model for each in taught.lessons if each.name == "correlated")
    votes = taught.rules
    judged = [
        (one.right / one.judged, accuracy)
        for one, accuracy in zip(votes, model.accuracies, strict=True)
        if one.judged > 20
    ]
    assert sum(abs(one - other) for one, other in judged) / len(judged) < 0.12
