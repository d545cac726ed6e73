"""Whether a file can come to be where a command is asked to write one, told before anything is computed."""

from __future__ import annotations

from pathlib import Path

from saegim.errors import SettingError


def check_place(file: Path, option: str) -> None:
    """Raises SettingError, which names the option, for a folder and for what cannot be written."""
    try:
        if file.is_dir():
            raise SettingError(f"{option} {file} is a folder where a file was expected; give the name of a file")
        file.exists()  # raises for what cannot be a name
        above = next(folder for folder in file.absolute().parents if folder.exists())
    except OSError as error:
        raise SettingError(f"{option} {file} cannot be written: {error.strerror}; give another name") from None
    if not above.is_dir():
        raise SettingError(f"{option} {file} cannot be written: {above} is no folder; give another name")
