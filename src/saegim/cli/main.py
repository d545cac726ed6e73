"""The entry point: runs a command, and turns whatever goes wrong into one sentence and an exit code.

Exit codes: 0 done, 1 failure, 2 bad input, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any

from saegim.errors import SaegimError
from saegim.late import late

FAILURE, BAD_INPUT, INTERRUPTED = 1, 2, 130

# What the file system says about a path that cannot be used; the rest (a full disk, ...) is no fault of the input.
_BAD_PATH = {
    errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP,
    errno.EROFS,
}  # fmt: skip
_LONGEST = 1000  # characters of a sentence; what is longer quotes something endless


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line (that of this process, or `arguments`) and gives its exit code."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    debug = _asks_for_debug(given)
    with _prepared_streams(), warnings.catch_warnings():
        if not debug and not sys.warnoptions:
            warnings.simplefilter("ignore")  # other people's; saegim announces by sentences
        return _guarded(given, debug)


def _guarded(arguments: list[str], debug: bool) -> int:
    try:
        code = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except KeyboardInterrupt as interrupt:
        return _told(str(interrupt) or "interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever reads the output has seen enough
        _leave_stdout()
        return 0
    except Exception as error:
        if debug:
            traceback.print_exc()
        return _told(*_sentence_and_code(error))


def _run(arguments: list[str]) -> int:
    """Parses and runs; not by the application's own `main`, which would treat interrupts and closed pipes its way."""
    typer = late("typer")
    command = typer.main.get_command(late("saegim.cli.app").build())
    try:
        with command.make_context("saegim", arguments) as context:
            command.invoke(context)
    except typer.Exit as asked:
        return int(asked.exit_code)
    except typer.BadParameter.__base__ as error:  # UsageError, which typer does not export
        return _told(late("saegim.cli.usage").sentence(error), BAD_INPUT)
    return 0


def _sentence_and_code(error: Exception) -> tuple[str, int]:
    if isinstance(error, SaegimError):
        return str(error), error.exit_code
    if isinstance(error, MemoryError):
        return "there is not enough memory for this; give fewer or shorter texts, or a smaller model", FAILURE
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        return f"{where}{error.strerror}", BAD_INPUT if error.errno in _BAD_PATH else FAILURE
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"something unexpected happened ({what}); please report what the same command shows with --debug", FAILURE


def _told(sentence: str, code: int) -> int:
    if len(sentence) > _LONGEST:
        sentence = f"{sentence[: _LONGEST // 2]} … {sentence[-_LONGEST // 2 :]}"
    if sys.stderr is not None:
        print(f"error: {late('saegim.cli.console').one_line(sentence)}", file=sys.stderr, flush=True)
    return code


def _asks_for_debug(arguments: Sequence[str]) -> bool:
    """Whether --debug stands anywhere before `--`, after which there are no options."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--debug" in options


@contextmanager
def _prepared_streams() -> Iterator[None]:
    """Both streams speak UTF-8, whatever the environment says; stderr bears that nobody listens any more."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
    stderr = sys.stderr
    if stderr is not None:
        sys.stderr = _Patient(stderr)
    try:
        yield
    finally:
        sys.stderr = stderr


def _leave_stdout() -> None:
    """Python flushes stdout once more at its end; let that succeed."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


class _Patient:
    """A stream that drops what cannot be written, as when its reader is gone: no announcement is worth a training."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
