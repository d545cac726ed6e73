"""How it is measured: equal cores for all, one at a time, in turns; medians.

A framework's threads go on spinning for a while after its work is done and would take the cores from the next one.
Turning the spinning off would slow the framework itself down. So nobody's settings are touched: before each turn
`quiet` waits until the process uses no more CPU time, and a short step is made once before it is timed, to wake the
contender's own threads.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LOG = HERE / "LOG.md"

_QUIET_FOR = 0.004  # seconds without CPU time
_QUIET_WITHIN = 2.0
_TURN = 0.1  # seconds that a turn takes about
_MOST_IN_TURN = 100  # as in training, where one step follows the other
_SHORT = 0.05  # a step below this is made once before it is timed


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=cores(), help="for everybody (all cores)")
    parser.add_argument("--peers", default="all", help="which, with commas; 'none' for saegim alone")
    parser.add_argument("--tiny", action="store_true", help="hardly any work: only to see that it runs")
    parser.add_argument("--log", action="store_true", help="add a dated line to benchmarks/LOG.md")
    return parser


def use_threads(count: int) -> None:
    """Binds the process to `count` cores and tells every library; before frameworks are imported.

    JAX has no setting of its own: it uses the cores that the process is bound to.
    """
    if not 1 <= count <= cores():
        raise SystemExit(f"--threads: 1 to {cores()} expected, {count} given")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "SAEGIM_THREADS"):
        os.environ[name] = str(count)


def quiet() -> None:
    """Waits until the process uses no CPU time: no thread of anybody's spins any more. At most two seconds."""
    end = time.monotonic() + _QUIET_WITHIN
    while time.monotonic() < end:
        before = time.process_time()
        time.sleep(_QUIET_FOR)
        if time.process_time() - before < _QUIET_FOR / 20:
            return


def seconds(run: Callable[[], object]) -> float:
    """How long one call takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def alternate(runs: Mapping[str, Callable[[], object]], *, repeats: int, limit: float) -> dict[str, list[float]]:
    """Seconds of at least `repeats` calls of each, in turns; fewer when `limit` seconds for each are over."""
    usual = {name: min(seconds(run), seconds(run)) for name, run in runs.items()}
    found: dict[str, list[float]] = {name: [] for name in runs}
    end = time.monotonic() + limit * len(runs)
    while min(map(len, found.values())) < repeats and time.monotonic() < end:
        for name, run in runs.items():
            quiet()
            if usual[name] < _SHORT:
                run()
            times = min(_MOST_IN_TURN, max(1, int(_TURN / usual[name])))
            found[name] += [seconds(run) for _ in range(times)]
    return found


def medians(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The median of each."""
    return {name: statistics.median(each) for name, each in times.items()}


def peak_flops(threads: int) -> float:
    """Floating-point operations a second that this machine reaches now, float32, by saegim's own probe.

    Imported here, since processes that measure others do not hold saegim.
    """
    return float(import_module("saegim.runtime.measure").peak_flops(threads))


def peak_memory() -> float:
    """The most memory that this process has held so far, in MB.

    Linux's VmHWM: `getrusage` would count what the parent held when it started this process.
    """
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) / 1024
    used = import_module("resource").getrusage(import_module("resource").RUSAGE_SELF).ru_maxrss
    return float(used) / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def in_child(script: str, *options: object, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a benchmark that runs in a process of its own prints as JSON in its last line."""
    command = [sys.executable, str(HERE / script), *map(str, options)]
    done = subprocess.run(command, env=os.environ | dict(environment or {}), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:])} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) if not place else cell.rjust(width) for place, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in (head, *rows))
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(map(str.rstrip, lines))


def note(command: str, figures: str, write: bool) -> None:
    """Prints a dated line of figures, and adds it to the log if asked to."""
    line = f"- {date.today()} `python benchmarks/{command}`: {figures}\n"
    print(line, end="")
    if write:
        with LOG.open("a", encoding="utf-8") as log:
            log.write(line)
