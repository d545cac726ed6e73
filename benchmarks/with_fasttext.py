"""fastText's supervised model."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import fasttext

MARK = "__label__"


class FastText:
    """Its threads race, so its figures differ a little from run to run."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> Self:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "train.txt"
            write(file, texts, labels)
            return self.fit_file(file)

    def fit_file(self, file: Path) -> Self:
        """Learns from a file in its own format."""
        self._model = fasttext.train_supervised(str(file), verbose=0, **self._settings)
        return self

    def predict(self, texts: Sequence[str]) -> list[str]:
        # Its Python wrapper asks NumPy for something that NumPy 2 refuses; the model below it does not.
        best, _likelihoods = self._model.f.multilinePredict([f"{text}\n" for text in texts], 1, 0.0, "strict")
        return [labels[0].removeprefix(MARK) for labels in best]

    def save(self, file: Path) -> None:
        self._model.save_model(str(file))

    def size_bytes(self) -> int:
        return int(self._model.get_input_matrix().nbytes + self._model.get_output_matrix().nbytes)


def write(file: Path, texts: Sequence[str], labels: Sequence[str]) -> None:
    """Labelled texts in fastText's format."""
    lines = (f"{MARK}{label} {text}\n" for text, label in zip(texts, labels, strict=True))
    file.write_text("".join(lines), encoding="utf-8")
