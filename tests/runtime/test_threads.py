"""The number of threads: as told, as the environment says, and what nobody can mean."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_info

import saegim as sg
from saegim.errors import SettingError
from saegim.runtime import follow_environment, threads
from saegim.runtime.threads import _quotas, cores

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
    done = run(
        "import saegim as sg; sg.ones(1); from saegim.runtime import threads; print(threads())",
        SAEGIM_THREADS="",
    )
    assert done.stdout == f"{cores()}\n"


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


def group(root: Path, folder: str, **files: str) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / folder / name.replace("__", ".")).write_text(text)


def test_a_container_grants_cores_in_either_version(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("4:memory:/a\n3:cpu,cpuacct:/a/b\n2:cpuset:/\n0::/c/d\nnonsense\n")
    group(tmp_path, "cpu,cpuacct/a/b", cpu__cfs_quota_us="150000\n", cpu__cfs_period_us="100000\n")
    group(tmp_path, "cpu,cpuacct", cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    group(tmp_path, "memory/a", cpu__max="1 1")
    group(tmp_path, "c/d", cpu__max="max 100000\n")
    group(tmp_path, "c", cpu__max="350000 100000\n")
    group(tmp_path, "", cpu__max="1000 100000\n")
    assert list(_quotas(own, tmp_path)) == [2, 4, 1]


def test_without_limits_nothing_is_limited(tmp_path: Path) -> None:
    assert list(_quotas(tmp_path / "missing", tmp_path)) == []
    (tmp_path / "cgroup").write_text("0::/\n")
    for said in ("max 100000", "", "100000", "x y", "5 0"):
        group(tmp_path, "", cpu__max=said)
        assert list(_quotas(tmp_path / "cgroup", tmp_path)) == []


def test_cores_are_those_that_are_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["saegim.runtime.threads"]  # by attributes one arrives at the function of that name
    monkeypatch.setattr(module, "_granted", lambda: 1)
    assert cores() == 1
    monkeypatch.setattr(module, "_granted", lambda: 1 << 20)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 4}, raising=False)
    assert cores() == 3
