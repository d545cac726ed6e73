"""What was measured so far, in one file that is whole or absent: `curve.json` in a folder.

The file holds the predictions of every point, by which the same command goes on where it was stopped, and the finished
curve. Points belong to one set of data and settings, named by a digest; those of another are refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from saegim.curve.analysis import Answers
from saegim.curve.plain import from_plain
from saegim.curve.result import Curve
from saegim.errors import DataError, ModelFileError
from saegim.training import files

__all__ = ["NAME", "Store", "digest_of", "read_curve"]

NAME = "curve.json"
FORMAT = 1
LONGEST_FILE = 1 << 30


@dataclass(frozen=True)
class _Stored:
    """One point in the file; predictions are class numbers, 0 for an abstention and else 1 more, deflated, base64."""

    name: str
    size: int
    sample: int
    seconds: float
    predicted: str


@dataclass
class Store:
    """Keeps answers; in `folder/curve.json`, or nowhere.

    digest: of data and settings. rows: test texts. classes: how many there are.
    """

    folder: Path | None
    digest: str
    rows: int
    classes: int
    answers: list[Answers] = field(default_factory=list)

    def resume(self) -> None:
        """Takes the points that the file holds; none without a file.

        Raises ModelFileError for points of other data or settings, or a file that is damaged.
        """
        if self.folder is None or not (self.folder / NAME).exists():
            return
        path = self.folder / NAME
        content = _content(path)
        if content.get("digest") != self.digest:
            raise ModelFileError(
                f"{path} holds points of other data, settings or version; repeat that command's options, or measure "
                "without --resume"
            )
        with _explained(path):
            stored = from_plain(_File, {"points": content.get("points")}).points
            self.answers = [self._answers(one) for one in stored]

    def add(self, one: Answers) -> None:
        """Keeps one more point."""
        self.answers.append(one)
        self._write(None)

    def finish(self, curve: Curve) -> None:
        """Keeps the curve beside its points."""
        self._write(curve)

    def find(self, name: str, size: int, sample: int) -> Answers | None:
        """The point, if it was measured."""
        return next((one for one in self.answers if (one.name, one.size, one.sample) == (name, size, sample)), None)

    def _write(self, curve: Curve | None) -> None:
        if self.folder is None:
            return
        content = {
            "format": FORMAT,
            "digest": self.digest,
            "points": [vars(_stored(one)) for one in self.answers],
            "curve": None if curve is None else curve.to_dict(),
        }
        files.write_atomically(self.folder / NAME, json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))

    def _answers(self, one: _Stored) -> Answers:
        predicted = _inflated(one.predicted, 2 * self.rows)
        numbers = np.frombuffer(predicted, "<u2").astype(np.int64) - 1
        if (
            len(numbers) != self.rows
            or (len(numbers) and numbers.max() >= self.classes)
            or one.size < 1
            or one.sample < 0
        ):
            raise DataError(f"points: predictions of {one.name!r} are not those of {self.rows:,} test texts")
        return Answers(one.name, one.size, one.sample, numbers, one.seconds)


@dataclass(frozen=True)
class _File:
    points: tuple[_Stored, ...]


def digest_of(parts: Iterable[Sequence[str]], *settings: object) -> str:
    """The digest of texts, labels and settings."""
    digest = hashlib.sha256(repr(settings).encode("utf-8", "replace"))
    for part in parts:
        digest.update(f"\0{len(part)}\0".encode())
        for text in part:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def read_curve(path: Path) -> Curve:
    """The finished curve in a file, or in a folder's `curve.json`.

    Raises ModelFileError for a file that is missing, damaged, or of a measurement that did not end.
    """
    path = path / NAME if path.is_dir() else path
    curve = _content(path).get("curve")
    if curve is None:
        raise ModelFileError(f"{path} is of a measurement that did not end; the same command with --resume goes on")
    with _explained(path):
        return Curve.from_dict(curve)


def _content(path: Path) -> dict[str, Any]:
    files.require_file(path)
    if path.stat().st_size > LONGEST_FILE:
        raise ModelFileError(f"{path} is larger than any curve; measure the curve again")
    try:
        content = json.loads(files.read_content(path))
    except (ValueError, RecursionError):
        raise ModelFileError(f"{path} is no whole JSON file; measure the curve again") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelFileError(f"{path} is not of the form that this version writes; measure the curve again")
    return content


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """What is wrong with a file's content as ModelFileError that names the file."""
    try:
        yield
    except DataError as error:
        raise ModelFileError(f"{path} is damaged: {error}; measure the curve again") from None


def _stored(one: Answers) -> _Stored:
    numbers = (one.predicted + 1).astype("<u2").tobytes()
    return _Stored(one.name, one.size, one.sample, one.seconds, base64.b64encode(zlib.compress(numbers, 9)).decode())


def _inflated(text: str, size: int) -> bytes:
    """The bytes, at most `size` of them."""
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(base64.b64decode(text, validate=True), size + 1)
    except (ValueError, binascii.Error, zlib.error):
        raise DataError("points: predictions that cannot be unpacked") from None
    if len(content) > size:
        raise DataError("points: more predictions than test texts")
    return content
