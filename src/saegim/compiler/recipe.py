"""All that a run of a program needs beside its native code, in memory and as bytes for the cache on disk."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.dtypes import BY_NAME, DType

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

HEADER = 4
"""Words of a program's table before those of its arrays (see saegim.compiler.lower.emit)."""

_HEAD = 8  # bytes that say how long the description is


@dataclass(frozen=True, eq=False)
class Recipe:
    """How a program is run.

    code: the name of its native code among what is kept; waves: for each the name of its function and its number of
    items; inputs: how many there are; made: dtype and size of each array that a run makes; outputs: for each its shape,
    and its place among the inputs and the arrays made after them; overwritten: the inputs that outputs replace.
    """

    code: str
    waves: tuple[tuple[str, int], ...]
    inputs: int
    made: tuple[tuple[DType, int], ...]
    outputs: tuple[tuple[int, Shape], ...]
    overwritten: tuple[int, ...]
    constants: tuple[Array, ...]
    shared_bytes: int
    local_bytes: int


def to_bytes(recipe: Recipe) -> bytes:
    """The length of a description in JSON, the description, and the bytes of all constants."""
    described = {
        "code": recipe.code,
        "waves": recipe.waves,
        "inputs": recipe.inputs,
        "made": [(dtype.name, size) for dtype, size in recipe.made],
        "outputs": recipe.outputs,
        "overwritten": recipe.overwritten,
        "constants": [(each.dtype.name, each.shape) for each in recipe.constants],
        "arenas": (recipe.shared_bytes, recipe.local_bytes),
    }
    head = json.dumps(described).encode()
    return b"".join((len(head).to_bytes(_HEAD, "little"), head, *(each.tobytes() for each in recipe.constants)))


def from_bytes(whole: bytes) -> Recipe | None:
    """What `to_bytes` wrote; None for anything else."""
    end = _HEAD + int.from_bytes(whole[:_HEAD], "little")
    try:
        found = json.loads(whole[_HEAD:end])
        recipe = Recipe(
            _text(found["code"]),
            tuple((_text(name), _whole(items)) for name, items in found["waves"]),
            _whole(found["inputs"]),
            tuple((BY_NAME[name], _whole(size)) for name, size in found["made"]),
            tuple((_whole(place), _shape(shape)) for place, shape in found["outputs"]),
            tuple(map(_whole, found["overwritten"])),
            _constants([(BY_NAME[name], _shape(shape)) for name, shape in found["constants"]], whole[end:]),
            *map(_whole, found["arenas"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
    return recipe if _fits(recipe) else None


def _constants(specs: Sequence[tuple[DType, Shape]], held: bytes) -> tuple[Array, ...]:
    """Copies, so that each begins where its dtype may."""
    made, at = [], 0
    for dtype, shape in specs:
        count = math.prod(shape)
        made.append(np.frombuffer(held, dtype, count, at).reshape(shape).copy() if count else np.empty(shape, dtype))
        at += count * dtype.itemsize
    if at != len(held):
        raise ValueError("constants of this size were not announced")
    return tuple(made)


def _fits(recipe: Recipe) -> bool:
    """Whether every place that is spoken of exists."""
    sizes = [None] * recipe.inputs + [size for _, size in recipe.made]
    return all(number < recipe.inputs for number in recipe.overwritten) and all(
        place < len(sizes) and sizes[place] in (None, math.prod(shape)) for place, shape in recipe.outputs
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text expected")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a whole number from 0 on expected")
    return value


def _shape(value: Any) -> Shape:
    return tuple(map(_whole, value))
