"""The label model against simulated voters, against expectation and maximisation in NumPy, and against listing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import expit

from saegim.errors import DataError, SettingError
from saegim.teaching.label_model import fit
from saegim.teaching.likelihood import nodes_of
from teaching import simulated

LABELS = np.array([0, 0, 0, 1, 1, 1, 0, 1])
RATES = np.array(
    [[0.4, 0.1], [0.3, 0.05], [0.25, 0.15], [0.1, 0.35], [0.05, 0.3], [0.15, 0.2], [0.5, 0.3], [0.02, 0.4]]
)
BALANCE = np.array([0.6, 0.4])


@pytest.fixture(scope="module")
def independent():
    """20,000 texts and eight voters that depend on the class alone."""
    rng = np.random.default_rng(0)
    truth = simulated.classes_of(rng, 20_000, BALANCE)
    return truth, simulated.rules_votes(rng, truth, LABELS, RATES)


def test_true_accuracies_are_recovered(independent):
    """Within 4.5 standard deviations, which follow from the number of texts."""
    _truth, votes = independent
    model = fit(votes, 2, correlations=False, balance=BALANCE)
    expected = simulated.precision(RATES, LABELS, BALANCE)
    off = np.abs(model.accuracies - expected) / simulated.deviations(votes, RATES, LABELS, BALANCE)
    assert off.max() < 4.5
    np.testing.assert_allclose(model.propensities, (votes >= 0).mean(0), atol=2e-3)


def test_with_correlations_nothing_is_found_where_there_are_none(independent):
    _truth, votes = independent
    model = fit(votes, 2, balance=BALANCE)
    assert model.correlations == ()
    assert model.spread < 0.2
    np.testing.assert_allclose(model.accuracies, simulated.precision(RATES, LABELS, BALANCE), atol=0.08)


def test_the_likelihood_is_the_highest_that_numpy_finds(independent):
    _truth, votes = independent
    rates, balance = simulated.em(votes, LABELS, [0.5, 0.5])
    highest = simulated.log_likelihoods(votes, rates, balance).mean()
    model = fit(votes, 2, correlations=False, shrink=0, steps=2000)
    assert model.log_likelihood == pytest.approx(highest, abs=1e-6)
    np.testing.assert_allclose(model.rates, rates, atol=5e-3)
    np.testing.assert_allclose(model.balance, balance, atol=5e-3)


def test_soft_labels_are_what_bayes_says(independent):
    _truth, votes = independent
    model = fit(votes[:2000], 2, correlations=False, balance=BALANCE)
    fired = (votes[:50] >= 0).astype(float)
    joint = np.exp(fired @ np.log(model.rates) + (1 - fired) @ np.log1p(-model.rates)) * BALANCE
    np.testing.assert_allclose(model.predict(votes[:50]), joint / joint.sum(1, keepdims=True), rtol=1e-9)


def listed(model, labels):
    """All combinations of votes of rules, and the chance of each with each class, from the formula."""
    parts = {name: each.numpy() for name, each in model.likelihood.named_parameters()}
    combinations = np.array(list(itertools.product(*[(-1, label) for label in labels])))
    fired = combinations >= 0
    together = sum(
        weight * (fired[:, first] & fired[:, second])
        for (first, second), weight in zip(model.likelihood.layout.pairs, parts["pair"], strict=True)
    )
    values, log_weights = nodes_of(True)
    joint = np.zeros((len(combinations), 2))
    for value, weight in zip(values, np.exp(log_weights), strict=True):
        for label in (0, 1):
            odds = parts["vote"] + parts["skill"] * (np.asarray(labels) == label) + parts["spread"] * value
            chance = np.exp(fired @ odds + together)
            joint[:, label] += weight * model.balance[label] * chance / chance.sum()
    return combinations, joint


def test_pairs_and_talkative_texts_are_counted_as_the_formula_says():
    rng = np.random.default_rng(1)
    labels = [0, 0, 1, 1, 1]
    truth = simulated.classes_of(rng, 3000, [0.5, 0.5])
    votes = simulated.rules_votes(rng, truth, labels, RATES[[0, 1, 3, 4, 5]], spread=0.8)
    model = fit(votes, 2, pairs=[(0, 1), (4, 1), (2, 3)], balance=[0.5, 0.5], steps=60)
    combinations, joint = listed(model, labels)
    assert joint.sum() == pytest.approx(1)
    np.testing.assert_allclose(model.log_joint(combinations), np.log(joint), atol=1e-9)
    for voter in range(5):
        fired = combinations[:, voter] >= 0
        assert model.propensities[voter] == pytest.approx(joint[fired].sum())
        assert model.accuracies[voter] == pytest.approx(joint[fired][:, labels[voter]].sum() / joint[fired].sum())


@pytest.fixture(scope="module")
def duplicated():
    """Six good voters, a poor one, and four that nearly always do as the poor one."""
    rng = np.random.default_rng(2)
    truth = simulated.classes_of(rng, 8000, [0.5, 0.5])
    labels = np.array([0, 0, 0, 1, 1, 1, 1])
    rates = np.array([[0.3, 0.1], [0.4, 0.15], [0.25, 0.05], [0.1, 0.3], [0.15, 0.4], [0.05, 0.25], [0.28, 0.32]])
    votes = simulated.copied(rng, simulated.rules_votes(rng, truth, labels, rates), 6, 4, 0.95)
    return truth, votes


def log_loss(model, votes, truth):
    return -np.log(model.predict(votes)[np.arange(len(truth)), truth]).mean()


def test_copies_are_seen_through(duplicated):
    """Voters that fire together look like proof to a model without correlations: it believes them."""
    truth, votes = duplicated
    naive = fit(votes, 2, correlations=False, balance=[0.5, 0.5])
    model = fit(votes, 2, balance=[0.5, 0.5])
    copies = range(6, 11)
    weights = {(each.first, each.second): each.weight for each in model.correlations}
    assert weights.keys() <= set(itertools.combinations(copies, 2))
    assert all(weights[6, copy] > 3 for copy in copies[1:])  # the poor one, which each of them follows
    right = {name: (each.predict(votes).argmax(1) == truth).mean() for name, each in (("no", naive), ("yes", model))}
    assert right["yes"] > right["no"] + 0.1
    assert log_loss(model, votes, truth) < log_loss(naive, votes, truth) - 0.5
    measured = np.array(
        [(truth[column >= 0] == label).mean() for column, label in zip(votes.T, votes.max(0), strict=True)]
    )
    np.testing.assert_allclose(model.accuracies, measured, atol=0.04)
    assert np.abs(naive.accuracies - measured).max() > 0.3


def test_talkative_texts_are_seen_through():
    """Texts that say much make all rules fire: taken for agreement, that hides which rules are right."""
    rng = np.random.default_rng(3)
    truth = simulated.classes_of(rng, 20_000, [0.5, 0.5])
    votes = simulated.rules_votes(rng, truth, LABELS, RATES, spread=1.5)
    expected = np.array([(truth[votes[:, k] >= 0] == LABELS[k]).mean() for k in range(len(LABELS))])
    plain, model = (fit(votes, 2, correlations=each, balance=[0.5, 0.5]) for each in (False, True))
    errors = [np.abs(each.accuracies - expected).mean() for each in (plain, model)]
    assert errors[1] < 0.5 * errors[0]
    assert model.spread == pytest.approx(1.5, abs=0.4)


def test_voters_with_several_labels():
    """Three classes; four voters that give all of them, one of them twice, beside rules."""
    rng = np.random.default_rng(4)
    balance = [0.5, 0.3, 0.2]
    truth = simulated.classes_of(rng, 20_000, balance)
    said = []
    for share, talks in ((0.8, 0.7), (0.6, 0.5), (0.7, 0.5), (0.75, 0.4)):
        wrong = (truth + rng.integers(1, 3, len(truth))) % 3
        voted = np.where(rng.random(len(truth)) < share, truth, wrong)
        said.append(np.where(rng.random(len(truth)) < talks, voted, -1))
    rates = np.array([[0.4, 0.1, 0.1], [0.05, 0.3, 0.05], [0.1, 0.1, 0.5]])
    rules = simulated.rules_votes(rng, truth, [0, 1, 2], rates)
    votes = simulated.copied(rng, np.column_stack([*said, rules]), 1, 1, 0.9)
    model = fit(votes, 3, balance=balance)
    assert [(each.first, each.second) for each in model.correlations] == [(1, 7)]
    measured = [(truth[votes[:, k] >= 0] == votes[votes[:, k] >= 0, k]).mean() for k in range(8)]
    np.testing.assert_allclose(model.accuracies, measured, atol=0.05)
    together = np.array([[0, 0, 0, 0, 0, -1, -1, 0], [2, 1, 1, -1, -1, 1, -1, 1]])
    assert model.predict(together).argmax(1).tolist() == [0, 1]


def test_the_same_votes_give_the_same_bits(duplicated):
    _truth, votes = duplicated
    first, second = (fit(votes[:1000], 2, steps=50) for _ in range(2))
    assert first.predict(votes).tobytes() == second.predict(votes).tobytes()
    assert first.correlations == second.correlations


def test_who_never_votes_is_left_out():
    rng = np.random.default_rng(5)
    truth = simulated.classes_of(rng, 500, [0.5, 0.5])
    votes = np.column_stack([simulated.rules_votes(rng, truth, LABELS, RATES), np.full(500, -1)])
    model = fit(votes, 2)
    assert np.isnan(model.accuracies[8])
    assert model.propensities[8] == 0
    assert np.isfinite(model.predict(votes)).all()
    votes[0, 8] = 1  # unheard of: it counts for nothing
    unheard = model.predict(votes)[0]
    votes[0, 8] = -1
    np.testing.assert_array_equal(unheard, model.predict(votes)[0])


def test_few_texts_leave_what_was_expected():
    """One text says next to nothing: voters stay about as good as they were taken to be."""
    model = fit([[0, -1], [-1, 1]], 2, balance=[0.5, 0.5])
    own, other = expit(np.log(4) / 2), expit(-np.log(4) / 2)  # the odds of a vote are four times those in other texts
    np.testing.assert_allclose(model.accuracies, own / (own + other), atol=0.05)
    assert model.correlations == ()


@pytest.mark.parametrize(
    ("votes", "options", "error", "sentence"),
    [
        ([0, 1], {}, DataError, "whole numbers of shape (n, m) expected"),
        ([[0.5, 1.0]], {}, DataError, "whole numbers of shape (n, m) expected"),
        ([[0, 2]], {}, DataError, "numbers from -1 (abstains) to 1 expected, 0 to 2 given"),
        ([[-2, 1]], {}, DataError, "-2 to 1 given"),
        ([[0, 0], [-1, 0]], {}, DataError, "fewer than two classes"),
        ([[-1, -1]], {}, DataError, "fewer than two classes"),
        (np.empty((0, 2), int), {}, DataError, "fewer than two classes"),
        ([[0, 1]], {"balance": [1.0]}, SettingError, "2 shares above 0 expected"),
        ([[0, 1]], {"balance": [1.0, 0.0]}, SettingError, "2 shares above 0 expected"),
        ([[0, 1]], {"balance": ["a", "b"]}, SettingError, "2 shares above 0 expected"),
        ([[0, 1]], {"pairs": [(0, 0)]}, SettingError, "two different voters that vote"),
        ([[0, 1]], {"pairs": [(0, 2)]}, SettingError, "two different voters that vote"),
        ([[0, 1]], {"pairs": [(0, 1), (1, 0)]}, SettingError, "each pair once"),
        ([[0, 1] * 5], {"pairs": [(0, k) for k in range(1, 10)]}, SettingError, "at most 256 combinations"),
        ([[0, 1]], {"shrink": -1}, SettingError, "shrink of at least 0"),
    ],
)
def test_mistakes_get_one_sentence(votes, options, error, sentence):
    with pytest.raises(error) as caught:
        fit(votes, 2, **options)
    assert sentence in str(caught.value)


def test_other_voters_than_those_of_the_model():
    model = fit([[0, 1], [1, 0], [0, -1]], 2, steps=5)
    with pytest.raises(DataError, match="votes of 2 voters expected, 3 given"):
        model.predict([[0, 1, 0]])
