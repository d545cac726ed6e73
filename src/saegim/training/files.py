"""Files that are whole or not there: written aside, synced, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from saegim.errors import DataError, ModelFileError

Arrays = dict[str, npt.NDArray[Any]]
Writer = Callable[[Path], None]

_TEMPORARY = re.compile(r"\.saegim-(\d+)-.*")  # a folder of files being written, and the process that writes them


def write_together(folder: Path, files: Mapping[str, Writer]) -> None:
    """Writes files of a folder, each by its writer, first in a folder aside; when all are on the disk, moves them.

    At any moment each file is the old or the new one, whole. They are written and moved in the order of `files`, so
    that a writer finds those before it beside its own. Raises DataError when one cannot be written.
    """
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".saegim-{os.getpid()}-", dir=folder))
    try:
        for name, write in files.items():
            with _explained(folder / name):
                write(aside / name)
                _sync(aside / name)
        for name in files:
            with _explained(folder / name):
                (aside / name).replace(folder / name)
        _sync(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Failures to write `path` as DataError."""
    try:
        yield
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise DataError(f"{path} cannot be written: {reason}; give a folder that can be written to") from None


def _sync(path: Path) -> None:
    """Puts a file, or a folder's list of names (where the system can), on the disk."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_folder(folder: Path) -> None:
    """Makes the folder if need be, and removes what writers that were killed have left there.

    Raises DataError when it cannot be written to.
    """
    with _explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            found = _TEMPORARY.fullmatch(path.name)
            if found and not _runs(int(found[1])):
                shutil.rmtree(path, ignore_errors=True)


def _runs(process: int) -> bool:
    """Whether there is a process of that number; where that cannot be asked without harm, it is taken to run."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that at any moment the old or the new content is there. Raises DataError when it cannot be."""
    write_together(path.parent, {path.name: content_writer(content)})


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]], about: Any = None) -> None:
    """Arrays and what is to be known about them (anything that JSON can hold) as one safetensors file."""
    write_together(path.parent, {path.name: arrays_writer(arrays, about)})


def content_writer(content: bytes) -> Writer:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def json_writer(content: Any) -> Writer:
    try:
        text = json.dumps(content, ensure_ascii=False, indent=2).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 cannot hold
        text = json.dumps(content, indent=2).encode()
    return content_writer(text + b"\n")


def arrays_writer(arrays: Mapping[str, npt.NDArray[Any]], about: Any = None) -> Writer:
    whole = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    text = json.dumps(about)

    def write(path: Path) -> None:
        path.touch()
        mode = path.stat().st_mode  # what the user's files are like; the library's are for the user alone
        # One entry: the library writes several in any order, and the same arrays should be the same bytes.
        save_file(whole, path, {"about": f"{_checksum(whole, text)} {text}"})
        path.chmod(mode)

    return write


def read_arrays(path: Path) -> tuple[Arrays, Any]:
    """The arrays of a safetensors file and what `write_arrays` noted about them.

    Raises ModelFileError unless it is a whole file that nothing has changed in.
    """
    with _opened(path) as file:
        checksum, text = _about(file)
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        if checksum != _checksum(arrays, text):
            raise ValueError("its checksum is another")
        return arrays, json.loads(text)


def read_about(path: Path) -> Any:
    """What `write_arrays` noted, without reading the arrays. Raises ModelFileError like `read_arrays`."""
    with _opened(path) as file:
        return json.loads(_about(file)[1])


def _about(file: Any) -> tuple[str, str]:
    """The checksum, and the text that `write_arrays` noted."""
    checksum, _space, text = (file.metadata() or {}).get("about", "").partition(" ")
    return checksum, text


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A safetensors file. Whatever is wrong with it is raised as ModelFileError."""
    require_file(path)
    try:
        with safe_open(str(path), framework="numpy") as file:
            yield file
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error).split("\n")[0]
        raise ModelFileError(f"{path} is not a whole safetensors file ({reason}); train the model again") from None


def _checksum(arrays: Mapping[str, npt.NDArray[Any]], text: str) -> str:
    """Of all names, arrays and the text: tells files apart that a disk or a transfer has changed."""
    value = zlib.crc32(text.encode())
    for name in sorted(arrays):
        array = np.asarray(arrays[name], order="C")
        value = zlib.crc32(f"{name} {array.dtype.str} {array.shape}".encode(), value)
        value = zlib.crc32(array.reshape(-1).view(np.uint8).data, value)
    return f"{value:08x}"


def require_file(path: Path) -> None:
    """Raises ModelFileError unless a regular file is there: a pipe or a device could be read without end."""
    try:
        if path.is_file():
            return
        reason = "it is no regular file" if path.exists() else "it is missing"
    except (OSError, ValueError) as error:
        reason = str(error)
    raise ModelFileError(f"{path} cannot be read: {reason}; restore it or train again")


def read_content(path: Path) -> bytes:
    """The bytes of a file. Raises ModelFileError when it cannot be read."""
    require_file(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}; restore it or train again") from None


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises ModelFileError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}; restore it or train again") from None
