"""What phases mean: every tile through the reference, shard after shard, into slots that are NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.compiler.split import Phase, Phased, Piece, Slot
from saegim.ir import Graph
from saegim.reference import evaluate

Array = npt.NDArray[Any]
Store = dict[Slot, Array]
COMBINE: dict[str, np.ufunc] = {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}


def interpret(phased: Phased, arrays: Sequence[Array]) -> tuple[Array, ...]:
    """The outputs of a program in phases; leaves `arrays` as they are."""
    store: Store = dict(zip(phased.inputs, arrays, strict=True))
    for phase in phased.phases:
        for piece in phase.writes:
            assert piece.slot is not None
            assert piece.slot not in store, "a slot is written by one phase"
        for piece in phase.writes:
            assert piece.slot is not None
            store[piece.slot] = np.full(piece.slot.spec.shape, 77, piece.slot.spec.dtype)
        _run(phase, store)
    return tuple(store[slot] for slot in phased.outputs)


def _run(phase: Phase, store: Store) -> None:
    if phase.tiling is None:
        return _run_once(phase, phase.graphs[0], store, 0, 0, shard=0, first=True)
    cut = phase.tiling
    for shard in range(cut.shards):
        for number in cut.of_shard(shard):
            start = number * cut.tile
            count = min(cut.tile, cut.examples - start)
            graph = phase.graphs[0 if count == cut.tile else 1]
            _run_once(phase, graph, store, start, count, shard=shard, first=number == cut.of_shard(shard)[0])
    return None


def _run_once(phase: Phase, graph: Graph, store: Store, start: int, count: int, *, shard: int, first: bool) -> None:
    given = [
        np.asarray(start, np.int64) if piece.slot is None else _part(store[piece.slot], piece, start, count)
        for piece in phase.reads
    ]
    for node, array in zip(graph.inputs, given, strict=True):
        assert (node.shape, node.dtype) == (array.shape, array.dtype), (node, array.shape, array.dtype)
    for piece, value in zip(phase.writes, evaluate(graph, given), strict=True):
        assert piece.slot is not None
        target = store[piece.slot]
        if piece.combine is None:
            _part(target, piece, start, count)[...] = value
        else:
            target[shard] = value if first else COMBINE[piece.combine](target[shard], value)


def _part(array: Array, piece: Piece, start: int, count: int) -> Array:
    """The part of a slot that a tile sees."""
    if piece.axis is None:
        return array
    key = slice(start * piece.per, (start + count) * piece.per + piece.extra)
    if piece.outer == 1:
        return array[(slice(None),) * piece.axis + (key,)]
    unfolded = (*array.shape[: piece.axis], piece.outer, -1, *array.shape[piece.axis + 1 :])
    return array.reshape(unfolded)[(slice(None),) * (piece.axis + 1) + (key,)]
