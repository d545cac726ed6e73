"""`saegim predict`: one line out for every line in."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from saegim.rules import load_rules
from saegim.together import Policy, RuleRecord, Together, Trial
from saegim.training import TextClassifier

LABELS = {"good", "bad"}


def test_texts_from_the_command_line(saegim, model):
    run = saegim("predict", model, "정말 재미있다 최고", "지루하다 실망", "", "두\n줄", "--quiet")
    assert (run.code, run.err) == (0, "")
    lines = run.out.splitlines()
    assert lines[:2] == ["good", "bad"]
    assert len(lines) == 4
    assert set(lines) <= LABELS


def test_texts_that_begin_with_a_dash(saegim, model):
    run = saegim("predict", model, "--", "-1점 최악", "--json")
    assert run.code == 0
    assert len(run.out.splitlines()) == 2


def test_lines_of_a_file(saegim, model, tmp_path):
    source = tmp_path / "in.txt"
    source.write_bytes("정말 재미있다 최고\r\n\r\n지루하다 실망".encode())
    run = saegim("predict", model, "--input", source)
    lines = run.out.splitlines()
    assert (run.code, run.err, len(lines)) == (0, "", 3)
    assert (lines[0], lines[2]) == ("good", "bad")

    output = tmp_path / "new" / "out.txt"
    told = saegim("predict", model, "--input", source, "--output", output)
    assert (told.code, told.out) == (0, "")
    assert told.err == f"3 lines were written to {output}\n"
    assert output.read_text(encoding="utf-8") == run.out
    assert [path.name for path in output.parent.iterdir()] == ["out.txt"]


def test_an_empty_file_has_no_lines(saegim, model, tmp_path):
    source = tmp_path / "in.txt"
    source.write_bytes(b"")
    assert saegim("predict", model, "--input", source) == saegim("predict", model, "--input", os.devnull)
    assert json.loads(saegim("predict", model, "--input", source, "--json").out)["predictions"] == []


def test_probabilities(saegim, model):
    texts = ("재미있다", "지루하다 재미있다")
    plain = saegim("predict", model, *texts, "--proba")
    told = [line.split("\t") for line in plain.out.splitlines()]
    found = json.loads(saegim("predict", model, *texts, "--proba", "--json").out)
    assert found["n"] == 2
    for text, (label, probability), entry in zip(texts, told, found["predictions"], strict=True):
        assert (entry["text"], entry["label"]) == (text, label)
        assert set(entry["proba"]) == LABELS
        assert sum(entry["proba"].values()) == pytest.approx(1)
        assert max(entry["proba"], key=entry["proba"].get) == label
        assert float(probability) == pytest.approx(entry["proba"][label], abs=1e-6)


def test_json_is_one_object(saegim, model, tmp_path):
    run = saegim("predict", model, "재미있다", "--json")
    assert run.out.count("\n") == 1
    found = json.loads(run.out)
    assert found["predictions"] == [{"text": "재미있다", "label": "good"}]
    output = tmp_path / "out.txt"
    found = json.loads(saegim("predict", model, "재미있다", "--json", "--output", output, "--quiet").out)
    assert (found["n"], found["output"]) == (1, str(output))
    assert "predictions" not in found


def test_standard_input_and_a_reader_that_leaves(model):
    """`saegim predict ... | head -1` is no error, however much is still to come."""
    command = [sys.executable, "-m", "saegim", "predict", str(model), "--input", "-"]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=os.environ | {"OMP_NUM_THREADS": "1"}, **pipes) as process:
        process.stdin.write("재미있다 최고\n".encode())
        process.stdin.flush()
        assert process.stdout.readline() == b"good\n"  # answered although the input goes on
        process.stdout.close()
        process.stdin.write("재미있다\n".encode() * 1000)
        process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_standard_input_that_is_closed(model):
    shell = f"exec '{sys.executable}' -m saegim predict '{model}' --input - <&-"
    done = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"standard input is closed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("MODEL",), "neither texts nor --input was given"),
        (("MODEL", "x", "--input", "-"), "both texts and --input were given"),
        (("none", "x"), "none is not a folder"),
        ((".", "x"), "holds no config.json"),
        (("MODEL", "--input", "none.txt"), "--input none.txt cannot be read: No such file"),
        (("MODEL", "--input", "."), "--input . cannot be read: Is a directory"),
        (("MODEL", "--input", "bad.txt"), "bad.txt, line 2: not valid UTF-8"),
        (("MODEL", "--input", "bad.txt", "--output", "out.txt"), "bad.txt, line 2: not valid UTF-8"),
        (("MODEL", "x", "--output", "."), "--output . is a folder where a file was expected"),
        (("MODEL", "x", "--output", "bad.txt/out.txt"), "bad.txt is no folder"),
        (("MODEL", b"\xff".decode("utf-8", "surrogateescape")), "is not UTF-8"),
    ],
)
def test_bad_input(saegim, model, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.txt").write_bytes(b"abc\n\xff\n")
    run = saegim("predict", *(str(model) if each == "MODEL" else each for each in arguments))
    assert (run.code, run.out) == (2, "")
    assert message in run.err
    assert run.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["bad.txt"]


def test_labels_stay_on_their_line(saegim, tmp_path):
    data = tmp_path / "d.jsonl"
    rows = [{"text": f"{word} {n}", "label": label} for n in range(4) for word, label in (("a", "x\ny"), ("b", "z\tw"))]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    folder = tmp_path / "m"
    assert saegim("train", data, "--out", folder, "--model", "wide", "--quiet").code == 0
    lines = saegim("predict", folder, "a 1", "b 1", "--proba").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["x\\ny", "z\\tw"]


# --- rules and network together ---


@pytest.fixture(scope="module")
def cautious(model, rule_file, tmp_path_factory):
    """A model folder with a policy that answers: both rules go first, and the network has to be sure."""
    classifier, folder = TextClassifier.load(model), tmp_path_factory.mktemp("cautious") / "model"
    threshold = float(classifier.predict_proba(["그냥 어제"]).max()) + 1e-3  # so that this text is not answered
    first = tuple(RuleRecord(name, name, 40, 37, 2, 0, 0.85, True) for name in ("good", "bad"))
    policy = Policy("together", None, threshold, 0.8, True, first, threshold, Trial(100, 80, 70, 60, 55, 75))
    Together(classifier, load_rules(rule_file), policy).save(folder)
    return folder


TEXTS = ("정말 재미있다 최고", "그냥 어제", "지루하다 실망")


def test_who_decided(saegim, cautious):
    found = json.loads(saegim("predict", cautious, *TEXTS, "--json").out)
    first, second, third = found["predictions"]
    assert (first["label"], first["by"], first["rules"]) == ("good", "rules", ["good"])
    assert (second["label"], second["by"], second["rules"]) == (None, None, [])
    assert (third["label"], third["by"]) == ("bad", "rules")
    assert found["undecided"] == 1
    assert 0.5 < second["confidence"] < 1 and first["confidence"] == 38 / 42
    assert "proba" not in first
    chances = json.loads(saegim("predict", cautious, *TEXTS, "--json", "--proba").out)["predictions"][0]["proba"]
    assert chances["good"] == pytest.approx(first["confidence"])


def test_what_stands_for_no_answer(saegim, cautious, tmp_path):
    assert saegim("predict", cautious, *TEXTS).out == "good\n\nbad\n"
    assert saegim("predict", cautious, *TEXTS, "--undecided", "?").out == "good\n?\nbad\n"
    assert saegim("predict", cautious, *TEXTS, "--undecided", "a\nb").out == "good\na\\nb\nbad\n"
    output = tmp_path / "out.txt"
    assert saegim("predict", cautious, *TEXTS, "--output", output, "--quiet").code == 0
    assert output.read_text(encoding="utf-8") == "good\n\nbad\n"
    label, probability = (
        saegim("predict", cautious, TEXTS[1], "--proba", "--undecided", "-").out.rstrip("\n").split("\t")
    )
    assert label == "-" and 0.5 < float(probability) < 1


def test_the_policy_can_be_left_out(saegim, cautious, model):
    run = saegim("predict", cautious, *TEXTS, "--policy", "network")
    assert run == saegim("predict", model, *TEXTS) == saegim("predict", model, *TEXTS, "--policy", "network")
    assert run.out.split() == [*run.out.split("\n")[:3]]
    (first, *_rest) = json.loads(saegim("predict", cautious, *TEXTS, "--policy", "network", "--json").out)[
        "predictions"
    ]
    assert first == {"text": TEXTS[0], "label": "good"}
    assert json.loads(saegim("predict", model, *TEXTS, "--policy", "together", "--json").out)["undecided"] == 0


def test_a_folder_without_a_policy(saegim, model, tmp_path):
    TextClassifier.load(model).save(tmp_path / "m")
    run = saegim("predict", tmp_path / "m", "x", "--policy", "together")
    assert (run.code, run.out) == (2, "")
    assert "holds no policy.json" in run.err and "train with --policy together" in run.err


def test_standard_input_with_texts_that_are_not_answered(saegim, cautious, tmp_path):
    source = tmp_path / "in.txt"
    source.write_text("".join(f"{text}\n" for text in TEXTS), encoding="utf-8")
    assert saegim("predict", cautious, "--input", source).out == "good\n\nbad\n"
    source.write_text("", encoding="utf-8")
    assert json.loads(saegim("predict", cautious, "--input", source, "--json").out)["undecided"] == 0
