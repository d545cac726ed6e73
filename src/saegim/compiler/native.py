"""A program as native code: entered with a table of addresses, run by all threads together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.compiler.lower.body import Context
from saegim.compiler.lower.emit import HEADER, Emitter
from saegim.compiler.lower.form import Space
from saegim.compiler.lower.memory import plan_memory
from saegim.compiler.lower.plan import Plan, Planner
from saegim.compiler.simplify import simplify
from saegim.compiler.split import split
from saegim.ir import Graph
from saegim.reference import Schedule, owned
from saegim.runtime import pool
from saegim.runtime.jit import load
from saegim.runtime.target import Target, host

Array = npt.NDArray[Any]

_LINE = 64


class NativeProgram:
    """A graph as native code for this machine. Any number of Python threads may run it."""

    def __init__(self, graph: Graph, target: Target | None = None) -> None:
        self.graph = graph
        target = target or host()
        phased = split(simplify(graph))
        plan = Planner(phased, Context(target)).plan()
        plan_memory(plan)
        emitter = Emitter(plan, target)
        self._library = load(emitter.module.text, target)
        self._waves = pool.Waves([(self._library.address(name), items) for name, items in emitter.waves])
        self._plan = plan
        self._idle: list[_Run] = []

    def __call__(self, *arrays: Array) -> tuple[Array, ...]:
        """The graph's outputs for `arrays`. Raises IndexError with the node's origin where an index points nowhere.

        Arrays of donated inputs may be overwritten, also when an error is raised.
        """
        plan = self._plan
        given = [_in_order(each) for each in owned(arrays, plan.overwritten)]
        made = [np.empty(buffer.size, buffer.dtype) for buffer in plan.made]
        run = self._take_run()
        failed = run([each.ctypes.data for each in (*given, *made)])
        self._idle.append(run)
        if failed:
            self._blame(arrays)
        places = {Space.INPUT: given, Space.OUTPUT: made}
        return tuple(places[view.buffer.space][view.buffer.place].reshape(view.where.shape) for view in plan.outputs)

    def _take_run(self) -> _Run:
        """Memory that no other thread uses at the moment."""
        try:
            return self._idle.pop()
        except IndexError:
            return _Run(self._plan, self._waves)

    def _blame(self, arrays: Sequence[Array]) -> None:
        """Raises the IndexError of the operation whose index points nowhere."""
        Schedule(Graph(self.graph.inputs, self.graph.outputs))(*arrays)
        raise IndexError("an index points nowhere")


class _Run:
    """The memory that one run at a time needs: arenas and the table of addresses."""

    def __init__(self, plan: Plan, waves: pool.Waves) -> None:
        self._waves = waves
        self._shared = _aligned(plan.shared_bytes)
        self._faults = np.zeros(1, np.int32)
        # Threads do not begin at a multiple of a large power of two from each other.
        self._stride = plan.local_bytes + 5 * _LINE
        self._local = _aligned(0)
        constants = [each.ctypes.data for each in plan.context.constants]
        head = [self._shared.ctypes.data, 0, self._stride, self._faults.ctypes.data]
        self._arrays = plan.inputs + len(plan.made)
        self._table = np.array([*head, *[0] * self._arrays, *constants], np.uint64)
        self._address = self._table.ctypes.data

    def __call__(self, arrays: Sequence[int]) -> bool:
        """Runs the program on arrays at these addresses; whether an index pointed nowhere."""
        threads = pool.width()
        if len(self._local) < threads * self._stride:
            self._local = _aligned(threads * self._stride)
            self._table[1] = self._local.ctypes.data
        self._table[HEADER : HEADER + self._arrays] = arrays
        self._faults[0] = 0
        pool.run(self._waves, self._address, self._faults.ctypes.data, threads)
        return bool(self._faults[0])


def _aligned(size: int) -> Array:
    """Memory of `size` bytes that begins with a cache line."""
    raw = np.empty(size + _LINE, np.uint8)
    return raw[-raw.ctypes.data % _LINE :][:size]


def _in_order(array: Array) -> Array:
    return array if array.flags.c_contiguous and array.flags.aligned else np.require(array, requirements="CA")
