"""The time budget, with a clock that is set by hand."""

from __future__ import annotations

import math

import pytest

from saegim.training import clock as clock_module
from saegim.training.clock import Clock


@pytest.fixture
def at(monkeypatch):
    """Sets what time it is."""
    now = [1000.0]
    monkeypatch.setattr(clock_module.time, "monotonic", lambda: now[0])

    def at(seconds):
        now[0] = 1000.0 + seconds

    return at


def started(budget, first_step=0.0):
    clock = Clock(budget)
    clock.first_step = first_step
    return clock


def test_without_a_budget(at):
    clock = started(None)
    at(1e9)
    assert clock.progress(5) == 0 and not clock.is_up(5) and clock.expected_steps(5, 100) == 100
    assert clock.affordable_validation() == math.inf


def test_a_tenth_is_left_for_saving(at):
    clock = started(100.0, first_step=10.0)
    for seconds, progress in ((10, 0.0), (50, 0.5), (90, 1.0), (95, 1.0)):
        at(seconds)
        assert clock.progress(1000) == pytest.approx(progress)
        assert clock.is_up(1000) == (progress == 1)


def test_time_for_validation_is_left_too(at):
    clock = started(100.0)
    clock.validation_texts = 50
    clock.step_made(texts=10, seconds=2.0)  # so that scoring is thought to take 0.1 s a text at most
    at(84.9)
    assert not clock.is_up(1000)
    at(85.1)
    assert clock.is_up(1000)
    clock.validated(20.0)
    at(70.1)
    assert clock.is_up(1000)


def test_validation_may_take_a_tenth(at):
    clock = started(100.0)
    assert clock.affordable_validation() == math.inf  # nobody knows yet
    clock.step_made(texts=10, seconds=2.0)
    assert clock.affordable_validation() == pytest.approx(100)
    clock.validation_texts = 10**9
    at(79.9)
    assert not clock.is_up(1000)
    clock.validated(1.0)
    assert clock.affordable_validation() == math.inf  # what was cut stays as it is


@pytest.mark.parametrize("first_step", [0.45, 5.0])
def test_the_least_steps_are_made_with_a_schedule_of_their_own(at, first_step):
    """A budget that reading has spent already: the rates still rise and fall over twenty steps."""
    clock = started(0.5, first_step)
    at(max(first_step, 0.5))
    assert [clock.progress(steps) for steps in (0, 5, 10, 19)] == pytest.approx([0, 0.25, 0.5, 0.95])
    assert not clock.is_up(0) and not clock.is_up(19) and clock.is_up(20)


@pytest.mark.parametrize(("first_step", "end"), [(0.0, 15.0), (20.0, 30.0)])
def test_the_least_steps_do_not_take_for_ever(at, first_step, end):
    clock = started(5.0, first_step)
    at(end - 0.1)
    assert not clock.is_up(1)
    at(end + 0.1)
    assert clock.is_up(1) and not clock.is_up(0)


def test_how_many_steps_there_will_be(at):
    clock = started(100.0)
    at(9.0)
    assert clock.expected_steps(30, 10_000) == 300
    assert clock.expected_steps(30, 200) == 200


def test_a_resumed_run_counts_what_was_spent(at):
    clock = Clock(100.0)
    at(2)
    clock.go_on(60.0, first_step=10.0)
    assert clock.elapsed() == pytest.approx(62)
    assert clock.progress(1000) == pytest.approx((62 - 10) / 80)


def test_began_before(at):
    at(7)
    assert Clock(None, began=1000.0).elapsed() == pytest.approx(7)
