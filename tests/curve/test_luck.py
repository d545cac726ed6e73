"""The covariance of measured scores: against drawing rows anew, and against samples whose luck is known."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.curve.luck import FALL, Points, covariance, sample_variance, training_luck
from saegim.curve.scores import Score, accuracy

SIZES = np.array([10.0, 100.0, 1000.0])


def of_rows(right):
    """The score of a row of right and wrong answers."""
    return accuracy(np.zeros(len(right), np.int64), np.where(right, 0, 1))


def lucky(values, rows=50):
    """Scores that no test row explains: all rows move them alike."""
    return tuple(Score(float(value), np.zeros(rows)) for value in values)


def test_the_luck_of_test_rows_is_that_of_drawing_them_again():
    rng = np.random.default_rng(0)
    hard = rng.standard_normal(400)
    answers = [hard + rng.standard_normal(400) < level for level in (-0.5, 0.3, 0.8)]
    contenders = [Points(None, ((of_rows(right),),)) for right in answers]
    found = covariance(contenders, 1000, 1e9)
    drawn = rng.integers(0, 400, (20_000, 400))
    again = np.stack([right[drawn].mean(axis=1) for right in answers])
    np.testing.assert_allclose(found, np.cov(again), atol=0.05 * found.max())


def test_several_samples_answer_with_their_mean():
    rng = np.random.default_rng(1)
    samples = tuple(of_rows(rng.random(200) < 0.7) for _ in range(4))
    points = Points(np.array([50.0]), (samples,))
    assert points.means == pytest.approx([np.mean([one.value for one in samples])])
    assert points.influences.shape == (1, 200)
    np.testing.assert_allclose(points.influences[0], np.mean([one.influence for one in samples], axis=0))


def test_scatter_among_samples_is_found_and_shared_as_nested_samples_share_it():
    """Many samples of known luck: its size is found, and the covariance of means is that of the theory."""
    rng = np.random.default_rng(2)
    pool, samples = 10_000, 400
    spread = np.sqrt(0.09 * SIZES**-FALL)
    between = np.sqrt(1 - SIZES / pool)  # what samples of one pool show of it
    scores = tuple(lucky(0.5 + spread[k] * between[k] * rng.standard_normal(samples)) for k in range(len(SIZES)))
    points = Points(SIZES, scores)
    assert sample_variance(points, pool) == pytest.approx(0.09, rel=0.2)
    found = training_luck(Points(SIZES, tuple(some[:1] for some in scores)), pool)
    assert found.tolist() == np.zeros((3, 3)).tolist()  # one sample of each shows no luck

    few = Points(SIZES, tuple(some[:3] for some in scores))
    factor = sample_variance(few, pool)
    whole = training_luck(few, pool)
    sd = np.sqrt(factor * SIZES**-FALL)
    np.testing.assert_allclose(np.diag(whole), sd**2 * (1 / 3 + 2 / 3 * SIZES / pool))
    # Same seeds: a third of the pairs, sharing all of the smaller; others share as much as the pool makes them.
    expected = sd[0] * sd[1] * (np.sqrt(0.1) / 3 + 2 / 3 * np.sqrt(1000) / pool)
    assert whole[0, 1] == pytest.approx(expected)


def test_scatter_that_test_rows_explain_is_no_luck_of_training():
    rng = np.random.default_rng(3)
    scores = tuple(tuple(of_rows(rng.random(500) < 0.7) for _ in range(60)) for _ in SIZES)
    explained = sample_variance(Points(SIZES, scores), 10_000)
    blind = sample_variance(Points(SIZES, tuple(lucky([one.value for one in some], 500) for some in scores)), 10_000)
    assert explained < blind / 2


def test_all_of_the_pool_is_one_sample_however_many_seeds():
    points = Points(np.array([10.0, 1000.0]), (lucky([0.4, 0.5, 0.6]), lucky([0.8, 0.8, 0.8])))
    whole = training_luck(points, 1000)
    assert whole[1, 1] == pytest.approx(sample_variance(points, 1000) * 1000**-FALL)


def test_a_score_that_no_row_can_move_still_errs():
    nothing = Points(None, ((of_rows(np.zeros(40, bool)),),))
    assert covariance([nothing], 100, 40)[0, 0] == pytest.approx(1 / 40**2)
