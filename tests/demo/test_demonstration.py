"""The demo on a few languages: everything is written, measured, explained; nothing else is touched."""

from __future__ import annotations

import json
import re
import shlex
import socket

import pytest

from saegim.cli.main import main
from saegim.data.table import read_table
from saegim.demo import demonstration, page, run
from saegim.errors import SaegimError, SettingError
from saegim.rules import load_rules
from saegim.training import TextClassifier
from saegim.training.files import digest
from saegim.training.run_file import read_description

FEW = {"languages": ("ko", "ja", "zh", "fr", "es", "uk", "no"), "min_texts": 150}


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """One run: its folder, what it said, what it gave."""
    out = tmp_path_factory.mktemp("demo") / "made" / "here"
    said: list[str] = []
    return out, said, run(out, say=said.append, **FEW)


def test_what_is_written_can_be_used(shown):
    out, _, found = shown
    train, test = (read_table(out / f"{part}.tsv", text="text", label="language") for part in ("train", "test"))
    assert (len(train.texts), len(test.texts)) == (found["train_rows"], found["test_rows"])
    assert not set(train.texts) & set(test.texts)
    assert load_rules(out / "rules.yaml").predict(["대한민국", "さくら"]) == ["ko", "ja"]
    predicted = TextClassifier.load(out / "model").predict(test.texts)
    accuracy = sum(one == true for one, true in zip(predicted, test.labels, strict=True)) / len(test.texts)
    assert accuracy == next(one["accuracy"] for one in found["contenders"] if one["name"] == "network")


def test_all_contenders_are_measured_on_one_split_and_learning_pays(shown):
    _, _, found = shown
    scores = {one["name"]: one for one in found["contenders"]}
    assert list(scores) == ["majority class", "rules", "TF-IDF + logistic regression", "TF-IDF + linear SVM", "network"]
    assert all(one["error"] is None and one["n"] == found["test_rows"] for one in scores.values())
    assert scores["network"]["accuracy"] > 0.85 > 0.5 > scores["majority class"]["accuracy"]
    assert scores["rules"]["accuracy_decided"] > 0.95


def test_the_page_has_the_table_the_verdict_and_two_explanations(shown):
    out, said, found = shown
    report = found["report"]
    assert report.startswith("contender")
    assert found["verdict"] in " ".join(report.split())
    assert all(page.columns_of(line) <= 120 for line in report.split("\n\n")[1].splitlines())
    assert "Kept from firing: han-is-zh by kana" in report
    assert re.search(r"score [+-][\d.]+ = [+-][\d.]+ before reading", report)
    assert str(out) in report
    assert [sentence for sentence in said if sentence.startswith("building: ")][-1] == "building: network"
    assert any("nothing is downloaded" in sentence for sentence in said)


def test_it_ends_with_the_path_of_its_report(shown):
    out, _, found = shown
    assert found["page"] == str(out / "report.html")
    assert found["report"].splitlines()[-1].endswith(str(out / "report.html"))
    html = (out / "report.html").read_text(encoding="utf-8")
    assert f"of {found['test_rows']:,} texts are wrong" in html
    assert all(one["name"] in html for one in found["contenders"])


def test_its_model_is_a_run_like_any_other(shown):
    out, _, _ = shown
    described = read_description(out / "model")
    again = TextClassifier("auto", seed=described["seed"])
    train = read_table(described["file"], text=described["text"], label=described["label"])
    assert (
        again.fit(train.texts, train.labels).predict(train.texts).tolist()
        == TextClassifier.load(out / "model").predict(train.texts).tolist()
    )
    assert described["sha256"] == digest(out / "train.tsv")


def test_the_network_is_explained_where_it_is_right_and_the_rules_are_silent(shown):
    out, _, found = shown
    explained = found["explanations"]["network"]
    test = read_table(out / "test.tsv", text="text", label="language")
    true = {text.lower(): label for text, label in zip(test.texts, test.labels, strict=True)}
    assert true[explained["text"].lower()] == explained["label"]
    total = explained["base"] + sum(span["amount"] for span in explained["spans"]) + explained["error"]
    assert total == pytest.approx(explained["score"], abs=1e-4)
    assert load_rules(out / "rules.yaml").decide(explained["text"]).label is None


def test_the_next_steps_work_as_they_are_printed(shown, capsys):
    _, _, found = shown
    commands = [
        shlex.split(line) for line in found["report"].splitlines() if line.startswith("  ") and "saegim" in line
    ]
    names = [command[1] for command in commands]
    assert names == ["predict", "explain", "explain", "rules", "train"]
    for command in commands[:-1]:
        assert main(command[1:]) == 0
        assert capsys.readouterr().out.strip()


def test_the_figures_are_json(shown):
    _, _, found = shown
    plain = json.loads(json.dumps(found, allow_nan=False))
    assert (plain["languages"], plain["train_rows"] + plain["test_rows"]) == (
        7,
        found["train_rows"] + found["test_rows"],
    )


def test_in_korean_again_the_same_without_network_and_without_touching_anything_else(shown, tmp_path, monkeypatch):
    """Deterministic: figures and model are those of the first run."""

    def refuse(*_arguments, **_settings):
        raise AssertionError("the demo opened a connection")

    monkeypatch.setattr(socket, "socket", refuse)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    said: list[str] = []
    found = run(tmp_path / "out", language="ko", say=said.append, **FEW)
    assert list((tmp_path / "here").iterdir()) == []
    assert "매크로 F1" in found["report"]
    assert "규칙의 판단 하나와 그 증명:" in found["report"]
    assert all(re.search("[가-힣]", sentence) for sentence in said)

    first = shown[2]
    for one, other in zip(first["contenders"], found["contenders"], strict=True):
        assert (one["accuracy"], one["macro_f1_interval"]) == (other["accuracy"], other["macro_f1_interval"])
    for name in ("train.tsv", "rules.yaml", "model/model.safetensors"):
        assert (shown[0] / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    said: list[str] = []
    with pytest.raises(SettingError, match=r"cannot be written to .*--out"):
        run(tmp_path / "file" / "demo", say=said.append, **FEW)
    assert said == []


def test_an_unknown_language_is_said(tmp_path):
    with pytest.raises(SettingError, match="'fr' is not known"):
        run(tmp_path, language="fr", say=print)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_ends_it(tmp_path):
    def interrupt(sentence):
        if sentence == "building: TF-IDF + linear SVM":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, say=interrupt, **FEW)
    assert not (tmp_path / "model").exists()


def test_a_network_that_fails_is_the_end(tmp_path, monkeypatch):
    def broken(*_arguments, **_settings):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(demonstration.TextClassifier, "fit", broken)
    with pytest.raises(SaegimError, match=r"could not be trained \(ZeroDivisionError: oh\)"):
        run(tmp_path, say=lambda sentence: None, **FEW)


@pytest.mark.parametrize(
    ("on_path", "beside", "called"), [(True, True, "saegim"), (False, False, "saegim"), (False, True, "bin/saegim")]
)
def test_the_program_is_named_so_that_the_shell_finds_it(tmp_path, monkeypatch, on_path, beside, called):
    (tmp_path / "bin").mkdir()
    if beside:
        (tmp_path / "bin/saegim").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(page.sys, "executable", str(tmp_path / "bin/python"))
    monkeypatch.setattr(page.shutil, "which", lambda name: "/usr/bin/saegim" if on_path else None)
    assert page._program() == called
