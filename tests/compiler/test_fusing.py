"""Groups as kernels: what is read in another order than everything else."""

from __future__ import annotations

import numpy as np
import pytest

from saegim.compiler.native import NativeProgram
from saegim.dtypes import float32
from saegim.ir import Graph, Spec, fresh_input, make
from saegim.reference import evaluate


@pytest.mark.parametrize(("size", "copies"), [(5, 1), (32, 0)])
def test_short_rows_are_read_in_order(size: int, copies: int) -> None:
    """A gradient (out, size, in) moves filters (out, in, size): with few places it is copied into their order."""
    weight, speed = (fresh_input(Spec((40, 32, size), float32)) for _ in range(2))
    gradient = fresh_input(Spec((40, size, 32), float32))
    moved = make("add", speed, make("permute", gradient, axes=(0, 2, 1)))
    graph = Graph((weight, speed, gradient), (make("subtract", weight, moved), moved))
    program = NativeProgram(graph)
    lines = program.stages["lower"].splitlines()
    assert sum(line.strip().startswith("copy") for line in lines) == copies
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(node.shape).astype(np.float32) for node in graph.inputs]
    for value, want in zip(program(*arrays), evaluate(graph, arrays), strict=True):
        np.testing.assert_array_equal(value, want)
