"""Recipes: bytes and back; nothing but what was written is read."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from saegim.compiler.recipe import Recipe, from_bytes, to_bytes
from saegim.dtypes import BY_NAME, float32, int64

CONSTANTS = tuple(np.arange(6).reshape(2, 3).astype(dtype) for dtype in BY_NAME.values())
RECIPE = Recipe(
    code="abc",
    waves=(("wave0", 8), ("wave1", 0)),
    inputs=2,
    made=((float32, 12), (int64, 1)),
    outputs=((2, (3, 4)), (1, (7,)), (3, ())),
    overwritten=(1,),
    constants=(*CONSTANTS, np.array(np.nan, np.float32), np.empty((0, 3), np.float64)),
    shared_bytes=1 << 40,
    local_bytes=64,
)


def test_what_is_written_is_read() -> None:
    found = from_bytes(to_bytes(RECIPE))
    assert found is not None
    plain = [{**vars(each), "constants": None} for each in (found, RECIPE)]
    assert plain[0] == plain[1]
    for one, other in zip(found.constants, RECIPE.constants, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other, strict=True)


def changed(**parts: Any) -> bytes:
    """The recipe with some parts of its description replaced."""
    whole = to_bytes(RECIPE)
    end = 8 + int.from_bytes(whole[:8], "little")
    head = json.dumps({**json.loads(whole[8:end]), **parts}).encode()
    return len(head).to_bytes(8, "little") + head + whole[end:]


@pytest.mark.parametrize(
    "parts",
    [
        {"code": 5},
        {"code": None},
        {"waves": [["wave0", -1]]},
        {"waves": [["wave0"]]},
        {"waves": 3},
        {"inputs": True},
        {"inputs": 1},  # what is overwritten is not there
        {"made": [["float32", 12]]},  # an output is not there
        {"made": [["float32", 11], ["int64", 1]]},  # an output is larger than its array
        {"made": [["object", 12], ["int64", 1]]},
        {"outputs": [[9, [3, 4]]]},
        {"overwritten": [2]},
        {"constants": []},
        {"constants": [["float64", [1 << 60]]]},
        {"arenas": [1]},
        {"arenas": [1, 2.5]},
        {"arenas": [1, 2, 3]},
    ],
)
def test_what_cannot_be_is_refused(parts: dict[str, Any]) -> None:
    assert from_bytes(changed()) is not None
    assert from_bytes(changed(**parts)) is None


def test_what_is_no_recipe_is_refused() -> None:
    whole = to_bytes(RECIPE)
    for foreign in (b"", b"\0" * 8, b"\xff" * 40, (2).to_bytes(8, "little") + b"[]", b"\x04" + b"\0" * 7 + b"\xff" * 4):
        assert from_bytes(foreign) is None
    for length in range(0, len(whole), 7):
        assert from_bytes(whole[:length]) is None
    assert from_bytes(whole + b"\0") is None
