"""Fitting a policy: which rules go first, when nothing is answered, and that its own figures can be believed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from saegim.errors import DataError, SettingError
from saegim.together import fitting
from saegim.together.fitting import Evidence, Wish, fit, try_out
from saegim.training.calibration import folds, probabilities

NAMES = ("exact", "equal", "behind", "rare", "idle")


def evidence(count, seed=0, *, network=0.8, precise=0.95):
    """A network that is right with probability `network`, whatever it says, and rules that decide a part of the texts:

    exact   `precise`, on texts where the network is as good as elsewhere
    equal   `precise`, on texts where the network is exactly as good: both err on the same texts
    behind  `precise`, on texts where the network is always right
    rare    always right, but on few texts
    idle    never decides
    """
    rng = np.random.default_rng(seed)
    numbers = rng.integers(0, 2, count)
    which = rng.choice(6, count, p=[0.2, 0.2, 0.2, 0.01, 0.0, 0.39])
    precisely = rng.random(count) < precise
    right = rng.random(count) < network
    right[which == 1] = precisely[which == 1]
    right[which == 2] = True
    margin = rng.exponential(1.5, count) + 0.1
    scores = np.zeros((count, 2), np.float32)
    scores[np.arange(count), np.where(right, numbers, 1 - numbers)] = margin
    said = np.where(which == 5, -1, np.where(precisely | (which == 3), numbers, 1 - numbers))
    won = np.arange(5) == which[:, None]
    return Evidence(scores, numbers, said, won)


def fitted(texts, wish=None, temperature=1.0, **more):
    named = [(name, "label") for name in NAMES]
    return fit(texts, named, wish or Wish(), temperature=temperature, answers="together", **more)


def records(policy):
    return {one.id: one for one in policy.rules}


def test_a_rule_goes_first_where_it_is_precise_and_not_behind():
    texts = evidence(2000)
    policy, _tried = fitted(texts)
    found = records(policy)
    assert found["exact"].first and found["equal"].first
    assert [one for one in policy.rules if one.first] == list(policy.first)
    assert found["behind"].low > policy.bar and found["behind"].ahead < found["behind"].behind
    assert not found["behind"].first
    assert "idle" not in found
    assert policy.borne_out


def test_the_records_are_counts():
    texts = evidence(500)
    network = texts.scores.argmax(1)
    policy, _ = fitted(texts)
    for number, name in enumerate(NAMES[:4]):
        rows = texts.won[:, number]
        rule, net = texts.said[rows] == texts.numbers[rows], network[rows] == texts.numbers[rows]
        one = records(policy)[name]
        assert (one.decided, one.right) == (rows.sum(), rule.sum())
        assert (one.ahead, one.behind) == ((rule & ~net).sum(), (net & ~rule).sum())
        bound = binomtest(one.right, one.decided, alternative="greater").proportion_ci(0.9, method="wilson").low
        assert one.low == pytest.approx(bound, abs=1e-12)
        assert one.first == (bound >= policy.bar and one.ahead >= one.behind)
        assert one.precision == (one.right + 1) / (one.decided + 2)
    assert policy.bar == (network == texts.numbers).mean()


def test_a_rule_that_decided_few_texts_has_not_shown_enough():
    texts = evidence(400)
    rare = records(fitted(texts)[0])["rare"]
    assert rare.right == rare.decided > 0 and not rare.first


def test_no_rule_goes_first_that_did_worse_when_tried():
    """Rules as good as a coin get through where they decided few texts; the trial sees that they do not help."""
    outcomes = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        numbers = rng.integers(0, 2, 200)
        right = rng.random(200) < 0.6
        scores = np.zeros((200, 2))
        scores[np.arange(200), np.where(right, numbers, 1 - numbers)] = 1
        won = rng.integers(0, 60, 200)[:, None] == np.arange(60)
        said = np.where(rng.random(200) < 0.6, numbers, 1 - numbers)
        policy, tried = fit(
            Evidence(scores, numbers, said, won),
            [(str(k), "x") for k in range(60)],
            Wish(),
            temperature=1,
            answers="together",
        )
        outcomes.append(policy.borne_out)
        if not policy.borne_out:
            assert not policy.first and not tried.by_rules.any()
            assert policy.trial.right == policy.trial.network_right
        else:
            assert policy.trial.right >= policy.trial.network_right
    assert set(outcomes) == {True, False}


def test_what_is_asked_for_holds_for_rules_too():
    texts = evidence(3000, precise=0.92)
    assert records(fitted(texts)[0])["exact"].first
    for wish in (Wish(min_accuracy=0.95), Wish(min_confidence=0.95)):
        policy, _ = fitted(texts, wish)
        assert policy.bar == 0.95
        assert not any(records(policy)[name].first for name in ("exact", "equal", "behind"))


# --- trying it ---


def test_each_text_is_tried_by_what_was_fitted_without_it():
    """The same by hand: a policy for each fold from the other folds."""
    texts, wish = evidence(300, seed=5), Wish(min_accuracy=0.9)
    _policy, tried = fitted(texts, wish)
    assert tried.borne_out
    for rest, held in folds(300):
        part = texts.take(rest)
        inner = fit(part, [(name, "x") for name in NAMES], Wish(), temperature=1, answers="together")[0]
        first = np.zeros(5, bool)
        bar = max(inner.bar, 0.9)
        for one in inner.rules:
            first[NAMES.index(one.id)] = one.low >= bar and one.ahead >= one.behind
        by_rules = (texts.won[held] & first).any(1)
        assert np.array_equal(tried.by_rules[held], by_rules)
        assert np.array_equal(tried.answers[held][by_rules], texts.said[held][by_rules])
        network = tried.answers[held][~by_rules]
        sure = np.sort(texts.scores[held][~by_rules].max(1)[network < 0])
        unsure = texts.scores[held][~by_rules].max(1)[network >= 0]
        assert not len(sure) or not len(unsure) or sure[-1] < unsure.min()


def test_the_trial_counts_what_was_tried():
    texts = evidence(700)
    policy, tried = fitted(texts, Wish(min_confidence=0.85))
    trial, right = policy.trial, tried.answers == texts.numbers
    assert trial.texts == 700
    assert (trial.decided, trial.right) == ((tried.answers >= 0).sum(), right.sum())
    assert (trial.by_rules, trial.rules_right) == (tried.by_rules.sum(), right[tried.by_rules].sum())
    assert trial.network_right == (texts.network == texts.numbers).sum()
    assert 0 < trial.decided < 700


def test_the_trial_does_not_flatter():
    """What it says about accuracy is what other texts show, on average over many fits."""
    told, shown = [], []
    fresh = evidence(20_000, seed=999)
    for seed in range(40):
        texts = evidence(150, seed=seed)
        policy, _ = fitted(texts)
        told.append(policy.trial.right / policy.trial.texts)
        first = np.array([name in {one.id for one in policy.first} for name in NAMES])
        by_rules = (fresh.won & first).any(1)
        shown.append((np.where(by_rules, fresh.said, fresh.network) == fresh.numbers).mean())
    error = np.std(told) / np.sqrt(40)
    assert np.mean(told) < np.mean(shown) + 3 * error


def test_the_same_texts_and_seed_give_the_same_policy():
    texts = evidence(400)
    one, other = fitted(texts, seed=3), fitted(texts, seed=3)
    assert one[0] == other[0] and np.array_equal(one[1].answers, other[1].answers)


def test_without_rules_there_is_only_the_network():
    texts = evidence(300)
    alone = Evidence(texts.scores, texts.numbers, np.full(300, -1), np.zeros((300, 0), bool))
    policy, tried = fit(alone, [], Wish(), temperature=1, answers="network")
    assert policy.rules == () and policy.threshold == 0 and policy.answers == "network"
    assert np.array_equal(tried.answers, texts.network)


def test_a_label_that_is_no_class_is_never_right():
    texts = evidence(300)
    odd = Evidence(texts.scores, texts.numbers, np.where(texts.said >= 0, 2, -1), texts.won)
    assert not fitted(odd)[0].first
    assert all(one.right == 0 for one in fitted(odd)[0].rules)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_very_few_texts(count):
    policy, tried = fitted(evidence(count))
    assert policy.trial.texts == count == len(tried.answers)
    assert not policy.first


def test_no_texts():
    with pytest.raises(DataError, match="there are 0"):
        fitted(evidence(0))


# --- the threshold ---


def lowest(sure, right, accuracy):
    """The lowest threshold by the definition: tried one after the other."""
    found = None
    for threshold in sorted(set(sure), reverse=True):
        chosen = right[sure >= threshold]
        bound = binomtest(int(chosen.sum()), len(chosen), alternative="greater").proportion_ci(0.9, method="exact").low
        if bound >= accuracy:
            found = threshold
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(0, 10**6), st.sampled_from([0.5, 0.8, 0.9]), st.booleans())
def test_the_threshold_is_the_lowest_that_bears_out(count, seed, accuracy, coarse):
    rng = np.random.default_rng(seed)
    scores = rng.exponential(2, (count, 2)).round(0 if coarse else 5)  # of which many are equal
    numbers = rng.integers(0, 2, count) if seed % 2 else scores.argmax(1)
    texts = Evidence(scores, numbers, np.full(count, -1), np.zeros((count, 0), bool))
    policy, _ = fit(texts, [], Wish(min_accuracy=accuracy), temperature=1.3, answers="together")
    sure = probabilities(scores, 1.3).max(1)
    expected = lowest(sure, scores.argmax(1) == numbers, accuracy)
    assert policy.threshold == (None if expected is None else pytest.approx(expected, abs=1e-9))


def calibrated(count, rng, spread):
    margin = np.abs(rng.normal(0, spread, count))
    sure = 1 / (1 + np.exp(-margin))
    right = rng.random(count) < sure
    scores = np.zeros((count, 2))
    scores[:, 0] = margin
    return Evidence(scores, np.where(right, 0, 1), np.full(count, -1), np.zeros((count, 0), bool))


@pytest.mark.parametrize(("accuracy", "spread"), [(0.9, 1.5), (0.9, 3.0), (0.95, 3.0)])
def test_the_accuracy_falls_short_as_seldom_as_it_is_said(accuracy, spread):
    """With 90% certainty: in a tenth of all trainings at most, give or take what 200 simulations can tell."""
    fresh = calibrated(100_000, np.random.default_rng(10**6), spread)
    sure, right = probabilities(fresh.scores, 1).max(1), fresh.network == fresh.numbers
    short, answered = 0, 0
    for seed in range(200):
        texts = calibrated(300, np.random.default_rng(seed), spread)
        hits = texts.network == texts.numbers
        threshold = fitting._threshold(probabilities(texts.scores, 1).max(1), hits, Wish(min_accuracy=accuracy))
        if threshold is not None:
            answered += 1
            short += right[sure >= threshold].mean() < accuracy
    assert answered > 60
    assert short <= 200 * 0.1 + 2 * np.sqrt(200 * 0.1 * 0.9)


def test_an_accuracy_out_of_reach_leaves_the_network_silent():
    policy, tried = fitted(evidence(60), Wish(min_accuracy=0.999))
    assert policy.threshold is None and (tried.answers < 0).all()
    assert not policy.is_sure(1.0)


def test_a_wanted_confidence_is_the_threshold():
    policy, _ = fitted(evidence(200), Wish(min_confidence=0.8))
    assert policy.threshold == 0.8
    assert policy.is_sure(0.8) and not policy.is_sure(0.79)


@pytest.mark.parametrize("value", [0, 1, -0.5, 1.5, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["min_accuracy", "min_confidence"])
def test_a_wish_that_is_no_share_is_refused(name, value):
    with pytest.raises(SettingError, match="between 0 and 1 expected"):
        Wish(**{name: value})


def test_two_thresholds_are_refused():
    with pytest.raises(SettingError, match="give one"):
        Wish(0.9, 0.8)


def test_trying_out_alone_is_the_same():
    texts = evidence(250)
    assert np.array_equal(try_out(texts, Wish()).answers, fitted(texts)[1].answers)
