"""Lines of text from a file or from standard input, as they arrive."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from saegim.data.encoding import decode
from saegim.errors import DataError

STDIN = "-"
_AT_ONCE = 1 << 20  # bytes; of a pipe, what is there is taken at once


@contextmanager
def opened(path: str) -> Iterator[io.BufferedReader]:
    """The file's bytes; `-` is standard input. Raises DataError."""
    if path == STDIN:
        if sys.stdin is None:
            raise DataError("standard input is closed, but --input - reads it; give a file or texts")
        yield sys.stdin.buffer  # type: ignore[misc]
        return
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below; only opening may fail with this message
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"--input {path} cannot be read: {reason}; give a file with one text per line") from None
    with file:
        yield file


def line_batches(file: io.BufferedReader, source: str, say: Callable[[str], None]) -> Iterator[list[str]]:
    """The lines as lists of those that arrived together, without line ends (\\n or \\r\\n).

    UTF-8 with or without BOM; CP949 is recognised by the first lines and said. Raises DataError, which names the
    line, for bytes that are neither.
    """
    encoding, number = "", 0
    for lines in _raw_batches(file):
        if not encoding:
            encoding = _encoding(b"\n".join(lines), source, say)
            lines[0] = lines[0].removeprefix(b"\xef\xbb\xbf")
        texts = []
        for line in lines:
            number += 1
            try:
                texts.append(line.removesuffix(b"\r").decode(encoding))
            except UnicodeDecodeError:
                raise DataError(f"{source}, line {number}: not valid {encoding}; save it as UTF-8") from None
        yield texts


def _raw_batches(file: io.BufferedReader) -> Iterator[list[bytes]]:
    pieces: list[bytes] = []  # of a line that has not ended yet
    while chunk := file.read1(_AT_ONCE):
        first, *others = chunk.split(b"\n")
        pieces.append(first)
        if others:
            yield [b"".join(pieces), *others[:-1]]
            pieces = [others[-1]]
    if last := b"".join(pieces):
        yield [last]


def _encoding(beginning: bytes, source: str, say: Callable[[str], None]) -> str:
    decoded = decode(beginning, source)
    if decoded.encoding == "UTF-16":
        raise DataError(f"{source} is UTF-16 where UTF-8 was expected; save it as UTF-8")
    for note in decoded.notes:
        say(note)
    return decoded.encoding
