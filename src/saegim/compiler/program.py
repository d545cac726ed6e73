"""What the floors above see of the compiler: a graph goes in, a callable program comes out."""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt

from saegim.ir import Graph, check
from saegim.reference import Schedule

Array = npt.NDArray[Any]


class Program(Protocol):
    """A graph made ready to run. Arrays of donated inputs may be overwritten; do not use them afterwards."""

    graph: Graph

    def __call__(self, *arrays: Array) -> tuple[Array, ...]: ...


def compile_graph(graph: Graph) -> Program:
    """The program for `graph`: at present its NumPy meaning, in a fixed order with memory released early."""
    check(graph)
    return Schedule(graph)
