"""Native code on disk, so that a program that was compiled once starts at once.

The folder is `SAEGIM_CACHE`, else `saegim` among the user's caches; `SAEGIM_CACHE=off` goes without. Entries are files
named by a digest of everything that they depend on. Each begins with a checksum of the rest: an entry that is damaged,
cut off or foreign is ignored and written anew. Whatever goes wrong with the folder, programs are compiled and run.

**The folder belongs to its user alone**, because what lies in it is executed: the checksum guards against accidents,
not against people. It is made with the mode 0700, and ignored if it belongs to somebody else or others may write to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import stat
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 256 << 20
"""Bytes that the entries may take together, looked after now and then; those not used for the longest time go first."""

_MAGIC = b"saegim-1"
_ENTRY, _UNFINISHED = ".code", ".part"
_TRIMMED_EVERY = 32  # writes of a process, the first among them: looking through a full folder takes a while
_ABANDONED_SECONDS = 3600  # a file that is still unfinished then was left by a program that was killed


_writes = itertools.count()


def key(*parts: str) -> str:
    """The name of what depends on exactly these texts."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode()
        digest.update(len(encoded).to_bytes(8, "little"))
        digest.update(encoded)
    return digest.hexdigest()


def read(name: str) -> bytes | None:
    """What was kept under `name`; None if there is nothing, or nothing that can be trusted."""
    folder = _folder()
    if folder is None:
        return None
    path = folder / (name + _ENTRY)
    try:
        whole = path.read_bytes()
        body = whole[len(_MAGIC) + 32 :]
        if whole[: len(_MAGIC) + 32] != _head(name, body):
            return None
        os.utime(path)  # used just now
    except OSError:
        return None
    return body


def write(name: str, body: bytes, limit: int = LIMIT) -> None:
    """Keeps `body` under `name`, and forgets what was not used for long if there is more than `limit` bytes then."""
    folder = _folder()
    if folder is None or len(body) > limit:
        return
    with contextlib.suppress(OSError):
        handle, unfinished = tempfile.mkstemp(_UNFINISHED, dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_head(name, body))
                file.write(body)
            Path(unfinished).replace(folder / (name + _ENTRY))
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise
        if next(_writes) % _TRIMMED_EVERY == 0:
            _trim(folder, limit)


def _head(name: str, body: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(name.encode() + body).digest()


def _trim(folder: Path, limit: int) -> None:
    """Removes the entries used the longest time ago until the rest fits, and what killed programs left."""
    entries = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):  # another process may remove it at the same time
            found = path.stat()
            if path.suffix == _ENTRY:
                entries.append((found.st_mtime, found.st_size, path))
            elif path.suffix == _UNFINISHED and time.time() - found.st_mtime > _ABANDONED_SECONDS:
                path.unlink()
    total = sum(size for _, size, _ in entries)
    for _, size, path in sorted(entries):
        if total <= limit:
            break
        with contextlib.suppress(OSError):
            path.unlink()
        total -= size


def _folder() -> Path | None:
    """The folder, made if it is missing; None where there is none to be trusted."""
    chosen = os.environ.get("SAEGIM_CACHE", "").strip()
    if chosen.lower() == "off":
        return None
    try:
        folder = Path(chosen).expanduser() if chosen else _caches() / "saegim"
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.stat()
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return None
    others = stat.S_IWGRP | stat.S_IWOTH
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & others):
        return None
    return folder


def _caches() -> Path:
    """Where the user's programs keep what they can make anew."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if given.is_absolute():
        return given
    if os.name == "nt" and "LOCALAPPDATA" in os.environ:
        return Path(os.environ["LOCALAPPDATA"])
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
