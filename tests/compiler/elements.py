"""Runs elementwise code over whole arrays, for tests: many primitives in one module, so that it is compiled once."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from compiler.native import runnable
from saegim.compiler.elementwise import CODE
from saegim.compiler.llvm import Function, Module, Value, memory_type, vector
from saegim.dtypes import DType
from saegim.runtime.jit import Library, load
from saegim.runtime.target import Target, host

Array = npt.NDArray[Any]


Ranges = list[tuple[tuple[float, float], ...]]

# op: the largest error in ulp for float32 and for float64, and between which operands it is measured. One ulp more
# for float64 where the oracle itself (erf) is of double precision.
BOUNDS: dict[str, tuple[float, float, Ranges]] = {
    "exp": (1.2, 1.2, [((-104, 89),), ((-1, 1),), ((-746, 710),)]),
    "expm1": (2, 2, [((-1, 1),), ((-50, 89),), ((-1e-5, 1e-5),), ((-1e-40, 1e-40),)]),
    "log": (1.3, 1, [((0, 2),), ((0.9, 1.1),), ((0, 1e30),), ((0, 1e-38),)]),
    "log1p": (1.6, 1, [((-1, 1),), ((-1e-4, 1e-4),), ((0, 1e30),), ((-1e-40, 1e-40),)]),
    "log2": (2.5, 2, [((0, 2),), ((0.9, 1.1),), ((0, 1e30),), ((0, 1e-38),)]),
    "log10": (2, 2, [((0, 2),), ((0.9, 1.1),), ((0, 1e30),)]),
    "sin": (1.6, 1, [((-4, 4),), ((-1e5, 1e5),), ((-1e9, 1e9),), ((-1e-40, 1e-40),)]),
    "cos": (1.6, 1, [((-4, 4),), ((-1e5, 1e5),), ((-1e9, 1e9),)]),
    "tan": (3.5, 2.5, [((-4, 4),), ((-1e5, 1e5),), ((-1e9, 1e9),), ((-1e-40, 1e-40),)]),
    "asin": (2, 2, [((-1, 1),)]),
    "acos": (2, 2, [((-1, 1),)]),
    "atan": (2, 2, [((-5, 5),), ((-1e9, 1e9),)]),
    "sinh": (2, 2.5, [((-2, 2),), ((-100, 100),)]),
    "cosh": (2, 2.5, [((-2, 2),), ((-100, 100),)]),
    "tanh": (2.6, 2.7, [((-1, 1),), ((-20, 20),), ((-1e-4, 1e-4),), ((-1e-40, 1e-40),)]),
    "asinh": (2, 2.5, [((-2, 2),), ((-1e9, 1e9),)]),
    "acosh": (2, 2.5, [((1, 2),), ((1, 1e9),)]),
    "atanh": (2, 2.5, [((-1, 1),)]),
    "erf": (2, 2.5, [((-1, 1),), ((-6, 6),), ((-1e-3, 1e-3),), ((-1e-40, 1e-40),)]),
    "sigmoid": (2.5, 2.5, [((-5, 5),), ((-110, 110),), ((-750, 750),), ((-1e-3, 1e-3),)]),
    "power": (0.6, 0.8, [((0, 3), (-5, 5)), ((0, 100), (-50, 50)), ((0.9, 1.1), (-800, 800)), ((0, 1e-39), (0, 1))]),
    "logaddexp": (2, 2, [((0, 9), (0, 9)), ((0, 900), (0, 900)), ((-20, -10), (-20, -10))]),
    "atan2": (2, 2, [((-5, 5), (-5, 5))]),
    "hypot": (1, 1, [((-5, 5), (-5, 5)), ((-1e30, 1e30), (-1e30, 1e30))]),
}


TARGETS = [each for each in runnable() if each == host() or each.vector < host().vector]
"""This machine's processor, and those with narrower vectors that it can stand in for."""


@dataclass(frozen=True)
class Job:
    """A primitive with the dtypes of its operands and its result, in vectors of `lanes`."""

    op: str
    given: tuple[DType, ...]
    result: DType
    lanes: int


class Elements:
    """The native code of some jobs."""

    def __init__(self, jobs: Mapping[str, Job], target: Target) -> None:
        self._jobs = jobs
        self.module = Module()
        for name, job in jobs.items():
            _write(self.module, name, job)
        self._library: Library = load(self.module.text, target)

    def __call__(self, name: str, *operands: Array) -> Array:
        """The results for operands of one axis; the last vector is filled up by repeating."""
        job = self._jobs[name]
        count = len(operands[0])
        padded = -(-count // job.lanes) * job.lanes
        filled = [np.resize(each, padded) for each in operands]
        result = np.empty(padded, job.result)
        pointers = [each.ctypes.data for each in (*filled, result)]
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(pointers), ctypes.c_int64)
        kind(self._library.address(name))(*pointers, padded)
        return result[:count]


def _write(module: Module, name: str, job: Job) -> None:
    f = module.function(name, [("ptr", "")] * (len(job.given) + 1) + [("i64", "")])
    *pointers, result, count = f.parameters
    given = list(zip(pointers, job.given, strict=True))
    with f.loop(0, count, job.lanes) as i:
        operands = [_loaded(f, pointer, i, dtype, job.lanes) for pointer, dtype in given]
        value = CODE[job.op](f, job.given[-1], job.result, operands)
        stored = f.convert("zext", value, "i8") if job.result.kind == "b" else value
        f.store(stored, f.at(result, i, memory_type(job.result)))
    f.ret()


def _loaded(f: Function, pointer: Value, i: Value, dtype: DType, lanes: int) -> Value:
    value = f.load(f.at(pointer, i, memory_type(dtype)), vector(memory_type(dtype), lanes))
    return f.convert("trunc", value, "i1") if dtype.kind == "b" else value


def ulps(found: Array, exact: npt.NDArray[np.longdouble]) -> Array:
    """How far `found` is from `exact`, in units of the last place of `exact`.

    Below the normal numbers, units are those of the least of them. inf where one alone is not finite, or is nan.
    """
    dtype = found.dtype
    rounded = exact.astype(dtype)
    unit = np.spacing(np.maximum(np.abs(rounded), np.finfo(dtype).tiny))
    distance = np.abs(found.astype(np.longdouble) - exact) / unit
    same = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
    both = np.isfinite(found) & np.isfinite(rounded)
    return np.where(same & ~both, 0, np.where(both, distance, np.inf)).astype(np.float64)


def crossed(values: Sequence[Array]) -> list[Array]:
    """Every combination of the values of several operands."""
    return [each.ravel() for each in np.meshgrid(*values)]
