"""The doctor: sick networks are found sick, healthy ones healthy; what it says, and what it reads from files."""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import pytest

from saegim import losses, nn, optim
from saegim.training import TextClassifier, TrainStep
from saegim.training.advice import in_words, new_findings, with_epoch
from saegim.training.doctor import Finding, Kind, examine
from saegim.training.progress import OnTerminal
from saegim.training.vitals import flow_of, layers_of

RNG = np.random.default_rng(0)
X = RNG.standard_normal((64, 8)).astype(np.float32)
Y = (X @ RNG.standard_normal((8, 3))).argmax(1)


def trained(model, optimizer, epochs=2, steps=20, x=X, y=Y):
    """The records of some epochs of a network."""
    step, history = TrainStep(model, optimizer, losses.cross_entropy, vitals=True), []
    for epoch in range(epochs):
        found, signs = [], 0.0
        for _ in range(steps):
            found.append(float(step(x, y)))
            signs = signs + step.vitals.astype(float)
        flow = flow_of(layers_of(step.state), signs.tolist(), steps)
        history.append({"epoch": epoch + 1, "train_loss": float(np.mean(found)), "flow": flow})
        history[0].setdefault("first_loss", found[0])
    return history


def stack(depth, activation, width=16, scale=1.0):
    sizes = [8, *[width] * depth, 3]
    layers = [nn.Linear(m, n) for m, n in itertools.pairwise(sizes)]
    parts = [part for layer in layers[:-1] for part in (layer, activation)]
    model = nn.Sequential(*parts, layers[-1], seed=0)
    for layer in layers:
        layer.weight = nn.Parameter(np.array(layer.weight) * scale)
    return model


def kinds(history):
    return {(each.kind, each.layer) for each in examine(history)}


def test_a_healthy_network():
    assert examine(trained(stack(2, nn.relu), optim.Adam(1e-2))) == []
    assert examine([]) == []


def test_a_gradient_that_fades():
    """Each sigmoid multiplies by at most a quarter."""
    [finding] = examine(trained(stack(12, nn.sigmoid), optim.SGD(0.1)))
    assert finding.kind == "vanishing" and finding.layer == "0" and finding.value < 4.0**-7


def test_a_gradient_that_explodes_on_its_way():
    found = examine(trained(stack(12, lambda x: x, scale=8.0), optim.SGD(1e-30)))
    assert found[0].kind == "exploding" and found[0].value > 1e4


def test_a_gradient_that_grows_from_epoch_to_epoch():
    records = [
        {"epoch": n + 1, "train_loss": 1.0, "flow": {"a": {"gradient": size, "update": 1e-3, "dead": 0}}}
        for n, size in enumerate([1.0, 9.0, 100.0])
    ]
    assert kinds(records[:2]) == set() and kinds(records) == {("exploding", "a")}


def test_dead_units():
    model = stack(1, nn.relu)
    layer = next(each for each in model.modules() if isinstance(each, nn.Linear))
    layer.bias = nn.Parameter(np.where(np.arange(16) < 12, -100, 0).astype(np.float32))
    [finding] = examine(trained(model, optim.SGD(0.01)))
    assert (finding.kind, finding.layer) == ("dead", "0") and finding.value == pytest.approx(0.75, abs=0.07)


def test_a_layer_without_a_gradient_is_dead():
    model = stack(1, nn.relu)
    first = next(each for each in model.modules() if isinstance(each, nn.Linear))
    first.bias = nn.Parameter(np.full(16, -100, np.float32))
    assert ("dead", "0") in kinds(trained(model, optim.SGD(0.01)))


def test_rates():
    assert {kind for kind, _layer in kinds(trained(stack(2, nn.tanh), optim.Adam(3.0)))} == {"rate_high"}
    assert {kind for kind, _layer in kinds(trained(stack(2, nn.relu), optim.Adam(1e-9)))} == {"rate_low"}
    rising = [{"epoch": n + 1, "train_loss": loss, "flow": {}} for n, loss in enumerate([1.0, 1.2])]
    assert kinds(rising) == {("rate_high", None)}


def test_learning_by_heart():
    records = [
        {"epoch": n + 1, "train_loss": 1 / (n + 1), "valid_loss": loss, "flow": {}}
        for n, loss in enumerate([0.7, 0.6, 0.62, 0.66])
    ]
    assert kinds(records[:3]) == set()
    [finding] = examine(records)
    assert finding.kind == "overfitting" and finding.epoch == 4 and finding.value == pytest.approx(0.1)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_words(kind, language):
    for layer in ("reader.layers.0", None):
        finding = Finding(kind, 3, layer, 0.25)
        sentence = in_words(finding, language)
        assert (
            "{" not in sentence and sentence in with_epoch(finding, language) and "3" in with_epoch(finding, language)
        )
        named = layer is not None and kind not in ("rate_low", "overfitting")
        assert ("reader.layers.0" in sentence) == named


def test_what_was_found_before_is_not_news():
    old, worse, new = Finding("dead", 1, "a", 0.5), Finding("dead", 2, "a", 0.9), Finding("dead", 2, "b", 0.5)
    assert new_findings([worse, new], [old]) == [new]


def test_the_terminal_hears_of_each_once(capsys):
    heard = OnTerminal("ko")
    for epoch in (1, 2):
        heard.epoch({"epoch": epoch, "findings": [Finding("overfitting", epoch, None, 0.1).to_dict()]})
    assert capsys.readouterr().err.count("과적합") == 1


@pytest.mark.parametrize(
    "stored",
    [None, {}, {"kind": "tired"}, {"kind": "dead", "epoch": "1"}, {"kind": "dead", "value": float("nan")},
     {"kind": "dead", "layer": 3}, {"more": 1}],
)  # fmt: skip
def test_findings_from_files(stored):
    whole = Finding("dead", 1, "a", 0.5).to_dict()
    assert Finding.from_dict(whole).to_dict() == whole
    with pytest.raises(ValueError, match=r"a finding|nan"):
        Finding.from_dict(whole | stored if stored else stored)


def test_a_classifier_keeps_what_was_found(data, tmp_path):
    classifier = TextClassifier("bag", epochs=2).fit(*data, folder=tmp_path)
    assert list(classifier.history_[0]["flow"]) == ["wide", "reader", "head"]
    assert all(signs["gradient"] > 0 and signs["update"] > 0 for signs in classifier.history_[0]["flow"].values())
    classifier.history_[-1]["findings"] = [Finding("dead", 2, "head", 0.6).to_dict()]
    classifier.save(tmp_path)
    again = TextClassifier.load(tmp_path)
    assert again.findings_ == [Finding("dead", 2, "head", 0.6)] and again.history_ == classifier.history_
    assert "60% of the units in head are dead" in (tmp_path / "README.md").read_text()
