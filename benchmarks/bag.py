"""The `bag` classifier on Korean movie reviews, from file to model, beside fastText.

    pip install -e ".[bench]"
    python benchmarks/bag.py [--data FOLDER] [--log]

Both read the same file's texts (fastText in its own format, written beforehand) and save a model. fastText is given
saegim's dimension, epochs and number of buckets, and n-grams of words and of 1 to 4 characters; the differences that
remain: its characters are those of one word each, saegim's run over the whole text and are also cut at the edges of
Hangul syllables, and saegim keeps a tenth of the texts for validation and has a linear layer over the n-grams besides
the embeddings. Times are from the imported library on, medians of runs in turns.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import measure
import reviews
from measure import note, quiet, table

# What is timed inside of saegim's training: a name for the reader, and where it is called.
_PARTS = {
    "n-grams of the training part": ("saegim.models.encoder.TextEncoder", "fit"),
    "n-grams of the validation part": ("saegim.models.encoder.TextEncoder", "encode"),
    "batches, beside steps": ("saegim.models.batch.EncodedTexts", "batch"),
    "steps": ("saegim.training.step.TrainStep", "__call__"),
    "first steps of a shape": ("saegim.training.step.TrainStep", "_record"),
    "validation": ("saegim.training.scoring.Scorer", "__call__"),
}
_INSIDE = ("first steps of a shape", "batches, beside steps")  # of another part, or at the same time


@dataclass
class Run:
    """What came of one training: seconds from file to model, of its parts, accuracy on the other file, and the model's
    dimension, epochs and buckets."""

    seconds: float
    accuracy: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


@contextmanager
def stopwatch(parts: dict[str, tuple[str, str]]) -> Iterator[dict[str, float]]:
    """Adds up the seconds that are spent in methods, by name."""
    spent = dict.fromkeys(parts, 0.0)

    def timed(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return method(*args, **kwargs)
            finally:
                spent[name] += time.perf_counter() - began

        return call

    with ExitStack() as stack:
        for name, (path, method) in parts.items():
            module, kind = path.rsplit(".", 1)
            owner = getattr(import_module(module), kind)
            stack.enter_context(patch.object(owner, method, timed(name, getattr(owner, method))))
        yield spent


def ours(train: Path, dev: tuple[list[str], list[str]], out: Path, options: argparse.Namespace) -> Run:
    """saegim: read, train, save."""
    from saegim.data import read_table
    from saegim.training import TextClassifier

    with stopwatch(_PARTS) as parts:
        began = time.perf_counter()
        read = read_table(train)
        reading = time.perf_counter() - began
        classifier = TextClassifier("bag", epochs=options.epochs, threads=options.threads).fit(read.texts, read.labels)
        fitted = time.perf_counter()
        classifier.save(out)
        end = time.perf_counter()
    parts = {"reading": reading, **parts, "saving": end - fitted}
    parts["everything else"] = end - began - sum(each for name, each in parts.items() if name not in _INSIDE)
    reader = classifier.network.config.reader
    assert reader is not None, "a bag has a deep part"
    sizes = {
        "dim": reader.width,
        "epoch": len(classifier.history_),
        "bucket": classifier.encoder.vectorizer.buckets,
    }
    return Run(end - began, classifier.score(*dev), parts, sizes)


def fasttexts(train: Path, dev: tuple[list[str], list[str]], out: Path, settings: dict[str, Any]) -> Run:
    """fastText: read, train, save."""
    from with_fasttext import FastText

    began = time.perf_counter()
    model = FastText(minn=1, maxn=4, wordNgrams=1, **settings).fit_file(train)
    model.save(out / "fasttext.bin")
    seconds = time.perf_counter() - began
    found = model.predict(dev[0])
    return Run(seconds, statistics.fmean(one == other for one, other in zip(found, dev[1], strict=True)))


def in_turns(train: Path, dev_file: Path, scratch: Path, options: argparse.Namespace) -> dict[str, list[Run]]:
    """All runs of saegim and, if it is installed, fastText."""
    from saegim.data import read_table

    dev_table = read_table(dev_file)
    dev = dev_table.texts, dev_table.labels or []
    peer = options.peers != "none" and find_spec("fasttext") is not None
    if options.peers != "none" and not peer:
        print("fastText is left out: not installed (pip install -e '.[bench]')")
    own_file = scratch / "train.txt"
    if peer:
        labelled = read_table(train)
        import_module("with_fasttext").write(own_file, labelled.texts, labelled.labels)
    found: dict[str, list[Run]] = {name: [] for name in ("saegim", "fastText")[: 1 + peer]}
    for number in range(options.repeats):
        quiet()
        found["saegim"].append(ours(train, dev, scratch / f"model-{number}", options))
        if peer:
            quiet()
            settings = found["saegim"][-1].sizes | {"thread": options.threads, "lr": options.lr}
            found["fastText"].append(fasttexts(own_file, dev, scratch, settings))
    return found


def main() -> None:
    """Measures, prints, logs."""
    parser = measure.arguments(__doc__)
    parser.add_argument("--data", type=Path, default=reviews.FOLDER, help="folder with train.tsv and dev.tsv")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=0.25, help="fastText's learning rate; of 0.1 to 1 its best")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    measure.use_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        train, dev = reviews.files(options.data, options.tiny, Path(folder))
        found = in_turns(train, dev, Path(folder), options)

    own = found["saegim"]
    seconds = {name: statistics.median(run.seconds for run in runs) for name, runs in found.items()}
    accuracy = {name: statistics.median(run.accuracy for run in runs) for name, runs in found.items()}
    rows = [(name, f"{seconds[name]:.2f}", f"{accuracy[name]:.4f}") for name in found]
    print(table(("file to model", "seconds", "accuracy"), rows), end="\n\n")
    parts = {name: statistics.median(run.parts[name] for run in own) for name in own[0].parts}
    print(table(("saegim's seconds", ""), [(name, f"{each:.2f}") for name, each in parts.items()]), end="\n\n")
    sizes = ", ".join(f"{name} {each:,}" for name, each in own[0].sizes.items())
    figures = "; ".join(f"{name} {seconds[name]:.1f} s, accuracy {accuracy[name]:.4f}" for name in found)
    note(f"bag.py --threads {options.threads}", f"{figures} ({sizes})", options.log)


if __name__ == "__main__":
    main()
