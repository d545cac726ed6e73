"""Lines of text as they arrive: which bytes are a line, in which encoding."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saegim.cli.lines import line_batches
from saegim.errors import DataError


def read(content, size=1 << 20):
    """All lines of bytes that arrive in pieces of `size`, and what was announced."""

    class Slow(io.BytesIO):
        def read1(self, wanted=-1):
            return super().read1(min(size, wanted))

    said = []
    batches = list(line_batches(Slow(content), "x.txt", said.append))
    return [line for batch in batches for line in batch], said


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"a", ["a"]),
        (b"a\n", ["a"]),
        (b"\n", [""]),
        (b"a\n\nb", ["a", "", "b"]),
        (b"a\r\n\r\nb\r\n", ["a", "", "b"]),
        (b"\xef\xbb\xbfa\nb", ["a", "b"]),
        ("한\u2028글\x0b\n".encode(), ["한\u2028글\x0b"]),
    ],
)
def test_lines(content, expected):
    assert read(content) == (expected, [])


@given(
    st.lists(st.text(st.characters(exclude_characters="\n\r\0\ufeff", exclude_categories=["Cs"]))), st.integers(1, 9)
)
def test_lines_do_not_depend_on_how_they_arrive(lines, size):
    content = "".join(f"{line}\n" for line in lines).encode()
    assert read(content, size) == (lines, [])


def test_what_has_arrived_is_given_at_once():
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as file, os.fdopen(writer, "wb", buffering=0) as pipe:
        batches = line_batches(file, "pipe", print)
        pipe.write(b"a\nb\nc")
        assert next(batches) == ["a", "b"]
        pipe.write(b"d\n")
        assert next(batches) == ["cd"]


def test_korean_encodings_are_recognised():
    lines = ["정말 재미있는 영화이다", "이 배우는 연기를 못하고 지루하다"]
    found, said = read("\n".join(lines).encode("cp949"))
    assert found == lines
    assert said == ["x.txt is not UTF-8; it was read as CP949 (EUC-KR)"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb\n\xff\n", "x.txt, line 3: not valid UTF-8; save it as UTF-8"),
        ("정말\n".encode("utf-16"), "x.txt is UTF-16 where UTF-8 was expected; save it as UTF-8"),
        (b"PK\x03\x04zip\n", "x.txt is a zip archive or an Excel workbook"),
        (b"\0" * 100 + b"\n", "full of NUL bytes"),
    ],
)
def test_what_is_no_text(content, message):
    with pytest.raises(DataError, match=message):
        read(content)


def test_one_bad_line_far_behind_is_named():
    content = b"abc\n" * 1000 + b"\xff\n"
    with pytest.raises(DataError, match="line 1001: not valid UTF-8"):
        read(content, 64)
