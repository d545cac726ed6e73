"""The labelled texts of `bag.py` and `predict.py`: NSMC, Korean movie reviews, or made-up ones for a trial."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "nsmc"
"""Holds train.tsv and dev.tsv: a header, then id, document and label (0 or 1), split by tabs."""

_FIRST_SYLLABLE = 0xAC00


def files(folder: Path, tiny: bool, scratch: Path) -> tuple[Path, Path]:
    """The files of texts to train on and to measure on. Ends the program with a message when there are none."""
    if tiny:
        return _made_up(scratch / "train.tsv", 400, 0), _made_up(scratch / "dev.tsv", 300, 1)
    train, dev = folder / "train.tsv", folder / "dev.tsv"
    if not (train.exists() and dev.exists()):
        raise SystemExit(f"skipped: no train.tsv and dev.tsv in {folder}; name the folder with --data")
    return train, dev


def _made_up(file: Path, count: int, seed: int) -> Path:
    """Texts of random syllables; those of one class come from the upper half of a small alphabet."""
    rng = np.random.default_rng(seed)
    lines = ["id\tdocument\tlabel"]
    for number in range(count):
        label = number % 2
        codes = _FIRST_SYLLABLE + 28 * rng.integers(10 * label, 10 * label + 12, (4, 3))
        text = " ".join("".join(map(chr, word)) for word in codes)
        lines.append(f"{number}\t{text}\t{label}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file
