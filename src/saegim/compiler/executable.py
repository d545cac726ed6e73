"""Programs that are ready to run: native code, and memory for each thread that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.compiler.recipe import HEADER, Recipe
from saegim.reference import owned
from saegim.runtime import pool
from saegim.runtime.jit import Library

Array = npt.NDArray[Any]

LINE = 64

Waves = Sequence[tuple[int, int]]
"""For each wave the address of its function and its number of items."""


class Executable:
    """A recipe with its native code. Any number of Python threads may run it."""

    def __init__(self, recipe: Recipe, library: Library) -> None:
        """Raises RuntimeError if the library does not have the functions of the recipe."""
        self.recipe = recipe
        self.waves = [(library.address(name), items) for name, items in recipe.waves]
        self._library = library  # the code is there as long as this object is
        self._idle: list[Run] = []

    def __call__(self, arrays: Sequence[Array]) -> tuple[Array, ...] | None:
        """The outputs for `arrays`; None where an index points nowhere."""
        run = self._take_run()
        given, made = run.held(arrays) or self.memory(arrays)
        failed = run(given, made)
        self._idle.append(run)
        if failed:
            return None
        places = (*given, *made)
        return tuple(_shaped(places[place], shape) for place, shape in self.recipe.outputs)

    def memory(self, arrays: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """The inputs as native code takes them, and the arrays that a run makes."""
        given = [_in_order(each) for each in owned(arrays, self.recipe.overwritten)]
        return given, [np.empty(size, dtype) for dtype, size in self.recipe.made]

    def _take_run(self) -> Run:
        """Memory that no other thread uses at the moment."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._new_run()

    def _new_run(self) -> Run:
        return Run(self.recipe, self.waves)


class Run:
    """The memory that one run at a time needs: arenas and the table of addresses."""

    def __init__(self, recipe: Recipe, waves: Waves, counters: int = 0) -> None:
        """counters: further bytes at the end of each thread's arena, which begin as zeros."""
        self._waves, self._counters = pool.Waves(waves), recipe.local_bytes
        self._shared = aligned(recipe.shared_bytes)
        self._faults = np.zeros(1, np.int32)
        # Threads do not begin at a multiple of a large power of two from each other.
        self._stride = -(-(recipe.local_bytes + counters) // LINE) * LINE + 5 * LINE
        self._local = aligned(0)
        head = [self._shared.ctypes.data, 0, self._stride, self._faults.ctypes.data]
        self._arrays = recipe.inputs + len(recipe.made)
        self._held = recipe.constants  # as long as their addresses are in the table
        constants = [each.ctypes.data for each in recipe.constants]
        self._table = np.array([*head, *[0] * self._arrays, *constants], np.uint64)
        self._address = self._table.ctypes.data
        self._recipe = recipe
        self._last: list[Array] = []  # the inputs of the last run, with their addresses
        self._addresses: list[int] = []

    def held(self, arrays: Sequence[Array]) -> tuple[list[Array], list[Array]] | None:
        """The inputs and the arrays that a run makes, if since the last run only inputs that stay as they are changed.

        A training step is called with hundreds of arrays of which two are new; looking at all of them anew would take
        longer than a small step.
        """
        if len(arrays) != len(self._last):
            return None
        new = [number for number, (now, old) in enumerate(zip(arrays, self._last, strict=True)) if now is not old]
        overwritten = set(self._recipe.overwritten)
        memory = {id(each if each.base is None else each.base) for each in (arrays[number] for number in overwritten)}
        for number in new:
            each = arrays[number]
            if number in overwritten or id(each if each.base is None else each.base) in memory:
                return None
        if not all(arrays[number].flags.writeable for number in overwritten):
            return None
        given = list(arrays)
        for number in new:
            given[number] = _in_order(given[number])
        return given, [np.empty(size, dtype) for dtype, size in self._recipe.made]

    def __call__(self, given: list[Array], made: list[Array]) -> bool:
        """Runs the program on its inputs and the arrays for its outputs; whether an index pointed nowhere."""
        threads = pool.width()
        self._use([*self._addresses_of(given), *(each.ctypes.data for each in made)], threads)
        pool.run(self._waves, self._address, self._faults.ctypes.data, threads)
        return bool(self._faults[0])

    def _addresses_of(self, given: list[Array]) -> list[int]:
        """The addresses of the inputs; asking an array for its own takes a microsecond or more."""
        if len(given) == len(self._last):
            triples = zip(given, self._last, self._addresses, strict=True)
            self._addresses = [known if now is old else now.ctypes.data for now, old, known in triples]
        else:
            self._addresses = [each.ctypes.data for each in given]
        self._last = given
        return self._addresses

    def _use(self, arrays: Sequence[int], threads: int) -> None:
        """Fills the table for arrays at these addresses and so many threads."""
        if len(self._local) < threads * self._stride:
            self._local = aligned(threads * self._stride)
            self._local.reshape(threads, -1)[:, self._counters :] = 0
            self._table[1] = self._local.ctypes.data
        self._table[HEADER : HEADER + self._arrays] = arrays
        self._faults[0] = 0

    def counters(self, count: int) -> Array:
        """The counters behind each thread's arena, summed over threads."""
        rows = self._local.reshape(-1, self._stride)[:, self._counters : self._counters + 8 * count]
        totals: Array = np.ascontiguousarray(rows).view(np.int64).sum(axis=0)
        return totals


def aligned(size: int) -> Array:
    """Memory of `size` bytes that begins with a cache line."""
    raw = np.empty(size + LINE, np.uint8)
    return raw[-raw.ctypes.data % LINE :][:size]


def _shaped(array: Array, shape: tuple[int, ...]) -> Array:
    return array if array.shape == shape else array.reshape(shape)


def _in_order(array: Array) -> Array:
    return array if array.flags.c_contiguous and array.flags.aligned else np.require(array, requirements=["C", "A"])
