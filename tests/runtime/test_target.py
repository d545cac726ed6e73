"""Processors: this one, those with a name, and what the environment asks for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from saegim.runtime import target
from saegim.runtime.target import PRESETS, host, runs


def asked(name: str) -> subprocess.CompletedProcess[str]:
    """A fresh process, since the processor is looked at once."""
    code = "from saegim.runtime.target import host; print(host().name)"
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "SAEGIM_TARGET": name}, capture_output=True, text=True
    )


def test_the_environment_names_a_processor() -> None:
    runnable = [name for name, preset in PRESETS.items() if runs(preset)]
    assert [asked(f" {name} ").stdout for name in runnable] == [f"{name}\n" for name in runnable]
    assert asked("").stdout == "native\n"


def test_names_that_mean_nothing_here() -> None:
    assert (
        "SettingError: SAEGIM_TARGET: one of avx512, avx2, neon, generic expected, 'sse9' given" in asked("sse9").stderr
    )
    foreign = next(name for name, preset in PRESETS.items() if preset.architecture != host().architecture)
    done = asked(foreign)
    assert "SettingError: SAEGIM_TARGET: this machine (" in done.stderr
    assert f"cannot run code for '{foreign}'; choose another" in done.stderr


def test_lanes() -> None:
    counts = {name: preset.lanes(np.dtype("float32")) for name, preset in PRESETS.items()}
    assert counts == {"avx512": 16, "avx2": 8, "neon": 4, "generic": 4}
    assert PRESETS["avx512"].lanes(np.dtype("bool")) == 64


def test_this_machine_can_run_its_own_code() -> None:
    assert runs(host())
    assert host().l1 < host().l2 < host().l3 or host().l2 == 0


@pytest.mark.parametrize(("written", "meant"), [("48K", 49152), ("2M", 2 << 20), ("1G", 1 << 30), ("512", 512)])
def test_sizes_as_the_system_writes_them(written: str, meant: int) -> None:
    assert target._bytes(written) == meant


def test_the_sizes_of_caches_are_guessed_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "glob", lambda *_: [Path("/nowhere")])
    assert target._caches() == (32 << 10, 1 << 20, 16 << 20)
