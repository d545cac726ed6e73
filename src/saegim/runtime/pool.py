"""The threads that programs run in.

A program is a list of waves; a wave is one function and how many items it is to be called for,

    void work(ptr context, i64 item, i64 thread)

in any order and by any of the threads. A wave begins when the one before has ended. The threads are native loops
(see `native`) inside of Python threads that have let go of the interpreter; they spin for a moment when
there is nothing to do and then sleep, so that the next run finds them awake and an idle program costs nothing.

If the threads are busy with the waves of another Python thread, the caller runs its waves alone: it would not be
faster to wait. Where the system has no POSIX threads everything runs alone.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from saegim.runtime import jit, native
from saegim.runtime.target import host
from saegim.runtime.threads import cores, threads

SPIN_SECONDS = 2e-3
"""How long a thread looks for work before it sleeps.

Longer than Python takes from one training step to the next: waking a sleeper takes 100 to 200 microseconds, in which a
small step is done. While it spins it lets others run that wait for its core.
"""


class Waves:
    """Functions and how many items each is called for, in order. The functions must outlive this object."""

    def __init__(self, waves: Sequence[tuple[int, int]]) -> None:
        """waves: pairs (address of the function, number of items)."""
        self._table = np.array(waves, np.int64).reshape(-1, 2)
        self.address, self.count = self._table.ctypes.data, len(self._table)


def width() -> int:
    """How many threads the next run uses: a wave's functions are told numbers of threads below this.

    A program that keeps memory for each thread passes the same number to `run`, since another thread may change it.
    """
    return min(threads(), native.MOST_THREADS) if _several() else 1


def run(waves: Waves, context: int, faults: int, threads: int | None = None) -> None:
    """Runs the waves, one after the other; each is shared out to `threads` threads, `width()` unless given.

    context: the address that each function is given; faults: the address of an i32: once it is not 0, no further wave
    begins. Several Python threads may call this at the same time, with contexts of their own.
    """
    count = width() if threads is None else min(threads, native.MOST_THREADS)
    pool = _pool
    if pool is None or pool.count != count:
        pool = _pool_of(count)
    if pool is None:
        _functions().alone(waves.address, waves.count, context, faults)
    else:
        pool.together(pool.state, waves.address, waves.count, context, faults)


class _Functions:
    """The native functions of `native`, callable from Python."""

    def __init__(self) -> None:
        self._library = jit.load(native.text(host().architecture, _several()), host())
        self.alone = self._function("alone", "plpp")
        if _several():
            self.look = self._function("look", "pl")
            self.serve = self._function("serve", "pl")
            self.dismiss = self._function("dismiss", "p", ctypes.c_int32)
            self.together = self._function("together", "pplpp")

    def _function(self, name: str, parameters: str, result: type[ctypes.c_int32] | None = None) -> Callable[..., int]:
        kinds = [{"p": ctypes.c_void_p, "l": ctypes.c_int64}[each] for each in parameters]
        made: Callable[..., int] = ctypes.CFUNCTYPE(result, *kinds)(self._library.address(name))
        return made


@cache
def _functions() -> _Functions:
    return _Functions()


class _Pool:
    """Workers and what they share. They keep what they need themselves: code and memory outlive this object."""

    def __init__(self, count: int) -> None:
        """count: the threads, the caller's among them."""
        self.count = count
        self._functions = _functions()
        self.together = self._functions.together
        self._memory = ctypes.create_string_buffer(native.STATE_BYTES + 128)
        self.state = -(-ctypes.addressof(self._memory) // 128) * 128
        for name, kind in (("mutex", "mutex"), ("rested", "cond"), ("returned", "cond")):
            getattr(_libc(), f"pthread_{kind}_init")(ctypes.c_void_p(self.state + native.FIELDS[name]), None)
        spins = _looks() if count <= cores() else _looks() // 50  # others need the cores that spinning would take
        self._set("spins", spins)
        self._set("threads", count)
        self._workers = [
            threading.Thread(target=self._serve, args=(number,), name=f"saegim-{number}", daemon=True)
            for number in range(1, count)
        ]
        with contextlib.suppress(RuntimeError):  # the system gives no more threads: those that there are will do
            for worker in self._workers:
                worker.start()

    def close(self) -> bool:
        """Sends the workers home and waits for them; False, and nothing is done, while somebody runs waves."""
        if not self._functions.dismiss(self.state):
            return False
        self.count = 0  # nobody asks for it any more
        for worker in self._workers:
            if worker.ident is not None:
                worker.join()
        return True

    def _serve(self, number: int) -> None:
        self._functions.serve(self.state, number)

    def _set(self, field: str, value: int) -> None:
        ctypes.c_int64.from_address(self.state + native.FIELDS[field]).value = value


_pool: _Pool | None = None
_changing = threading.Lock()
_ended = False


def _pool_of(count: int) -> _Pool | None:
    """The pool of `count` threads; None where the caller has to work alone."""
    global _pool
    if count <= 1 or not _several() or _ended or not _changing.acquire(blocking=False):
        return None
    try:
        if _pool is not None and not _pool.close():
            return None
        _pool = _Pool(count)
        return _pool
    finally:
        _changing.release()


def _before_fork() -> None:
    """Sends the workers home, so that the process is whole when it is doubled; the next run makes new ones."""
    global _pool
    if _pool is not None and _pool.close():
        _pool = None


def _in_child() -> None:
    """Where workers were busy, they stayed with the parent."""
    global _pool, _changing
    _pool, _changing = None, threading.Lock()


def _end() -> None:
    """Before the interpreter ends, and takes the memory away that workers look at."""
    global _ended
    _ended = True
    if _pool is not None:
        _pool.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_in_child)
atexit.register(_end)


@cache
def _several() -> bool:
    """Whether the system has what the pool sleeps with."""
    return os.name == "posix" and hasattr(_libc(), "pthread_cond_wait")


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)


@cache
def _looks() -> int:
    """How many looks at a word take as long as a thread shall spin; measured, since a pause is 10 to 140 cycles."""
    memory = ctypes.create_string_buffer(64)
    address = -(-ctypes.addressof(memory) // 8) * 8
    times = 2048
    best = min(_seconds(lambda: _functions().look(address, times)) for _ in range(5))
    return max(100, int(times * SPIN_SECONDS / max(best, 1e-9)))


def _seconds(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start
