"""Plain data from files becomes dataclasses, or one sentence that says where it is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

import pytest

from saegim.curve.plain import from_plain
from saegim.errors import DataError


@dataclass(frozen=True)
class Inner:
    number: int
    share: float | None


@dataclass(frozen=True)
class Outer:
    name: str
    kind: Literal["a", "b"]
    right: bool
    inner: tuple[Inner, ...]
    by_name: dict[str, float]
    one: Inner | None


GOOD = {
    "name": "x",
    "kind": "a",
    "right": True,
    "inner": [{"number": 3, "share": 0.5}, {"number": -1, "share": None}],
    "by_name": {"가": 1, "": 2.5},
    "one": None,
}


def test_good_data_is_taken():
    found = from_plain(Outer, json.loads(json.dumps(GOOD)))
    assert found == Outer("x", "a", True, (Inner(3, 0.5), Inner(-1, None)), {"가": 1.0, "": 2.5}, None)
    assert type(found.by_name["가"]) is float


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": 3}, "name: expected text, got 3"),
        ({"name": "x" * 10, "more": 1}, "'more' is unknown"),
        ({"kind": "c"}, "kind: expected one of a, b, got 'c'"),
        ({"kind": ["a"]}, "kind: expected one of a, b"),
        ({"right": 1}, "right: expected true or false, got 1"),
        ({"inner": {}}, "inner: expected a list"),
        ({"inner": [3]}, "inner[0]: expected a mapping, got 3"),
        ({"inner": [{"number": 1}]}, "inner[0]: 'share' is missing"),
        ({"inner": [{"number": True, "share": 1}]}, "inner[0].number: expected a whole number, got True"),
        ({"inner": [{"number": 1.0, "share": 1}]}, "inner[0].number: expected a whole number, got 1.0"),
        ({"inner": [{"number": 1, "share": float("nan")}]}, "inner[0].share: expected a finite number, got nan"),
        ({"inner": [{"number": 1, "share": 10**400}]}, "inner[0].share: expected a finite number"),
        ({"inner": [{"number": 1, "share": False}]}, "inner[0].share: expected a finite number"),
        ({"by_name": []}, "by_name: expected a mapping"),
        ({"by_name": {"x": "1"}}, "by_name.x: expected a finite number, got '1'"),
        ({"one": {"number": None, "share": None}}, "one.number: expected a whole number, got None"),
        ({"name": ["x" * 1000]}, "..."),
    ],
)
def test_what_is_wrong_is_said(change, says):
    with pytest.raises(DataError) as error:
        from_plain(Outer, GOOD | change)
    assert says in str(error.value)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("value", [None, [], "x", 3])
def test_no_mapping_is_refused(value):
    with pytest.raises(DataError, match="the content: expected a mapping"):
        from_plain(Outer, value)
