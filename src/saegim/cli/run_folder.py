"""The folder of a training run, as far as the command line looks after it: what it holds, run.yaml, rules.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from saegim.cli.console import Console
from saegim.curve import store
from saegim.errors import DataError, SettingError
from saegim.evaluation import COMPARISON, Comparison, write_comparison
from saegim.together import folder as policy_folder
from saegim.training import checkpoint, files, run_file

RULES = policy_folder.RULES
_OURS = ("config.json", run_file.RUN, "log.jsonl", checkpoint.NAME, COMPARISON, store.NAME)


def claim(folder: Path) -> None:
    """Raises SettingError for a folder that nothing can be written to, or that holds what is not saegim's."""
    try:
        if folder.exists() and not folder.is_dir():
            raise SettingError(f"--out {folder} is a file where a folder was expected; give another name")
        if folder.is_dir() and any(folder.iterdir()) and not any((folder / name).exists() for name in _OURS):
            raise SettingError(f"--out {folder} holds other files, which could be overwritten; give a new folder")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"--out {folder} cannot be used: {error.strerror}; give another folder") from None


def describe(folder: Path, *, resume: bool, **options: Any) -> None:
    """Writes run.yaml: all that is needed to repeat the run. A run that goes on keeps what it began with."""
    if not (resume and (folder / run_file.RUN).exists()):
        run_file.describe(folder, **options)


@contextmanager
def checkpointed(folder: Path, name: str = checkpoint.NAME) -> Iterator[None]:
    """An interrupt inside says what was saved, in the file of that name, and how to go on."""
    path = folder / name
    before = _written(path)
    try:
        yield
    except KeyboardInterrupt:
        if _written(path) == before:
            raise KeyboardInterrupt("interrupted before there was anything to save") from None
        raise KeyboardInterrupt(
            f"interrupted; {path} holds what was learned: the same command with --resume goes on"
        ) from None


def keep_rules(console: Console, folder: Path, rules: Path | None) -> None:
    """Copies the rules into the folder; says so if others are there."""
    if rules is not None:
        try:
            content = rules.read_bytes()
        except OSError as error:
            raise DataError(f"{rules} cannot be read any more: {error.strerror}; train again") from None
        files.write_atomically(folder / RULES, content)
        run_file.revise(folder, rules=rules)
    elif (folder / RULES).exists():
        console.say(f"{folder / RULES} is from an earlier run; it is kept, and explanations will use it")


def keep_comparison(folder: Path, comparison: Comparison | None) -> None:
    """Writes the comparison into the folder; one of an earlier run does not stay where there is none."""
    if comparison is not None:
        write_comparison(comparison, folder)
    else:
        (folder / COMPARISON).unlink(missing_ok=True)


def _written(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None
