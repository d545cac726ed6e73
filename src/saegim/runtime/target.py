"""The processor that code is made for: how wide its vectors are, how many registers and how much cache it has."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import llvmlite.binding as llvm

from saegim.dtypes import DType
from saegim.errors import SettingError


@dataclass(frozen=True)
class Target:
    """A processor as the compiler sees it.

    vector: bytes of a vector register; registers: how many vector registers there are; l1, l2, l3: bytes of data
    cache, l1 and l2 for each core, l3 for all.
    """

    name: str
    triple: str
    cpu: str
    features: str
    vector: int
    registers: int
    l1: int = 32 << 10
    l2: int = 1 << 20
    l3: int = 16 << 20

    @property
    def architecture(self) -> str:
        """The family of processors: x86_64 or aarch64, for instance."""
        first = self.triple.split("-")[0]
        return "aarch64" if first == "arm64" else first

    def lanes(self, dtype: DType) -> int:
        """How many elements of `dtype` a vector register holds."""
        return max(1, self.vector // dtype.itemsize)


# Features that a preset needs; everything else is left off, so that its code runs wherever these exist.
_AVX2 = "+avx2,+fma,+bmi2,+f16c,+popcnt"
_AVX512 = f"{_AVX2},+avx512f,+avx512vl,+avx512bw,+avx512dq"

PRESETS = {
    "avx512": Target("avx512", "x86_64-unknown-linux-gnu", "x86-64", _AVX512 + ",-prefer-256-bit", 64, 32),
    "avx2": Target("avx2", "x86_64-unknown-linux-gnu", "x86-64", _AVX2, 32, 16),
    "neon": Target("neon", "aarch64-unknown-linux-gnu", "generic", "+neon", 16, 32),
    "generic": Target("generic", "x86_64-unknown-linux-gnu", "x86-64", "", 16, 16),
}
"""Processors by what they can do, for tests and for code that is made elsewhere."""


@cache
def host() -> Target:
    """This machine's processor, or the preset that SAEGIM_TARGET names.

    Raises SettingError for an unknown name and for a preset whose code this machine cannot run.
    """
    own = _own()
    wanted = os.environ.get("SAEGIM_TARGET", "").strip()
    if not wanted:
        return own
    if wanted not in PRESETS:
        raise SettingError(f"SAEGIM_TARGET: one of {', '.join(PRESETS)} expected, {wanted!r} given")
    preset = PRESETS[wanted]
    if not runs(preset):
        raise SettingError(f"SAEGIM_TARGET: this machine ({own.cpu}) cannot run code for {wanted!r}; choose another")
    return replace(preset, triple=own.triple, l1=own.l1, l2=own.l2, l3=own.l3)


def runs(target: Target) -> bool:
    """Whether this machine can run code for `target`."""
    own = _own()
    known = _features(own.features) | ({"neon"} if own.architecture == "aarch64" else set())
    return target.architecture == own.architecture and _features(target.features) <= known


def _features(written: str) -> set[str]:
    """What a list such as "+avx2,-prefer-256-bit" asks for."""
    return {name[1:] for name in written.split(",") if name.startswith("+")}


@cache
def _own() -> Target:
    """This machine's processor."""
    features = llvm.get_host_cpu_features()
    triple = llvm.get_process_triple()
    wide = 64 if features.get("avx512f") and features.get("avx512dq") else 32 if features.get("avx2") else 16
    registers = 16 if triple.startswith("x86_64") and wide < 64 else 32
    written = features.flatten() + (",-prefer-256-bit" if wide == 64 else "")
    return Target("native", triple, llvm.get_host_cpu_name(), written, wide, registers, *_caches())


def _caches() -> tuple[int, int, int]:
    """Bytes of the first core's data caches, as Linux tells them; usual sizes elsewhere."""
    found = {1: 32 << 10, 2: 1 << 20, 3: 16 << 20}
    for folder in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            kind, level, size = ((folder / name).read_text().strip() for name in ("type", "level", "size"))
            if kind != "Instruction":
                found[int(level)] = _bytes(size)
        except (OSError, ValueError):
            continue
    return found[1], found[2], found[3]


def _bytes(size: str) -> int:
    """`48K`, as Linux writes it, or `2M`."""
    units = {"K": 10, "M": 20, "G": 30}
    return int(size[:-1]) << units[size[-1]] if size[-1:] in units else int(size)
