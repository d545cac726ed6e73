"""Fits on a grid of shapes are the best that their constraints allow, and say when no curve of the family fits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from saegim.curve.fit import EXPONENTS, Family

SIZES = np.array([10.0, 30, 100, 300, 1000, 2400])
EXACT = np.eye(6) * 1e-8


def some_covariance(seed):
    mixed = np.random.default_rng(seed).normal(size=(6, 6)) * 0.01
    return mixed @ mixed.T + np.eye(6) * 1e-4


@pytest.mark.parametrize("seed", range(6))
def test_every_shape_is_fitted_as_non_negative_least_squares_does(seed):
    rng = np.random.default_rng(seed)
    slope = [-0.3, -0.3, 0.2, 0.0, -1.5, -0.3][seed]  # falling, rising, flat, to zero
    errors = 0.02 + 0.8 * SIZES**slope / max(1, 10**slope) * 0.5 + rng.normal(size=6) * 0.02
    family = Family(SIZES, errors, some_covariance(seed))
    misfits, _ = family._misfits(errors[None])
    whiten = np.linalg.inv(np.linalg.cholesky(family.covariance))
    for number, (c, s) in enumerate(zip(family._c, family._s, strict=True)):
        columns = whiten @ np.stack([np.ones(6), (SIZES + s) ** -c], axis=1)
        _, norm = nnls(columns, whiten @ errors)
        assert misfits[0, number] == pytest.approx(norm**2, abs=1e-7)


@pytest.mark.parametrize("c", EXPONENTS[4:20:5])
def test_an_exact_curve_is_found(c):
    errors = 0.1 + 0.7 * SIZES**-c
    family = Family(SIZES, errors, EXACT)
    curve = family.fit(errors[None])
    assert family.deviation == 0
    np.testing.assert_allclose(curve.errors(SIZES)[0], errors, atol=2e-4)
    assert curve.c[0] == pytest.approx(c, rel=0.15)
    assert curve.errors(np.array([24_000.0]))[0, 0] == pytest.approx(0.1 + 0.7 * 24_000**-c, abs=0.01)


def test_a_learner_that_starts_late_is_fitted_with_a_shift():
    errors = 0.1 + 5 * (SIZES + 80) ** -0.55
    family = Family(SIZES, errors, np.eye(6) * 1e-4)
    curve = family.fit(errors[None])
    assert curve.s[0] > 0
    np.testing.assert_allclose(curve.errors(SIZES)[0], errors, atol=0.01)
    misfits, _ = family._misfits(errors[None])
    assert misfits.min() < 0.2 * misfits[:, family._s == 0].min()


def test_curves_fall_and_stay_above_0_whatever_was_measured():
    rng = np.random.default_rng(0)
    errors = np.clip(0.3 + 0.3 * rng.standard_normal((300, 6)), 0, 1)
    curves = Family(SIZES, errors.mean(axis=0), some_covariance(0)).fit(errors)
    grid = np.geomspace(5, 1e6, 40)
    found = curves.errors(grid)
    assert (np.diff(found, axis=1) <= 1e-12).all()
    assert (curves.a >= 0).all()
    assert (curves.b >= 0).all()
    assert np.isfinite(found).all()


def test_points_that_luck_explains_need_no_deviation_and_others_do():
    errors = 0.1 + 0.7 * SIZES**-0.4
    bent = errors + np.array([0, 0, -0.03, 0.04, -0.03, 0])
    assert Family(SIZES, bent, np.eye(6) * 0.04**2).deviation == 0
    wandering = Family(SIZES, bent, np.eye(6) * 0.005**2)
    assert 0.02 < wandering.deviation <= 0.3
    assert (np.diag(wandering.covariance) > 0.005**2).all()
    assert np.linalg.eigvalsh(wandering.wandering(SIZES, SIZES)).min() > 0


def test_fits_do_not_depend_on_how_many_there_are():
    errors = np.random.default_rng(1).random((450, 6))
    family = Family(SIZES, errors.mean(axis=0), some_covariance(1))
    all_at_once, one = family.fit(errors), family.fit(errors[449:])
    np.testing.assert_allclose(all_at_once.take(449).errors(SIZES), one.errors(SIZES), rtol=1e-9)
