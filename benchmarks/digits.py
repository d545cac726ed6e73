"""The image classifier on scikit-learn's digits: accuracy on a fixed fifth of them, five seeds, and the seconds.

    pip install -e ".[bench]"
    python benchmarks/digits.py              # one split for all seeds
    python benchmarks/digits.py --splits     # each seed has a split of its own
    python benchmarks/digits.py --log

1,797 handwritten digits of 8 x 8 pixels; four fifths of each class are learned from. Beside it, on the same split, two
classifiers of scikit-learn that read the pixels as numbers: a support vector machine (RBF kernel) and logistic
regression. "CPU" are the seconds that all threads computed, which other programs on the machine do not lengthen much.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

import measure
from measure import note, table

_PARAMETERS = {"support vectors": {"C": 10}, "logistic regression": {"max_iter": 2000}}


def split(labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to learn from and a stratified fifth to measure on."""
    from saegim.data import stratified_split

    return stratified_split([str(each) for each in labels], 0.2, seed)


def ours(data: Any, rows: np.ndarray, test: np.ndarray, seed: int, options: Any) -> tuple[float, float, float]:
    """Accuracy, seconds, and seconds of all threads together."""
    from saegim.training import ImageClassifier

    classifier = ImageClassifier(seed=seed, threads=options.threads, epochs=1 if options.tiny else None)
    began, computed = time.perf_counter(), time.process_time()
    classifier.fit(data.images[rows], data.target[rows])
    taken = time.perf_counter() - began, time.process_time() - computed
    return classifier.score(data.images[test], data.target[test]), *taken


def peers(data: Any, rows: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """The accuracy of each of scikit-learn's."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import SVC

    kinds = {"support vectors": SVC, "logistic regression": LogisticRegression}
    pixels = data.data / 16
    return {
        name: float(
            kind(**_PARAMETERS[name]).fit(pixels[rows], data.target[rows]).score(pixels[test], data.target[test])
        )
        for name, kind in kinds.items()
    }


def main() -> None:
    """Measures, prints, logs."""
    parser = measure.arguments(__doc__)
    parser.add_argument("--splits", action="store_true", help="each seed has a split of its own")
    parser.add_argument("--seeds", type=int, default=5, help="how many (5)")
    options = parser.parse_args()
    measure.use_threads(options.threads)
    from sklearn.datasets import load_digits

    data, found, others = load_digits(), [], []
    for seed in range(options.seeds):
        rows, test = split(data.target, seed if options.splits else 0)
        found.append(ours(data, rows, test, seed, options))
        if options.peers != "none" and (options.splits or not seed):
            others.append(peers(data, rows, test))
    lines = [(str(seed), f"{a:.4f}", f"{s:.1f}", f"{c:.1f}") for seed, (a, s, c) in enumerate(found)]
    print(table(("seed", "accuracy", "seconds", "CPU"), lines), end="\n\n")
    mean = np.mean(found, 0)
    figures = f"mean accuracy {mean[0]:.4f} (lowest {min(each[0] for each in found):.4f}) in {mean[1]:.1f} s"
    figures += f", {mean[2]:.1f} s of CPU (goal: 0.985 in 60 s)"
    for name in others[0] if others else ():
        figures += f"; {name} {np.mean([each[name] for each in others]):.4f}"
    note(f"digits.py --threads {options.threads}{' --splits' * options.splits}", figures, options.log)


if __name__ == "__main__":
    main()
