"""Where a node comes from: the layer being called and the line of source that asked for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import NamedTuple

_PACKAGE = Path(__file__).parents[1]
# Frames of these floors are the engine's own; the first frame outside them is the caller's.
_ENGINE = tuple(
    f"{_PACKAGE / floor}{os.sep}" for floor in ("ir", "reference", "autodiff", "compiler", "runtime", "tensor")
)

_layer: ContextVar[tuple[str, ...]] = ContextVar("layer", default=())
_on_behalf: ContextVar[Where | None] = ContextVar("on_behalf", default=None)


class Where(NamedTuple):
    """The dotted name of the layer (empty outside of any) and the file and line that made a node."""

    layer: str
    file: str
    line: int

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"layer {self.layer} ({place})" if self.layer else place


@contextmanager
def layer(name: str) -> Iterator[None]:
    """Nodes made inside belong to the layer `name` (nested names are joined by dots)."""
    token = _layer.set((*_layer.get(), name) if name else _layer.get())
    try:
        yield
    finally:
        _layer.reset(token)


def present_layer() -> str:
    """The dotted name of the layer being called; empty outside of any."""
    return ".".join(_layer.get())


class on_behalf_of:  # noqa: N801 - used like a function; written out, since passes enter it for every node
    """Nodes made inside belong where `where` says: a derivative or a copy is blamed on the operation it stems from."""

    __slots__ = ("_token", "_where")

    def __init__(self, where: Where) -> None:
        self._where = where

    def __enter__(self) -> None:
        self._token = _on_behalf.set(self._where)

    def __exit__(self, *_error: object) -> None:
        _on_behalf.reset(self._token)


def where_am_i() -> Where:
    """The present layer, and the nearest frame outside of the engine's own floors."""
    given = _on_behalf.get()
    if given is not None:
        return given
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_engine(frame.f_code.co_filename):
        frame = frame.f_back
    return Where(present_layer(), frame.f_code.co_filename, frame.f_lineno)


@cache
def _is_engine(filename: str) -> bool:
    return filename.startswith(_ENGINE)
