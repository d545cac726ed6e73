"""How many threads numerical work may use.

NumPy's matrix products run in the threads of a BLAS library, which is told through threadpoolctl; libraries that are
loaded later read the number from the environment.
"""

from __future__ import annotations

import os

from saegim.errors import SettingError
from saegim.late import late

# What OpenBLAS, MKL, Accelerate and OpenMP read when they are loaded.
_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS")

_chosen: int | None = None


def set_threads(count: int) -> None:
    """Use `count` threads, at least 1, from now on. Raises SettingError for anything else."""
    global _chosen
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise SettingError(f"set_threads: a number of threads of at least 1 expected, {count!r} given")
    late("threadpoolctl").ThreadpoolController().limit(limits=count)
    os.environ.update(dict.fromkeys(_VARIABLES, str(count)))
    _chosen = count


def threads() -> int:
    """The number of threads in use: what `set_threads` was told, else every core that this process may use."""
    if _chosen is not None:
        return _chosen
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def follow_environment() -> None:
    """Uses as many threads as `SAEGIM_THREADS` says, if it is set. Called once, when tensors are imported."""
    text = os.environ.get("SAEGIM_THREADS", "").strip()
    if not text:
        return
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise SettingError(f"SAEGIM_THREADS: a number of threads of at least 1 expected, {text!r} given")
    set_threads(int(text))
