"""Peak memory and examples per second of the d 256 encoder's training step, batches of 32 and 512.

    python benchmarks/memory.py [--log]

Every figure comes from a process of its own. "all" is everything that the process held at most, "the step's" what
came on top of the imported framework: weights, Adam's state and activations. Saegim's activations should not grow
with the batch, and its rate should not fall.
"""

from __future__ import annotations

import measure
from contenders import OURS, chosen
from measure import in_child, note, table
from workloads import WORKLOADS

WORKLOAD = "d256"
BATCHES = (32, 512)
SMALLER = 5  # goal: the best peer's memory at the largest batch over saegim's


def main() -> None:
    """Measures, prints, logs."""
    parser = measure.arguments(__doc__)
    parser.add_argument("--steps", type=int, default=3, help="after the first; their median counts (3)")
    options = parser.parse_args()
    child = ["--threads", options.threads, "--steps", options.steps, *(["--tiny"] if options.tiny else [])]
    rows, figures, peaks = [], [], {}
    for name in chosen(options.peers, WORKLOADS[WORKLOAD]):
        for batch in (2, 4) if options.tiny else BATCHES:
            found = in_child("child.py", name, WORKLOAD, "--batch", batch, *child)
            rate = batch / found["step"]
            extra = found["peak"] - found["before"]
            rows.append((name, str(batch), f"{found['peak']:.0f}", f"{extra:.0f}", f"{rate:.0f}"))
            figures.append(f"{name} batch {batch}: {found['peak']:.0f} MB, {rate:.0f} examples/s")
            peaks[name] = found["peak"]
    print(table(("", "batch", "all MB", "the step's MB", "examples/s"), rows), end="\n\n")
    peers = {name: each for name, each in peaks.items() if name != OURS}
    if peers:
        best = min(peers, key=peers.__getitem__)
        figures.append(f"{peers[best] / peaks[OURS]:.2f} times less than {best} (goal {SMALLER})")
    note(f"memory.py --threads {options.threads}", "; ".join(figures), options.log)


if __name__ == "__main__":
    main()
