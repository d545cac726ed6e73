"""Crossings of known curves, and that the stated interval holds the true crossing as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from curve.simulation import WORLDS, holds, outcomes
from saegim.curve.crossing import LEVEL, Outcomes, crossings
from saegim.curve.luck import Points
from saegim.curve.scores import Score

GRID = np.array([10.0, 100.0, 1000.0, 10_000.0])
TRIES = 200
AT_LEAST = 0.85

# The others have many more answers to draw; `python tests/curve/simulation.py` tries all.
TRIED = [name for name, world in WORLDS.items() if world.rows <= 600 and world.samples <= 3]


@pytest.mark.parametrize("name", TRIED)
def test_the_interval_holds_the_true_crossing(name):
    world = WORLDS[name]
    tries = [outcomes(world, seed, draws=400) for seed in range(TRIES)]
    found = [one.crossing("network", "rules") for one in tries]
    assert np.mean([holds(one, world.crossing) for one in found]) >= AT_LEAST
    pool = world.sizes[-1]
    truth = float(world.error(np.array(pool)) - world.error(np.array(pool + 100)))
    gains = [one.gain("network", pool, 100) for one in tries]
    assert np.mean([gain.low <= truth <= gain.high for gain in gains]) >= AT_LEAST


def test_an_interval_of_usual_data_says_something():
    """Holding the truth is easy for an interval of everything."""
    found = [outcomes(WORLDS["usual"], seed, draws=400).crossing("network", "rules") for seed in range(40)]
    widths = [one.high / one.low for one in found if one.low and one.high]
    assert len(widths) > 30
    assert 3 < np.median(widths) < 15


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        ([-1, 1, 1, 1], 10**1.5),
        ([-1, -1, -1, 3], 10**3.25),
        ([1, 1, 1, 1], 0),
        ([-1, -1, -1, -1], np.inf),
        ([1, 1, 1, -1], np.inf),
        ([1, -1, -1, 1], 10**3.5),
        ([-1, 1, -1, 1], 10**3.5),
        ([0, 1, 1, 1], 10),
        ([-1, -1, -1, 0], np.inf),
    ],
)
def test_a_crossing_is_where_the_lead_begins_to_last(lead, expected):
    assert crossings(np.array([lead], float), GRID) == pytest.approx([expected])


def certain(values, rows=10_000):
    """One score for each value, with as little luck as can be."""
    return tuple((Score(value, np.zeros(rows)),) for value in values)


def known(network, rules, sizes=(10.0, 100.0, 1000.0, 10_000.0)):
    contenders = {"network": Points(np.array(sizes), certain(network)), "rules": Points(None, certain([rules]))}
    return Outcomes(contenders, 100_000, 10_000)


def test_without_luck_the_crossing_is_that_of_the_curves():
    learned = 1 - (0.1 + 0.8 * GRID**-0.36331804)  # an exponent of the grid
    found = known(learned, 0.75).crossing("network", "rules")
    truth = (0.15 / 0.8) ** (-1 / 0.36331804)
    assert found.answer == "within"
    assert found.value == pytest.approx(truth, rel=0.02)
    assert found.low < truth < found.high
    assert found.high / found.low < 1.2
    assert found.before == found.beyond == 0
    assert (found.smallest, found.furthest) == (pytest.approx(10), pytest.approx(100_000))


def test_crossings_outside_of_the_range_are_told_as_such():
    learned = 1 - (0.1 + 0.8 * GRID**-0.36331804)
    ahead = known(learned, 0.3).crossing("network", "rules")
    assert (ahead.answer, ahead.value, ahead.low, ahead.high, ahead.before) == ("start", None, None, None, 1)
    behind = known(learned, 0.95).crossing("network", "rules")
    assert (behind.answer, behind.value, behind.low, behind.high, behind.beyond) == ("beyond", None, None, None, 1)


def test_two_learners_are_compared_where_both_were_measured():
    first, second = 1 - (0.1 + 0.9 * GRID**-0.36), 1 - (0.2 + 0.5 * GRID**-0.36)
    contenders = {
        "first": Points(GRID, certain(first)),
        "second": Points(GRID, certain(second)),
    }
    outcomes = Outcomes(contenders, 100_000, 10_000)
    found = outcomes.crossing("first", "second", furthest=10_000)
    assert found.value == pytest.approx((0.1 / 0.4) ** (-1 / 0.36), rel=0.05)
    gap = outcomes.gap("first", "second", 1000)
    assert gap.value == pytest.approx(first[2] - second[2])
    assert gap.level == LEVEL


def test_the_rows_that_all_answer_make_differences_surer_than_scores():
    """Paired: a network that answers as the rules do, but for a few rows, is surely ahead of them."""
    world = WORLDS["usual"]
    rows = world.rows
    right = np.random.default_rng(0).random(rows) < 0.6
    score = Score(float(right.mean()), right - right.mean())
    more = right.copy()
    more[np.flatnonzero(~right)[:15]] = True
    better = Score(float(more.mean()), more - more.mean())
    contenders = {"network": Points(np.array([100.0]), ((better,),)), "rules": Points(None, ((score,),))}
    found = Outcomes(contenders, 1000, rows)
    assert found.gap("network", "rules", 100).low > 0
    assert found.final("network").low < found.final("rules").high


def test_the_same_outcomes_twice_are_the_same_bits():
    one, other = (outcomes(WORLDS["stalling in between"], 3) for _ in range(2))
    assert one.crossing("network", "rules") == other.crossing("network", "rules")
    sizes = np.array([10.0, 500.0, 9000.0])
    assert np.array_equal(one.scores("network", sizes), other.scores("network", sizes))


def test_a_band_passes_the_points_and_widens_beyond_them():
    found = outcomes(WORLDS["6,000 test rows, no power law"], 1)
    sizes = np.array(WORLDS["6,000 test rows, no power law"].sizes, float)
    band = found.band("network", np.append(sizes, 100_000))
    assert ((band.low <= band.value) & (band.value <= band.high)).all()
    assert found.deviation("network") > 0
    width = band.high - band.low
    assert width[-1] > 1.5 * width[-2]
