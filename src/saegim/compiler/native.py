"""A program as native code: entered with a table of addresses, run by all threads together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.compiler.lower.body import Context
from saegim.compiler.lower.emit import HEADER, Emitter
from saegim.compiler.lower.form import Space
from saegim.compiler.lower.memory import plan_memory
from saegim.compiler.lower.plan import Plan, Planner
from saegim.compiler.lower.text import to_text as plan_to_text
from saegim.compiler.report import Measured, report
from saegim.compiler.simplify import simplify
from saegim.compiler.split import SHARDS, split
from saegim.compiler.split import to_text as phased_to_text
from saegim.ir import Graph
from saegim.ir import to_text as graph_to_text
from saegim.reference import Schedule, owned
from saegim.runtime import pool
from saegim.runtime.jit import Library, assembly, load
from saegim.runtime.target import Target, host

Array = npt.NDArray[Any]

LINE = 64


class NativeProgram:
    """A graph as native code for this machine. Any number of Python threads may run it.

    stages: what each pass made of the program, as text, by the name of the pass.
    """

    def __init__(
        self, graph: Graph, target: Target | None = None, *, tile: int | None = None, shards: int = SHARDS
    ) -> None:
        """target: this machine's processor unless given; tile, shards: as `split` takes them."""
        self.graph = graph
        self._target = target or host()
        self._simple = simplify(graph)
        self._phased = split(self._simple, tile=tile, shards=shards)
        self._plan = Planner(self._phased, Context(self._target)).plan()
        self._place()
        emitter = Emitter(self._plan, self._target)
        self._library = load(emitter.module.text, self._target)
        self._waves = _entries(emitter, self._library)
        self._idle: list[Run] = []

    def _place(self) -> None:
        plan_memory(self._plan)

    def _new_run(self) -> Run:
        return Run(self._plan, self._waves)

    @property
    def stages(self) -> dict[str, str]:
        code = Emitter(self._plan, self._target).module.text
        return {
            "trace": graph_to_text(self.graph),
            "simplify": graph_to_text(self._simple),
            "split": phased_to_text(self._phased),
            "lower": plan_to_text(self._plan),
            "emit": code,
            "assembly": assembly(code, self._target),
        }

    def report(self, *arrays: Array, repeats: int = 20) -> str:
        """What each phase consists of; with `arrays` for its inputs, which are not overwritten, what it takes."""
        return report(self._plan, self._measured(arrays, repeats) if arrays else None)

    def _measured(self, arrays: Sequence[Array], repeats: int) -> Measured:
        """Seconds of every call of a kernel, summed over threads, and those of a whole run."""
        emitter = Emitter(self._plan, self._target, timed=True)
        assert emitter.timers is not None
        library = load(emitter.module.text, self._target)
        run = Run(self._plan, _entries(emitter, library), 8 * len(emitter.timers.calls))
        spans = []
        for _ in range(repeats):
            given, made = self._memory([each.copy() for each in arrays])
            begun = time.perf_counter()
            run(given, made)
            spans.append(time.perf_counter() - begun)
        ticks = run.counters(len(emitter.timers.calls))
        return Measured(emitter.timers.calls, ticks / ticks.sum(), float(np.median(spans)), pool.width())

    def __call__(self, *arrays: Array) -> tuple[Array, ...]:
        """The graph's outputs for `arrays`. Raises IndexError with the node's origin where an index points nowhere.

        Arrays of donated inputs may be overwritten, also when an error is raised.
        """
        given, made = self._memory(arrays)
        run = self._take_run()
        failed = run(given, made)
        self._idle.append(run)
        if failed:
            self._blame(arrays)
        places = {Space.INPUT: given, Space.OUTPUT: made}
        outputs = self._plan.outputs
        return tuple(places[view.buffer.space][view.buffer.place].reshape(view.where.shape) for view in outputs)

    def _memory(self, arrays: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """The inputs as native code takes them, and the arrays that a run makes."""
        given = [_in_order(each) for each in owned(arrays, self._plan.overwritten)]
        return given, [np.empty(buffer.size, buffer.dtype) for buffer in self._plan.made]

    def _take_run(self) -> Run:
        """Memory that no other thread uses at the moment."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._new_run()

    def _blame(self, arrays: Sequence[Array]) -> None:
        """Raises the IndexError of the operation whose index points nowhere."""
        Schedule(Graph(self.graph.inputs, self.graph.outputs))(*arrays)
        raise IndexError("an index points nowhere")


Waves = list[tuple[int, int]]  # for each the address of its function and its number of items


def _entries(emitter: Emitter, library: Library) -> Waves:
    return [(library.address(name), items) for name, items in emitter.waves]


class Run:
    """The memory that one run at a time needs: arenas and the table of addresses."""

    def __init__(self, plan: Plan, waves: Waves, counters: int = 0) -> None:
        """counters: further bytes at the end of each thread's arena, which begin as zeros."""
        self._waves, self._counters = pool.Waves(waves), plan.local_bytes
        self._shared = aligned(plan.shared_bytes)
        self._faults = np.zeros(1, np.int32)
        # Threads do not begin at a multiple of a large power of two from each other.
        self._stride = -(-(plan.local_bytes + counters) // LINE) * LINE + 5 * LINE
        self._local = aligned(0)
        constants = [each.ctypes.data for each in plan.context.constants]
        head = [self._shared.ctypes.data, 0, self._stride, self._faults.ctypes.data]
        self._arrays = plan.inputs + len(plan.made)
        self._table = np.array([*head, *[0] * self._arrays, *constants], np.uint64)
        self._address = self._table.ctypes.data

    def __call__(self, given: list[Array], made: list[Array]) -> bool:
        """Runs the program on its inputs and the arrays for its outputs; whether an index pointed nowhere."""
        threads = pool.width()
        self._use([each.ctypes.data for each in (*given, *made)], threads)
        pool.run(self._waves, self._address, self._faults.ctypes.data, threads)
        return bool(self._faults[0])

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


def _in_order(array: Array) -> Array:
    return array if array.flags.c_contiguous and array.flags.aligned else np.require(array, requirements=["C", "A"])
