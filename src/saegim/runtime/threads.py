"""How many threads numerical work may use.

`SAEGIM_THREADS` is read once, at the first use; `set_threads` changes the number at any time. NumPy's matrix products
run in the threads of its BLAS library, which is told through threadpoolctl.
"""

from __future__ import annotations

import os
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from saegim.errors import SettingError

_chosen: int | None = None


def set_threads(count: int) -> None:
    """Use `count` threads, at least 1, for everything that follows. Raises SettingError for another number."""
    global _chosen
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise SettingError(f"set_threads: a number of threads from 1 expected, {count!r} given")
    _controller().limit(limits=count)
    _chosen = count


def threads() -> int:
    """The number of threads in use: what `set_threads` or `SAEGIM_THREADS` says, else every core this process has."""
    if _chosen is None:
        set_threads(_from_environment() or _cores())
    assert _chosen is not None
    return _chosen


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _controller() -> ThreadpoolController:
    np.zeros((2, 2)) @ np.zeros((2, 2))  # the library must be loaded to be found
    return ThreadpoolController()


@cache
def _from_environment() -> int | None:
    """The number that `SAEGIM_THREADS` states; None when it is not set."""
    text = os.environ.get("SAEGIM_THREADS", "").strip()
    if not text:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise SettingError(f"SAEGIM_THREADS: a number of threads from 1 expected, {text!r} given")
    return int(text)
