"""Runs kernels as native code, for tests."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.compiler.kernels.base import Kernel, Layout
from saegim.compiler.llvm import Module
from saegim.runtime.jit import Library, load
from saegim.runtime.target import PRESETS, Target, host

Array = npt.NDArray[Any]


def runnable() -> list[Target]:
    """The targets whose code this machine can execute: its own first."""
    own = host()
    if not own.triple.startswith("x86_64"):
        return [own]
    can = {"avx512": own.vector >= 64, "avx2": own.vector >= 32, "generic": True}
    return [own, *(PRESETS[name] for name, works in can.items() if works)]


def call(kernel: Kernel, *operands: Array, target: Target | None = None, pieces: int = 1, onward: bool = False) -> bool:
    """Runs `kernel` on arrays for its reads and writes, written in place; whether no index pointed nowhere.

    `operands` are base arrays: a kernel's strides count from their first element. `pieces`: in how many calls.
    """
    return load_all([kernel], target)[0](*operands, pieces=pieces, onward=onward)


def load_all(kernels: Sequence[Kernel], target: Target | None = None) -> list[Loaded]:
    """Several kernels in one module, which is quicker than one module for each; equal ones are emitted once."""
    target = target or host()
    module = Module()
    for kernel in dict.fromkeys(kernels):
        kernel.emit(module, kernel.name, target)
    library = load(module.text, target)
    return [Loaded(kernel, library) for kernel in kernels]


class Loaded:
    """A kernel in memory, to be called as in `call`."""

    def __init__(self, kernel: Kernel, library: Library) -> None:
        self.kernel, self._library = kernel, library
        operands = len(kernel.reads) + len(kernel.writes) + bool(kernel.scratch_bytes)
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * operands, *[ctypes.c_int64] * 3, ctypes.c_void_p)
        self._function = kind(library.address(kernel.name))

    def __call__(self, *operands: Array, pieces: int = 1, onward: bool = False) -> bool:
        pointers = [each.ctypes.data for each in operands]
        raw = np.empty(self.kernel.scratch_bytes + 64, np.uint8)
        if self.kernel.scratch_bytes:
            pointers.append(-(-raw.ctypes.data // 64) * 64)
        faults = np.zeros(1, np.int32)
        edges = np.linspace(0, self.kernel.items, pieces + 1).astype(int)
        for first, last in itertools.pairwise(edges):
            self._function(*pointers, int(first), int(last), int(onward), faults.ctypes.data)
        return not faults[0]


def layout(array: Array) -> Layout:
    """The layout of a NumPy array."""
    return Layout(array.dtype, array.shape, tuple(by // array.itemsize for by in array.strides))


def dense(arrays: Sequence[Array]) -> tuple[Layout, ...]:
    return tuple(map(layout, arrays))
