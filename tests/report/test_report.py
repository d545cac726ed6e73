"""What the report says is what the run holds: figures against their sources, and what is missing is said."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import yaml

from report.conftest import EVIL
from report.test_sections import TAUGHT
from saegim.data import read_table
from saegim.errors import DataError, ModelFileError
from saegim.report import write_report
from saegim.report.evidence import Evidence, Missing, held_out_texts, of_texts
from saegim.report.run import read_run
from saegim.training import TextClassifier


def text_of(report):
    return report.path.read_text(encoding="utf-8")


def test_the_page_is_whole_small_and_always_the_same(run_folder, tmp_path):
    one, two = (write_report(run_folder, tmp_path / name) for name in ("a.html", "b.html"))
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.bytes == one.path.stat().st_size < 3_000_000
    assert one.missing is None
    assert text_of(one).startswith("<!doctype html>")
    assert not re.findall(r'(?:src|href)="(?!#)', text_of(one))


def test_it_lies_in_the_run_unless_asked_otherwise(run_copy):
    assert write_report(run_copy).path == run_copy / "report.html"


def test_the_verdict_and_its_figures_are_those_of_the_comparison(run_folder, tmp_path):
    stored = json.loads((run_folder / "comparison.json").read_text(encoding="utf-8"))
    html = text_of(write_report(run_folder, tmp_path / "r.html"))
    best = next(one for one in stored["contenders"] if one["name"] == stored["trusted"])
    assert f"{100 * best['accuracy']:.1f}%" in html
    for one in stored["contenders"]:
        assert f"{one['accuracy']:.3f} <small>{one['accuracy_interval'][0]:.3f}–" in html
    for sentence in stored["verdict"]["en"][1:]:
        assert sentence.replace("'", "&#39;").replace("<1 ms", "&lt;1 ms") in html


def test_the_part_held_out_is_told_again(table):
    texts = read_table(table)
    classifier = TextClassifier("wide", epochs=1, seed=3).fit(texts.texts, texts.labels)
    again = classifier.held_out(texts.texts, texts.labels)
    assert again is not None
    assert again[0] == classifier.validation_[0]
    assert again[1].tolist() == classifier.validation_[1].tolist()


def test_the_part_held_out_of_a_share_of_the_texts_is_told_again(table, monkeypatch):
    monkeypatch.setattr("saegim.training.classifier.affordable_share", lambda *_: 0.5)
    texts = read_table(table)
    classifier = TextClassifier("wide", epochs=1, time_budget=60).fit(texts.texts, texts.labels)
    again = classifier.held_out(texts.texts, texts.labels)
    assert len(again[0]) == 20
    assert again[0] == classifier.validation_[0]


def test_nothing_is_held_out_of_few_texts():
    texts, labels = ["좋은 영화", "나쁜 영화"] * 4, ["1", "0"] * 4
    classifier = TextClassifier("wide", epochs=1).fit(texts, labels)
    assert classifier.held_out(texts, labels) is None


def test_the_evidence_is_what_was_measured_when_training(run_folder):
    run = read_run(run_folder)
    evidence = held_out_texts(run.model, run.made_from)
    network = next(one for one in run.comparison["contenders"] if one["kind"] == "learned")
    right = np.mean([true == said for true, said in zip(evidence.true, evidence.predicted, strict=True)])
    assert evidence.held_out
    assert (len(evidence.texts), right) == (network["n"], pytest.approx(network["accuracy"]))


@pytest.mark.parametrize("header", [True, False], ids=["named columns", "numbered columns"])
def test_validation_texts_of_their_own_are_found_again(tmp_path, table, header):
    from saegim.cli.main import main

    lines = table.read_text(encoding="utf-8").splitlines()[not header :]
    valid = ["정말 좋은 이야기\t좋음", lines[7]]
    for name, rows in (("train.tsv", lines), ("valid.tsv", lines[:header] + valid)):
        (tmp_path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    folder = tmp_path / "run"
    options = ["--text", "text" if header else "1", "--label", "label" if header else "2", "--epochs", "1", "--quiet"]
    paths = [str(tmp_path / name) for name in ("train.tsv", "valid.tsv")]
    assert main(["train", paths[0], "--valid", paths[1], "--out", str(folder), *options]) == 0
    run = read_run(folder)
    assert held_out_texts(run.model, run.made_from).texts == ["정말 좋은 이야기"]
    (tmp_path / "valid.tsv").write_text("text\tlabel\n다른 글\t좋음\n", encoding="utf-8")
    assert held_out_texts(run.model, run.made_from) == Missing("changed", paths[1])


def test_other_texts_can_be_given(run_folder, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("text,label\n좋은 영화,좋음\n지루한 영화,좋음\n새로운 글,다른 것\n", encoding="utf-8")
    html = text_of(write_report(run_folder, tmp_path / "r.html", data=read_table(path)))
    assert "of 3 texts are wrong" in html
    assert "다른 것" in html
    assert "flatters" not in html


def test_books_do_not_make_the_page_heavy(run_folder, tmp_path):
    rng = np.random.default_rng(0)
    books = []
    for number in range(60):
        words = [f"{rng.choice(['great', 'awful', '영화'])}{rng.integers(1000)}" for _ in range(1500)]
        books.append(("" if number % 3 else " ").join([*words, EVIL]))
    path = tmp_path / "books.jsonl"
    path.write_text("\n".join(json.dumps({"text": text, "label": "x" * 200}) for text in books), encoding="utf-8")
    report = write_report(run_folder, tmp_path / "r.html", data=read_table(path))
    assert text_of(report).count('<div class="whys">') == 40
    assert report.bytes < 2_000_000


@pytest.mark.parametrize("language, word", [("en", "left out"), ("ko", "뺐습니다")])
@pytest.mark.parametrize(
    "change, says",
    [
        (lambda run: {**run, "file": "gone.csv"}, "gone.csv"),
        (lambda run: {**run, "sha256": "0" * 64}, "--data"),
        (lambda run: None, "run.yaml"),
    ],
    ids=["gone", "changed", "not described"],
)
def test_what_is_missing_is_said_and_left_out(run_copy, change, says, language, word):
    path = run_copy / "run.yaml"
    described = change(yaml.safe_load(path.read_text(encoding="utf-8")))
    path.unlink()
    if described is not None:
        path.write_text(yaml.safe_dump(described), encoding="utf-8")
    report = write_report(run_copy, language=language)
    assert word in report.missing
    assert says in report.missing
    assert report.missing in text_of(report)
    assert not {"examples", "errors"} & set(report.sections)
    assert {"verdict", "comparison", "training", "confusion", "calibration", "model"} <= set(report.sections)


def test_a_model_without_a_comparison(run_copy):
    (run_copy / "comparison.json").unlink()
    report = write_report(run_copy)
    assert report.sections[:4] == ["verdict", "policy", "curve", "training"]
    assert "Nothing stands beside this model" in text_of(report)


def test_a_comparison_without_a_model(run_folder, tmp_path):
    (tmp_path / "comparison.json").write_bytes((run_folder / "comparison.json").read_bytes())
    report = write_report(tmp_path)
    assert report.sections == ["verdict", "comparison", "confusion"]
    assert "no model" in report.missing


@pytest.mark.parametrize(
    "content",
    ["[]", "{", "[" * 100_000, "NaN", '{"contenders": []}', "null"],
    ids=["a list", "cut", "without end", "no number", "half", "null"],
)
def test_a_comparison_that_is_none(run_copy, content):
    (run_copy / "comparison.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=r"comparison\.json is no comparison of this version .*; make it again"):
        write_report(run_copy)


@pytest.mark.parametrize(
    "key, value",
    [("accuracy", "0.5"), ("accuracy", float("nan")), ("confusion", [[1]]), ("classes", [1, 2]), ("notes", None)],
)
def test_a_comparison_with_something_else_in_it(run_copy, key, value):
    path = run_copy / "comparison.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    stored["contenders"][0][key] = value
    path.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(DataError, match=r"comparison\.json is no comparison"):
        write_report(run_copy)


def test_what_the_rules_taught_is_shown(run_copy):
    (run_copy / "teaching.json").write_text(json.dumps(TAUGHT), encoding="utf-8")
    report = write_report(run_copy)
    assert report.sections[:4] == ["verdict", "comparison", "policy", "teaching"]
    assert "majority vote (kept)" in text_of(report)
    (run_copy / "teaching.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"teaching\.json is no lesson of this version .*; remove it"):
        write_report(run_copy)


@pytest.mark.parametrize(
    "content",
    ["- a", "{", "a: &a [*a]", "a: {b: c}", "1: 2", "!!python/object/apply:os.system ['true']"],
    ids=["a list", "cut", "endless", "nested", "numbered", "code"],
)
def test_a_description_that_is_none(run_copy, content):
    (run_copy / "run.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"run\.yaml is no list of options"):
        write_report(run_copy)


def test_no_run(tmp_path):
    with pytest.raises(ModelFileError, match="is not a folder"):
        write_report(tmp_path / "gone")
    with pytest.raises(ModelFileError, match=r"holds no config\.json and no comparison\.json"):
        write_report(tmp_path)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"x")
    with pytest.raises(ModelFileError, match="a run that is not finished; the same command with --resume goes on"):
        write_report(tmp_path)


def test_errors_come_the_surest_first(run_folder):
    classifier = read_run(run_folder).model
    texts = ["좋은 영화", "나쁜 영화", "멋진 배우", "지루한 결말"]
    evidence = of_texts(classifier, texts, ["없음"] * 4, "here")
    assert isinstance(evidence, Evidence)
    sure = [evidence.confidence[row] for row in evidence.wrong]
    assert sure == sorted(sure, reverse=True)
    assert sorted(evidence.wrong) == [0, 1, 2, 3]
