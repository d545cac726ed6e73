"""Does a learning curve's interval hold the true crossing on real texts? Many small experiments against one large.

    python benchmarks/crossing.py --data nsmc/train.tsv --text document --label label
    python benchmarks/crossing.py ... --experiments 50 --log       # adds a line to benchmarks/LOG.md

Each experiment is what a user with 1,400 labelled texts would do: 400 to measure on, samples of the other 1,000 to
learn from, TF-IDF with a linear SVM against the rules of examples/movie-reviews. The truth comes from other texts: the
mean of many learners at each size, and the rules, all on 6,000 test texts. All parts are drawn from one table and share
no row.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from saegim.curve import Task, classical, measure
from saegim.curve.crossing import crossings
from saegim.curve.sampling import nested_order, sizes_up_to
from saegim.data import read_table
from saegim.evaluation import score
from saegim.evaluation.compare import LabelledTexts
from saegim.rules import RuleSet, load_rules

LOG = Path(__file__).with_name("LOG.md")
EXAMPLE = Path(__file__).parents[1] / "examples" / "movie-reviews"
LEARNER = replace(classical(threads=1), kind="learned")  # measured like a network: by all scores
METRICS = ("accuracy", "macro_f1")


@dataclass(frozen=True)
class Sizes:
    """How many texts an experiment has, how many the truth, and how many learners give it."""

    pool: int = 1000
    test: int = 400
    truth: int = 6000
    learners: int = 20


class Texts:
    """The rows of a table in an order that is drawn; parts are taken one after the other."""

    def __init__(self, path: Path, text: str | None, label: str | None) -> None:
        table = read_table(path, text=text, label=label)
        order = np.random.default_rng(0).permutation(len(table))
        self._left = [(table.texts[row], (table.labels or [])[row]) for row in order]

    def take(self, rows: int) -> LabelledTexts:
        if rows > len(self._left):
            raise SystemExit(f"{rows} more texts are needed, but {len(self._left)} are left; give a larger table")
        taken, self._left = self._left[:rows], self._left[rows:]
        return LabelledTexts(*map(list, zip(*taken, strict=True)))


def truth(texts: Texts, rules: RuleSet, sizes: Sizes) -> dict[str, float]:
    """From how many texts on the learner truly passes the rules, by each metric."""
    test, steps = texts.take(sizes.truth), sizes_up_to(sizes.pool)
    learned = np.zeros((len(METRICS), len(steps)))
    for number in range(sizes.learners):
        pool = texts.take(sizes.pool)
        order = nested_order(pool.labels, number)
        for place, size in enumerate(steps):
            rows = order[:size]
            some = [pool.texts[row] for row in rows], [pool.labels[row] for row in rows]
            predicted = LEARNER.build(*some, number, lambda: None).predict(test.texts)
            learned[:, place] += scores(test.labels, predicted)
    lead = learned / sizes.learners - scores(test.labels, rules.predict(test.texts))[:, None]
    return dict(zip(METRICS, crossings(lead, np.array(steps, float)).tolist(), strict=True))


def scores(true: Sequence[str], predicted: Sequence[str | None]) -> np.ndarray:
    found = score(true, predicted)
    return np.array([found.accuracy, found.macro_f1])


def main() -> None:
    options = arguments()
    sizes = Sizes(110, 60, 200, 2) if options.tiny else Sizes()
    texts, rules = Texts(options.data, options.text, options.label), load_rules(EXAMPLE / "rules.yaml")
    true = truth(texts, rules, sizes)
    print(f"true crossings: {true}", flush=True)
    found = {metric: [] for metric in METRICS}
    for number in range(options.experiments):
        pool, test = texts.take(sizes.pool), texts.take(sizes.test)
        curve = measure(Task(pool, test, rules, samples=3, seed=number), [LEARNER])
        for metric in METRICS:
            one = curve.crossing(LEARNER.name, "rules", metric)
            found[metric].append(one)
            print(f"{number} {metric}: {one.low} {one.value} {one.high} {one.reason or one.answer}", flush=True)
    line = "; ".join(summary(metric, true[metric], found[metric]) for metric in METRICS)
    command = f"python benchmarks/crossing.py --experiments {options.experiments}"
    print(f"`{command}`: {line}")
    if options.log:
        with LOG.open("a", encoding="utf-8") as log:
            log.write(f"- {date.today()} `{command}` ({options.data.name}): {line}\n")


def summary(metric: str, true: float, found: Sequence) -> str:
    held = sum((one.low or 0) <= true <= (one.high or np.inf) for one in found)
    value = np.median([one.value or (0 if one.answer == "start" else np.inf) for one in found])
    return f"{metric}: true crossing {true:.0f}, held in {held} of {len(found)}, median {value:.0f}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=EXAMPLE / "reviews.csv", help="a table of labelled reviews")
    parser.add_argument("--text", help="the column of texts")
    parser.add_argument("--label", help="the column of labels")
    parser.add_argument("--experiments", type=int, default=50)
    parser.add_argument("--tiny", action="store_true", help="hardly any texts, only to see that it runs")
    parser.add_argument("--log", action="store_true", help="add a line to LOG.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
