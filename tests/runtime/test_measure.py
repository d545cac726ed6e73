"""What this machine can do: figures of the right kind. How large they are, no test says."""

from __future__ import annotations

import pytest

from saegim.runtime import measure
from saegim.runtime.jit import assembly
from saegim.runtime.target import PRESETS, Target


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_SECONDS", 0.001)


@pytest.mark.parametrize("threads", [1, 2, None])
def test_arithmetic(threads: int | None) -> None:
    assert 1e8 < measure.peak_flops(threads) < 1e15


@pytest.mark.parametrize("threads", [1, 3, None])
@pytest.mark.parametrize("size", [1, 16 << 10, 1 << 20])
def test_memory(size: int, threads: int | None) -> None:
    assert 1e7 < measure.bandwidth(size, threads) < 1e15


@pytest.mark.parametrize("target", PRESETS.values(), ids=lambda each: each.name)
def test_nothing_is_left_out(target: Target) -> None:
    arithmetic = assembly(measure._arithmetic(target), target)
    factors = {"avx512": "vfmadd", "avx2": "vfmadd", "neon": "fmla", "generic": "mulps"}
    assert arithmetic.count(factors[target.name]) >= measure._chains(target)
    reading = assembly(measure._reading(target), target)
    loads = {"avx512": "%zmm", "avx2": "%ymm", "neon": "ld", "generic": "%xmm"}
    assert reading.count(loads[target.name]) >= 1024 // target.vector // (2 if target.name == "neon" else 1)
