"""What each teacher makes of votes."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.errors import SettingError
from saegim.teaching import TEACHERS, teacher
from saegim.teaching.voting import Heard, agreement
from teaching import simulated

EVEN = np.array([0.5, 0.5])


def heard(votes, verdicts=None):
    votes = np.array(votes)
    return Heard(votes, np.full(len(votes), -1) if verdicts is None else np.array(verdicts))


def test_rules_as_written_are_sure_where_they_decide():
    said = teacher("rules", heard([[0, 1]]), EVEN).opinion(heard([[0, 1], [0, 1], [-1, 1]], [-1, 0, 1]))
    assert said.labels(["a", "b"]) == [None, "a", "b"]
    assert said.confidence.tolist() == [0, 1, 1]
    assert said.shares.tolist() == [[0.5, 0.5], [1, 0], [0, 1]]


def test_a_majority_is_worth_its_lead():
    said = teacher("majority", heard([[0, 1]]), EVEN).opinion(
        heard([[0, 0, 1], [0, -1, 1], [1, -1, -1], [-1, -1, -1], [1, 1, 1]])
    )
    assert said.labels(["a", "b"]) == ["a", None, "b", None, "b"]
    np.testing.assert_allclose(said.confidence, [1 / 3, 0, 1, 0, 1])


def test_a_majority_of_three_classes_leads_the_next_one():
    said = teacher("majority", heard([[0, 1]]), np.full(3, 1 / 3)).opinion(heard([[0, 0, 1, 2], [0, 1, 2, -1]]))
    assert said.labels(["a", "b", "c"]) == ["a", None]
    np.testing.assert_allclose(said.confidence, [1 / 4, 0])


def test_weighted_votes_add_up_log_odds():
    rng = np.random.default_rng(0)
    truth = simulated.classes_of(rng, 500, EVEN)
    rates = np.array([[0.5, 0.1], [0.4, 0.3], [0.1, 0.5], [0.2, 0.4]])
    votes = simulated.rules_votes(rng, truth, [0, 0, 1, 1], rates)
    said = teacher("weighted", heard(votes), EVEN).opinion(heard([[0, -1, 1, -1], [-1, 0, -1, -1]]))
    accuracy = agreement(votes, 2)
    odds = accuracy / (1 - accuracy)
    np.testing.assert_allclose(said.shares[:, 0] / said.shares[:, 1], [odds[0] / odds[2], odds[1]])
    chance = said.shares[1, 0]
    known = 1 + (chance * np.log2(chance) + (1 - chance) * np.log2(1 - chance))
    assert said.confidence[1] == pytest.approx(known)


@pytest.mark.parametrize("name", ["independent", "correlated"])
def test_a_label_model_is_silent_where_nobody_votes(name):
    rng = np.random.default_rng(0)
    truth = simulated.classes_of(rng, 500, EVEN)
    rates = np.array([[0.5, 0.1], [0.4, 0.1], [0.1, 0.5], [0.2, 0.4]])
    votes = simulated.rules_votes(rng, truth, [0, 0, 1, 1], rates)
    made = teacher(name, heard(votes), EVEN)
    assert made.model is not None
    said = made.opinion(heard([[-1, -1, -1, -1], [0, 0, -1, -1], [-1, -1, 1, 1]]))
    assert said.labels(["a", "b"]) == [None, "a", "b"]
    np.testing.assert_array_equal(said.shares, made.model.predict([[-1] * 4, [0, 0, -1, -1], [-1, -1, 1, 1]]))


@pytest.mark.parametrize("name", TEACHERS)
def test_rules_that_always_contradict_each_other_teach_nothing(name):
    both = heard([[0, 1]] * 30, [-1] * 30)
    said = teacher(name, both, EVEN).opinion(both)
    assert said.labels(["a", "b"]) == [None] * 30
    assert not said.decided.any()


def test_no_such_teacher():
    with pytest.raises(SettingError, match="'wise' is no teacher; choose one of rules, majority"):
        teacher("wise", heard([[0, 1]]), EVEN)
