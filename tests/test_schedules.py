"""Schedules: their shape, their ends, and PyTorch's where it has the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saegim import schedules
from saegim.errors import SettingError
from saegim.schedules import Schedule


def factors(schedule: Schedule, steps: int) -> np.ndarray:
    return np.array([schedule(step) for step in range(steps)])


def test_constant_rises_to_one_and_stays() -> None:
    np.testing.assert_allclose(factors(schedules.Constant(warmup=4), 6), [0.25, 0.5, 0.75, 1, 1, 1])
    assert factors(schedules.Constant(), 3).tolist() == [1, 1, 1]


def test_linear_falls_in_equal_steps() -> None:
    np.testing.assert_allclose(factors(schedules.Linear(6, warmup=2), 8), [0.5, 1, 1, 0.75, 0.5, 0.25, 0, 0])
    np.testing.assert_allclose(factors(schedules.Linear(2, end=0.5), 4), [1, 0.75, 0.5, 0.5])


def test_cosine_is_half_way_down_in_the_middle() -> None:
    found = factors(schedules.Cosine(10, warmup=2, end=0.2), 12)
    np.testing.assert_allclose(found[[1, 2, 6, 10, 11]], [1, 1, 0.6, 0.2, 0.2])


@given(
    total=st.integers(1, 60),
    share=st.floats(0, 1),
    end=st.floats(0, 1),
    kind=st.sampled_from([schedules.Linear, schedules.Cosine]),
)
def test_decays_rise_through_the_warm_up_then_fall_to_the_end(total: int, share: float, end: float, kind: type) -> None:
    warmup = int(share * total)
    found = factors(kind(total, warmup, end), total + 5)
    assert (np.diff(found[:warmup]) > 0).all()
    assert (np.diff(found[warmup:]) <= 1e-12).all()
    assert (found >= min(end, 1 / max(warmup, 1)) - 1e-12).all() and (found <= 1).all()
    np.testing.assert_allclose(found[max(total, warmup + 1) :], end, atol=1e-12)


def test_one_cycle_may_begin_at_its_top() -> None:
    assert schedules.OneCycle(10, rise=0.1)(0) == 1


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: schedules.Linear(0), "at least 1 step"),
        (lambda: schedules.Cosine(5, warmup=6), "5 and 6 given"),
        (lambda: schedules.Constant(-1), "warm-up"),
        (lambda: schedules.OneCycle(5, rise=1.0), "between 0 and 1 expected, 1.0 given"),
    ],
)
def test_what_makes_no_sense_is_refused(build: object, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        build()


def in_torch(build: object, steps: int) -> np.ndarray:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of this test; install the extra 'oracle'")
    mover = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)
    schedule = build(torch.optim.lr_scheduler, mover)
    found = []
    for _ in range(steps):
        found.append(mover.param_groups[0]["lr"])
        mover.step()
        schedule.step()
    return np.array(found)


def test_cosine_is_torchs() -> None:
    expected = in_torch(lambda lr, mover: lr.CosineAnnealingLR(mover, 20, eta_min=0.1), 20)
    np.testing.assert_allclose(factors(schedules.Cosine(20, end=0.1), 20), expected)


@pytest.mark.parametrize(("steps", "rise"), [(20, 0.3), (7, 0.5), (100, 0.25)])
def test_one_cycle_is_torchs(steps: int, rise: float) -> None:
    expected = in_torch(lambda lr, mover: lr.OneCycleLR(mover, 1.0, total_steps=steps, pct_start=rise), steps)
    np.testing.assert_allclose(factors(schedules.OneCycle(steps, rise), steps), expected, rtol=1e-9)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_one_cycle_of_few_steps_stays_within_its_bounds(steps: int) -> None:
    found = factors(schedules.OneCycle(steps), steps + 3)
    assert np.isfinite(found).all() and (found > 0).all() and (found <= 1).all()
