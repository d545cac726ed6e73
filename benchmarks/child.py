"""One contender, one workload, one process: what `compile_time.py` and `memory.py` start. Prints JSON.

imported        seconds to import the framework
made            seconds to make the network and its optimiser
first           seconds of the first step, compiling included
step            median seconds of the steps after it
before, peak    MB that the process held at most before the network was made, and in all
"""

from __future__ import annotations

import argparse
import json
import statistics
from importlib import import_module

import measure
from contenders import CONTENDERS, ready
from workloads import WORKLOADS


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=0, help="after the first")
    parser.add_argument("--threads", type=int, default=measure.cores())
    parser.add_argument("--tiny", action="store_true")
    options = parser.parse_args()
    measure.use_threads(options.threads)
    work = WORKLOADS[options.workload].with_batch(options.batch)
    work = work.smaller() if options.tiny else work
    state, batches = work.state(), work.batches(2)
    entry = CONTENDERS[options.contender]

    imported = measure.seconds(lambda: import_module(entry.module))
    before = measure.peak_memory()
    made = []
    making = measure.seconds(lambda: made.append(entry.make(work, state, options.threads)))
    once = ready(made[0], work, batches)
    first = measure.seconds(once)
    steps = [measure.seconds(once) for _ in range(options.steps)]
    found = {"imported": imported, "made": making, "first": first, "before": before, "peak": measure.peak_memory()}
    if steps:
        found["step"] = statistics.median(steps)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
