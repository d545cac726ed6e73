"""Help and version: they answer at once, and every command shows how it is used."""

from __future__ import annotations

import pytest

from saegim.__about__ import __version__

COMMANDS = (
    "demo",
    "train",
    "train-images",
    "train-draw",
    "draw",
    "evaluate",
    "predict",
    "compare",
    "curve",
    "explain",
    "errors",
    "report",
    "summary",
    "anatomy",
    "rules check",
)
HEAVY = (
    "numpy",
    "scipy",
    "sklearn",
    "polars",
    "rich",
    "pydantic",
    "tokenizers",
    "re2",
    "yaml",
    "safetensors",
    "optree",
    "jinja2",
    "vl_convert",
    "PIL",
)


def imported(run):
    """The top-level packages in the log of `-X importtime`."""
    lines = (line.rpartition("|")[2].strip() for line in run.err.splitlines() if line.startswith("import time:"))
    return {line.partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    "arguments", ["--help", "--version", "train --help", "train-images --help", "rules check --help"]
)
def test_help_imports_nothing_heavy(process, arguments):
    run = process(*arguments.split(), options=("-X", "importtime"))
    assert run.code == 0
    assert "saegim" in imported(run)
    assert not imported(run) & set(HEAVY)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(saegim, command):
    run = saegim(*command.split(), "--help")
    assert (run.code, run.err) == (0, "")
    examples = run.out[run.out.index("Example") :]
    assert f"  saegim {command}" in examples
    for option in ("--json", "--quiet", "--debug", "--help"):
        assert option in run.out
    assert saegim(*command.split(), "-h").out == run.out


def test_the_root_lists_the_commands(saegim):
    run = saegim("--help")
    assert run.code == 0
    for command in COMMANDS:
        assert f"  {command.split()[0]} " in run.out
    assert saegim() == run


def test_rules_lists_its_commands(saegim):
    run = saegim("rules")
    assert run == saegim("rules", "--help")
    assert "  check " in run.out


def test_version(process):
    run = process("--version")
    assert (run.code, run.out, run.err) == (0, f"saegim {__version__}\n", "")
