"""run.yaml: all that is needed to repeat a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from saegim.__about__ import __version__
from saegim.errors import ModelFileError
from saegim.training import files

RUN = "run.yaml"

_SCALARS = (str, int, float, bool, type(None))


def describe(folder: Path, *, sha256: str | None = None, **options: Any) -> None:
    """Writes run.yaml: the version, the options, and the digests of the data: `file`, `valid`, `test`, `unlabelled`.

    sha256: the digest of `file` where it is no file. Raises DataError when it cannot be written.
    """
    content = {"saegim": __version__, **{name: _plain(each) for name, each in options.items()}}
    content["sha256"] = files.digest(options["file"]) if sha256 is None else sha256
    for name in ("valid", "test", "unlabelled"):
        if options.get(name) is not None:
            content[f"{name}_sha256"] = files.digest(options[name])
    _write(folder, content)


def revise(folder: Path, **options: Any) -> None:
    """Other options in run.yaml, if there is one: those that do not decide how training goes may differ when a run
    goes on. Raises ModelFileError for a file that is no run.yaml, DataError when it cannot be written."""
    content = read_description(folder)
    changed = {name: _plain(each) for name, each in options.items()}
    if content is not None and content | changed != content:
        _write(folder, content | changed)


def read_description(folder: Path) -> dict[str, Any] | None:
    """What `describe` wrote; None if there is no run.yaml. Raises ModelFileError for a file that is no such thing."""
    path = folder / RUN
    if not path.exists():
        return None
    try:
        content = yaml.safe_load(files.read_content(path).decode("utf-8"))
    except (ValueError, yaml.YAMLError, RecursionError):
        content = None
    if not isinstance(content, dict) or not all(isinstance(key, str) and _is_plain(content[key]) for key in content):
        raise ModelFileError(
            f"{path} is no list of options as `saegim train` writes it (it was altered); remove it, or train again"
        )
    return content


def _write(folder: Path, content: dict[str, Any]) -> None:
    files.write_atomically(folder / RUN, yaml.safe_dump(content, allow_unicode=True, sort_keys=False).encode())


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def _is_plain(value: Any) -> bool:
    """Whether it is a scalar or a list of scalars: nothing that aliases could make endless."""
    if isinstance(value, list):
        return all(isinstance(each, _SCALARS) for each in value)
    return isinstance(value, _SCALARS)
