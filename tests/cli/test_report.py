"""`saegim report`: a page from a run's folder, and what is said about it."""

from __future__ import annotations

import json

import pytest


def test_a_page_from_a_run(saegim, model, tmp_path):
    out = tmp_path / "page.html"
    run = saegim("report", model, "--out", out)
    assert (run.code, run.out, run.err) == (0, f"{out}\n", "")
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_figures_as_json(saegim, model, tmp_path):
    out = tmp_path / "page.html"
    found = json.loads(saegim("report", model, "--out", out, "--json", "--language", "ko").out)
    assert found["report"] == str(out)
    assert found["bytes"] == out.stat().st_size
    assert found["missing"] is None
    assert {"verdict", "comparison", "training", "examples", "errors", "model", "repeat"} <= set(found["sections"])
    assert '<html lang="ko">' in out.read_text(encoding="utf-8")


def test_texts_of_another_file(saegim, model, write_reviews, tmp_path):
    data = write_reviews(tmp_path / "new.tsv", 30)
    out = tmp_path / "page.html"
    run = saegim("report", model, "--data", data, "--text", "review", "--label", "stars", "--out", out)
    assert run.code == 0, run.err
    assert "None of the 30 texts is wrong" in out.read_text(encoding="utf-8")


def test_a_comparison_alone(saegim, table, rule_file, tmp_path):
    run = saegim("compare", table, "--rules", rule_file, "--model", "wide", "--out", tmp_path / "kept", "--quiet")
    assert run.code == 0, run.err
    run = saegim("report", tmp_path / "kept")
    assert (run.code, run.out) == (0, f"{tmp_path / 'kept' / 'report.html'}\n")
    assert "holds a comparison and no model" in run.err
    html = (tmp_path / "kept" / "report.html").read_text(encoding="utf-8")
    assert "TF-IDF + linear SVM" in html


def test_a_run_without_texts_to_measure_on(saegim, tmp_path):
    data = tmp_path / "d.tsv"
    data.write_text("text\tlabel\na b\tx\nc d\ty\ne a\tx\nd f\ty\n", encoding="utf-8")
    quick = ("--model", "wide", "--epochs", "1", "--quiet")
    assert saegim("train", data, "--out", tmp_path / "m", *quick).code == 0
    run = saegim("report", tmp_path / "m")
    assert run.code == 0
    assert "too few examples" in run.err
    assert "Not measured yet" in (tmp_path / "m" / "report.html").read_text(encoding="utf-8")


def test_a_comparison_of_an_earlier_run_does_not_stay(saegim, table, tmp_path):
    data = tmp_path / "d.tsv"
    data.write_text("text\tlabel\na b\tx\nc d\ty\ne a\tx\nd f\ty\n", encoding="utf-8")
    quick = ("--out", tmp_path / "m", "--model", "wide", "--epochs", "1", "--quiet")
    assert saegim("train", table, *quick).code == 0
    assert (tmp_path / "m" / "comparison.json").exists()
    assert saegim("train", data, *quick).code == 0
    assert not (tmp_path / "m" / "comparison.json").exists()


@pytest.mark.parametrize("name", ["page", "notes.txt", "", "."])
def test_names_that_are_no_page(saegim, model, name):
    run = saegim("report", model, "--out", name)
    assert run.code == 2
    assert "is no name of a page; give one that ends in .html" in run.err
