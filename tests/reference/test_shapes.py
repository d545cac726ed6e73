"""The shape rule of every primitive says what its meaning gives, around the width of vectors."""

from __future__ import annotations

import numpy as np
import pytest

from cases import ALL, SIZES, Case
from saegim.dtypes import float32, float64
from saegim.ir import check
from saegim.reference import evaluate


@pytest.mark.parametrize("dtype", [float32, float64], ids=str)
@pytest.mark.parametrize("case", ALL, ids=str)
def test_shape_rule_and_meaning_agree(case: Case, dtype: np.dtype) -> None:
    for n in SIZES:
        size = max(n, case.minimum)
        inputs = case.inputs(size, dtype)
        graph = case.graph(inputs, size)
        check(graph)
        (result,) = evaluate(graph, inputs)
        assert isinstance(result, np.ndarray)
        assert graph.outputs[0].spec == (result.shape, result.dtype)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_meaning_leaves_its_inputs_alone(case: Case) -> None:
    inputs = case.inputs(17)
    before = [each.copy() for each in inputs]
    evaluate(case.graph(inputs, 17), inputs)
    for old, new in zip(before, inputs, strict=True):
        np.testing.assert_array_equal(old, new)
