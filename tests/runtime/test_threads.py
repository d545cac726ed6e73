"""The number of threads: as told, as the environment says, and what nobody can mean."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from threadpoolctl import threadpool_info

import saegim as sg
from saegim.errors import SettingError
from saegim.runtime import follow_environment, threads

NAMES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "OMP_NUM_THREADS", "SAEGIM_THREADS")


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A fresh process, since threads are a setting of the whole process."""
    inherited = {name: value for name, value in os.environ.items() if name not in NAMES}
    return subprocess.run([sys.executable, "-c", code], env=inherited | environment, capture_output=True, text=True)


SHOW = "from threadpoolctl import threadpool_info; print({each['num_threads'] for each in threadpool_info()})"


def test_set_threads_limits_libraries_loaded_before_and_after() -> None:
    before = run(f"import numpy, saegim as sg; sg.set_threads(1); {SHOW}")
    after = run(f"import saegim as sg; sg.set_threads(1); import numpy, scipy.linalg, sklearn; {SHOW}")
    assert (before.stdout, after.stdout) == ("{1}\n", "{1}\n"), before.stderr + after.stderr


def test_the_environment_is_followed_when_tensors_are_used() -> None:
    code = f"import saegim as sg; sg.ones(1); from saegim.runtime import threads; print(threads()); {SHOW}"
    assert run(code, SAEGIM_THREADS=" 1 ").stdout == "1\n{1}\n"


def test_without_a_word_all_cores_are_used() -> None:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    done = run(
        "import saegim as sg; sg.ones(1); from saegim.runtime import threads; print(threads())",
        SAEGIM_THREADS="",
    )
    assert done.stdout == f"{cores}\n"


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²"])
def test_an_environment_that_nobody_can_mean(text: str) -> None:
    done = run("import saegim as sg; sg.ones(1)", SAEGIM_THREADS=text)
    assert f"SettingError: SAEGIM_THREADS: a number of threads of at least 1 expected, '{text}' given" in done.stderr


@pytest.mark.parametrize("count", [0, -2, 1.5, True, "2", None])
def test_counts_that_nobody_can_mean(count: Any) -> None:
    with pytest.raises(SettingError, match="set_threads: a number of threads of at least 1 expected"):
        sg.set_threads(count)


def test_the_environment_can_be_followed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    sg.ones(1)  # loads NumPy's library
    for name in NAMES:
        monkeypatch.setenv(name, str(threads()))
    follow_environment()
    assert {each["num_threads"] for each in threadpool_info()} == {threads()}
    monkeypatch.setenv("SAEGIM_THREADS", "many")
    with pytest.raises(SettingError, match="SAEGIM_THREADS: a number of threads of at least 1 expected, 'many' given"):
        follow_environment()


def test_the_number_is_known_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    sg.ones(1)  # loads NumPy's library
    for name in NAMES:
        monkeypatch.setenv(name, "1")  # restored afterwards
    now = threads()
    sg.set_threads(now)
    assert threads() == now
    assert {each["num_threads"] for each in threadpool_info()} == {now}
