"""Where a command's words go: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim.training import progress
    from saegim.training import tensorboard as board
else:
    progress, board = late("saegim.training.progress"), late("saegim.training.tensorboard")

# What could break a line or steer a terminal: control characters, line separators, changes of direction.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Console:
    """What one run of a command says.

    as_json: the result is one JSON object and stdout holds nothing else. quiet: nothing is announced.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def say(self, sentence: str) -> None:
        """Announces something on stderr."""
        if not self.quiet:
            print(one_line(sentence), file=sys.stderr, flush=True)

    def result(self, data: Mapping[str, Any], text: str) -> None:
        """The result on stdout: `data` as one JSON object, or `text` for people."""
        if self.as_json:
            print(json.dumps(plain(data), ensure_ascii=False, allow_nan=False), flush=True)
        elif text:
            print(text, flush=True)

    def progress(
        self, language: Literal["en", "ko"] = "en", tensorboard: Path | None = None, unit: str = "tokens"
    ) -> progress.Progress:
        """Who listens to a training run: stderr, or nobody; and event files in a folder for TensorBoard.

        unit: what the speed is counted in
        """
        listener = progress.Silent() if self.quiet else progress.OnTerminal(language, unit)
        return listener if tensorboard is None else board.TensorBoard(listener, tensorboard)


def one_line(text: str) -> str:
    """The text without what would break a line or steer a terminal: such characters are written as \\n, \\x1b."""
    return _UNPRINTABLE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def whole(text: str) -> str:
    """The text of an argument, in UTF-8 whatever the environment says. Raises SettingError for bytes that are none."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        raise SettingError(f"the text {one_line(text)!r} is not UTF-8; give it in UTF-8") from None


def plain(value: Any) -> Any:
    """The value as JSON can hold it: NumPy's numbers and arrays as Python's, NaN and infinities as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Sequence):
        return [plain(each) for each in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
