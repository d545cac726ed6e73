"""The command line as a process, and in this process where a new one would show nothing more; a small trained model."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from saegim.cli.main import main

GOOD, BAD = ("재미있다", "최고", "감동", "추천", "great"), ("지루하다", "최악", "실망", "아깝다", "awful")
OTHER = ("영화", "배우", "정말", "그냥", "어제", "이야기")

RULES = """
name: reviews
facts:
  praise: {words: [재미*, 최고, great]}
  blame: {words: [지루*, 최악, awful]}
rules:
  - {id: good, if: [praise], then: {label: good}, because: Praise means good.}
  - {id: bad, if: [blame], then: {label: bad}}
"""


@dataclass(frozen=True)
class Run:
    """How a run ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def process():
    """Runs `python -m saegim` with these arguments; keywords go to `subprocess.run`."""

    def run(*arguments, options=(), **keywords):
        environment = {**os.environ, "OMP_NUM_THREADS": "1"} | keywords.pop("env", {})
        keywords = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | keywords
        command = [sys.executable, *options, "-m", "saegim", *map(os.fspath, arguments)]
        done = subprocess.run(command, env=environment, timeout=300, check=False, **keywords)
        return Run(done.returncode, *(None if part is None else part.decode() for part in (done.stdout, done.stderr)))

    return run


@pytest.fixture
def saegim(capfd):
    """Runs the same in this process, which saves its start."""

    def run(*arguments):
        capfd.readouterr()
        code = main([os.fspath(each) for each in arguments])
        return Run(code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def write_reviews():
    """Writes so many texts that are easy to learn, no two alike, with labels."""

    def write(path, rows):
        lines = ["review\tstars"]
        for number in range(rows):
            label, words = ("good", GOOD) if number % 2 else ("bad", BAD)
            lines.append(f"{OTHER[number % 6]} {words[number // 2 % 5]} {OTHER[number // 7 % 6]} {number}\t{label}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def table(tmp_path_factory, write_reviews):
    """200 labelled texts."""
    return write_reviews(tmp_path_factory.mktemp("data") / "reviews.tsv", 200)


@pytest.fixture(scope="session")
def rule_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("rules") / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(process, table, rule_file, tmp_path_factory):
    """A run of `saegim train` on the table, and the folder it made."""
    folder = tmp_path_factory.mktemp("models") / "model"
    arguments = ("--text", "review", "--label", "stars", "--model", "bag", "--epochs", "3", "--rules", rule_file)
    return process("train", table, "--out", folder, *arguments, "--json"), folder


@pytest.fixture(scope="session")
def model(trained):
    """A trained model folder, not to be changed."""
    run, folder = trained
    assert run.code == 0, run.err
    return folder
