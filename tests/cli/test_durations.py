"""Durations as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saegim.cli.durations import seconds
from saegim.errors import SettingError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90),
        ("90s", 90),
        ("2m", 120),
        ("1h30m", 5400),
        ("1h", 3600),
        ("1h1s", 3601),
        ("0.5", 0.5),
        ("1.5h", 5400),
        ("2M", 120),
        ("1h 30m", 5400),
        ("2m30", 150),
    ],
)
def test_durations(text, expected):
    assert seconds(text) == expected


def test_no_duration():
    assert seconds(None) is None


@pytest.mark.parametrize(
    "text",
    ["", " ", "0", "0s", "-1", "soon", "1d", "m", "1m2h", "1s2s", "nan", "inf", "1e3", "٣m", "9" * 400, "2 minutes"],
)
def test_what_is_no_duration(text):
    with pytest.raises(SettingError, match=r"--time-budget is .* a duration above 0 was expected"):
        seconds(text)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(1, 99))
def test_parts_add_up(hours, minutes, rest):
    assert seconds(f"{hours}h{minutes}m{rest}s") == hours * 3600 + minutes * 60 + rest


@given(st.text(max_size=12))
def test_anything_else_is_refused_in_one_way(text):
    try:
        found = seconds(text)
    except SettingError:
        return
    assert 0 < found < float("inf")
