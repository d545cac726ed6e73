"""Milliseconds of a training step (or a forward pass) beside PyTorch, torch.compile, JAX and ONNX Runtime.

    pip install -e ".[bench]"
    python benchmarks/steps.py                          # every row of the table of goals
    python benchmarks/steps.py --rows d128,d256 --log
    python benchmarks/steps.py --scaling --peers none   # two threads against one

All run in one process, in turns, on the same cores, with the same weights and batches (README.md beside this file
says how); before anything is timed, their losses in the first three steps must agree. "floor" is the time that the
matrix products alone take at the machine's measured peak.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module

import measure
from contenders import OURS, agree, chosen, gather, ready
from measure import alternate, medians, note, peak_flops, table
from workloads import WORKLOADS, Workload

_BATCHES = 8
_SETTERS = {OURS: ("saegim", "set_threads"), "torch": ("torch", "set_num_threads")}  # of threads while it runs


@dataclass(frozen=True)
class Result:
    """Medians in seconds by contender, how many steps of saegim they come from, and the machine's peak meanwhile."""

    work: Workload
    times: dict[str, float]
    steps: int
    peak: float

    @property
    def floor(self) -> float:
        """Seconds of the matrix products at the measured peak."""
        return self.work.flops() / self.peak

    @property
    def peers(self) -> dict[str, float]:
        return {name: each for name, each in self.times.items() if name != OURS}

    def summary(self) -> str:
        """saegim's time, beside the best peer, the goal and the floor."""
        ours = self.times[OURS]
        parts = [f"{self.work.name} {1e3 * ours:.3g} ms"]
        if self.peers:
            best = min(self.peers, key=self.peers.__getitem__)
            goal = f"goal {self.work.goal:g}"
            parts.append(f"{self.peers[best] / ours:.2f} times as fast as {best} ({goal})")
            dense = min((each for name, each in self.peers.items() if not name.endswith("rows")), default=0)
            if best.endswith("rows") and dense:
                parts.append(f"{dense / ours:.2f} times as fast as the best that moves the whole table ({goal})")
        if self.work.kind != "bag":
            parts.append(f"{ours / self.floor:.2f} times its floor")
        return ", ".join(parts)

    def text(self) -> str:
        """A table of all contenders."""
        best = min(self.times.values())
        rows = [(name, f"{1e3 * each:.3f}", f"{each / best:.2f}") for name, each in self.times.items()]
        if self.work.kind != "bag":  # which memory bounds, not arithmetic
            rows.append(("floor", f"{1e3 * self.floor:.3f}", f"{self.floor / best:.2f}"))
        return "\n".join((self.work.title, table(("", "ms", "times the fastest"), rows), self.summary()))


def measured(work: Workload, names: list[str], options: argparse.Namespace) -> Result:
    """All contenders' medians on a workload."""
    contenders = gather(names, work, options.threads)
    agree(contenders, work)
    batches = work.batches(_BATCHES, seed=1)
    before = peak_flops(options.threads)
    runs = {name: ready(each, work, batches) for name, each in contenders.items()}
    times = alternate(runs, repeats=options.repeats, limit=options.limit)
    measure.quiet()
    return Result(work, medians(times), len(times[OURS]), max(before, peak_flops(options.threads)))


def scaled(work: Workload, names: list[str], options: argparse.Namespace) -> dict[str, float]:
    """How many times as fast each contender is with all threads as with one, in turns."""
    found = {}
    for name in (each for each in names if each in _SETTERS):
        contender = gather([name], work, options.threads)[name]
        once = ready(contender, work, work.batches(_BATCHES))
        runs = {str(count): partial(_with_threads, name, count, once) for count in (1, options.threads)}
        times = medians(alternate(runs, repeats=options.repeats, limit=options.limit))
        found[name] = times["1"] / times[str(options.threads)]
    return found


def _with_threads(name: str, count: int, once: Callable[[], object]) -> object:
    module, setter = _SETTERS[name]
    getattr(import_module(module), setter)(count)
    return once()


def main() -> None:
    """Measures, prints, logs."""
    parser = measure.arguments(__doc__)
    parser.add_argument("--rows", default=",".join(WORKLOADS), help="which workloads, with commas (all)")
    parser.add_argument("--repeats", type=int, default=30, help="steps of each contender (30)")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each contender and row (60)")
    parser.add_argument("--scaling", action="store_true", help="all threads against one instead")
    options = parser.parse_args()
    unknown = sorted(set(options.rows.split(",")) - WORKLOADS.keys())
    if unknown:
        raise SystemExit(f"no row is called {', '.join(unknown)}; there are {', '.join(WORKLOADS)}")
    measure.use_threads(options.threads)
    names = chosen(options.peers)
    figures = []
    for row in options.rows.split(","):
        work = WORKLOADS[row].smaller() if options.tiny else WORKLOADS[row]
        if options.scaling:
            found = scaled(work, names, options)
            text = ", ".join(f"{name} {each:.2f}" for name, each in found.items())
            figures.append(f"{row} {text}")
            print(f"{work.title}: times as fast with {options.threads} threads as with one: {text}\n")
            continue
        result = measured(work, names, options)
        figures.append(f"{result.summary()} ({result.steps} steps)")
        print(result.text(), end="\n\n")
    command = f"steps.py --threads {options.threads}{' --scaling' * options.scaling}"
    note(command, "; ".join(figures), options.log)


if __name__ == "__main__":
    main()
