"""Files that are whole or not there: written under a temporary name, synced, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from saegim.errors import DataError, ModelFileError

Arrays = dict[str, npt.NDArray[Any]]


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that at any moment the old or the new content is there, whatever happens.

    Raises DataError when it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise DataError(f"{path} cannot be written: {error.strerror}; give a folder that can be written to") from None


def _sync_folder(folder: Path) -> None:
    """Makes a rename durable (POSIX; elsewhere folders cannot be synced)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_json(path: Path, content: Any) -> None:
    write_atomically(path, (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]], about: Any = None) -> None:
    """Arrays and what is to be known about them (anything that JSON can hold) as one safetensors file."""
    content = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_atomically(path, save(content, {"about": json.dumps(about)}))


def read_arrays(path: Path) -> tuple[Arrays, Any]:
    """The arrays of a safetensors file and what `write_arrays` noted about them. Raises ModelFileError."""
    try:
        with safe_open(str(path), framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
        return arrays, json.loads(metadata.get("about", "null"))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).split("\n")[0]
        raise ModelFileError(f"{path} is not a whole safetensors file ({reason}); train the model again") from None


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises ModelFileError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}; the model folder is incomplete") from None
