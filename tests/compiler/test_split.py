"""Phases mean what the graph means, whatever the tiles; and training steps fall into the phases that make them fast."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import saegim as sg
from compiler.batched import over_examples
from compiler.phased import interpret
from compiler.recorded import Recorded, prediction, products, tokens, training
from graphs import arrays_for, graphs
from saegim import losses, nn, optim
from saegim.compiler.simplify import simplify
from saegim.compiler.split import Phased, split, to_text
from saegim.dtypes import float64, int64, uint64
from saegim.ir import Graph, Node, Spec, check, constant, fresh_input, make
from saegim.models.batch import NgramBatch, TextBatch, TokenBatch
from saegim.models.readers import READERS, ReaderConfig
from saegim.models.text_model import ModelConfig, TextModel
from saegim.reference import Schedule

B, T, D, V, C = 10, 6, 8, 40, 3


def same(graph: Graph, arrays, tile: int | None, shards: int, tolerance: float) -> Phased:
    """Splits, checks every graph, and compares what the phases give with what the graph gives."""
    phased = split(graph, tile=tile, shards=shards)
    for phase in phased.phases:
        for each in phase.graphs:
            check(each, "split")
            assert (len(each.inputs), len(each.outputs)) == (len(phase.reads), len(phase.writes))
    wanted = Schedule(Graph(graph.inputs, graph.outputs))(*arrays)
    for value, want in zip(interpret(phased, arrays), wanted, strict=True):
        np.testing.assert_allclose(value, want, rtol=tolerance, atol=tolerance)
    return phased


def agrees(recorded: Recorded) -> Phased:
    """In tiles with a rest, in tiles of one, and in a single tile."""
    for tile, shards in ((1, 3), (B, 8)):
        same(recorded.graph, recorded.arrays, tile, shards, 3e-5)
    return same(recorded.graph, recorded.arrays, 4, 2, 3e-5)


def tiled(phased: Phased) -> list[Graph]:
    return [phase.graphs[0] for phase in phased.phases if phase.tiling is not None]


def one_tiled_phase(recorded: Recorded) -> Graph:
    """The graph of the one tiled phase; all products but those of the gradients' norm are in it."""
    phased = agrees(recorded)
    assert [phase.tiling is not None for phase in phased.phases] == [False, True, False]
    (graph,) = tiled(phased)
    norms = sum(node.op == "dot" and node.shape == (1, 1) for node in recorded.graph.nodes())
    assert products(graph.nodes()) == products(recorded.graph.nodes()) - norms
    return graph


# --- training steps -------------------------------------------------------------------------------------------------


class Reading(nn.Module):
    """A reader over tokens and a linear layer."""

    def __init__(self, kind: str, **sizes) -> None:
        rng = np.random.default_rng(0)
        config = ReaderConfig(kind, width=D, hidden=D, filters=5, heads=2, max_tokens=T, **sizes)
        self.reader = READERS[kind](config, V, rng)
        self.head = nn.Linear(READERS[kind].sizes(config, V)[0], C, seed=rng)

    def __call__(self, ids, mask):
        return self.head(self.reader(TextBatch(None, TokenBatch(ids, mask, sg.astype(mask, sg.float32)))))


def mlp(*more) -> nn.Module:
    return nn.Sequential(nn.Linear(D, 12, seed=0), *more, nn.relu, nn.Linear(12, C, seed=1))


def examples(seed: int = 0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(B, D)).astype(np.float32), rng.integers(0, C, B)


@pytest.mark.parametrize("optimizer", [optim.SGD(0.1), optim.Adam(1e-3)], ids=["sgd", "adam"])
@pytest.mark.parametrize("clip_norm", [None, 0.1], ids=["", "clip"])
def test_a_step_of_a_network_is_one_tiled_phase_between_two_whole_ones(optimizer, clip_norm):
    graph = one_tiled_phase(training(mlp(), *examples(), optimizer=optimizer, clip_norm=clip_norm))
    assert not any(node.op == "permute" and node.inputs[0].op == "input" for node in graph.nodes())


