"""Which rules should go first, and how strongly a temperature should be held at 1: what `together` and `calibration`
are built on, measured on Korean movie reviews.

    python benchmarks/policy.py                # prints two tables and a line for the log
    python benchmarks/policy.py --log          # adds the line to benchmarks/LOG.md
    python benchmarks/policy.py --data FOLDER  # where train.tsv and dev.tsv of NSMC are

Networks are trained on the first 300 to 20,000 texts. Validation parts are drawn from texts that no network was trained
on, again and again; what is decided by them is measured on all dev texts.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv

from reviews import FOLDER
from saegim.data import read_table
from saegim.evaluation.shares import wilson_low
from saegim.evaluation.tables import PlainTable
from saegim.rules import load_rules
from saegim.together import fitting
from saegim.together.fitting import Evidence, Wish
from saegim.together.together import evidence_of
from saegim.training import TextClassifier
from saegim.training.calibration import fit_temperature, log_loss, probabilities

Array = npt.NDArray[Any]
LOG = Path(__file__).with_name("LOG.md")
RULES = Path(__file__).parents[1] / "examples" / "movie-reviews" / "rules.yaml"

NETWORKS = (300, 1_000, 3_000, 20_000)
VALIDATION = (50, 100, 300, 1_000, 2_000)
POOL = slice(60_000, 80_000)  # of the training texts: validation parts are drawn from them
STRENGTHS = (0, 1, 4, 16, 32, 64, 128)


def criteria(texts: Evidence) -> dict[str, Array]:
    """For each way to choose, which rules go first: (R,) each."""
    right = float((texts.network == texts.numbers).mean())
    decided, hits, ahead, behind = fitting._counts(texts)
    some = decided > 0
    wilson = wilson_low(hits, decided, 0.9) >= right
    exact = np.where(hits > 0, betaincinv(np.maximum(hits, 1), decided - hits + 1, 0.1), 0) >= right
    of_its_own = wilson_low(hits, decided, 0.9) >= (hits - ahead + behind) / np.maximum(decided, 1)
    sign = 1 - betainc(ahead + 1, behind + 1, 0.5) >= 0.9
    level, lead = ahead >= behind, ahead > behind
    ours = wilson & level & some
    borne_out = fitting.try_out(texts, Wish()).borne_out
    return {
        "all rules": some,
        "ahead": lead,
        "not behind": level & some,
        "clearly ahead (sign test)": sign & some,
        "precise (Wilson)": wilson & some,
        "precise (exact)": exact & some,
        "precise among its own texts": of_its_own & level & some,
        "precise (exact), not behind": exact & level & some,
        "precise (Wilson), not behind": ours,
        "the same, borne out when tried": ours & borne_out,
    }


def gains(pool: Evidence, test: Evidence, draws: int, size: int) -> dict[str, tuple[float, float, float]]:
    """Of each way: the mean gain in accuracy over the network alone, the worst, and the share decided by rules."""
    network = test.network == test.numbers
    found: dict[str, list[tuple[float, float]]] = {}
    for draw in range(draws):
        rows = np.random.default_rng(draw).permutation(len(pool))[:size]
        for name, first in criteria(pool.take(rows)).items():
            by_rules = (test.won & first).any(1)
            gain = np.where(by_rules, test.said == test.numbers, network).mean() - network.mean()
            found.setdefault(name, []).append((float(gain), float(by_rules.mean())))
    means = {name: np.mean(each, 0) for name, each in found.items()}
    return {name: (means[name][0], min(gain for gain, _ in each), means[name][1]) for name, each in found.items()}


def losses(pool: Evidence, test: Evidence, draws: int, size: int) -> list[float]:
    """Of each strength of the prior: the mean log loss on the test texts."""

    def loss(draw: int, strength: float) -> float:
        part = pool.take(np.random.default_rng(draw).permutation(len(pool))[:size])
        return log_loss(probabilities(test.scores, fit_temperature(part.scores, part.numbers, strength)), test.numbers)

    return [float(np.mean([loss(draw, strength) for draw in range(draws)])) for strength in STRENGTHS]


def networks(folder: Path, tiny: bool) -> Iterator[tuple[int, Evidence, Evidence]]:
    """Of each network: its training texts, and the pool and the dev texts as it and the rules see them."""
    rules, limit = load_rules(RULES), 500 if tiny else 10**6
    train, dev = (read_table(folder / name, text="document", label="label") for name in ("train.tsv", "dev.tsv"))
    texts, labels = train.texts[POOL][:limit], (train.labels or [])[POOL][:limit]
    for count in NETWORKS[:1] if tiny else NETWORKS:
        classifier = TextClassifier(seed=0).fit(train.texts[:count], (train.labels or [])[:count])
        numbers, dev_numbers = (np.searchsorted(classifier.classes_, each) for each in (labels, dev.labels[:limit]))
        yield (
            count,
            evidence_of(classifier, rules, texts, numbers),
            evidence_of(classifier, rules, dev.texts[:limit], dev_numbers),
        )


def main() -> None:
    """Measures, prints, logs."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=FOLDER, help="the folder of train.tsv and dev.tsv")
    arguments.add_argument("--draws", type=int, default=40, help="validation parts of each size")
    arguments.add_argument("--tiny", action="store_true", help="only to see that it runs")
    arguments.add_argument("--log", action="store_true", help="add a line to benchmarks/LOG.md")
    chosen = arguments.parse_args()
    if not (chosen.data / "train.tsv").exists():
        raise SystemExit(f"skipped: no train.tsv in {chosen.data}; name the folder with --data")

    told = []
    for count, pool, test in networks(chosen.data, chosen.tiny):
        sizes = VALIDATION[:1] if chosen.tiny else VALIDATION
        accuracy = float((test.network == test.numbers).mean())
        print(
            f"\na network of {count:,} texts, accuracy {accuracy:.4f}: gain in points (worst; share decided by rules)"
        )
        of_size = {size: gains(pool, test, chosen.draws, size) for size in sizes}
        rows = [
            (name, *(f"{100 * of_size[size][name][0]:+.2f} ({100 * of_size[size][name][1]:+.2f}; "
                     f"{of_size[size][name][2]:.0%})" for size in sizes))
            for name in of_size[sizes[0]]
        ]  # fmt: skip
        print(PlainTable(("validation texts", *(f"{size:,}" for size in sizes)), tuple(rows)).text())
        print("\nlog loss by the strength of the prior on the temperature")
        rows = [(f"{size:,}", *(f"{each:.4f}" for each in losses(pool, test, chosen.draws, size))) for size in sizes]
        print(PlainTable(("validation texts", *map(str, STRENGTHS)), tuple(rows)).text())
        middle = of_size[sizes[-1] if chosen.tiny else 1_000]
        told.append(_in_short(count, accuracy, middle))
    line = f"- {date.today()} `python benchmarks/policy.py` ({chosen.draws} draws): {'; '.join(told)}\n"
    print(f"\n{line}")
    if chosen.log:
        with LOG.open("a", encoding="utf-8") as log:
            log.write(line)


def _in_short(count: int, accuracy: float, found: dict[str, tuple[float, float, float]]) -> str:
    names = ("all rules", "clearly ahead (sign test)", "precise (Wilson), not behind", "the same, borne out when tried")
    gained = ", ".join(f"{name} {100 * found[name][0]:+.2f}" for name in names)
    return f"network of {count:,} texts {accuracy:.4f}, points gained by 1,000 validation texts: {gained}"


if __name__ == "__main__":
    main()
