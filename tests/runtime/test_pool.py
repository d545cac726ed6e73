"""The thread pool: every item once, waves in order, whoever calls from wherever."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from saegim.runtime import pool, set_threads
from saegim.runtime.jit import Library, load
from saegim.runtime.target import host

# What waves do to the context, an array of i64.
WORK = """
; Counts the item.
define void @count(ptr %context, i64 %item, i64 %thread) nounwind {
  %place = getelementptr i64, ptr %context, i64 %item
  %before = load i64, ptr %place
  %after = add i64 %before, 1
  store i64 %after, ptr %place
  ret void
}
; x[item] = 3 x[item + 1] + x[item], into the other half of 2 x 64 numbers: a wave must see the one before complete.
define void @forth(ptr %context, i64 %item, i64 %thread) nounwind {
  call void @mix(ptr %context, i64 0, i64 64, i64 %item)
  ret void
}
define void @back(ptr %context, i64 %item, i64 %thread) nounwind {
  call void @mix(ptr %context, i64 64, i64 0, i64 %item)
  ret void
}
define void @mix(ptr %context, i64 %from, i64 %to, i64 %item) nounwind {
  %source = getelementptr i64, ptr %context, i64 %from
  %target = getelementptr i64, ptr %context, i64 %to
  %right = add i64 %item, 1
  %wrapped = and i64 %right, 63
  %p0 = getelementptr i64, ptr %source, i64 %item
  %p1 = getelementptr i64, ptr %source, i64 %wrapped
  %p2 = getelementptr i64, ptr %target, i64 %item
  %x0 = load i64, ptr %p0
  %x1 = load i64, ptr %p1
  %three = mul i64 %x1, 3
  %sum = add i64 %three, %x0
  store i64 %sum, ptr %p2
  ret void
}
; Notes the thread's number at the item, after some work.
define void @who(ptr %context, i64 %item, i64 %thread) nounwind {
entry:
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %after, %again ]
  %place = getelementptr i64, ptr %context, i64 %item
  store volatile i64 %thread, ptr %place
  %after = add i64 %i, 1
  %more = icmp slt i64 %after, 20000
  br i1 %more, label %again, label %out
