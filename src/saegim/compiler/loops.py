"""Native loops that are no tensor programs: over texts and ragged rows, each written once with the builder.

Every loop has a meaning in NumPy beside it, which runs where SAEGIM_COMPILE is 0, and gives the same.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.compiler.llvm import Function, Module, Value
from saegim.runtime.jit import Library, load
from saegim.runtime.target import host

Array = npt.NDArray[Any]
Write = Callable[[Function], None]


def are_wanted() -> bool:
    """Whether native code may be used."""
    return os.environ.get("SAEGIM_COMPILE", "").strip() != "0"


class Loop:
    """One function whose parameters are addresses and numbers, all i64. Compiled when it is first called."""

    def __init__(self, name: str, parameters: int, write: Write) -> None:
        self._name, self._parameters, self._write = name, parameters, write

    @cached_property
    def _library(self) -> Library:
        module = Module()
        f = module.function(self._name, [("i64", "")] * self._parameters)
        self._write(f)
        f.ret()
        return load(module.text, host())

    @cached_property
    def _function(self) -> Callable[..., None]:
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * self._parameters)
        function: Callable[..., None] = kind(self._library.address(self._name))
        return function

    def __call__(self, *arguments: Array | int) -> None:
        """Runs it, without the interpreter's lock, on arrays (C-contiguous, of the dtypes it expects) and numbers."""
        self._function(*[each.ctypes.data if isinstance(each, np.ndarray) else each for each in arguments])


def pointers(f: Function, numbers: list[Value]) -> list[Value]:
    """Addresses given as numbers."""
    return [f.value("ptr", f"inttoptr i64 {each.text} to ptr") for each in numbers]


def load_at(f: Function, pointer: Value, index: Value | int, kind: str) -> Value:
    """Element `index` of an array of `kind`."""
    return f.load(f.at(pointer, index, kind), kind)


def store_at(f: Function, x: Value, pointer: Value, index: Value | int) -> None:
    """Writes element `index` of an array."""
    f.store(x, f.at(pointer, index, x.type))
