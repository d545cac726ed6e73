"""Seconds to the first finished training step of the d 256 encoder, in fresh processes, cold and with caches.

    python benchmarks/compile_time.py [--log]

"cold" starts with an empty cache folder for every framework that has one; "cached" is the next process with what the
first one left there. A framework's import and the making of the network stand in columns of their own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import measure
from contenders import OURS, chosen
from measure import in_child, note, table
from workloads import WORKLOADS

WORKLOAD = "d256"
GOALS = {"cold": 2.0, "cached": 0.3}  # seconds, saegim


def cache_environment(folder: Path) -> dict[str, str]:
    """Settings by which every framework keeps what it compiled in a folder."""
    return {
        "SAEGIM_CACHE": str(folder / "saegim"),
        "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor"),
        "JAX_COMPILATION_CACHE_DIR": str(folder / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def first_steps(name: str, child: list[object], repeats: int) -> dict[str, dict[str, float]]:
    """The fastest cold and the fastest cached start of a contender."""
    found: dict[str, list[dict[str, float]]] = {"cold": [], "cached": []}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            environment = cache_environment(Path(folder))
            for start in found.values():
                start.append(in_child("child.py", name, WORKLOAD, *child, environment=environment))
    return {start: min(each, key=lambda one: one["first"]) for start, each in found.items()}


def main() -> None:
    """Measures, prints, logs."""
    parser = measure.arguments(__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="processes of each, of which the fastest counts (3)")
    options = parser.parse_args()
    child = ["--threads", options.threads, *(["--tiny"] if options.tiny else [])]
    rows, figures = [], []
    for name in chosen(options.peers, WORKLOADS[WORKLOAD]):
        for start, each in first_steps(name, child, options.repeats).items():
            goal = f"{GOALS[start]:g}" if name == OURS else ""
            rows.append((name, start, *(f"{each[part]:.2f}" for part in ("imported", "made", "first")), goal))
            figures.append(f"{name} {start} {each['first']:.2f} s")
    print(table(("", "start", "import s", "make s", "first step s", "goal"), rows), end="\n\n")
    note(f"compile_time.py --threads {options.threads}", ", ".join(figures), options.log)


if __name__ == "__main__":
    main()
