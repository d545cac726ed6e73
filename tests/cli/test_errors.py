"""`saegim errors`: what a model gets wrong, likely wrong labels, near duplicates; on screen, as JSON, as a file."""

from __future__ import annotations

import json

import pytest

from saegim.data import read_table
from saegim.explain import find_mistakes, judge
from saegim.training import TextClassifier

ROWS = [
    ("재미있다 정말", "good"),
    ("지루하다 그냥", "good"),
    ("지루하다, 그냥!", "bad"),
    ("great \x1b[31m영화", "bad"),
    ("최고", "meh"),
]


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / "new.tsv"
    path.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in ROWS), encoding="utf-8")
    return path


def test_the_figures_are_those_of_the_library(process, model, labelled):
    run = process("errors", model, labelled, "--json", "--quiet")
    assert (run.code, run.err) == (0, "")
    found = json.loads(run.out)
    table = read_table(labelled)
    judged = judge(TextClassifier.load(model), table.texts, table.labels)
    wanted = find_mistakes(table.texts, table.labels, judged, table.lines).to_dict()
    assert found == json.loads(json.dumps(wanted | {"out": None}))
    assert (found["basis"], found["judged"], found["disagreements"]) == ("unseen", 5, 1)
    assert {"label": "meh", "predicted": "good"}.items() <= next(
        each for each in found["confusions"] if each["label"] == "meh"
    ).items()
    assert [row["line"] for row in found["duplicates"][0]["rows"]] == [3, 4]


def test_in_words(saegim, model, labelled):
    run = saegim("errors", model, labelled, "--quiet")
    assert (run.code, run.err) == (0, "")
    assert "What is taken for what" in run.out
    assert "Groups of nearly the same texts with different labels: 1" in run.out
    assert "\x1b" not in run.out
    korean = saegim("errors", model, labelled, "--quiet", "--language", "ko", "--top", "1")
    assert "무엇을 무엇으로 잘못 보는가" in korean.out
    assert "그 밖에" in korean.out


def test_of_its_own_training_texts_only_those_held_out_are_judged(saegim, model, table):
    run = saegim("errors", model, table, "--text", "review", "--label", "stars", "--json", "--quiet")
    found = json.loads(run.out)
    assert (found["texts"], found["judged"], found["basis"]) == (200, 20, "held out")
    said = saegim("errors", model, table, "--text", "review", "--label", "stars", "--quiet").out
    assert "Judged are the 20 of 200 texts that training held out" in said


def test_folds_judge_all_and_a_file_takes_all(saegim, model, write_reviews, tmp_path):
    """Of 120 texts that are easy to learn, two have the other label."""
    path = write_reviews(tmp_path / "few.tsv", 120)
    lines = path.read_text(encoding="utf-8").splitlines()
    for row in (5, 20):
        text, label = lines[row].split("\t")
        lines[row] = f"{text}\t{'bad' if label == 'good' else 'good'}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    arguments = ("--text", "review", "--label", "stars", "--folds", "2", "--top", "1")
    run = saegim("errors", model, path, *arguments, "--json", "--out", tmp_path / "rows.tsv")
    assert run.code == 0, run.err
    assert "training without part 2 of 2" in run.err
    assert f"all of it was written to {tmp_path / 'rows.tsv'}" in run.err
    found = json.loads(run.out)
    assert (found["judged"], found["basis"], found["folds"]) == (120, "folds", 2)
    assert found["out"] == str(tmp_path / "rows.tsv")
    assert len(found["surest"]) == 1
    rows = read_table(tmp_path / "rows.tsv", text="text", label="line")
    assert len(rows) == found["wrong"]
    assert {"6", "21"} <= set(rows.labels)


def test_bad_input(saegim, model, labelled, tmp_path):
    one = tmp_path / "one.csv"
    one.write_text("text,label\nx,good\ny,good\nz,good\n", encoding="utf-8")
    before = labelled.read_bytes()
    for arguments, message in (
        ((tmp_path / "none", labelled), "is not a folder"),
        ((model, tmp_path / "none.csv"), "does not exist"),
        ((model, labelled, "--folds", "1"), "--folds"),
        ((model, labelled, "--top", "0"), "--top"),
        ((model, labelled, "--out", tmp_path), "is a folder where a file was expected"),
        ((model, labelled, "--out", labelled), "would overwrite the data; give another name"),
        ((model, one, "--folds", "2", "--quiet"), "two"),
    ):
        run = saegim("errors", *arguments)
        assert (run.code, run.out) == (2, ""), run
        assert message in run.err
    assert labelled.read_bytes() == before
