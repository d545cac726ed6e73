"""What the floors above see of the compiler: a graph goes in, a callable program comes out."""

from __future__ import annotations

import os
from typing import Any, Protocol

import numpy.typing as npt

from saegim.compiler.share import share_scans
from saegim.ir import Graph, check
from saegim.late import late
from saegim.reference import Schedule

# What makes native code is loaded when the first program is made: LLVM takes a while.
_native = late("saegim.compiler.native")

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
    """The program for `graph`: native code for this machine, or its NumPy meaning where SAEGIM_COMPILE is 0."""
    check(graph)
    shared = share_scans(graph)
    if shared is not graph:
        check(shared, "share_scans")
    if os.environ.get("SAEGIM_COMPILE", "").strip() == "0":
        return Schedule(shared)
    program: Program = _native.NativeProgram(shared)
    return program
