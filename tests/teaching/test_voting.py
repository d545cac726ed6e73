"""Rules as voters: whose vote counts for what, and how good each looks to the others."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.errors import DataError
from saegim.rules import RuleSet
from saegim.teaching import ABSTAIN, agreement, voters, votes
from saegim.teaching.voting import counted

CHAINED = RuleSet(
    {"praise": {"words": ["최고", "재미*"]}, "loud": {"pattern": "!!"}, "blame": {"words": ["최악"]}},
    [
        {"id": "enthusiast", "if": ["praise", "loud"], "then": {"fact": "enthusiastic"}},
        {"id": "keen", "if": "enthusiastic", "then": {"label": "좋음"}, "strength": 3},
        {"id": "mild", "if": "praise", "unless": "blame", "then": {"label": "좋음"}},
        {"id": "bad", "if": "blame", "then": {"label": "나쁨", "fact": "angry"}},
    ],
    default="나쁨",
)


def test_every_rule_with_a_label_is_a_voter():
    assert [rule.id for rule in voters(CHAINED)] == ["keen", "mild", "bad"]


def test_votes_follow_the_chain_of_facts_and_know_no_strength():
    found = votes(CHAINED, ["최고다", "최고!!", "최고 그리고 최악!!", "어제 봤다"], ["나쁨", "그저", "좋음"])
    assert found.dtype == np.int16
    assert found.tolist() == [
        [ABSTAIN, ABSTAIN, ABSTAIN],  # 최고다 is another word
        [2, 2, ABSTAIN],
        [2, ABSTAIN, 0],
        [ABSTAIN, ABSTAIN, ABSTAIN],  # the default is nobody's vote
    ]


def test_classes_are_the_labels_unless_given():
    assert votes(CHAINED, ["최악"]).tolist() == [[ABSTAIN, ABSTAIN, 0]]
    assert votes(CHAINED, []).shape == (0, 3)


def test_labels_that_are_no_classes():
    with pytest.raises(DataError, match="none of the classes: 나쁨"):
        votes(CHAINED, ["최고"], ["좋음"])


def test_votes_are_counted_by_weight():
    found = np.array([[0, 1, 1], [ABSTAIN, 1, ABSTAIN]])
    np.testing.assert_array_equal(counted(found, 2), [[1, 2], [0, 1]])
    np.testing.assert_array_equal(counted(found, 2, np.array([5, 2, 1])), [[5, 3], [0, 2]])


def test_agreement_with_the_majority_of_the_others():
    found = np.array(
        [
            [0, 0, 0, 1],  # 0: two others agree, one does not: right; 3: wrong
            [1, 0, ABSTAIN, 0],  # 0: wrong
            [0, ABSTAIN, 1, 0],  # 0: the others are split: says nothing; 2: wrong
            [1, ABSTAIN, ABSTAIN, ABSTAIN],  # nobody else votes: says nothing
        ]
    )
    shares = agreement(found, 2)
    assert shares[0] == pytest.approx((1 + 1) / (2 + 2))
    assert shares[2] == pytest.approx((1 + 1) / (2 + 2))


def test_a_contrarian_looks_bad():
    rng = np.random.default_rng(0)
    truth = rng.integers(2, size=2000)
    good = [np.where(rng.random(2000) < 0.8, truth, 1 - truth) for _ in range(4)]
    shares = agreement(np.column_stack([*good, 1 - truth]), 2)
    assert (shares[:4] > 0.65).all()
    assert shares[4] < 0.2
