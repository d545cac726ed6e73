"""The stages of programs as files, for people: SAEGIM_DUMP=DIR.

Every program gets a folder of its own in DIR, the next one whose name is free:

    program0/0-trace.txt  1-simplify.txt  2-split.txt  3-lower.txt  4-emit.txt  5-assembly.txt  6-report.txt
"""

from __future__ import annotations

from pathlib import Path

from saegim.compiler.native import NativeProgram
from saegim.errors import SettingError


def dump(program: NativeProgram, folder: str) -> None:
    """Writes what each pass made of `program`, and its report, below `folder`, which is made if it is missing.

    Raises SettingError where that cannot be written to.
    """
    texts = {**program.stages, "report": program.report()}
    try:
        into = _new_folder(Path(folder).expanduser())
        for number, (name, text) in enumerate(texts.items()):
            (into / f"{number}-{name}.txt").write_text(text, encoding="utf-8")
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no home
        raise SettingError(
            f"SAEGIM_DUMP: cannot write to {folder!r} ({error}); name a folder that may be written to"
        ) from None


def _new_folder(within: Path) -> Path:
    """A folder that is nobody else's; other processes may make theirs at the same time."""
    within.mkdir(parents=True, exist_ok=True)
    number = sum(1 for _ in within.glob("program*"))
    while True:
        made = within / f"program{number}"
        try:
            made.mkdir()
            return made
        except FileExistsError:
            number += 1
