"""The summary: counts by hand, shapes without computing."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import saegim as sg
from saegim import nn
from saegim.errors import SettingError


def test_a_fully_connected_layer_of_m_inputs_and_n_outputs_holds_mn_weights_and_n_biases() -> None:
    model = nn.Sequential(nn.Linear(784, 256), nn.relu, nn.Linear(256, 10, bias=False), seed=0)
    found = sg.summary(model, np.zeros((32, 784), np.float32))
    first, last = found.rows
    assert (first.name, first.kind, first.output, first.formula) == ("0", "Linear", (32, 256), "784 x 256")
    assert (first.weights, first.biases, first.bytes) == (784 * 256, 256, 4 * (784 * 256 + 256))
    assert (last.weights, last.biases, last.output) == (2560, 0, (32, 10))
    assert (found.weights, found.biases, found.parameters) == (200_704 + 2560, 256, 203_520)
    assert found.bytes == 4 * 203_520


def test_the_table_can_be_read() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout(0.5), nn.Linear(3, 2), seed=0)
    assert str(sg.summary(model, np.zeros((8, 4), np.float32))).split("\n") == [
        "layer  kind         output     weights  biases  bytes",
        "-----------------------------------------------------",
        "0      Linear       (8, 3)  4 x 3 = 12       3     60",
        "1      BatchNorm1d  (8, 3)           3       3     56",
        "2      Dropout      (8, 3)",
        "3      Linear       (8, 2)   3 x 2 = 6       2     32",
        "-----------------------------------------------------",
        "total                               21       8    148",
        "29 parameters, 148 bytes",
    ]


class Reader(nn.Module):
    def __init__(self, rows: int) -> None:
        self.table = nn.Embedding(rows, 4, seed=0)
        self.lstm = nn.LSTM(4, 5, 2, bidirectional=True, seed=0)
        self.heads = {"class": nn.Linear(10, 3, seed=0), "unused": nn.Linear(10, 7, seed=0)}

    def __call__(self, tokens: Any, mask: Any) -> Any:
        outputs, _state = self.lstm(self.table(tokens), mask=mask)
        return self.heads["class"](nn.max_over_time(outputs, mask))


def test_inner_layers_trees_and_layers_that_are_not_called() -> None:
    model = Reader(100)
    rows = {row.name: row for row in sg.summary(model, np.zeros((2, 6), np.int32), np.ones((2, 6), bool)).rows}
    assert rows["table"].formula == "100 x 4" and rows["table"].output == (2, 6, 4)
    assert rows["lstm"].output == (2, 6, 10)
    # Per direction: 20 x 4 and 20 x 5 in the first layer, 20 x 10 and 20 x 5 in the second; two biases of 20 each.
    assert rows["lstm"].weights == 2 * (80 + 100) + 2 * (200 + 100)
    assert rows["lstm"].biases == 2 * 2 * 2 * 20
    assert rows["heads.class"].output == (2, 3) and rows["heads.unused"].output is None
    assert sum(row.weights + row.biases for row in rows.values()) == sum(p.size for _n, p in model.named_parameters())


def test_without_inputs_there_are_no_shapes() -> None:
    found = sg.summary(Reader(100))
    assert all(row.output is None for row in found.rows)
    assert found.parameters == sum(each.size for _name, each in Reader(100).named_parameters())


def test_nothing_is_computed_or_changed() -> None:
    model = Reader(1_000_000).train()
    tracemalloc.start()
    text = str(sg.summary(model, np.zeros((64, 50), np.int32), np.ones((64, 50), bool)))
    _size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "1000000 x 4 = 4,000,000" in text and text.endswith("16 MB")
    assert peak < 2e6
    assert all(module.training for module in model.modules())


def test_two_hundred_layers_are_two_hundred_rows() -> None:
    model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(200)), seed=0)
    found = sg.summary(model, np.zeros((1, 4), np.float32))
    assert len(found.rows) == 200 and found.parameters == 200 * 20


def test_a_single_layer_and_a_nested_stack() -> None:
    assert str(sg.summary(nn.Linear(2, 3))).split("\n")[2].startswith("(model)  Linear")
    model: nn.Module = nn.Linear(2, 2, seed=0)
    for _ in range(60):
        model = nn.Sequential(model)
    found = sg.summary(model, np.zeros((1, 2), np.float32))
    assert [row.name for row in found.rows] == [".".join(["0"] * 60)]


def test_something_else_is_refused() -> None:
    with pytest.raises(SettingError, match="a module expected, function given"):
        sg.summary(nn.relu)
