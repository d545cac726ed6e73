"""Trains in processes that are killed at random moments, and once undisturbed; run by test_resume.py.

    python killed.py FOLDER KILLS

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

from conftest import reviews
from saegim.training import TextClassifier, trainer

SETTINGS = {"model": "bag", "epochs": 45, "patience": 45, "batch_size": 8, "checkpoint_seconds": 0.0, "seed": 3}


def train(folder: Path, *, resume: bool) -> None:
    trainer._SAVING_SHARE = 1.0  # a checkpoint every few steps
    texts, labels = reviews(200)
    TextClassifier(**SETTINGS).fit(texts, labels, folder=folder, resume=resume).save(folder)


def start(folder: Path, *, resume: bool) -> int:
    child = os.fork()
    if not child:
        try:
            train(folder, resume=resume)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child


def main(folder: Path, kills: int) -> None:
    began = time.monotonic()
    _child, status = os.waitpid(start(folder / "whole", resume=False), 0)
    assert status == 0, "the undisturbed run failed"
    seconds = time.monotonic() - began

    rng, before_the_end = random.Random(0), 0
    for _ in range(kills):
        child = start(folder / "killed", resume=True)
        time.sleep(rng.uniform(0.0, 2.5 * seconds / kills))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        before_the_end += not (folder / "killed/config.json").exists()
    _child, status = os.waitpid(start(folder / "killed", resume=True), 0)
    assert status == 0, "the last run failed"
    print(before_the_end)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
