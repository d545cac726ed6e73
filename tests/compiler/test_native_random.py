"""Any graph, in any tiles and shards, with any number of threads, is natively what it means; and keeps its promises.

A program may overwrite donated inputs and nothing else, whatever the arrays that it is given: read-only ones, views
that run backwards or skip, the same one twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from compiler.assorted import arrays_for as assorted_arrays
from compiler.assorted import assorted
from compiler.batched import over_examples
from compiler.threaded import using
from compiler.ways import WAYS
from graphs import arrays_for, graphs
from saegim.compiler.guards import GuardedProgram
from saegim.compiler.native import NativeProgram
from saegim.ir import Graph
from saegim.reference import Schedule

Array = npt.NDArray[Any]


def meaning(graph: Graph, arrays: Sequence[Array]) -> tuple[Array, ...]:
    """What `graph` means; `arrays` stay as they are."""
    return Schedule(Graph(graph.inputs, graph.outputs))(*arrays)


def agrees(found: Sequence[Array], wanted: Sequence[Array]) -> None:
    for got, want in zip(found, wanted, strict=True):
        assert (got.shape, got.dtype) == (want.shape, want.dtype)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


TILES = {"tile": st.none() | st.integers(1, 4), "shards": st.integers(1, 4)}


@settings(max_examples=60)
@given(graph=graphs(), guarded=st.booleans(), threads=st.integers(1, 4), seed=st.integers(0, 99), **TILES)
def test_any_graph(graph: Graph, tile: int | None, shards: int, guarded: bool, threads: int, seed: int) -> None:
    arrays = arrays_for(graph, seed)
    wanted = meaning(graph, arrays)
    program = (GuardedProgram if guarded else NativeProgram)(graph, tile=tile, shards=shards)
    with using(threads):
        for _ in range(2):
            agrees(program(*(each.copy() for each in arrays)), wanted)


@settings(max_examples=60)
@given(graph=over_examples(), guarded=st.booleans(), **TILES)
def test_any_computation_over_examples(graph: Graph, tile: int | None, shards: int, guarded: bool) -> None:
    arrays = arrays_for(graph)
    program = (GuardedProgram if guarded else NativeProgram)(graph, tile=tile, shards=shards)
    agrees(program(*(each.copy() for each in arrays)), meaning(graph, arrays))


@settings(max_examples=80)
@given(graph=assorted(), guarded=st.booleans(), seed=st.integers(0, 99), **TILES)
def test_any_kinds_of_primitives(graph: Graph, tile: int | None, shards: int, guarded: bool, seed: int) -> None:
    arrays = assorted_arrays(graph, seed)
    program = (GuardedProgram if guarded else NativeProgram)(graph, tile=tile, shards=shards)
    agrees(program(*(each.copy() for each in arrays)), meaning(graph, arrays))


def repeated(array: Array) -> Array:
    """The first element everywhere, as one in memory: read-only."""
    first = array.reshape(-1)[:1].copy().reshape(()) if array.size else np.zeros((), array.dtype)
    return np.broadcast_to(first, array.shape)


@st.composite
def given_arrays(draw: st.DrawFn, graph: Graph) -> list[Array]:
    """Arrays for the inputs of `graph`, some of them the same one, or parts of the same memory."""
    arrays: list[Array] = []
    for node, array in zip(graph.inputs, arrays_for(graph), strict=True):
        alike = [each for each in arrays if each.shape == node.shape]
        if alike and draw(st.booleans()):
            chosen = draw(st.sampled_from(alike))
            arrays.append(chosen if draw(st.booleans()) else chosen[...])
        else:
            arrays.append(draw(st.sampled_from([*WAYS, repeated]))(array))
    return arrays


@settings(max_examples=100)
@given(data=st.data(), graph=st.one_of(graphs(steps=6), over_examples()))
def test_only_donated_inputs_are_overwritten(data: st.DataObject, graph: Graph) -> None:
    arrays = data.draw(given_arrays(graph))
    before = [each.copy() for each in arrays]
    wanted = meaning(graph, before)
    program = NativeProgram(graph)
    agrees(program(*arrays), wanted)
    for node, array, was in zip(graph.inputs, arrays, before, strict=True):
        if node not in graph.donated or not array.flags.writeable:
            np.testing.assert_array_equal(array, was)
