"""`saegim train --unlabelled`: rules teach; what is used for what, the folder, what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from saegim.report.evidence import held_out_texts
from saegim.report.run import read_run
from saegim.training import TextClassifier

QUICK = ("--model", "wide", "--epochs", "1")


@pytest.fixture(scope="session")
def unlabelled(tmp_path_factory):
    """400 texts with a column of labels that are all wrong, and nobody's business."""
    path = tmp_path_factory.mktemp("unlabelled") / "many.tsv"
    good, bad = ("재미있다", "최고", "감동", "추천", "great"), ("지루하다", "최악", "실망", "아깝다", "awful")
    lines = ["review\tstars"]
    for number in range(400):
        words, wrong = (good, "bad") if number % 2 else (bad, "good")
        lines.append(f"{words[number % 5]} 오늘 {words[number // 5 % 5]} {number}\t{wrong}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def schooled(process, table, rule_file, unlabelled, tmp_path_factory):
    """A run in which rules teach, and the folder it made."""
    folder = tmp_path_factory.mktemp("schooled") / "model"
    arguments = ("--rules", rule_file, "--unlabelled", unlabelled, "--text", "review", "--label", "stars", *QUICK)
    return process("train", table, "--out", folder, *arguments, "--json"), folder


def test_the_folder_of_a_network_that_rules_taught(schooled, table, unlabelled, saegim):
    run, folder = schooled
    assert run.code == 0, run.err
    found = json.loads(run.out)
    teaching = found["teaching"]
    assert teaching["texts"] == {"unlabelled": 400, "fired": 336, "choosing": 100, "final": 100, "learned": 0}
    assert found["train_rows"] == 336
    assert [one["name"] for one in teaching["lessons"]] == [
        "rules",
        "majority",
        "weighted",
        "independent",
        "correlated",
    ]
    assert found["valid_rows"] == 100
    assert found["accuracy"] > found["teaching"]["rules_beside_network"]["over_all"]["teacher"]["value"] + 0.2
    assert json.loads((folder / "teaching.json").read_text(encoding="utf-8"))["winner"] == teaching["winner"]
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "config.json",
        "model.safetensors",
        "metrics.json",
        "README.md",
        "run.yaml",
        "log.jsonl",
        "rules.yaml",
    }
    assert any(note.startswith("taught by rules (") for note in found["notes"])
    assert "taught by rules (" in (folder / "README.md").read_text(encoding="utf-8")
    assert "taught by rules (" in (folder / "metrics.json").read_text(encoding="utf-8")
    described = yaml.safe_load((folder / "run.yaml").read_text(encoding="utf-8"))
    assert (described["file"], described["unlabelled"]) == (str(table), str(unlabelled))
    assert described["unlabelled_sha256"] == hashlib.sha256(unlabelled.read_bytes()).hexdigest()


def test_it_is_an_ordinary_model_folder(schooled, table, saegim):
    _run, folder = schooled
    found = json.loads(saegim("evaluate", folder, table, "--json").out)
    assert found["accuracy"] > 0.8
    assert saegim("predict", folder, "정말 최고 감동").out.startswith("good")
    assert saegim("explain", folder, "정말 최고 감동").code == 0
    assert saegim("summary", folder / "teachers" / "majority").code == 0


def test_for_people_in_both_languages(schooled, table, rule_file, unlabelled, saegim):
    _run, folder = schooled
    arguments = ("--rules", rule_file, "--unlabelled", unlabelled, "--text", "review", "--label", "stars", *QUICK)
    said = saegim("train", table, "--out", folder, *arguments, "--resume")
    assert said.code == 0, said.err
    assert "336 of 400 unlabelled texts have a rule that fires" in said.out
    assert "majority vote" in said.out
    assert f"the model (wide) is in {folder}" in said.out
    assert "the run is finished already" in said.err
    korean = saegim("train", table, "--out", folder, *arguments, "--resume", "--language", "ko")
    assert "정답 없는 글 400개 가운데 336개에서" in korean.out
    assert f"모델(wide)은 {folder}에 있습니다" in korean.out
    assert "다수결로 신경망을 가르칩니다" in korean.err


