"""`saegim evaluate`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from saegim.data import read_table
from saegim.rules import load_rules
from saegim.together import Together
from saegim.training import TextClassifier
from saegim.training.calibration import expected_calibration_error, probabilities

ROWS = [
    ("재미있다 정말", "good"),
    ("지루하다 그냥", "bad"),
    ("great", "bad"),
    ("awful 재미있다", "good"),
    ("최고", "meh"),
]


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / "new.tsv"
    path.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in ROWS), encoding="utf-8")
    return path


def test_the_figures(process, model, labelled):
    run = process("evaluate", model, labelled, "--json", "--quiet")
    assert (run.code, run.err) == (0, "")
    found = json.loads(run.out)
    assert list(found) == [
        "n", "accuracy", "macro_f1", "coverage", "accuracy_decided", "per_class", "policy", "calibration", "together",
        "seconds",
    ]  # fmt: skip
    assert (found["coverage"], found["accuracy_decided"], found["policy"]) == (1, found["accuracy"], "network")
    texts, labels = zip(*ROWS, strict=True)
    predicted = [str(each) for each in TextClassifier.load(model).predict(list(texts))]
    assert found["n"] == 5
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, predicted))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, predicted, average="macro"))
    assert found["per_class"]["good"]["support"] == 2
    assert found["per_class"]["meh"]["f1"] == 0
    assert found["seconds"] > 0


def test_for_people(saegim, model, labelled):
    run = saegim("evaluate", model, labelled)
    assert run.code == 0
    assert run.out.startswith("5 texts: accuracy ")
    assert {"bad", "good", "meh"} <= {line.split(" ")[0] for line in run.out.splitlines()}
    assert "warning: 1 texts have labels that the model never gives: meh" in run.err
    assert saegim("evaluate", model, labelled, "--text", "1", "--label", "2").out.startswith("5 texts")


def test_whether_probabilities_mean_what_they_say(saegim, model, table):
    found = json.loads(saegim("evaluate", model, table, "--json").out)["calibration"]
    classifier, data = TextClassifier.load(model), read_table(table)
    right = classifier.predict(data.texts) == np.array(data.labels)
    scores = classifier.decision_function(data.texts)
    assert found["temperature"] == classifier.calibration_.temperature
    for name, sure in (
        ("before", probabilities(scores, 1).max(1)),
        ("after", classifier.predict_proba(data.texts).max(1)),
    ):
        assert found[f"error_{name}"] == pytest.approx(expected_calibration_error(sure, right))
        assert sum(one["count"] for one in found[f"bins_{name}"]) == 200
    assert "expected calibration error" in saegim("evaluate", model, table).out


def test_rules_and_network_side_by_side(saegim, model, table, rule_file):
    found = json.loads(saegim("evaluate", model, table, "--json").out)
    together, data = Together.load(model), read_table(table)
    answers, labels = together.decide(data.texts), data.labels
    names = ["rules", "network", "rules + network"]
    assert [one["name"] for one in found["together"]["contenders"]] == names
    alone = load_rules(rule_file).predict(data.texts), together.classifier.predict(data.texts).tolist()
    for one, said in zip(found["together"]["contenders"], (*alone, [each.label for each in answers]), strict=True):
        assert one["accuracy"] == pytest.approx(np.mean([a == b for a, b in zip(said, labels, strict=True)]))
        assert one["coverage"] == pytest.approx(np.mean([each is not None for each in said]))
    by_rules = [row for row, each in enumerate(answers) if each.by == "rules"]
    assert found["together"]["by_rules"] == {
        "texts": len(by_rules),
        "right": sum(answers[row].label == labels[row] for row in by_rules),
        "network_right": sum(alone[1][row] == labels[row] for row in by_rules),
    }
    assert found["together"]["decided"]["texts"] == 200
    assert found["together"]["better_alone"] == "network"
    assert found["policy"] == "network"
    other = json.loads(saegim("evaluate", model, table, "--policy", "together", "--json").out)
    assert other["policy"] == "together" and other["together"] == found["together"]
    network = json.loads(saegim("evaluate", model, table, "--policy", "network", "--json").out)
    assert network["together"] is None and network["accuracy"] == found["accuracy"]


@pytest.fixture
def cautious(model, table, tmp_path):
    """The network alone, where it is surer than of half of the texts."""
    data, classifier = read_table(table), TextClassifier.load(model)
    middle = float(np.median(classifier.predict_proba(data.texts).max(1)))
    Together.fit(classifier, valid=(data.texts, data.labels), min_confidence=middle).save(tmp_path / "cautious")
    return tmp_path / "cautious"


def test_what_is_left_undecided_counts_as_wrong(saegim, cautious, table):
    found = json.loads(saegim("evaluate", cautious, table, "--json").out)
    data = read_table(table)
    said = Together.load(cautious).predict(data.texts)
    decided = np.array([each is not None for each in said])
    right = said == np.array(data.labels)
    assert 0.4 < found["coverage"] == decided.mean() < 0.6
    assert found["accuracy"] == right.mean() and found["accuracy_decided"] == right[decided].mean()
    assert [one["name"] for one in found["together"]["contenders"]] == ["network", "network, where sure"]
    plain = saegim("evaluate", cautious, table).out
    assert plain.startswith(f"200 texts: {decided.sum()} decided, ") and "of them 0 by rules" in plain
    assert saegim("evaluate", cautious, table, "--policy", "network").out.startswith("200 texts: accuracy ")


def test_in_korean(saegim, model, cautious, table):
    whole = saegim("evaluate", model, table, "--policy", "together", "--language", "ko").out
    assert whole.startswith("글 200개: 정확도 ") and "신경망의 확률: 기대 보정 오차는" in whole and "함께 쓰면" in whole
    assert saegim("evaluate", cautious, table, "--language", "ko").out.startswith("글 200개: ")


def test_probabilities_that_are_not_calibrated(saegim, make_few, table):
    run = saegim("evaluate", make_few, table)
    assert "The network's probabilities are not calibrated: expected calibration error 0." in run.out
    assert json.loads(saegim("evaluate", make_few, table, "--json").out)["calibration"]["temperature"] is None


@pytest.fixture
def make_few(tmp_path):
    TextClassifier("wide", epochs=1).fit(["재미있다", "지루하다", "최고"], ["good", "bad", "good"]).save(
        tmp_path / "few"
    )
    return tmp_path / "few"


def test_bad_input(saegim, model, labelled, tmp_path):
    for arguments, message in (
        ((tmp_path / "none", labelled), "is not a folder"),
        ((labelled, labelled), "is not a folder"),
        ((tmp_path, labelled), "holds no config.json"),
        ((model, tmp_path / "none.tsv"), "does not exist"),
        ((model, model), "is a folder where a table was expected"),
        ((model, labelled, "--text", "nope"), "has no column 'nope'"),
    ):
        run = saegim("evaluate", *arguments)
        assert (run.code, run.out) == (2, "")
        assert message in run.err
        assert run.err.count("\n") == 1


def test_an_altered_model_is_refused(saegim, model, labelled, tmp_path):
    for name in ("model.safetensors", "metrics.json", "config.json"):
        copy = tmp_path / name
        copy.mkdir()
        for file in model.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(content[: len(content) // 2])
        run = saegim("evaluate", copy, labelled)
        assert (run.code, run.out) == (2, "")
        assert str(copy / name) in run.err
        assert run.err.count("\n") == 1
