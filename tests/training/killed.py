"""Trains in processes that are killed at random moments, and once undisturbed; run by test_resume.py.

    python killed.py FOLDER KILLS texts|images|drawings

Leaves FOLDER/killed and FOLDER/whole, and prints how many kills came before the run was finished. Processes are
forked from this one, so that each begins at once.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from conftest import bars, reviews
from saegim.training import ImageClassifier, ImageGenerator, TextClassifier, trainer

SETTINGS = {"epochs": 45, "patience": 45, "batch_size": 8, "checkpoint_seconds": 0.0, "seed": 3}
KINDS = {
    "texts": lambda: (TextClassifier("bag", **SETTINGS), *reviews(200)),
    "images": lambda: (ImageClassifier(**SETTINGS | {"epochs": 12}), *bars(200)),
    "drawings": lambda: (ImageGenerator(**SETTINGS | {"epochs": 2}, size=16, blocks=1), *bars(200)),
}


def train(folder: Path, kind: str, **options: bool) -> None:
    trainer._SAVING_SHARE = 1.0  # a checkpoint every few steps
    classifier, examples, labels = KINDS[kind]()
    if options.pop("briefly", False):
        classifier.set_params(epochs=1)
    classifier.fit(examples, labels, folder=folder, **options).save(folder)


def start(folder: Path, kind: str, **options: bool) -> int:
    child = os.fork()
    if not child:
        try:
            train(folder, kind, **options)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child


def main(folder: Path, kills: int, kind: str) -> None:
    os.waitpid(start(folder / "whole", kind, briefly=True), 0)  # compiles the programs that the others find
    began = time.monotonic()
    _child, status = os.waitpid(start(folder / "whole", kind), 0)
    assert status == 0, "the undisturbed run failed"
    seconds = time.monotonic() - began

    rng, before_the_end = random.Random(0), 0
    for _ in range(kills):
        child = start(folder / "killed", kind, resume=True)
        time.sleep(rng.uniform(0.0, 2.5 * seconds / kills))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        before_the_end += not (folder / "killed/config.json").exists()
    _child, status = os.waitpid(start(folder / "killed", kind, resume=True), 0)
    assert status == 0, "the last run failed"
    print(before_the_end)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
