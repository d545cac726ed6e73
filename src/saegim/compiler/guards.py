"""Programs that find out who writes where nobody should: SAEGIM_DEBUG=guards.

Every buffer of the arenas, the scratch memory of every call, and copies of all arrays stand apart from each other,
with noise in between. The program runs wave by wave, and after each the noise must be as it was; what a wave has no
business to write, inputs and constants, must be, too. Memory that was not written yet holds NaN, or -1, so that what
reads it too early shows.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from saegim.compiler.executable import LINE, Executable, Run, Waves, aligned
from saegim.compiler.lower.form import Buffer, Space
from saegim.compiler.lower.memory import plan_apart
from saegim.compiler.lower.plan import Plan, Tiles, Wave, calls_of
from saegim.compiler.native import NativeProgram
from saegim.compiler.passes import Build, Settings
from saegim.compiler.recipe import HEADER, Recipe
from saegim.runtime import pool

Array = npt.NDArray[Any]

_UNWRITTEN = 0xFF
_NOISE = np.random.default_rng(0).integers(0, 256, 1 << 16, np.uint8)
_REACH = len(_NOISE) // 4  # how far from a part there is noise
_gap_numbers = itertools.count()


class GuardError(AssertionError):
    """Native code wrote where it should not: an error of the compiler, not of its user."""


class GuardedProgram(NativeProgram):
    """A native program that raises GuardError when a kernel writes outside of its operands; slow, and large."""

    @cached_property
    def _build(self) -> Build:
        return Build(self.graph, Settings(self._target, **self._settings), plan_apart)

    def _made(self) -> Executable:
        return _GuardedExecutable(self._build)


class _GuardedExecutable(Executable):
    def __init__(self, build: Build) -> None:
        super().__init__(*build.made())
        self._plan = build.plan

    def _new_run(self) -> Run:
        return _GuardedRun(self.recipe, self.waves, self._plan)


class _Part(NamedTuple):
    """Bytes `begin` to `end` of a region, which may be written."""

    begin: int
    end: int
    name: str


class _Region:
    """Memory of named parts with noise before, between and after them."""

    def __init__(self, memory: Array, parts: Sequence[_Part]) -> None:
        """memory: bytes (n,), filled anew here."""
        memory.fill(_UNWRITTEN)
        self._gaps = [(memory[begin:end], _noise(end - begin), name) for begin, end, name in _gaps(parts, len(memory))]
        for there, noise, _name in self._gaps:
            there[:] = noise

    def check(self, wave: str) -> None:
        for there, noise, name in self._gaps:
            if not np.array_equal(there, noise):
                raise GuardError(f"{wave} wrote where nobody should: {(there != noise).sum()} bytes {name}")


def _noise(size: int) -> Array:
    """Bytes that are others for every gap: what is copied from one to another shows."""
    start = next(_gap_numbers) * 97 % (len(_NOISE) - _REACH * 2)
    return _NOISE[start : start + size]


def _gaps(parts: Sequence[_Part], size: int) -> Iterator[tuple[int, int, str]]:
    """What lies around the parts, as (begin, end, where that is)."""
    ordered = sorted(parts)
    befores, afters = [_Part(0, 0, ""), *ordered], [*ordered, _Part(size, size, "")]
    for before, after in zip(befores, afters, strict=True):
        names = [f"{side} {part.name}" for side, part in (("after", before), ("before", after)) if part.name]
        begin, end = before.end, after.begin
        if not names:
            yield begin, min(end, _REACH), "in an arena without buffers"
        elif end - begin <= 2 * _REACH:
            yield begin, end, " and ".join(names)
        else:
            yield begin, begin + _REACH, names[0]
            yield end - _REACH, end, names[-1]


class _Copy:
    """A copy of an array, or memory for one, with noise around it."""

    def __init__(self, name: str, array: Array, contents: bool) -> None:
        """contents: whether what is in `array` is copied, and must stay what it is."""
        self._name, self._original = name, array if contents else None
        memory = aligned(LINE + -(-array.nbytes // LINE) * LINE + LINE)
        self._region = _Region(memory, [_Part(LINE, LINE + array.nbytes, name)])
        self.array = memory[LINE : LINE + array.nbytes].view(array.dtype).reshape(array.shape)
        if contents:
            self.array[...] = array

    def may_change(self) -> None:
        self._original = None

    def check(self, wave: str) -> None:
        self._region.check(wave)
        if self._original is not None and self.array.tobytes() != self._original.tobytes():
            raise GuardError(f"{wave} wrote to {self._name}, which it must not change")


class _GuardedRun(Run):
    """A run whose memory is looked after."""

    def __init__(self, recipe: Recipe, waves: Waves, plan: Plan) -> None:
        super().__init__(recipe, waves)
        self._plan = plan
        self._steps = [pool.Waves([each]) for each in waves]
        self._constants = [_Copy(f"constant {n}", each, True) for n, each in enumerate(recipe.constants)]
        self._table[HEADER + self._arrays :] = [each.array.ctypes.data for each in self._constants]

    def __call__(self, given: list[Array], made: list[Array]) -> bool:
        """As that of a run; in `given` and `made` stand copies afterwards."""
        threads = pool.width()
        inputs = [_Copy(f"input {number}", each, True) for number, each in enumerate(given)]
        for number in self._plan.overwritten:
            inputs[number].may_change()
        outputs = [_Copy(f"output array {number}", each, False) for number, each in enumerate(made)]
        given[:], made[:] = [each.array for each in inputs], [each.array for each in outputs]
        self._use([each.ctypes.data for each in (*given, *made)], threads)
        shared = _Region(self._shared, _parts(self._plan.waves, Space.SHARED))
        watched: list[_Region | _Copy] = [shared, *self._constants, *inputs, *outputs]
        for number, (wave, step) in enumerate(zip(self._plan.waves, self._steps, strict=True)):
            parts = [*_parts([wave], Space.LOCAL), *_scratch(wave)]
            arenas = [_Region(each, parts) for each in self._local.reshape(-1, self._stride)[:threads]]
            pool.run(step, self._address, self._faults.ctypes.data, threads)
            for each in (*watched, *arenas):
                each.check(f"wave {number} ({_kernels(wave)})")
            if self._faults[0]:
                return True
        return False


def _parts(waves: Sequence[Wave], space: Space) -> list[_Part]:
    """The buffers of an arena."""
    calls = [call for wave in waves for unit in wave.units for call in calls_of(unit)]
    buffers = {view.buffer for call in calls for view in (*call.reads, *call.writes) if view.buffer.space is space}
    if space is Space.LOCAL:
        buffers |= {unit.start for wave in waves for unit in wave.units if isinstance(unit, Tiles)}
    return [_Part(each.place, each.place + each.bytes, _named(each)) for each in buffers]


def _scratch(wave: Wave) -> list[_Part]:
    calls = [call for unit in wave.units for call in calls_of(unit) if call.kernel.scratch_bytes]
    return [
        _Part(call.scratch, call.scratch + call.kernel.scratch_bytes, f"the scratch memory of {call.kernel.name}")
        for call in calls
    ]


def _named(buffer: Buffer) -> str:
    return f"{buffer.space.value}@{buffer.place} ({buffer.dtype.name}, {buffer.size} elements)"


def _kernels(wave: Wave) -> str:
    """The names of the kernels of a wave."""
    return ", ".join(dict.fromkeys(call.kernel.name for unit in wave.units for call in calls_of(unit)))
