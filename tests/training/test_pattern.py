"""Patterns fit what they describe, and name the place of what does not."""

from __future__ import annotations

import pytest

from saegim.training.pattern import NONE, NUMBER, require

PATTERN = {"n": (int,), "share": (*NUMBER, *NONE), "rows": [[(int,)]], "name": (str,)}
FITS = {"n": 1, "share": None, "rows": [[1, 2], []], "name": "x", "more": object()}


def test_what_fits():
    require(FITS, PATTERN, "it")
    require({**FITS, "share": 0.5}, PATTERN, "it")
    require({**FITS, "share": 1}, PATTERN, "it")


@pytest.mark.parametrize(
    "change, says",
    [
        ({"n": True}, "n is 'True'"),
        ({"n": 1.0}, "n is"),
        ({"share": float("nan")}, "share is 'nan'"),
        ({"share": float("inf")}, "share is"),
        ({"share": "0.5"}, "share is"),
        ({"rows": {}}, "rows is no list"),
        ({"rows": [1]}, "one of rows is no list"),
        ({"rows": [["1"]]}, "one of one of rows"),
        ({"name": None}, "name is"),
    ],
)
def test_what_does_not(change, says):
    with pytest.raises(TypeError, match=says):
        require(FITS | change, PATTERN, "it")


@pytest.mark.parametrize("value", [{}, [], None, "n"])
def test_what_is_no_mapping_has_nothing(value):
    with pytest.raises(TypeError, match="it has no n"):
        require(value, PATTERN, "it")
