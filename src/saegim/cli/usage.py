"""What is wrong with a command line, and the way out, in one sentence."""

from __future__ import annotations

import re
from typing import Any

# How the argument parser begins its sentences, and how they read after the name of the command.
_BEGINNINGS = {
    "No such command": "has no command",
    "Missing argument": "needs",
    "Missing option": "needs the option",
    "Missing parameter": "needs",
    "Got unexpected extra argument(s)": "takes no further arguments, but got",
    "Got unexpected extra argument": "takes no further arguments, but got",
    "Got unexpected extra arguments": "takes no further arguments, but got",
    "Invalid value for": "cannot use the value of",
}


def sentence(error: Any) -> str:
    """One sentence for an exception of the argument parser, whose classes and words differ from version to version."""
    command = error.ctx.command_path if error.ctx is not None else "saegim"
    if hasattr(error, "possibilities"):
        return f"{command} has no option {error.option_name}{_instead(error, command)}"
    message = " ".join(error.format_message().split()).replace("Value error, ", "")
    told, _, meant = message.partition(" Did you mean ")
    way_out = f"did you mean {meant}" if meant else f"{command} --help shows what it takes"
    return f"{command}{_continued(told.rstrip('.'))}; {way_out}"


def _instead(error: Any, command: str) -> str:
    if error.possibilities:
        return f"; did you mean {' or '.join(sorted(error.possibilities))}?"
    takes_texts = error.ctx is not None and any(each.name in ("text", "texts") for each in error.ctx.command.params)
    dashed = " (texts that begin with a dash go after --)" if takes_texts else ""
    return f"{dashed}; {command} --help lists all"


def _continued(message: str) -> str:
    valueless = re.fullmatch(r"Option ('.*') requires an argument", message)
    if valueless:
        return f" needs a value after {valueless[1]}"
    for beginning, words in _BEGINNINGS.items():
        if message.startswith(f"{beginning} "):
            return f" {words}{message.removeprefix(beginning)}"
    return f": {message[:1].lower()}{message[1:]}"
