"""Intervals for shares, against SciPy and against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from saegim.evaluation.shares import exact_low, share_interval, wilson_low

CASES = [(0, 1), (1, 1), (0, 20), (20, 20), (3, 7), (44, 50), (999, 1000)]


@pytest.mark.parametrize(("hits", "rows"), CASES)
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_they_are_those_of_scipy(hits, rows, level):
    found = share_interval(hits, rows, level)
    expected = binomtest(hits, rows).proportion_ci(level, method="wilson")
    assert (found.value, found.level) == (hits / rows, level)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    one_sided = binomtest(hits, rows, alternative="greater")
    assert wilson_low(hits, rows, level) == pytest.approx(
        one_sided.proportion_ci(level, method="wilson").low, abs=1e-12
    )
    assert exact_low(hits, rows, level) == pytest.approx(one_sided.proportion_ci(level, method="exact").low, abs=1e-9)


def test_many_at_once():
    hits, rows = map(np.array, zip(*CASES, strict=True))
    for bound in (wilson_low, exact_low):
        assert bound(hits, rows, 0.9).tolist() == [float(bound(h, r, 0.9)) for h, r in CASES]


def test_no_rows_say_nothing():
    found = share_interval(0, 0)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 1.0)
    assert wilson_low(0, 0, 0.9) == exact_low(0, 0, 0.9) == 0


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95, 0.99])
@pytest.mark.parametrize("rows", [10, 50, 300])
def test_the_exact_bound_holds_as_often_as_it_says(share, rows):
    """Summed over all that can happen, not simulated."""
    hits = np.arange(rows + 1)
    missed = binom.pmf(hits, rows, share)[exact_low(hits, rows, 0.9) > share].sum()
    assert missed <= 0.1 + 1e-12