@pytest.mark.parametrize("kind", ["cnn", "lstm", "transformer"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_step_of_a_reader_is_one_tiled_phase(kind, dropout):
    rng = np.random.default_rng(1)
    ids, mask = tokens(rng, B, T, V)
    model = Reading(kind, dropout=dropout, token_dropout=dropout, layers=2 if kind == "lstm" else 1)
    one_tiled_phase(training(model, ids, mask, rng.integers(0, C, B)))


class Language(nn.Module):
    """The next token from those before: causal attention with dropout."""

    def __init__(self) -> None:
        self.table = nn.Embedding(V, D, seed=0)
        self.layer = nn.TransformerEncoderLayer(D, 2, 16, dropout=0.2, seed=0)
        self.head = nn.Linear(D, V, seed=0)

    def __call__(self, ids):
        return self.head(self.layer(self.table(ids), causal=True))


def test_causal_masks_and_dropout_are_made_in_the_tiles():
    ids, _ = tokens(np.random.default_rng(2), B, T, V)
    graph = one_tiled_phase(training(Language(), ids, ids))
    assert any(node.op == "random_bits" for node in graph.nodes())


class Summary(nn.Module):
    """Two directions, two layers, lengths, and the last states used."""

    def __init__(self) -> None:
        self.table = nn.Embedding(V, D, seed=0)
        self.gru = nn.GRU(D, 5, 2, dropout=0.2, bidirectional=True, seed=0)
        self.head = nn.Linear(10, C, seed=0)

    def __call__(self, ids, lengths):
        outputs, last = self.gru(self.table(ids), lengths=lengths)
        return self.head(nn.mean_over_time(outputs) + sg.concat([last[2], last[3]], axis=-1))


def test_recurrent_layers_run_whole_in_their_tile():
    rng = np.random.default_rng(3)
    ids, mask = tokens(rng, B, T, V)
    graph = one_tiled_phase(training(Summary(), ids, mask.sum(1), rng.integers(0, C, B)))
    assert sum(node.op == "scan" for node in graph.nodes()) == 8


class Image(nn.Module):
    """A convolution over pictures with pooling."""

    def __init__(self) -> None:
        self.filters, self.pool = nn.Conv2d(2, 4, 3, padding="same", seed=0), nn.MaxPool2d(2)
        self.head = nn.Linear(4 * 2 * 2, C, seed=0)

    def __call__(self, x):
        y = self.pool(nn.relu(self.filters(x)))
        return self.head(sg.reshape(y, (y.shape[0], -1)))


def test_windows_and_their_transpose_are_split():
    rng = np.random.default_rng(4)
    one_tiled_phase(training(Image(), rng.normal(size=(B, 4, 4, 2)).astype(np.float32), rng.integers(0, C, B)))


class Weighted(nn.Module):
    """The scores, with what each example counts."""

    def __init__(self) -> None:
        self.net = mlp()

    def __call__(self, x, counts):
        return self.net(x), counts


def test_weights_are_brought_in_order_before_the_tiles() -> None:
    """Filters (out, in, size) are read as (size * in, out), which costs a copy."""
    recorded = training(Reading("cnn"), *tokens(np.random.default_rng(0), B, T, V), np.arange(B) % C)
    (graph,) = tiled(split(simplify(recorded.graph), tile=2))
    assert not [
        node for node in graph.nodes() if node.op == "reshape" and node.inputs[0] in graph.inputs and node.ndim == 2
    ]


def test_sums_over_inputs_alone_do_not_break_the_tiles():
    """A weighted mean divides by the sum of the weights, which is known before any tile runs."""
    x, labels = examples()

    def loss(output, target):
        scores, counts = output
        balance = sg.asarray(np.array([1.0, 2.0, 0.5], np.float32))
        return losses.cross_entropy(scores, target, class_weights=balance, label_smoothing=0.1, weights=counts)

    counts = np.random.default_rng(5).random(B).astype(np.float32)
    one_tiled_phase(training(Weighted(), x, counts, labels, loss=loss))


def test_statistics_of_the_batch_are_phases_of_their_own():
    phased = agrees(training(mlp(nn.BatchNorm1d(12)), *examples(), optimizer=optim.SGD(0.1)))
    kinds = [phase.tiling is not None for phase in phased.phases]
    assert kinds == [False, True] * (len(kinds) // 2) + [False]
    assert sum(kinds) > 2


def bags(rng: np.random.Generator) -> TextBatch:
    offsets = np.concatenate([[0], np.cumsum(rng.integers(0, 6, B))]).astype(np.int32)
    rows = np.sort(rng.choice(V, 16, replace=False)).astype(np.int32)
    items, weights = rng.integers(0, 16, 64).astype(np.int32), rng.random(64).astype(np.float32)
    return TextBatch(NgramBatch(rows, items, weights, offsets), None)


def wide() -> TextModel:
    return TextModel(ModelConfig(V, C, reader=ReaderConfig("bag", width=D), wide_dropout=0.2), seed=0)


def test_bags_are_split_by_their_offsets():
    rng = np.random.default_rng(6)
    recorded = training(wide(), bags(rng), rng.integers(0, C, B), optimizer=optim.Adam(1e-2))
    phased = agrees(recorded)
    assert any(piece.extra == 1 for phase in phased.phases for piece in phase.reads)
    (graph,) = tiled(phased)
    assert sum(node.op == "bag" for node in graph.nodes()) == 2


class Averaged(nn.Module):
    def __init__(self) -> None:
        self.bag, self.head = nn.EmbeddingBag(V, D, seed=0), nn.Linear(D, C, seed=0)

    def __call__(self, ids, mask):
        return self.head(self.bag(ids, mask=mask))


def test_bags_of_one_length():
    rng = np.random.default_rng(7)
    ids, mask = tokens(rng, B, T, V)
    assert len(tiled(agrees(training(Averaged(), ids, mask, rng.integers(0, C, B))))) == 1


# --- prediction -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["cnn", "lstm", "transformer"])
def test_prediction_is_one_tiled_phase(kind):
    ids, mask = tokens(np.random.default_rng(8), B, T, V)
    phased = agrees(prediction(Reading(kind), ids, mask))
    assert len(tiled(phased)) == 1
    assert phased.phases[-1].tiling is not None


def test_prediction_from_bags():
    assert len(tiled(agrees(prediction(wide(), bags(np.random.default_rng(9)))))) == 1


def test_weights_with_as_many_rows_as_there_are_examples_are_no_data():
    model = nn.Sequential(nn.Linear(B, B, seed=0), nn.relu, nn.Linear(B, B, seed=1), nn.relu, nn.Linear(B, C, seed=2))
    recorded = prediction(model, np.random.default_rng(10).normal(size=(B, B)).astype(np.float32))
    (graph,) = tiled(agrees(recorded))
    assert products(graph.nodes()) == 3


@pytest.mark.parametrize("kind", ["cnn", "lstm", "transformer"])
def test_prediction_for_a_single_text_is_one_phase(kind):
    recorded = prediction(Reading(kind), *tokens(np.random.default_rng(11), 1, T, V))
    (phase,) = split(recorded.graph, tile=2).phases
    assert phase.tiling is None


def test_gradients_of_parameters_that_are_not_donated():
    def loss(model, x, labels):
        return losses.cross_entropy(model(x), labels)

    assert len(tiled(agrees(prediction(sg.value_and_grad(loss), mlp(), *examples())))) == 1


# --- random graphs --------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(graph=graphs(), tile=st.integers(1, 4), shards=st.integers(1, 3))
def test_any_graph_in_any_tiles(graph, tile, shards):
    same(graph, arrays_for(graph), tile, shards, 1e-9)


@settings(max_examples=150)
@given(graph=over_examples(), tile=st.integers(1, 4), shards=st.integers(1, 4))
def test_any_computation_over_examples_in_any_tiles(graph, tile, shards):
    same(graph, arrays_for(graph), tile, shards, 1e-9)


# --- rules one by one -----------------------------------------------------------------------------------------------


def data(*shape: int) -> Node:
    return fresh_input(Spec(shape, float64))


def of(*outputs: Node) -> Phased:
    """Split with tiles of two, and compared."""
    from_inputs = Graph(tuple(each for each in Graph((), outputs).nodes() if each.op == "input"), outputs)
    return same(from_inputs, arrays_for(from_inputs), 2, 2, 1e-12)


@pytest.mark.parametrize("op", ["sum", "prod", "max", "min", "any", "all"])
def test_every_reduction_over_the_examples_is_a_partial(op):
    x = make("dot", data(5, 3), data(3, 3))
    values = make("less", x, make("broadcast", constant(0.3), shape=x.shape)) if op in ("any", "all") else x
    phased = of(make(op, values, axes=(0,)))
    assert [piece.combine for phase in phased.phases for piece in phase.writes if piece.combine] == [op]


def test_time_before_the_examples():
    """(B, T, D) as (T, B, D), flattened to T times B rows, and read and written as such."""
    x = data(5, 3, 4)
    rows = make("reshape", make("permute", make("tanh", x), axes=(1, 0, 2)), shape=(15, 4))
    product = make("dot", rows, data(4, 4))
    phased = of(product, make("argsort", product, axis=0))
    (graph,) = tiled(phased)
    assert [node.shape for node in graph.outputs] == [(3, 2, 4)]
    assert any(piece.outer == 3 for phase in phased.phases for piece in phase.writes)


def test_what_cannot_be_split_runs_whole():
    x = make("tanh", make("dot", data(5, 3), data(3, 3)))
    phased = of(make("tanh", make("dot", make("cumsum", x, axis=0), data(3, 3))))
    assert [phase.tiling is not None for phase in phased.phases] == [True, False, True]


def test_counters_and_random_bits_go_on_where_a_tile_starts():
    x = data(5, 3)
    bits = make("cast", make("random_bits", constant(7, uint64), shape=(5, 3)), dtype=float64)
    places = make("cast", make("iota", shape=(5, 3), axis=0, dtype=int64), dtype=float64)
    phased = of(make("add", make("add", make("dot", x, data(3, 3)), bits), places))
    assert [piece.slot is None for piece in phased.phases[-1].reads][-1]


def test_a_scan_whose_sum_does_not_start_from_zeros_is_whole():
    state, at = data(), data(5)
    body = Graph((state, at), (make("add", state, make("sum", at, axes=(0,))),))
    xs = make("permute", make("tanh", data(5, 3)), axes=(1, 0))
    fixed = {"carries": 1, "scanned": 1, "length": 3, "reverse": False}
    phased = of(make("item", make("scan", constant(1.0), xs, body=body, **fixed), index=0), make("exp", xs))
    assert not any(node.op == "scan" for graph in tiled(phased) for node in graph.nodes())


def test_outputs_may_be_inputs_and_repeat():
    x, w = data(5, 3), data(3, 3)
    y = make("dot", x, w)
    phased = of(x, y, y, w)
    assert phased.outputs[0] is phased.inputs[0]
    assert phased.outputs[1] is phased.outputs[2]


def test_nothing_to_split():
    x = fresh_input(Spec((), float64))
    graph = Graph((x,), (make("exp", x), x))
    (phase,) = same(graph, [np.array(0.5)], 2, 2, 0).phases
    assert phase.tiling is None


# --- sizes ----------------------------------------------------------------------------------------------------------


def perceptron(batch: int, width: int = 256) -> Graph:
    return training_graph(batch, (784, width, 10))


def training_graph(batch: int, sizes: tuple[int, ...]) -> Graph:
    """The gradients of a network's layers: products forward, backward, and over the batch."""
    x = data(batch, sizes[0])
    weights = [data(*pair) for pair in pairwise(sizes)]
    layers = [x]
    for weight in weights:
        layers.append(make("tanh", make("dot", layers[-1], weight)))
    gradient, found = layers[-1], []
    for below, weight in zip(layers[-2::-1], weights[::-1], strict=True):
        found.append(make("dot", make("permute", below, axes=(1, 0)), gradient))
        gradient = make("dot", gradient, make("permute", weight, axes=(1, 0)))
    return Graph((*weights, x), tuple(found), frozenset(weights))


@pytest.mark.parametrize(("batch", "tile", "shards"), [(64, 32, 2), (512, 64, 8), (4096, 64, 8), (100, 25, 3)])
def test_tiles_have_enough_rows_and_shards_earn_their_gradients(batch, tile, shards):
    phased = split(perceptron(batch))
    (cut,) = [phase.tiling for phase in phased.phases if phase.tiling is not None]
    assert (cut.tile, cut.shards) == (tile, shards)
    assert math.ceil(batch / cut.tile) == cut.tiles
    covered = [number for shard in range(cut.shards) for number in cut.of_shard(shard)]
    assert covered == [*range(cut.tiles)]


def test_little_work_is_one_phase():
    assert [phase.tiling for phase in split(training_graph(16, (8, 8, 4))).phases] == [None]


def test_text():
    x = data(4, 3)
    text = to_text(split(Graph((x,), (make("sum", make("dot", x, constant(np.ones((3, 2)))), axes=(0,)),)), tile=2))
    assert (
        text
        == """\
inputs input0: float64[4,3]
phase 0, 2 tiles of 2, in 2 shards
  reads input0[i*1]
  writes partial3[shard] by sum
  graph(%0: float64[2,3]) donates () {
    %1 = constant(; value=array float64[3,2] [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]) : float64[3,2]
    %2 = dot(%0, %1) : float64[2,2]
    %3 = sum(%2; axes=(0,)) : float64[2]
    return %3
  }
phase 1
  reads partial3
  writes value3
  graph(%0: float64[2,2]) donates () {
    %1 = slice(%0; start=(0, 0); step=(1, 1); stop=(1, 2)) : float64[1,2]
    %2 = reshape(%1; shape=(2,)) : float64[2]
    %3 = slice(%0; start=(1, 0); step=(1, 1); stop=(2, 2)) : float64[1,2]
    %4 = reshape(%3; shape=(2,)) : float64[2]
    %5 = add(%2, %4) : float64[2]
    return %5
  }
outputs value3: float64[2]
"""
    )
