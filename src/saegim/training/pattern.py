"""Whether a value that a file held is what was expected: types of numbers and texts, lists, mappings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

NUMBER = (int, float)
NONE = (type(None),)

Pattern = tuple[type, ...] | list[Any] | Mapping[str, Any]


def require(value: Any, pattern: Pattern, where: str) -> None:
    """Raises TypeError, naming the place, unless the value fits.

    A tuple of types fits a finite value of exactly one of them; a list of one pattern fits lists of such; a mapping
    fits mappings that have its keys, with such values, and whatever else.
    """
    if isinstance(pattern, tuple):
        if type(value) not in pattern or (isinstance(value, float) and not math.isfinite(value)):
            raise TypeError(f"{where} is {str(value)[:50]!r}")
    elif isinstance(pattern, list):
        if not isinstance(value, list):
            raise TypeError(f"{where} is no list")
        for each in value:
            require(each, pattern[0], f"one of {where}")
    else:
        missing = pattern.keys() - value.keys() if isinstance(value, Mapping) else pattern.keys()
        if missing:
            raise TypeError(f"{where} has no {sorted(missing)[0]}")
        for key, inner in pattern.items():
            require(value[key], inner, key)
