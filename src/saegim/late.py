"""The one door through which heavy modules come in: when they are first used.

Importing scikit-learn, SciPy or polars takes seconds; a command that does not need them should not wait.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class Late(ModuleType):
    """A module that is imported when something is first asked of it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


def late(module: str) -> Any:
    """The module of that name, not imported yet. Typed Any; type checkers see a real import beside it."""
    return Late(module)
