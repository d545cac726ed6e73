"""Every primitive as a program of its own: native code against the meaning, however the arrays lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from cases import ALL, Case
from compiler.learners import LEARNERS
from compiler.native import runnable
from compiler.recorded import training
from compiler.ways import WAYS
from saegim.compiler.guards import GuardedProgram
from saegim.compiler.native import NativeProgram
from saegim.compiler.passes import Build, Settings
from saegim.reference import Schedule
from saegim.runtime.target import PRESETS

Array = npt.NDArray[Any]

# Sizes around those of vectors of 16, 32 and 64 bytes; each is tried with one way for arrays to lie in memory.
SIZES = {np.float64: (0, 1, 9, 33), np.float32: (7, 16, 129)}
TOLERANCE = {np.float64: 1e-12, np.float32: 1e-5}


def same(found: Sequence[Array], wanted: Sequence[Array], tolerance: float, what: str) -> None:
    for got, want in zip(found, wanted, strict=True):
        assert (got.shape, got.dtype) == (want.shape, want.dtype), what
        if want.dtype.kind == "f":
            np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance, err_msg=what)
        else:
            np.testing.assert_array_equal(got, want, err_msg=what)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_every_primitive(case: Case) -> None:
    trials = [(dtype, n) for dtype, sizes in SIZES.items() for n in sizes if n >= case.minimum]
    for number, (dtype, n) in enumerate(trials):
        inputs = case.inputs(n, dtype)
        graph = case.graph(inputs, n)
        wanted = Schedule(graph)(*inputs)
        way = WAYS[number % len(WAYS)]
        found = NativeProgram(graph)(*map(way, inputs))
        same(found, wanted, TOLERANCE[dtype], f"{n} elements, {dtype.__name__}, {way.__name__}")


@pytest.mark.parametrize("target", runnable()[1:], ids=lambda target: target.name)
def test_every_primitive_on_other_processors(target: Any) -> None:
    """What this machine can run of the presets."""
    for case in ALL:
        inputs = case.inputs(19, np.float32)
        graph = case.graph(inputs, 19)
        same(NativeProgram(graph, target)(*inputs), Schedule(graph)(*inputs), 1e-5, str(case))


def test_every_primitive_writes_only_what_it_should() -> None:
    for case in ALL:
        for n in (5, 34):
            inputs = case.inputs(n)
            graph = case.graph(inputs, n)
            same(GuardedProgram(graph)(*inputs), Schedule(graph)(*inputs), 1e-12, str(case))


@pytest.mark.parametrize("name", PRESETS)
def test_code_for_every_processor(name: str) -> None:
    """LLVM verifies it, and knows instructions for all of it."""
    (learner,) = (each for each in LEARNERS if each.name == "masked gru")
    graph = training(learner.build(), *learner.draw(np.random.default_rng(0))).graph
    stages = Build(graph, Settings(PRESETS[name])).stages()
    marks = {"avx512": "zmm", "avx2": "ymm", "neon": "fmla", "generic": "xmm"}
    assert marks[name] in stages["assembly"]
