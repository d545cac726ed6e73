"""How many wrong labels and near duplicates `saegim errors` finds that were planted in Korean movie reviews.

    python benchmarks/label_errors.py [--data FOLDER] [--sizes 3000,20000,140000] [--log]

3% of the labels are flipped at random; then each text is judged by a model that was trained without it. The precision
is a lower bound: the reviews have wrong labels of their own. Near duplicates are planted by giving 1% of the texts
again, with one of their characters left out and the other label.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import measure
import reviews

FLIPPED, AGAIN = 0.03, 0.01
FIRST = 50
HEAD = ("texts", "flipped", "likely wrong", "precision", "recall", f"of the first {FIRST}", "near duplicates", "search")


def main() -> None:
    parser = measure.arguments(__doc__)
    parser.add_argument("--data", type=Path, default=reviews.FOLDER, help="the folder of train.tsv")
    parser.add_argument("--sizes", default="3000,20000,140000", help="how many of the texts, with commas")
    parser.add_argument("--folds", type=int, default=5)
    asked = parser.parse_args()
    measure.use_threads(asked.threads)
    sizes = [100] if asked.tiny else [int(each) for each in asked.sizes.split(",")]
    with tempfile.TemporaryDirectory() as scratch:
        file, _dev = reviews.files(asked.data, asked.tiny, Path(scratch))
        rows = [row(file, size, asked.folds) for size in sizes]
    print(measure.table(HEAD, rows))
    told = "; ".join(", ".join(f"{name} {value}" for name, value in zip(HEAD, each, strict=True)) for each in rows)
    measure.note(f"label_errors.py --threads {asked.threads}", told, asked.log)


def row(file: Path, size: int, folds: int) -> tuple[str, ...]:
    """The figures of the first `size` texts."""
    import numpy as np

    from saegim.data import read_table
    from saegim.explain import conflicting_duplicates, find_mistakes, judge_by_folds
    from saegim.training import TextClassifier

    table = read_table(file, text="document", label="label", skip_bad_rows=True)
    texts, labels = table.texts[:size], (table.labels or [])[:size]
    rng = np.random.default_rng(0)
    flipped = set(rng.choice(len(texts), int(FLIPPED * len(texts)), replace=False).tolist())
    noisy = [other(label) if row in flipped else label for row, label in enumerate(labels)]
    found = find_mistakes(texts, noisy, judge_by_folds(TextClassifier("wide", seed=0), texts, noisy, folds))
    hits = [each.row in flipped for each in found.suspects]

    long = [row for row, text in enumerate(texts) if len(text) >= 12]
    again = rng.choice(long, int(AGAIN * len(texts)), replace=False).tolist()
    places = [int(rng.integers(len(texts[row]))) for row in again]
    copies = [texts[row][:place] + texts[row][place + 1 :] for row, place in zip(again, places, strict=True)]
    began = time.perf_counter()
    groups = conflicting_duplicates([*texts, *copies], [*labels, *(other(labels[row]) for row in again)])
    seconds = time.perf_counter() - began
    group = {row: number for number, each in enumerate(groups) for row in each.rows}
    together = sum(group.get(row, -1) == group.get(len(texts) + number, -2) for number, row in enumerate(again))
    return (
        f"{len(texts):,}",
        f"{len(flipped):,}",
        f"{len(hits):,}",
        f"{sum(hits) / max(len(hits), 1):.3f}",
        f"{sum(hits) / max(len(flipped), 1):.3f}",
        f"{sum(hits[:FIRST]) / max(len(hits[:FIRST]), 1):.2f}",
        f"{together} of {len(again)}",
        f"{seconds:.1f} s",
    )


def other(label: str) -> str:
    """The other of the two labels."""
    return {"0": "1", "1": "0"}[label]


if __name__ == "__main__":
    main()
