"""Modules in parts, so that several cores compile them.

LLVM works on one module in one thread. A module that is nothing but functions and declarations can be cut between its
functions: each part declares what it calls in others, and the parts are linked in memory.
"""

from __future__ import annotations

import re
from typing import NamedTuple

SMALLEST = 20_000
"""Characters of a part for which a thread is worth while: about 10 ms of work."""

_HEAD = re.compile(r"define (?P<result>[^@]+) @(?P<name>[\w.]+)\((?P<parameters>.*)\)[^)]*\{")
_NAMES = re.compile(r" %[\w.]+(?=,|$)")
_LOCAL = ("internal ", "private ")


class _Function(NamedTuple):
    name: str
    declaration: str
    text: str


def cut(text: str, most: int) -> list[str]:
    """A module as at most `most` modules of about the same size with the same functions, each in one of them."""
    count = min(most, len(text) // SMALLEST)
    read = _read(text) if count > 1 else None
    if read is None:
        return [text]
    declarations, functions = read
    bins: list[list[_Function]] = [[] for _ in range(count)]
    for each in sorted(functions, key=lambda function: -len(function.text)):
        min(bins, key=_size).append(each)
    return [_module(declarations, functions, chosen) for chosen in bins if chosen]


def _size(functions: list[_Function]) -> int:
    return sum(len(each.text) for each in functions)


def _module(declarations: list[str], functions: list[_Function], chosen: list[_Function]) -> str:
    """The chosen functions, with declarations of all others that they mention."""
    bodies = "\n".join(each.text for each in chosen)
    mentioned = set(re.findall(r"@([\w.]+)", bodies)) - {each.name for each in chosen}
    others = [each.declaration for each in functions if each.name in mentioned]
    return "\n".join((*declarations, *others, bodies, ""))


def _read(text: str) -> tuple[list[str], list[_Function]] | None:
    """Declarations and functions; None if there is anything else, which cannot be cut."""
    declarations: list[str] = []
    functions: list[_Function] = []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith("declare "):
            declarations.append(line)
        elif line.startswith("define "):
            head = _HEAD.fullmatch(line)
            if head is None or head["result"].startswith(_LOCAL):
                return None
            whole = [line]
            while whole[-1] != "}":
                whole.append(next(lines, "}"))
            parameters = ", ".join(_NAMES.sub("", each) for each in head["parameters"].split(", "))
            declaration = f"declare {head['result']} @{head['name']}({parameters})"
            functions.append(_Function(head["name"], declaration, "\n".join(whole)))
        elif line and not line.startswith(";"):
            return None
    return declarations, functions
