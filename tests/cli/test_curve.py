"""`saegim curve`: what it prints, what it keeps, how it goes on."""

from __future__ import annotations

import json

import pytest

from saegim.curve import Curve, read_curve

COLUMNS = ("--text", "review", "--label", "stars")
QUICK = ("--model", "wide", "--samples", "2")


@pytest.fixture(scope="module")
def measured(process, table, rule_file, tmp_path_factory):
    """A run on 200 texts, as JSON, and the folder it kept its points in."""
    folder = tmp_path_factory.mktemp("curve") / "kept"
    return process("curve", table, *COLUMNS, "--rules", rule_file, *QUICK, "--out", folder, "--json"), folder


def test_the_result_is_a_curve(measured):
    run, folder = measured
    assert run.code == 0, run.err
    found = json.loads(run.out)
    said = found.pop("verdict")
    curve = Curve.from_dict(found)
    assert curve == read_curve(folder)
    assert (curve.labelled, curve.pool, curve.test_rows) == (200, 133, 67)
    assert [one.name for one in curve.contenders] == [
        "majority class", "rules", "TF-IDF + linear SVM", "network (wide)",
    ]  # fmt: skip
    assert curve.contender("network (wide)").sizes == [10, 20, 50, 100, 133]
    crossing = curve.crossing("network (wide)", "rules")
    assert crossing.reason is None
    assert "rules" in said.split("\n")[0]
    assert "1 of 19: TF-IDF + linear SVM, 10 texts, sample 1: accuracy" in run.err


def test_the_same_with_resume_trains_nothing_and_says_it_in_korean(saegim, measured, table, rule_file):
    _, folder = measured
    arguments = ("curve", table, *COLUMNS, "--rules", rule_file, *QUICK, "--out", folder, "--resume")
    before = read_curve(folder)
    run = saegim(*arguments, "--language", "ko")
    assert run.code == 0, run.err
    assert "going on after 19 points" in run.err
    assert "sample" not in run.err
    assert "글 수" in run.out
    assert "┬" in run.out
    assert "정답 달린 글이 지금의 200개보다 100개 늘면 신경망의 정확도는" in run.out
    after = read_curve(folder)
    assert after.crossings == before.crossings
    assert after.contenders[2:] == before.contenders[2:]


def test_more_samples_go_on_from_those_that_are_there(saegim, measured, table):
    _, folder = measured
    run = saegim(
        "curve", table, *COLUMNS, "--model", "wide", "--samples", "3", "--out", folder, "--resume", "--json",
        "--time-budget", "0.001s",
    )  # fmt: skip
    assert run.code == 0, run.err
    curve = Curve.from_dict({key: value for key, value in json.loads(run.out).items() if key != "verdict"})
    assert len(curve.contender("network (wide)").points) == 10
    assert sum(one.samples for one in curve.skipped if one.why == "time") == 9
    assert curve.of_kind("rules") is None
    assert "9 points did not fit into the time budget" in run.err


def test_other_data_is_refused(saegim, measured, write_reviews, tmp_path):
    _, folder = measured
    other = write_reviews(tmp_path / "other.tsv", 180)
    run = saegim("curve", other, *COLUMNS, *QUICK, "--out", folder, "--resume")
    assert (run.code, run.out) == (2, "")
    assert "holds points of other data, settings or version" in run.err


def test_a_test_file_and_few_texts(saegim, write_reviews, tmp_path):
    data, test = write_reviews(tmp_path / "d.tsv", 24), tmp_path / "t.tsv"
    test.write_text("review\tstars\n정말 재미있다 또\tgood\n정말 지루하다 또\tbad\n", encoding="utf-8")
    run = saegim("curve", data, *COLUMNS, "--test", test, "--samples", "1", "--quiet")
    assert (run.code, run.err) == (0, "")
    assert "with --rules FILE" in run.out
    assert "All this rests on 2 test texts only" in run.out


def test_an_interrupt_says_how_to_go_on(saegim, table, tmp_path, monkeypatch):
    from saegim.training import TextClassifier

    def interrupted(self, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(TextClassifier, "fit", interrupted)
    run = saegim("curve", table, *COLUMNS, *QUICK, "--out", tmp_path / "kept", "--quiet")
    assert (run.code, run.out) == (130, "")
    assert "curve.json holds what was learned: the same command with --resume goes on" in run.err
