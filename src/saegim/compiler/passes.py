"""All passes of the compiler, one after the other, and what each made of the program."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from saegim.compiler.executable import Executable, Run
from saegim.compiler.lower.body import Context
from saegim.compiler.lower.emit import Emitter
from saegim.compiler.lower.form import Space
from saegim.compiler.lower.memory import plan_memory
from saegim.compiler.lower.plan import Plan, Planner
from saegim.compiler.lower.text import to_text as plan_to_text
from saegim.compiler.recipe import Recipe
from saegim.compiler.report import Measured, report
from saegim.compiler.share import prepared
from saegim.compiler.simplify import simplify
from saegim.compiler.split import SHARDS, split
from saegim.compiler.split import to_text as phased_to_text
from saegim.ir import Graph, check
from saegim.ir import to_text as graph_to_text
from saegim.runtime import pool
from saegim.runtime.jit import Library, assembly, load, name_of
from saegim.runtime.target import Target

Array = npt.NDArray[Any]


class Settings(NamedTuple):
    """What native code depends on beside its graph: the processor; tile and shards as `split` takes them."""

    target: Target
    tile: int | None = None
    shards: int = SHARDS


class Build:
    """A graph on its way to native code."""

    def __init__(self, graph: Graph, settings: Settings, place: Callable[[Plan], None] = plan_memory) -> None:
        """place: gives the buffers of the plan their places."""
        self._graph, self._target = prepared(graph), settings.target
        self._simple = simplify(self._graph)
        check(self._simple, "simplify")
        self._phased = split(self._simple, tile=settings.tile, shards=settings.shards)
        for phase in self._phased.phases:
            for each in phase.graphs:
                check(each, "split")
        self.plan = Planner(self._phased, Context(self._target)).plan()
        place(self.plan)

    def made(self) -> tuple[Recipe, Library]:
        """What a run needs. What is in memory or in the cache on disk is not compiled again."""
        emitter = Emitter(self.plan, self._target)
        text = emitter.module.text
        return self._recipe(emitter, text), load(text, self._target)

    def _recipe(self, emitter: Emitter, text: str) -> Recipe:
        plan = self.plan
        first = {Space.INPUT: 0, Space.OUTPUT: plan.inputs}
        return Recipe(
            code=name_of(text, self._target),
            waves=tuple(emitter.waves),
            inputs=plan.inputs,
            made=tuple((each.dtype, each.size) for each in plan.made),
            outputs=tuple((first[each.buffer.space] + each.buffer.place, each.where.shape) for each in plan.outputs),
            overwritten=tuple(plan.overwritten),
            constants=(*plan.context.constants, *emitter.constants),
            shared_bytes=plan.shared_bytes,
            local_bytes=plan.local_bytes,
        )

    def stages(self) -> dict[str, str]:
        """What each pass made of the program, as text, by the name of the pass."""
        code = Emitter(self.plan, self._target).module.text
        return {
            "trace": graph_to_text(self._graph),
            "simplify": graph_to_text(self._simple),
            "split": phased_to_text(self._phased),
            "lower": plan_to_text(self.plan),
            "emit": code,
            "assembly": assembly(code, self._target),
        }

    def report(self, arrays: Sequence[Array], repeats: int) -> str:
        """What each phase consists of; with `arrays` for its inputs, which are not overwritten, what it takes."""
        return report(self.plan, self._measured(arrays, repeats) if arrays else None)

    def _measured(self, arrays: Sequence[Array], repeats: int) -> Measured:
        """Seconds of every call of a kernel, summed over threads, and those of a whole run."""
        emitter = Emitter(self.plan, self._target, timed=True)
        assert emitter.timers is not None
        text, calls = emitter.module.text, emitter.timers.calls
        timed = Executable(self._recipe(emitter, text), load(text, self._target))
        run = Run(timed.recipe, timed.waves, 8 * len(calls))
        spans = []
        for _ in range(repeats):
            given, made = timed.memory([each.copy() for each in arrays])
            begun = time.perf_counter()
            run(given, made)
            spans.append(time.perf_counter() - begun)
        ticks = run.counters(len(calls))
        return Measured(calls, ticks / ticks.sum(), float(np.median(spans)), pool.width())
