"""`saegim anatomy`: one training step in numbers and in words; the model folder stays as it is."""

from __future__ import annotations

import hashlib
import json

import pytest

from saegim.explain import anatomy_of_text
from saegim.training import TextClassifier

TEXT = "정말 재미있다 great"


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_numbers_are_the_librarys_and_the_folder_stays(process, model):
    before = digests(model)
    run = process("anatomy", model, TEXT, "--label", "good", "--json")
    assert (run.code, run.err) == (0, "")
    found = anatomy_of_text(TextClassifier.load(model), TEXT, "good")
    assert json.loads(run.out) == json.loads(json.dumps(found.to_dict()))
    assert digests(model) == before


def test_four_parts_in_words(saegim, model):
    run = saegim("anatomy", model, TEXT, "--label", "bad")
    assert (run.code, run.err) == (0, "")
    for said in ("1. Forward", "2. Prediction and loss", "3. Backward", "4. Update", "after the update: loss"):
        assert said in run.out
    assert "SGD 0.0394" in run.out
    assert "Adagrad 0.02" in run.out


def test_korean(saegim, model):
    run = saegim("anatomy", model, TEXT, "--label", "bad", "--language", "ko")
    assert run.code == 0
    for said in ("순전파", "역전파", "갱신한 뒤 같은 예"):
        assert said in run.out


def test_another_optimiser_and_dropout(saegim, model):
    run = saegim("anatomy", model, TEXT, "--label", "bad", "--optimizer", "sgd", "--lr", "0.5", "--dropout", "--json")
    found = json.loads(run.out)
    assert found["dropout"]
    assert {(each["optimizer"], each["rate"]) for each in found["step"]["parameters"]} == {("SGD", 0.5)}


@pytest.mark.parametrize("text", ["", " ", "\n\t", "한" * 3000, "\x1b[31m재미있다\u202e"])
def test_any_text_in_lines_that_do_no_harm(saegim, model, text):
    run = saegim("anatomy", model, text, "--label", "good")
    assert run.code == 0, run.err
    assert "\x1b" not in run.out
    assert "\u202e" not in run.out


def test_bad_input(saegim, model, tmp_path):
    for arguments, message in (
        ((tmp_path / "none", "x", "--label", "good"), "is not a folder"),
        ((tmp_path, "x", "--label", "good"), "holds no config.json"),
        ((model, "x", "--label", "nope"), "label 'nope' is not one of bad, good"),
        ((model, "x"), "needs the option '--label'"),
        ((model, "--label", "good"), "saegim anatomy needs 'TEXT'"),
        ((model, "x", "--label", "good", "--lr", "-1"), "lr of at least 0 expected, -1.0 given"),
        ((model, "x", "--label", "good", "--lr", "nan"), "lr of at least 0 expected, nan given"),
        ((model, "x", "--label", "good", "--optimizer", "lion"), "'lion' is not one of"),
    ):
        run = saegim("anatomy", *arguments)
        assert (run.code, run.out) == (2, "")
        assert message in run.err
        assert run.err.count("\n") == 1


def test_a_step_without_end_is_a_failure(saegim, model):
    run = saegim("anatomy", model, TEXT, "--label", "good", "--optimizer", "sgd", "--lr", "1e300")
    assert (run.code, run.out) == (1, "")
    assert "the step leaves numbers that are not finite; use a smaller learning rate" in run.err
