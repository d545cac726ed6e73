"""What a program overwrites: its own donated inputs, each state with its successor."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import saegim as sg
from saegim.compiler.native import NativeProgram
from saegim.ir import Graph
from saegim.tensor.core import Tensor, apply, broadcast_to, node_of
from saegim.tensor.transforms import signature, symbols

Array = npt.NDArray[Any]


def momentum(param: Tensor, speed: Tensor, gradient: Tensor, finite: Tensor) -> tuple[Tensor, Tensor]:
    """Both states are read by what becomes of the other, and stay what they are if something is not finite."""
    new = 0.9 * speed + gradient + 0.01 * param
    choose = broadcast_to(finite, param.shape)
    return apply("select", choose, param - 0.1 * new, param), apply("select", choose, new, speed)


def donated(arrays: list[Array], swap: bool) -> tuple[NativeProgram, list[Array]]:
    """The program with its states as donated inputs; with `swap` its outputs in the other order."""
    inputs = symbols(signature([sg.asarray(each) for each in arrays])[0])
    outputs = momentum(*inputs)
    graph = Graph(
        tuple(map(node_of, inputs)),
        tuple(map(node_of, outputs[::-1] if swap else outputs)),
        frozenset(map(node_of, inputs[:2])),
    )
    return NativeProgram(graph), arrays


def test_each_state_is_overwritten_by_its_own_successor() -> None:
    rng = np.random.default_rng(0)
    for swap in (False, True):
        for finite in (True, False):
            arrays = [*(rng.standard_normal((3, 5)).astype(np.float32) for _ in range(3)), np.array(finite)]
            before = [each.copy() for each in arrays]
            expected = [np.asarray(each) for each in momentum(*map(sg.asarray, before))]
            program, given = donated(arrays, swap)
            results = program(*given)[:: -1 if swap else 1]
            for result, array, wanted in zip(results, arrays, expected, strict=False):
                assert result is array
                np.testing.assert_allclose(result, wanted, rtol=1e-6)
