"""Rules and a learner whose true curves are known: does the stated interval hold the true crossing?

Every world says what the learner's true error is at n examples, at which sizes it is measured, on how many test rows,
with how many samples of each size, and where it truly passes the rules. A try draws what an experiment in that world
could have seen, as matrices of right and wrong answers, and asks the functions that the command uses.

    python tests/curve/simulation.py [TRIES]      prints the table of coverages
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from saegim.curve.crossing import Found, Outcomes
from saegim.curve.luck import Points
from saegim.curve.scores import accuracy, class_f1

THREES = (10, 30, 100, 300, 1000, 2400)


@dataclass(frozen=True)
class World:
    """true error at n; sizes (the last is the pool); test rows; samples of each size; the true crossing.

    luck: standard deviation of accuracy among samples of one row; it falls with the square root of their size
    rules: their true error; None: the learner's at the crossing
    by_class: F1 of the first of three classes is looked at, not accuracy; wrong answers name the next class
    """

    error: Callable[[np.ndarray], np.ndarray]
    crossing: float
    sizes: tuple[int, ...] = THREES
    rows: int = 600
    samples: int = 3
    luck: float = 0.15
    rules: float | None = None
    by_class: bool = False

    @property
    def rules_error(self) -> float:
        return float(self.error(np.array(self.crossing))) if self.rules is None else self.rules


def power(a: float, b: float, c: float, shift: float = 0) -> Callable[[np.ndarray], np.ndarray]:
    return lambda n: a + b * (np.asarray(n, float) + shift) ** -c


def stairs(n: np.ndarray) -> np.ndarray:
    """A curve with a bend that no power law has: learning stalls between 100 and 600 examples."""
    return np.interp(np.log(n), np.log([10, 30, 100, 600, 2000, 30000]), [0.5, 0.42, 0.33, 0.31, 0.22, 0.17])


WORLDS = {
    "usual": World(power(0.15, 1.2, 0.5), 300),
    "slow": World(power(0.05, 0.6, 0.18), 500),
    "fast, then level": World(power(0.12, 6, 1, 8), 100),
    "at chance, then falling": World(lambda n: 0.12 + 0.38 / (1 + (n / 200) ** 0.9), 300),
    "stalling in between": World(stairs, 1000),
    "near the smallest size": World(power(0.15, 1, 0.5), 20),
    "near the largest size": World(power(0.1, 0.8, 0.3), 2000),
    "beyond the largest size": World(power(0.1, 0.8, 0.3), 7000),
    "80 test rows": World(power(0.15, 0.9, 0.4), 100, (10, 20, 50, 100, 200, 320), 80),
    "80 test rows, beyond": World(power(0.15, 0.9, 0.4), 900, (10, 20, 50, 100, 200, 320), 80),
    "6,000 test rows": World(power(0.1, 0.8, 0.3), 3000, (*THREES[:-1], 3000, 10000, 30000), 6000),
    "6,000 test rows, no power law": World(stairs, 1000, (*THREES[:-1], 3000, 10000), 6000),
    "much luck in training": World(power(0.15, 1.2, 0.5), 300, rows=2000, luck=0.4),
    "2 samples": World(power(0.15, 1.2, 0.5), 300, samples=2),
    "8 samples": World(power(0.15, 1.2, 0.5), 300, samples=8),
    "F1 of a class of 200 test rows": World(power(0.15, 1.2, 0.5), 300, by_class=True),
    "F1 of a class of 30 test rows": World(power(0.15, 1.2, 0.5), 300, rows=90, by_class=True),
    "rules always ahead": World(power(0.2, 0.8, 0.5), np.inf, rules=0.17),
    "network always ahead": World(power(0.1, 0.8, 0.5), 0, rules=0.4),
}


def training_luck(world: World, rng: np.random.Generator) -> np.ndarray:
    """How much better than expected each sample turned out, (S, K): nested samples of one pool, and seeds."""
    sizes = np.array(world.sizes, float)
    pool = sizes[-1]
    spread = np.minimum(world.luck * sizes**-0.5, 0.05)
    same = np.sqrt(np.minimum.outer(sizes, sizes) / np.maximum.outer(sizes, sizes))
    other = np.sqrt(np.multiply.outer(sizes, sizes)) / pool
    alike = np.eye(world.samples)
    correlation = np.kron(alike, same) + np.kron(1 - alike, other)
    scale = np.tile(spread, world.samples)
    by_rows = np.linalg.cholesky(correlation * np.outer(scale, scale) + 1e-12 * np.eye(len(scale)))
    by_seed = 0.3 * scale * rng.standard_normal(len(scale))
    return (by_rows @ rng.standard_normal(len(scale)) + by_seed).reshape(world.samples, -1)


def answers(world: World, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Right or wrong: the learner's (K, S, M), the rules' (M,). Some test rows are hard for all."""
    sizes = np.array(world.sizes, float)
    right = np.clip(1 - world.error(sizes) + training_luck(world, rng), 0.01, 0.99)
    shape = (len(sizes), world.samples, world.rows)
    hard = rng.standard_normal(world.rows)
    at_size = rng.standard_normal((len(sizes), 1, world.rows))
    for larger in range(1, len(sizes)):
        at_size[larger] = 0.8 * at_size[larger - 1] + 0.6 * at_size[larger]
    of_learner = np.sqrt(0.6) * hard + np.sqrt(0.2) * at_size + np.sqrt(0.2) * rng.standard_normal(shape)
    of_rules = np.sqrt(0.3) * hard + np.sqrt(0.7) * rng.standard_normal(world.rows)
    return of_learner < ndtri(right.T)[:, :, None], of_rules < ndtri(1 - world.rules_error)