out:
  ret void
}
; Item 3 is at fault.
define void @fail(ptr %context, i64 %item, i64 %thread) nounwind {
  %bad = icmp eq i64 %item, 3
  br i1 %bad, label %note, label %out
note:
  store i32 1, ptr %context
  br label %out
out:
  ret void
}
"""
COUNTS = [1, 2, 3, 8]


@cache
def library() -> Library:
    return load(WORK, host())


def waves(*pairs: tuple[str, int]) -> pool.Waves:
    return pool.Waves([(library().address(name), items) for name, items in pairs])


def run(todo: pool.Waves, context: npt.NDArray[Any], threads: int) -> bool:
    """Whether all went well."""
    faults = np.zeros(1, np.int32)
    pool.run(todo, context.ctypes.data, faults.ctypes.data, threads)
    return not faults[0]


@pytest.mark.parametrize("threads", COUNTS)
@pytest.mark.parametrize("items", [0, 1, 2, 31, 32, 33, 1000])
def test_every_item_is_done_once_in_every_wave(threads: int, items: int) -> None:
    counts = np.zeros(1001, np.int64)
    for _ in range(3):
        assert run(waves(*[("count", items)] * 5), counts, threads)
    assert (counts[:items] == 15).all()
    assert not counts[items:].any()


@pytest.mark.parametrize("threads", COUNTS)
def test_thousands_of_waves_in_a_row_keep_their_order(threads: int) -> None:
    rounds = 3000
    given = np.zeros((2, 64), np.int64)
    given[0] = np.arange(64)
    expected = given[0].copy()
    for _ in range(2 * rounds):
        expected = 3 * np.roll(expected, -1) + expected
    assert run(waves(*[("forth", 64), ("count", 0), ("back", 64)] * rounds), given, threads)
    np.testing.assert_array_equal(given[0], expected)


def test_a_run_of_nothing() -> None:
    for threads in COUNTS:
        assert run(waves(), np.zeros(1, np.int64), threads)


@pytest.mark.parametrize("threads", COUNTS)
def test_threads_have_numbers_below_the_width(threads: int) -> None:
    seen = np.full(500, -1, np.int64)
    assert run(waves(("who", 500)), seen, threads)
    assert set(seen) <= set(range(threads))


def test_sleeping_workers_come_and_help() -> None:
    everybody: set[int] = set()
    for _ in range(50):
        seen = np.full(500, -1, np.int64)
        run(waves(("who", 500)), seen, 2)
        everybody |= set(seen.tolist())
        if everybody == {0, 1}:
            break
        time.sleep(0.005)  # until they sleep
    assert everybody == {0, 1}


@pytest.mark.parametrize("threads", COUNTS)
def test_a_fault_ends_the_run_after_its_wave(threads: int) -> None:
    context = np.zeros(101, np.int64)
    todo = waves(("fail", 4), ("count", 100), ("count", 100))
    pool.run(todo, context[:1].ctypes.data, context[:1].ctypes.data, threads)
    assert context[0] == 1
    assert not context[1:].any()


def test_nothing_runs_where_something_was_at_fault_before() -> None:
    for threads in COUNTS:
        counts, faults = np.zeros(4, np.int64), np.ones(1, np.int32)
        pool.run(waves(("count", 4)), counts.ctypes.data, faults.ctypes.data, threads)
        assert not counts.any()


def test_python_threads_may_call_at_the_same_time() -> None:
    todo = waves(*[("count", 100)] * 20)
    results = [np.zeros(100, np.int64) for _ in range(6)]

    def often(number: int) -> None:
        for _ in range(100):
            run(todo, results[number], 1 + number % 3)  # with different numbers of threads, too

    callers = [threading.Thread(target=often, args=(number,)) for number in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert all((each == 2000).all() for each in results)


def test_the_width_follows_set_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # restored afterwards
    before = pool.width()
    for count in (3, 1, before):
        set_threads(count)
        assert pool.width() == count
        counts, faults = np.zeros(9, np.int64), np.zeros(1, np.int32)
        pool.run(waves(("count", 9)), counts.ctypes.data, faults.ctypes.data)
        assert (counts == 1).all()


def test_an_idle_program_burns_no_processor_time() -> None:
    def used() -> float:
        """Seconds of processor time in 0.2 seconds; a thread that goes on spinning takes 0.2."""
        run(waves(("who", 64)), np.zeros(64, np.int64), 2)
        time.sleep(0.02)
        before = time.process_time()
        time.sleep(0.2)
        return time.process_time() - before

    # The threads of NumPy's products spin for a tenth of a second after another test has changed their number.
    assert min(used() for _ in range(3)) < 0.02


SCRIPT = """
import os, sys, threading, signal
import numpy as np
from saegim.runtime import pool
from saegim.runtime.jit import load
from saegim.runtime.target import host
WORK = '''define void @count(ptr %c, i64 %item, i64 %thread) nounwind {
  %p = getelementptr i64, ptr %c, i64 %item
  %x = load i64, ptr %p
  %y = add i64 %x, 1
  store i64 %y, ptr %p
  ret void
}'''
library = load(WORK, host())
def go(threads=3):
    todo = pool.Waves([(library.address("count"), 200)] * 10)
    counts, faults = np.zeros(200, np.int64), np.zeros(1, np.int32)
    pool.run(todo, counts.ctypes.data, faults.ctypes.data, threads)
    assert (counts == 10).all()
go()
"""


def script(code: str) -> subprocess.CompletedProcess[str]:
    """A fresh process that has used the pool and goes on with `code`."""
    return subprocess.run([sys.executable, "-c", SCRIPT + code], capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_children_have_workers_of_their_own() -> None:
    done = script("""
for _ in range(5):
    child = os.fork()
    if child == 0:
        before = threading.active_count()
        go(); go(2)
        assert threading.active_count() > before
        sys.exit(7)
    go()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
print("fine")
""")
    assert (done.stdout, done.stderr) == ("fine\n", "")


ENDLESS = "threading.Thread(target=lambda: [go() for _ in range(99999)], daemon=True).start()"


@pytest.mark.parametrize(
    "code", ["", "import atexit; atexit.register(go)", f"import time; {ENDLESS}; time.sleep(0.02)"]
)
def test_the_interpreter_ends_while_workers_wait_and_while_they_work(code: str) -> None:
    done = script(code)
    assert (done.returncode, done.stderr) == (0, "")


def test_control_c_works_between_runs() -> None:
    done = script("""
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        go()
except KeyboardInterrupt:
    go()
    print("fine")
""")
    assert (done.stdout, done.stderr) == ("fine\n", "")
