"""Interrupts (Ctrl-C, SIGTERM) while a model is being trained: they wait until a checkpoint can be saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """`with interrupts:` remembers an interrupt as `pending` instead of raising KeyboardInterrupt; a second one
    raises it at once.

    Outside of the main thread, where no signals arrive, it does nothing; a signal that the process ignores stays
    ignored.
    """

    def __init__(self) -> None:
        self.pending = False
        self._waiting = True
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Inside, an interrupt raises KeyboardInterrupt at once."""
        self._waiting = False
        try:
            if self.pending:
                raise KeyboardInterrupt
            yield
        finally:
            self._waiting = True

    def _remember(self, _number: int, _frame: Any) -> None:
        second, self.pending = self.pending, True
        if second or not self._waiting:
            raise KeyboardInterrupt
