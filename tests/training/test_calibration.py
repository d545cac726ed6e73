"""Calibration: the temperature against other ways to find it, the error against scikit-learn, what must always hold."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss as log_loss_of_sklearn

from saegim.training import TextClassifier
from saegim.training.calibration import (
    COLDEST,
    HOTTEST,
    Bin,
    Calibration,
    calibrate,
    calibration_bins,
    expected_calibration_error,
    fit_temperature,
    folds,
    log_loss,
    probabilities,
)


def drawn(count, classes=3, spread=2.0, temperature=1.0, seed=0):
    """Scores, and classes drawn by softmax(scores / temperature): that is their true temperature."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0, spread, (count, classes))
    shares = probabilities(scores, temperature).cumsum(1)
    return scores.astype(np.float32), (rng.random((count, 1)) > shares).sum(1)


def objective(scores, numbers, prior):
    """What the temperature minimises, as it is written down."""

    def loss(temperature):
        scaled = scores.astype(np.float64) / temperature
        likelihood = np.log(np.exp(scaled)[np.arange(len(numbers)), numbers] / np.exp(scaled).sum(1))
        return -likelihood.sum() + prior * (1 / temperature - 1 + np.log(temperature))

    return loss


@pytest.mark.parametrize("prior", [0.0, 1.0, 16.0])
@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_is_the_minimum(prior, temperature):
    scores, numbers = drawn(300, temperature=temperature)
    expected = minimize_scalar(
        objective(scores, numbers, prior), bounds=(0.05, 20), method="bounded", options={"xatol": 1e-9}
    )
    assert fit_temperature(scores, numbers, prior) == pytest.approx(expected.x, rel=1e-5)


