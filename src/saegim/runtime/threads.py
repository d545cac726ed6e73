"""How many threads numerical work may use.

NumPy's matrix products run in the threads of a BLAS library, which is told through threadpoolctl; libraries that are
loaded later read the number from the environment.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

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
    return cores() if _chosen is None else _chosen


def cores() -> int:
    """How many cores this process may use: those it is bound to, and no more than its container is granted."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(bound, _granted()))


def follow_environment() -> None:
    """Uses as many threads as `SAEGIM_THREADS` says, if it is set. Called once, when tensors are imported."""
    text = os.environ.get("SAEGIM_THREADS", "").strip()
    if not text:
        return
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise SettingError(f"SAEGIM_THREADS: a number of threads of at least 1 expected, {text!r} given")
    set_threads(int(text))


@cache
def _granted() -> int:
    """The cores that the container grants, rounded up; threads beyond them would only be stopped by the system."""
    return min(_quotas(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")), default=1 << 20)


def _quotas(own: Path, root: Path) -> Iterator[int]:
    """The cores that each of this process's control groups and those above them grant, where they set a limit.

    own: lines `number:controllers:path`; without controllers it is a group of version 2, whose `cpu.max` says
    "quota period" or "max period" in microseconds. Version 1 keeps the two in two files. Inside a container the path
    may be that of the world outside, while the group itself lies at the root; hence all folders upwards are asked.
    """
    for line in _read(own).splitlines():
        _, *rest = line.split(":", 2)
        if len(rest) != 2:
            continue
        controllers, path = rest
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / controllers if controllers else root
        for folder in _upwards(path.strip("/")):
            if controllers:
                said = f"{_read(top / folder / 'cpu.cfs_quota_us')} {_read(top / folder / 'cpu.cfs_period_us')}"
            else:
                said = _read(top / folder / "cpu.max")
            match said.split():
                case [quota, period] if quota.isdecimal() and period.isdecimal() and int(period) > 0:
                    yield max(1, math.ceil(int(quota) / int(period)))


def _upwards(path: str) -> Iterator[str]:
    """A relative path and all above it, down to the empty one."""
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
