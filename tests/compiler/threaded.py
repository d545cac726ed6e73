"""Other numbers of threads for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import saegim as sg
from saegim.runtime.threads import threads


@contextmanager
def using(count: int) -> Iterator[None]:
    """Programs run with `count` threads."""
    before = threads()
    sg.set_threads(count)
    try:
        yield
    finally:
        sg.set_threads(before)
