"""The entry point: exit codes, tracebacks, streams that are closed, full or not UTF-8."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import saegim.cli.main as entry
import saegim.data
from saegim.errors import DataError, NonFiniteError

FULL = Path("/dev/full")


@pytest.fixture
def failing(monkeypatch):
    """Makes reading a table fail with this error."""

    def fail(error):
        def read_table(*arguments, **keywords):
            raise error

        monkeypatch.setattr(saegim.data, "read_table", read_table)

    return fail


ERRORS = [
    (DataError("the table is odd; give another"), 2, "error: the table is odd; give another\n"),
    (NonFiniteError("the loss is NaN"), 1, "error: the loss is NaN\n"),
    (FileNotFoundError(2, "No such file or directory", "x"), 2, "error: x: No such file or directory\n"),
    (OSError(28, "No space left on device"), 1, "error: No space left on device\n"),
    (MemoryError(), 1, "error: there is not enough memory"),
    (KeyboardInterrupt(), 130, "error: interrupted\n"),
    (KeyboardInterrupt("interrupted; all is saved"), 130, "error: interrupted; all is saved\n"),
    (ValueError("odd"), 1, "error: something unexpected happened (ValueError: odd); please report"),
    (ZeroDivisionError(), 1, "error: something unexpected happened (ZeroDivisionError); please report"),
    (DataError("one\ntwo\x1b[31m"), 2, "error: one\\ntwo\\x1b[31m\n"),
]


@pytest.mark.parametrize(("error", "code", "sentence"), ERRORS, ids=lambda value: type(value).__name__)
def test_errors_are_one_sentence(saegim, failing, tmp_path, error, code, sentence):
    failing(error)
    run = saegim("train", "x.csv", "--out", tmp_path / "model")
    assert (run.code, run.out) == (code, "")
    assert run.err.startswith(sentence)
    assert run.err.count("\n") == 1


@pytest.mark.parametrize("before", [True, False])
def test_debug_shows_the_traceback_wherever_it_stands(saegim, failing, tmp_path, before):
    failing(DataError("the table is odd"))
    arguments = ["train", "x.csv", "--out", tmp_path / "model"]
    run = saegim(*(["--debug", *arguments] if before else [*arguments, "--debug"]))
    assert run.code == 2
    assert run.err.startswith("Traceback (most recent call last):")
    assert run.err.endswith("error: the table is odd\n")


def test_after_two_dashes_debug_is_a_text(saegim):
    run = saegim("predict", "nowhere", "--", "--debug")
    assert run.code == 2
    assert "Traceback" not in run.err


def test_streams_are_left_as_they_were(saegim):
    before = sys.stderr
    saegim("--version")
    assert sys.stderr is before


def test_a_reader_that_has_seen_enough_is_no_error(process):
    """A pipe whose reading end is closed before anything is written."""
    reader, writer = subprocess.os.pipe()
    subprocess.os.close(reader)
    try:
        run = process("rules", "check", "--help", stdout=writer)
    finally:
        subprocess.os.close(writer)
    assert (run.code, run.err) == (0, "")


def test_errors_that_nobody_reads(process):
    reader, writer = subprocess.os.pipe()
    subprocess.os.close(reader)
    try:
        run = process("frobnicate", stderr=writer)
    finally:
        subprocess.os.close(writer)
    assert (run.code, run.out) == (2, "")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_full_disk(process, stream):
    with FULL.open("w") as full:
        run = process("--version" if stream == "stdout" else "frobnicate", **{stream: full})
    if stream == "stdout":
        assert (run.code, run.err) == (1, "error: No space left on device\n")
    else:
        assert run.code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_without_any_stream(process):
    shell = f"exec '{sys.executable}' -m saegim frobnicate <&- >&- 2>&-"
    assert subprocess.run(["/bin/sh", "-c", shell], check=False).returncode == 2


def test_output_is_utf8_whatever_the_environment_says(process, tmp_path):
    rules = tmp_path / "규칙.yaml"
    rules.write_text("facts: {a: {words: [좋다]}}\nrules: [{id: r, if: a, then: {label: 긍정}}]", encoding="utf-8")
    run = process("explain", rules, "정말 좋다", env={"PYTHONIOENCODING": "latin-1", "LC_ALL": "C", "PYTHONUTF8": "0"})
    assert run.code == 0, run.err
    assert "label 긍정" in run.out
    assert "정말 좋다" in run.out


def test_the_entry_point_is_declared():
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'saegim = "{entry.main.__module__}:{entry.main.__name__}"' in project