def test_files_of_their_own_for_every_use(saegim, table, write_reviews, rule_file, unlabelled, tmp_path):
    """What FILE is not needed for it is learned from; no text is used twice."""
    valid, test = write_reviews(tmp_path / "valid.tsv", 260), write_reviews(tmp_path / "test.tsv", 320)
    arguments = ("--rules", rule_file, "--unlabelled", unlabelled, "--valid", valid, "--test", test, *QUICK, "--json")
    run = saegim("train", table, "--out", tmp_path / "m", "--text", "review", "--label", "stars", *arguments)
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert found["teaching"]["texts"] | {"fired": 0} == {
        "unlabelled": 400, "fired": 0, "choosing": 60, "final": 60, "learned": 200
    }  # fmt: skip
    assert found["teaching"]["lessons"][0]["name"] == "labels"
    assert {each["code"] for each in found["findings"]} == {"shared-texts"}


def test_plain_lines_of_text_and_a_part_that_is_learned(saegim, table, rule_file, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("".join(f"최고 {n}\n최악 {n}\n" for n in range(60)), encoding="utf-8")
    arguments = ("--rules", rule_file, "--unlabelled", lines, "--learn-labelled", *QUICK, "--json", "--quiet")
    run = saegim("train", table, "--out", tmp_path / "m", "--text", "review", "--label", "stars", *arguments)
    assert run.code == 0, run.err
    assert run.err == ""
    texts = json.loads(run.out)["teaching"]["texts"]
    assert (texts["unlabelled"], texts["fired"]) == (120, 120)
    assert texts["choosing"] + texts["final"] + texts["learned"] == 200


def test_labels_of_unlabelled_texts_are_not_looked_at(saegim, schooled, table, rule_file, unlabelled, tmp_path):
    other = tmp_path / "other.tsv"
    text = unlabelled.read_text(encoding="utf-8")
    other.write_text(
        text.replace("\tgood", "\t\t").replace("\tbad", "\tgood").replace("\t\t", "\tnever"), encoding="utf-8"
    )
    arguments = ("--rules", rule_file, "--unlabelled", other, "--text", "review", "--label", "stars", *QUICK)
    assert saegim("train", table, "--out", tmp_path / "m", *arguments, "--quiet").code == 0
    scores = [
        TextClassifier.load(folder).decision_function(["최고", "지루"]) for folder in (tmp_path / "m", schooled[1])
    ]
    assert (scores[0] == scores[1]).all()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_an_interrupt_says_how_to_go_on(table, rule_file, tmp_path):
    many, out = tmp_path / "many.txt", tmp_path / "m"
    many.write_text("".join(f"최고 오늘 {n}\n최악 어제 {n}\n" for n in range(3000)), encoding="utf-8")
    command = [sys.executable, "-m", "saegim", "train", str(table), "--out", str(out), "--text", "review"]
    command += ["--label", "stars", "--rules", str(rule_file), "--unlabelled", str(many), "--model", "wide"]
    command += ["--epochs", "100"]
    keywords = {"env": os.environ | {"OMP_NUM_THREADS": "1"}, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **keywords) as process:
        while not (out / "teachers" / "majority" / "log.jsonl").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said, err = process.communicate(timeout=120)
    assert (process.returncode, said) == (130, b""), err.decode()
    assert err.decode().splitlines()[-1] == (
        f"error: interrupted; {out / 'teachers'} holds what was learned: the same command with --resume goes on"
    )


def test_the_report_finds_the_texts_that_judged(schooled, saegim, tmp_path):
    _run, folder = schooled
    made = read_run(folder)
    evidence = held_out_texts(TextClassifier.load(folder), made.made_from)
    network = next(one for one in made.comparison["contenders"] if one["kind"] == "learned")
    right = sum(true == said for true, said in zip(evidence.true, evidence.predicted, strict=True)) / 100
    assert (len(evidence.texts), right) == (network["n"], network["accuracy"])
    assert saegim("report", folder, "--out", tmp_path / "report.html").code == 0
