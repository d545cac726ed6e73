"""fastText, linear models over TF-IDF and saegim's network on the demo's 105 languages: one split, one process.

    pip install -e ".[bench]"
    python benchmarks/language_id.py              # prints the comparison, adds a line to benchmarks/LOG.md
    python benchmarks/language_id.py --no-log

Besides the demo's contenders there are fastText with n-grams of 1 to 4 characters, and LinearSVC fitted by
liblinear, which shows that the demo's faster way to a linear SVM takes nothing away.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from saegim.demo.languages import build, cldr_version, split
from saegim.evaluation.compare import Contender, LabelledTexts, classical_contenders, compare
from saegim.evaluation.comparison import Comparison
from saegim.evaluation.learned import Learned
from saegim.evaluation.tables import PlainTable
from saegim.training import TextClassifier
from with_fasttext import FastText

LOG = Path(__file__).with_name("LOG.md")
NETWORK = "saegim network"


class Liblinear:
    """LinearSVC over TF-IDF of characters, case kept: the features of the demo's linear SVM."""

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        self._features = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, min_df=2, lowercase=False, dtype=np.float32
        )
        self._svm = LinearSVC(C=1, tol=0.1, dual=True, random_state=0)
        self._svm.fit(self._features.fit_transform(texts), list(labels))
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        return [str(label) for label in self._svm.predict(self._features.transform(texts))]

    def size_bytes(self) -> int:
        return int(self._svm.coef_.nbytes + self._svm.intercept_.nbytes)


def contenders(threads: int) -> list[Contender]:
    """All that are measured; the network is the last."""
    settings = {
        "minn": 1,
        "maxn": 4,
        "dim": 64,
        "lr": 1.0,
        "epoch": 10,
        "bucket": 200_000,
        "thread": threads,
        "seed": 0,
    }
    _, *classical = classical_contenders(threads=threads)
    return [
        Contender("fastText", "learned", lambda texts, labels: FastText(**settings).fit(texts, labels)),
        Contender("TF-IDF + LinearSVC", "classical", lambda texts, labels: Liblinear().fit(texts, labels)),
        *classical,
        Contender(
            NETWORK, "learned", lambda texts, labels: Learned(TextClassifier(threads=threads).fit(texts, labels))
        ),
    ]


def ratios(comparison: Comparison) -> PlainTable:
    """How many times as long each of the others takes to build as the network, and how much less accurate it is."""
    network = comparison.result(NETWORK).measurement
    rows = []
    for one in comparison.finished()[:-1]:
        times = (one.measurement.build_seconds or 0.0) / (network.build_seconds or 1.0)
        gain = comparison.differences(NETWORK, one.name).accuracy
        rows.append((one.name, f"{times:.2f}", f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"))
    return PlainTable(("contender", "build time / network's", "network's accuracy minus its"), tuple(rows))


def dated_line(comparison: Comparison, threads: int) -> str:
    """The figures as one line of the log."""
    figures = [
        f"{one.name} {one.scores.accuracy:.4f} in {one.measurement.build_seconds:.1f} s"
        for one in comparison.finished()
        if one.scores is not None
    ]
    measured = f"CLDR {cldr_version()}, {len(comparison.true):,} test texts, {threads} threads"
    return f"- {date.today()} `python benchmarks/language_id.py` ({measured}): accuracy {'; '.join(figures)}\n"


def main() -> None:
    """Measures, prints, logs."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--no-log", action="store_true", help="do not add a line to benchmarks/LOG.md")
    arguments.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    chosen = arguments.parse_args()

    train, test = (LabelledTexts(*zip(*part, strict=True)) for part in split(build()))
    comparison = compare(contenders(chosen.threads), train, test, progress=print)
    print(comparison.table().text(), ratios(comparison).text(), sep="\n\n")
    line = dated_line(comparison, chosen.threads)
    print(line)
    if not chosen.no_log:
        with LOG.open("a", encoding="utf-8") as log:
            log.write(line)


if __name__ == "__main__":
    main()
