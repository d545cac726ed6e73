"""`saegim evaluate`."""

from __future__ import annotations

import json

import pytest
from sklearn.metrics import accuracy_score, f1_score

from saegim.training import TextClassifier

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
    assert list(found) == ["n", "accuracy", "macro_f1", "per_class", "seconds"]
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
