"""Frozen dataclasses from plain data that came out of a file: every type is checked, nothing else is let in."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from saegim.errors import DataError

__all__ = ["from_plain"]

T = TypeVar("T")

LONGEST = 1_000_000  # entries of one list or mapping; more were never written


def from_plain(kind: type[T], value: Any, where: str = "") -> T:
    """`value`, as `json.loads` gives it, as an instance of the dataclass `kind`; fields may be other dataclasses.

    Fields are int, float (finite), str, bool, Literal, optional ones, tuple[X, ...] and dict[str, X]. Raises DataError
    that says where something is missing, unknown or of another type.
    """
    if not isinstance(value, Mapping):
        raise _wrong(where, "a mapping", value)
    hints = _hints(cast(Any, kind))
    missing, unknown = sorted(hints.keys() - value.keys()), sorted(map(str, value.keys() - hints.keys()))
    if missing or unknown:
        what = f"{missing[0]!r} is missing" if missing else f"{unknown[0][:60]!r} is unknown"
        raise DataError(f"{where or 'the content'}: {what}, but exactly the fields of this version are expected")
    return kind(
        **{name: _value(hint, value[name], f"{where}.{name}" if where else name) for name, hint in hints.items()}
    )


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(cast(Any, kind))}


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint):
        return from_plain(cast(type, hint), value, where)
    if origin in (Union, types.UnionType):
        return None if value is None else _value(next(one for one in arguments if one is not type(None)), value, where)
    if origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            raise _wrong(where, f"one of {', '.join(arguments)}", value)
        return value
    if origin is tuple:
        return tuple(
            _value(arguments[0], each, f"{where}[{number}]") for number, each in enumerate(_list(value, where))
        )
    if origin is dict:
        return {name: _value(arguments[1], each, f"{where}.{name}") for name, each in _mapping(value, where).items()}
    return _simple(hint, value, where)


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > LONGEST:
        raise _wrong(where, f"a list of at most {LONGEST:,}", value)
    return value


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > LONGEST or not all(isinstance(name, str) for name in value):
        raise _wrong(where, f"a mapping of at most {LONGEST:,}", value)
    return value


def _simple(hint: type, value: Any, where: str) -> Any:
    if hint is float and type(value) in (int, float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    elif type(value) is hint:
        return value
    raise _wrong(
        where, {int: "a whole number", float: "a finite number", str: "text", bool: "true or false"}[hint], value
    )


def _wrong(where: str, expected: str, value: Any) -> DataError:
    shown = repr(value)
    return DataError(
        f"{where or 'the content'}: expected {expected}, got {shown if len(shown) < 60 else shown[:57] + '...'}"
    )