def test_the_temperature_is_that_of_lbfgs():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    scores, numbers = drawn(500, classes=7, temperature=0.6, seed=1)
    inverse = torch.ones((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([inverse], max_iter=200, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        scaled = torch.tensor(scores, dtype=torch.float64) * inverse
        value = torch.nn.functional.cross_entropy(scaled, torch.tensor(numbers), reduction="sum")
        value.backward()
        return value

    optimizer.step(loss)
    assert fit_temperature(scores, numbers, prior=0) == pytest.approx(1 / inverse.item(), rel=1e-6)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found_within_sampling_error(temperature):
    """Calibrated scores stay as they are; others are stretched or shrunk by what they are off."""
    for prior, bias in ((0.0, 0.0), (16.0, 0.05)):
        found = [fit_temperature(*drawn(2000, temperature=temperature, seed=seed), prior) for seed in range(20)]
        assert np.std(found) < 0.06 * temperature
        assert abs(np.mean(found) - temperature) < 4 * np.std(found) / np.sqrt(20) + bias * temperature


def test_without_examples_it_is_one():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1
    assert fit_temperature(np.zeros((5, 3)), np.zeros(5, int)) == pytest.approx(1)


def test_all_right_or_all_wrong_stays_finite():
    scores, numbers = np.array([[9.0, 0.0]] * 50), np.zeros(50, int)
    assert 0.3 < fit_temperature(scores, numbers) < 1
    assert COLDEST <= fit_temperature(scores, numbers, prior=0) < 0.1
    assert 1 < fit_temperature(scores, 1 - numbers) < HOTTEST
    assert fit_temperature(scores, 1 - numbers, prior=0) == pytest.approx(HOTTEST)
    assert fit_temperature(1e30 * scores, 1 - numbers) == pytest.approx(HOTTEST)


some_scores = st.integers(1, 40).flatmap(
    lambda count: st.tuples(
        st.lists(st.lists(st.floats(-50, 50), min_size=3, max_size=3), min_size=count, max_size=count),
        st.lists(st.integers(0, 2), min_size=count, max_size=count),
    )
)


@settings(max_examples=60, deadline=None)
@given(some_scores)
def test_the_loss_is_never_worse_and_the_answers_stay(given_):
    scores, numbers = np.array(given_[0]), np.array(given_[1])
    for prior in (0.0, 16.0):
        temperature = fit_temperature(scores, numbers, prior)
        assert COLDEST <= temperature <= HOTTEST
        plain, cooled = probabilities(scores, 1), probabilities(scores, temperature)
        assert log_loss(cooled, numbers) <= log_loss(plain, numbers) + 1e-9
        ahead = np.sort(scores, 1)[:, -1] - np.sort(scores, 1)[:, -2] > 1e-9
        assert np.array_equal(cooled.argmax(1)[ahead], scores.argmax(1)[ahead])


def test_probabilities_are_the_softmax():
    scores, _ = drawn(20, classes=5)
    expected = np.exp(scores.astype(np.float64) / 0.7)
    np.testing.assert_allclose(probabilities(scores, 0.7), expected / expected.sum(1, keepdims=True), rtol=1e-12)
    assert probabilities(np.array([[1000.0, -1000.0]]), 0.01).tolist() == [[1.0, 0.0]]


def test_the_loss_is_that_of_scikit_learn():
    scores, numbers = drawn(100)
    shares = probabilities(scores, 1.3)
    assert log_loss(shares, numbers) == pytest.approx(log_loss_of_sklearn(numbers, shares, labels=[0, 1, 2]))
    assert log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-np.log(np.finfo(float).tiny))


# --- the expected calibration error ---


@pytest.mark.parametrize("count", [300, 302, 998])  # quantiles fall between examples there, without rounding
@pytest.mark.parametrize("digits", [1, 16])
def test_the_bins_are_those_of_scikit_learn(count, digits):
    """Also where many answers are equally probable."""
    rng = np.random.default_rng(count)
    confidence = rng.uniform(0.5, 1, count).round(digits)
    right = rng.random(count) < confidence**2
    accuracy, mean = calibration_curve(right, confidence, n_bins=15, strategy="quantile")
    bins = calibration_bins(confidence, right)
    np.testing.assert_allclose([one.accuracy for one in bins], accuracy)
    np.testing.assert_allclose([one.confidence for one in bins], mean)
    assert sum(one.count for one in bins) == count
    counts = np.array([one.count for one in bins])
    expected = (np.abs(accuracy - mean) * counts).sum() / count
    assert expected_calibration_error(confidence, right) == pytest.approx(expected)
    shuffled = rng.permutation(count)
    for one, other in zip(calibration_bins(confidence[shuffled], right[shuffled]), bins, strict=True):
        assert (one.accuracy, one.count) == (other.accuracy, other.count)
        assert one.confidence == pytest.approx(other.confidence)


def test_the_error_by_hand():
    confidence = np.repeat([0.5, 0.75, 1.0], [20, 20, 20])
    right = np.concatenate([np.arange(20) < 12, np.arange(20) < 15, np.arange(20) < 18])
    assert calibration_bins(confidence, right) == (Bin(0.5, 0.6, 20), Bin(0.75, 0.75, 20), Bin(1.0, 0.9, 20))
    assert expected_calibration_error(confidence, right) == pytest.approx((0.1 + 0.0 + 0.1) / 3)


@pytest.mark.parametrize(("count", "bins"), [(1, 1), (39, 1), (40, 2), (299, 14), (300, 15), (5000, 15)])
def test_few_examples_share_few_bins(count, bins):
    confidence = np.linspace(0.4, 0.99, count)
    assert len(calibration_bins(confidence, confidence > 0.5)) == bins


@pytest.mark.parametrize("count", [40, 300, 3000])
def test_the_error_by_chance_is_that_of_perfect_probabilities(count):
    scores, numbers = drawn(count)
    stated = calibrate(scores, numbers).error_by_chance
    rng, sure = np.random.default_rng(0), probabilities(scores, 1).max(1)
    simulated = [expected_calibration_error(sure, rng.random(count) < sure) for _ in range(300)]
    assert stated == pytest.approx(np.mean(simulated), rel=0.15)


# --- all of it ---


def test_what_is_said_about_a_cool_network():
    """Scores that are half of what they should be, as label smoothing makes them."""
    scores, numbers = drawn(3000, temperature=0.5)
    found = calibrate(scores, numbers)
    assert found.temperature == pytest.approx(0.5, rel=0.05) == fit_temperature(scores, numbers)
    assert found.examples == 3000
    assert found.error_before > 0.1 > 0.03 > found.error_after
    assert found.error_before == expected_calibration_error(
        probabilities(scores, 1).max(1), scores.argmax(1) == numbers
    )
    assert found.loss_before == log_loss(probabilities(scores, 1), numbers) > found.loss_after
    assert found == calibrate(scores, numbers)


def test_what_comes_after_is_measured_on_other_examples():
    """Each fold is judged by the temperature of the others, so that a useless fit is not praised."""
    scores, numbers = drawn(53, seed=3)
    shares = np.zeros((53, 3))
    for rest, held in folds(53):
        shares[held] = probabilities(scores[held], fit_temperature(scores[rest], numbers[rest]))
    found = calibrate(scores, numbers)
    assert found.loss_after == log_loss(shares, numbers)
    assert found.error_after == expected_calibration_error(shares.max(1), shares.argmax(1) == numbers)
    fitted = [log_loss(probabilities(s, fit_temperature(s, n)), n) for s, n in (drawn(30, seed=k) for k in range(40))]
    honest = [calibrate(*drawn(30, seed=k)).loss_after for k in range(40)]
    assert np.mean(honest) > np.mean(fitted)


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_every_row_is_held_once(count):
    parts = list(folds(count))
    assert len(parts) == min(5, count)
    assert sorted(np.concatenate([held for _, held in parts]).tolist()) == list(range(count))
    for rest, held in parts:
        assert sorted([*rest, *held]) == list(range(count))


@pytest.mark.parametrize("count", [1, 2, 300])
def test_it_survives_being_written(count):
    found = calibrate(*drawn(count))
    assert Calibration.from_dict(json.loads(json.dumps(found.to_dict()))) == found


NAN = float("nan")
HOSTILE = [
    ("temperature", each) for each in (0, 0.0, -1.0, NAN, float("inf"), 1e300, 1e-9, "1", None, [1.0], True, ...)
] + [
    ("examples", 0), ("examples", 1.5), ("examples", True), ("examples", "9"), ("error_before", 1.5),
    ("error_after", -0.1), ("error_by_chance", NAN), ("loss_before", -1), ("loss_after", float("inf")),
    ("bins_before", []), ("bins_before", None), ("bins_after", [{}] * 2), ("bins_after", ["x"]),
    ("bins_after", [{"confidence": 2.0, "accuracy": 0.5, "count": 3}]),
    ("bins_after", [{"confidence": 0.5, "accuracy": NAN, "count": 3}]),
    ("bins_after", [{"confidence": 0.5, "accuracy": 0.5, "count": 0}]),
    ("bins_after", [{"confidence": 0.5, "accuracy": 0.5, "count": 3}] * 1000), ("more", 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_calibration_is_refused(name, value):
    stored = calibrate(*drawn(50)).to_dict() | {name: value}
    if value is ...:
        del stored[name]
    with pytest.raises(ValueError, match="its calibration"):
        Calibration.from_dict(stored)


@pytest.mark.parametrize("stored", [None, [], 1.0, {}])
def test_something_else_is_no_calibration(stored):
    with pytest.raises(ValueError, match="its calibration has other fields"):
        Calibration.from_dict(stored)


# --- the classifier ---


@pytest.fixture(scope="module")
def trained(make_reviews):
    return TextClassifier("wide", epochs=2).fit(*make_reviews(300), valid=make_reviews(400, seed=7))


def test_a_classifier_is_calibrated_on_its_validation_texts(trained):
    texts, labels = trained.validation_
    scores = trained.decision_function(texts)
    numbers = np.searchsorted(trained.classes_, labels)
    assert trained.calibration_ == calibrate(scores, numbers)
    assert trained.calibration_.temperature != 1


def test_probabilities_are_calibrated_and_scores_are_not(trained, unseen):
    scores = trained.decision_function(unseen[0])
    expected = probabilities(scores, trained.calibration_.temperature)
    assert np.array_equal(trained.predict_proba(unseen[0]), expected)
    assert np.array_equal(trained.predict(unseen[0]), trained.classes_[scores.argmax(1)])


def test_a_smoothed_network_becomes_surer(trained, make_reviews):
    """Label smoothing teaches to be less sure than one may be; that is undone, on texts never seen too."""
    texts, labels = make_reviews(2000, seed=11)
    numbers = np.searchsorted(trained.classes_, labels)
    scores = trained.decision_function(texts)
    assert trained.calibration_.temperature < 1
    assert log_loss(trained.predict_proba(texts), numbers) < log_loss(probabilities(scores, 1), numbers)


def test_without_validation_there_is_no_calibration(make_reviews, unseen, tmp_path):
    few = TextClassifier("wide", epochs=1).fit(*make_reviews(30))
    assert few.calibration_ is None and few.validation_ is None
    assert np.array_equal(few.predict_proba(unseen[0]), probabilities(few.decision_function(unseen[0]), 1))
    few.save(tmp_path)
    assert TextClassifier.load(tmp_path).calibration_ is None
    assert "not calibrated: no texts were held out" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_it_is_kept_with_the_model(trained, unseen, tmp_path):
    trained.save(tmp_path)
    again = TextClassifier.load(tmp_path)
    assert again.calibration_ == trained.calibration_
    assert np.array_equal(again.predict_proba(unseen[0]), trained.predict_proba(unseen[0]))
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert f"| expected calibration error | {trained.calibration_.error_before:.4f} | " in card
