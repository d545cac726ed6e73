"""`saegim summary`, and `saegim demo` up to the demonstration itself."""

from __future__ import annotations

import json
import sys
from types import ModuleType

from saegim.training import TextClassifier


def test_summary(saegim, model):
    run = saegim("summary", model)
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("a text classifier (bag) of 2 classes: bad, good\n")
    layers = TextClassifier.load(model).summary()
    assert run.out.endswith(f"{layers}\n")
    found = json.loads(saegim("summary", model, "--json").out)
    assert found["classes"] == ["bad", "good"]
    assert found["parameters"] == found["weights"] + found["biases"] == layers.parameters
    assert sum(layer["weights"] for layer in found["layers"]) == found["weights"]


def test_no_model(saegim, tmp_path):
    run = saegim("summary", tmp_path)
    assert (run.code, run.out) == (2, "")
    assert "holds no config.json" in run.err


def test_the_demo_is_told_where_and_in_which_language(saegim, tmp_path, monkeypatch):
    given = {}

    def run_demo(out, *, language, say, progress):
        given.update(out=out, language=language)
        say("it begins")
        progress.say("it trains")
        return {"report": "the table", "accuracy": 0.9}

    demonstration = ModuleType("saegim.demo.demonstration")
    demonstration.run = run_demo
    monkeypatch.setitem(sys.modules, "saegim.demo.demonstration", demonstration)
    run = saegim("demo", "--out", tmp_path / "d", "--language", "ko")
    assert given == {"out": tmp_path / "d", "language": "ko"}
    assert (run.code, run.out, run.err) == (0, "the table\n", "it begins\nit trains\n")
    run = saegim("demo", "--json", "--quiet")
    assert json.loads(run.out) == {"accuracy": 0.9}
    assert run.err == ""
