"""Losses beyond the contract table: far out, weighted, reduced, refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import saegim as sg
from saegim import losses
from saegim.errors import DataError, SettingError, ShapeError

logits_3 = arrays(np.float64, (4, 3), elements=st.floats(-50, 50))
labels_3 = arrays(np.int64, 4, elements=st.integers(0, 2))


def gradient(loss: Any, x: np.ndarray) -> np.ndarray:
    return np.asarray(sg.grad(loss)(x))


@given(logits=logits_3, labels=labels_3)
def test_the_slope_of_cross_entropy_is_softmax_less_the_truth(logits: np.ndarray, labels: np.ndarray) -> None:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    expected = (powers / powers.sum(1, keepdims=True) - np.eye(3)[labels]) / 4
    found = gradient(lambda x: losses.cross_entropy(x, labels), logits)
    np.testing.assert_allclose(found, expected, atol=1e-14)


@given(logits=logits_3, labels=labels_3, smoothing=st.floats(0, 1))
def test_integer_targets_are_shares_of_one(logits: np.ndarray, labels: np.ndarray, smoothing: float) -> None:
    given = losses.cross_entropy(logits, labels, label_smoothing=smoothing)
    shares = losses.cross_entropy(logits, np.eye(3)[labels], label_smoothing=smoothing)
    np.testing.assert_allclose(float(given), float(shares), rtol=1e-12, atol=1e-12)


@given(logits=logits_3, labels=labels_3, counts=arrays(np.int64, 4, elements=st.integers(0, 3)))
def test_a_weight_counts_an_example_that_often(logits: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> None:
    counts[0] += 1
    class_weights = np.array([1.0, 2.0, 0.5])
    weighted = losses.cross_entropy(logits, labels, class_weights=class_weights, weights=counts)
    repeated = losses.cross_entropy(logits.repeat(counts, 0), labels.repeat(counts), class_weights=class_weights)
    np.testing.assert_allclose(float(weighted), float(repeated), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_is_accurate_far_out(dtype: Any) -> None:
    logits = np.array([[1e4, -1e4, 0], [-40, 0, 40], [40, 0, -40]], dtype)
    each = np.asarray(losses.cross_entropy(logits, np.array([1, 2, 0]), reduction="none"))
    np.testing.assert_allclose(each, [2e4, 0, 0], atol=1e-15)
    assert np.isfinite(gradient(lambda x: losses.cross_entropy(x, np.array([1, 2, 0])), logits)).all()


@pytest.mark.parametrize(
    ("x", "t", "expected", "slope"),
    [
        (1e4, 1.0, 0.0, 0.0),
        (1e4, 0.0, 1e4, 1.0),
        (-1e4, 1.0, 1e4, -1.0),
        (-30.0, 0.0, 9.357622968839299e-14, 9.357622968839299e-14),
        (30.0, 1.0, 9.357622968839299e-14, -9.357622968839299e-14),
        (0.0, 0.25, 0.6931471805599453, 0.25),
    ],
)
def test_binary_cross_entropy_is_accurate_far_out(x: float, t: float, expected: float, slope: float) -> None:
    for dtype, rel in ((np.float32, 1e-6), (np.float64, 1e-12)):
        logits, targets = np.array([x], dtype), np.array([t], dtype)
        loss = losses.binary_cross_entropy_with_logits(logits, targets)
        assert float(loss) == pytest.approx(expected, rel=rel, abs=0)
        found = gradient(lambda x, targets=targets: losses.binary_cross_entropy_with_logits(x, targets), logits)
        assert float(found[0]) == pytest.approx(slope, rel=rel, abs=0)


def test_huber_has_one_slope_at_the_corner() -> None:
    x = np.array([-2.0, -0.5, -0.1, 0.0, 0.5, 3.0])
    found = gradient(lambda x: losses.huber(x, np.zeros(6), delta=0.5, reduction="sum"), x)
    np.testing.assert_allclose(found, [-0.5, -0.5, -0.1, 0, 0.5, 0.5])


SIMPLE = {
    "mean_squared_error": (losses.mean_squared_error, lambda d: d**2),
    "huber": (losses.huber, lambda d: np.where(abs(d) < 1, d**2 / 2, abs(d) - 0.5)),
}


@pytest.mark.parametrize("name", SIMPLE)
def test_reductions_and_weights(name: str) -> None:
    loss, meaning = SIMPLE[name]
    rng = np.random.default_rng(0)
    x, y, weights = rng.standard_normal((4, 3)), rng.standard_normal((4, 3)), rng.random((4, 3))
    each = meaning(x - y)
    np.testing.assert_allclose(np.asarray(loss(x, y, reduction="none")), each)
    np.testing.assert_allclose(float(loss(x, y, reduction="sum")), each.sum())
    np.testing.assert_allclose(float(loss(x, y)), each.mean())
    np.testing.assert_allclose(float(loss(x, y, weights=weights)), np.average(each, weights=weights))
    np.testing.assert_allclose(np.asarray(loss(x, y, weights=weights, reduction="none")), each * weights)


LOGITS, LABELS = np.zeros((4, 3), np.float32), np.array([0, 1, 2, 0])


@pytest.mark.parametrize(
    ("error", "sentence", "arguments"),
    [
        (DataError, "targets between 0 and 2 expected, 0 to 3 given", {"targets": np.array([0, 1, 3, 0])}),
        (DataError, "-1 to 1 given", {"targets": LABELS - 1}),
        (ShapeError, r"targets of shape \(4,\) expected, \(3,\) given", {"targets": LABELS[:3]}),
        (ShapeError, r"targets of the predictions' shape \(4, 3\) expected, \(4, 2\)", {"targets": np.ones((4, 2))}),
        (ShapeError, "a scalar given", {"logits": np.float32(1)}),
        (ShapeError, r"class_weights of shape \(3,\) expected", {"class_weights": np.ones(4)}),
        (ShapeError, r"weights of the items' shape \(4,\) expected", {"weights": np.ones(3)}),
        (SettingError, "label_smoothing between 0 and 1", {"label_smoothing": 2}),
        (SettingError, "reduction 'mean', 'sum' or 'none' expected, 'avg' given", {"reduction": "avg"}),
    ],
)
def test_cross_entropy_refuses_what_does_not_fit(error: type[Exception], sentence: str, arguments: Any) -> None:
    with pytest.raises(error, match=sentence):
        losses.cross_entropy(**{"logits": LOGITS, "targets": LABELS, **arguments})


@pytest.mark.parametrize(
    "loss", [losses.huber, losses.mean_squared_error, losses.binary_cross_entropy_with_logits], ids=lambda f: f.__name__
)
def test_targets_are_not_broadcast(loss: Any) -> None:
    with pytest.raises(ShapeError, match=rf"{loss.__name__}: targets of the predictions' shape \(4, 3\) expected"):
        loss(LOGITS, LOGITS[:1])


def test_huber_needs_a_corner() -> None:
    with pytest.raises(SettingError, match="a delta above 0 expected, 0 given"):
        losses.huber(LOGITS, LOGITS, delta=0)


def test_a_traced_target_that_is_no_class_is_an_error_when_it_runs() -> None:
    program = sg.compile(losses.cross_entropy)
    assert float(program(LOGITS, LABELS)) == pytest.approx(np.log(3))
    with pytest.raises(IndexError, match="indices from 0 to 2 expected, 0 to 3 given"):
        program(LOGITS, np.array([0, 1, 3, 0]))


def test_targets_of_any_integer_kind() -> None:
    for kind in (np.int8, np.uint8, np.int32, np.uint64):
        assert float(losses.cross_entropy(LOGITS, LABELS.astype(kind))) == pytest.approx(np.log(3))
