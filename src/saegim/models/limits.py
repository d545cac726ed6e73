"""What the numbers of a configuration may be.

Configurations come from users and from model folders; what is not a number in its range is refused by its name.
"""

from __future__ import annotations

import math

from saegim.errors import SettingError

MOST = (1 << 31) - 1  # of anything that is counted: indices are int32


def check_whole(name: str, value: object, least: int = 1, most: int = MOST) -> None:
    """Raises SettingError unless `value` is a whole number from `least` to `most`."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        top = "" if most == MOST else f" and at most {most}"
        raise SettingError(f"{name}: a whole number of at least {least}{top} expected, {value!r} given")


def check_number(
    name: str, value: object, least: float, most: float = math.inf, *, above: bool = False, below: bool = False
) -> None:
    """Raises SettingError unless `value` is a finite number from `least` to `most`, or between, without these."""
    fits = (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and (least < value if above else least <= value)
        and (value < most if below else value <= most)
    )
    if not fits:
        bottom = f"{'above' if above else 'of at least'} {least:g}"
        top = "" if most == math.inf else f" and {'below' if below else 'at most'} {most:g}"
        raise SettingError(f"{name}: a number {bottom}{top} expected, {value!r} given")