def outcomes(world: World, seed: int, draws: int = 1000) -> Outcomes:
    """What the command would make of one try in that world; the contenders are "network" and "rules"."""
    learner, rules = answers(world, np.random.default_rng([seed, len(world.sizes), world.rows]))
    true = np.arange(world.rows) % 3

    def score(right: np.ndarray):
        predicted = np.where(right, true, (true + 1) % 3)
        return class_f1(true, predicted, 0) if world.by_class else accuracy(true, predicted)

    points = Points(
        np.array(world.sizes, float), tuple(tuple(score(sample) for sample in samples) for samples in learner)
    )
    contenders = {"network": points, "rules": Points(None, ((score(rules),),))}
    return Outcomes(contenders, world.sizes[-1], world.rows / 3 if world.by_class else world.rows, draws=draws)


def holds(one: Found, crossing: float) -> bool:
    """Whether the interval holds the true crossing; an end outside of the range reaches everything there."""
    return (one.low is None or one.low <= crossing) and (one.high is None or crossing <= one.high)


def main(tries: int) -> None:
    print(f"{tries} tries each; typical: medians of the low end, the value and the high end; gain: of 100 more labels")
    for name, world in WORLDS.items():
        print(f"{name:30} {world.crossing:6}", figures(world, tries), flush=True)


def figures(world: World, tries: int) -> str:
    """How often the intervals held the truth, and what they typically are."""
    pool = world.sizes[-1]
    all_outcomes = [outcomes(world, seed) for seed in range(tries)]
    crossings = [one.crossing("network", "rules") for one in all_outcomes]
    gains = [one.gain("network", pool, 100) for one in all_outcomes]
    gain = float(world.error(np.array(pool)) - world.error(np.array(pool + 100)))
    held = np.mean([holds(one, world.crossing) for one in crossings])
    early = np.mean([one.high is not None and one.high < world.crossing for one in crossings])
    gain_held = np.mean([one.low <= gain <= one.high for one in gains])
    low, value, high = (
        np.median([getattr(one, end) or (0 if one.answer == "start" or end == "low" else np.inf) for one in crossings])
        for end in ("low", "value", "high")
    )
    return f"held {held:.1%}, below it {early:.1%}, typical {low:,.0f} {value:,.0f} {high:,.0f}; gain {gain_held:.1%}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
