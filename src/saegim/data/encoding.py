"""From the bytes of a file to text: which encoding is it, and which lines break it.

Bytes that the encoding does not allow become lone surrogates (Python's `surrogateescape`), so that the row
that holds them can be named later; `BROKEN` finds them.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from saegim.errors import DataError

BROKEN = re.compile("[\ud800-\udfff]")
"""A character that no valid file can hold: what is left of bytes that could not be decoded."""

_SIGNATURES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save the sheet as CSV UTF-8",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"BZh": "compressed with bzip2; unpack it first",
    b"\xfd7zXZ\x00": "compressed with xz; unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; unpack it first",
    b"%PDF": "a PDF document; saegim reads CSV, TSV, JSONL, Parquet and fastText files",
    b"\x89PNG": "a PNG image; saegim reads CSV, TSV, JSONL, Parquet and fastText files",
    b"\xff\xd8\xff": "a JPEG image; saegim reads CSV, TSV, JSONL, Parquet and fastText files",
    b"\xd0\xcf\x11\xe0": "an old Office document; save the sheet as CSV UTF-8",
    b"SQLite format 3\x00": "an SQLite database; export the table as CSV",
    b"ARROW1": "an Arrow file; write it as Parquet",
}
_FREQUENT = frozenset(
    "이다는고지화영하가도아에나기한보어의만은리게로을서요라니들인"
    "재그시스무미없데정있대마면해말사네진점음자를내연수감거주전으"
)
"""Sixty syllables that make up half of any Korean text."""
_FREQUENT_SHARE = 0.2  # of the characters beyond ASCII, from which on a file is taken for Korean
_BINARY_SHARE = 0.01  # of NUL bytes, from which on a file is taken for binary
_PROBE = 1 << 16  # bytes that are looked at for this


@dataclass(frozen=True)
class Decoded:
    """The text of a file, the encoding it was read with and what to announce about it."""

    text: str
    encoding: str
    notes: list[str]


def decode(data: bytes, source: str) -> Decoded:
    """The text in `data`: UTF-8 (with or without BOM), UTF-16 with BOM, or CP949 (which contains EUC-KR).

    Raises DataError if `data` is a known binary format or full of NUL bytes.
    """
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise DataError(f"{source} is UTF-32 where UTF-8 was expected; save it as UTF-8")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode_utf16(data, source)
    _refuse_binary(data, source)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return Decoded(data.decode("utf-8"), "UTF-8", [])
    except UnicodeDecodeError:
        encoding = "cp949" if _is_cp949(data) else "utf-8"
    notes = [f"{source} is not UTF-8; it was read as CP949 (EUC-KR)"] if encoding == "cp949" else []
    return Decoded(data.decode(encoding, "surrogateescape"), encoding.upper(), notes)


def _decode_utf16(data: bytes, source: str) -> Decoded:
    try:
        text = data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise DataError(f"{source} starts like UTF-16 but breaks at byte {error.start}; save it as UTF-8") from None
    return Decoded(text, "UTF-16", [f"{source} was read as UTF-16"])


def _refuse_binary(data: bytes, source: str) -> None:
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            raise DataError(f"{source} is {kind}")
    probe = data[:_PROBE]
    if probe.count(0) > _BINARY_SHARE * len(probe):
        raise DataError(
            f"{source} is full of NUL bytes where text was expected (binary, or UTF-16 without a mark?);"
            " save it as UTF-8"
        )


def _is_cp949(data: bytes) -> bool:
    """Whether most lines break UTF-8 and read as Korean in CP949; other encodings turn into rare syllables."""
    lines = [line for line in data.split(b"\n") if not line.isascii()]
    broken = [line for line in lines if not _reads_as(line, "utf-8")]
    if 2 * len(broken) <= len(lines):
        return False
    letters = [c for line in broken for c in line.decode("cp949", "surrogateescape") if ord(c) >= 0x80]
    return sum(c in _FREQUENT for c in letters) >= _FREQUENT_SHARE * len(letters)


def _reads_as(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
