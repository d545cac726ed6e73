"""What the floors above see of the compiler: a graph goes in, a callable program comes out."""

from __future__ import annotations

import os
from typing import Any, Protocol

import numpy.typing as npt

from saegim.compiler.share import prepared
from saegim.errors import SettingError
from saegim.ir import Graph
from saegim.late import late
from saegim.reference import Schedule

# What makes native code is loaded when the first program is made: LLVM takes a while.
_native = late("saegim.compiler.native")
_guards = late("saegim.compiler.guards")
_dump = late("saegim.compiler.dump")

Array = npt.NDArray[Any]


class Program(Protocol):
    """A graph made ready to run.

    Arrays of donated inputs may be overwritten, also when a run ends with an error; do not use them afterwards. An
    output may share memory with an input that is not donated, or with another output.
    """

    @property
    def graph(self) -> Graph:
        """What the program computes."""

    def __call__(self, *arrays: Array) -> tuple[Array, ...]: ...


def compile_graph(graph: Graph) -> Program:
    """The program for `graph`: native code for this machine, or its NumPy meaning where SAEGIM_COMPILE is 0.

    SAEGIM_DEBUG=guards: native code whose every write is looked after, see `guards`. SAEGIM_DUMP: the folder that the
    stages of every native program are written to, see `dump`. Raises SettingError where these cannot be followed.
    """
    if _setting("SAEGIM_COMPILE") == "0":
        return Schedule(prepared(graph))
    debug = _setting("SAEGIM_DEBUG")
    if debug not in ("", "guards"):
        raise SettingError(f"SAEGIM_DEBUG: 'guards' or nothing expected, {debug!r} given")
    program: Program = _guards.GuardedProgram(graph) if debug else _native.NativeProgram(graph)
    folder = _setting("SAEGIM_DUMP")
    if folder:
        _dump.dump(program, folder)
    return program


def _setting(name: str) -> str:
    return os.environ.get(name, "").strip()
