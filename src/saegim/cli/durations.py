"""Durations as people type them: 90, 90s, 2m, 1h30m."""

from __future__ import annotations

import re

from saegim.errors import SettingError

_UNITS = {"h": 3600, "m": 60, "s": 1}
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_DURATION = re.compile(rf"(?:({_NUMBER})h)?(?:({_NUMBER})m)?(?:({_NUMBER})s?)?", re.ASCII | re.IGNORECASE)


def seconds(duration: str | None, option: str = "--time-budget") -> float | None:
    """The seconds in "90", "90s", "2m" or "1h30m"; None for None.

    Raises SettingError, which names the option, for anything else and for no time at all.
    """
    if duration is None:
        return None
    found = _DURATION.fullmatch(duration.replace(" ", ""))
    total = (
        sum(float(part or 0) * unit for part, unit in zip(found.groups(), _UNITS.values(), strict=True)) if found else 0
    )
    if total <= 0:
        raise SettingError(f"{option} is {duration!r}, but a duration above 0 was expected: 90 or 90s, 2m, 1h30m")
    return total
