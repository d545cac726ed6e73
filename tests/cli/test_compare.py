"""`saegim compare`: everyone on one split."""

from __future__ import annotations

import json

import pytest

NETWORK, BOTH = "network (wide)", "rules + network"
NAMES = ["majority class", "rules", "TF-IDF + logistic regression", "TF-IDF + linear SVM", NETWORK, BOTH]


@pytest.fixture(scope="module")
def compared(process, table, rule_file):
    return process("compare", table, "--rules", rule_file, "--model", "wide", "--json")


def test_all_contenders_on_one_split(compared):
    assert compared.code == 0, compared.err
    found = json.loads(compared.out)
    assert (found["train_rows"], found["test_rows"]) == (160, 40)
    assert [one["name"] for one in found["contenders"]] == NAMES
    assert all(one["error"] is None and one["n"] == 40 for one in found["contenders"])
    assert found["contenders"][-1]["accuracy"] > found["contenders"][0]["accuracy"]
    assert found["contenders"][-1]["size_bytes"] > 0
    assert found["verdict"]
    assert "building: network (wide)" in compared.err


def test_a_test_file_and_a_table_for_people(saegim, table, tmp_path):
    test = tmp_path / "test.tsv"
    test.write_text("review\tstars\n정말 재미있다 또\tgood\n정말 지루하다 또\tbad\n", encoding="utf-8")
    arguments = ("compare", table, "--test", test, "--model", "wide", "--time-budget", "20s")
    run = saegim(*arguments, "--language", "ko", "--quiet")
    assert (run.code, run.err) == (0, "")
    assert "매크로 F1" in run.out
    assert "rules" not in run.out
    assert "network (wide)" in run.out


def test_rules_and_network_together(compared):
    network, both = json.loads(compared.out)["contenders"][-2:]
    assert (both["kind"], both["size_bytes"]) == ("together", network["size_bytes"])
    assert both["accuracy"] == pytest.approx(network["accuracy"], abs=0.1)
    assert both["build_seconds"] > 0


def test_too_few_texts_for_both_together(saegim, rule_file, tmp_path):
    data = tmp_path / "d.tsv"
    rows = [f"{word} {n}\t{label}" for n in range(15) for word, label in (("최고", "good"), ("최악", "bad"))]
    data.write_text("text\tlabel\n" + "\n".join(rows) + "\n", encoding="utf-8")
    run = saegim("compare", data, "--rules", rule_file, "--model", "wide", "--json", "--quiet")
    assert run.code == 0, run.err
    *others, both = json.loads(run.out)["contenders"]
    assert all(one["error"] is None for one in others)
    assert "held out from training, but there are none" in both["error"]


def test_texts_on_both_sides_are_dropped_and_said(saegim, tmp_path):
    data = tmp_path / "d.tsv"
    rows = [("같은 글", "a")] * 20 + [(f"다른 {n}", "b") for n in range(20)]
    data.write_text("text\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows), encoding="utf-8")
    run = saegim("compare", data, "--model", "wide", "--json")
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert (found["train_rows"], found["test_rows"]) == (32, 4)
    assert "4 texts of the test part of" in run.err


def test_bad_input(saegim, table, rule_file, tmp_path):
    one_class = tmp_path / "one.tsv"
    one_class.write_text("text\tlabel\na\tx\nb\tx\n", encoding="utf-8")
    for arguments, message in (
        ((tmp_path / "none.tsv",), "does not exist"),
        ((one_class,), "have the label 'x'"),
        ((table, "--rules", tmp_path / "none.yaml"), "cannot read the rule file"),
        ((table, "--test", tmp_path), "is a folder"),
        ((table, "--test", table), "is also in"),
    ):
        run = saegim("compare", *arguments)
        assert (run.code, run.out) == (2, "")
        assert message in run.err.splitlines()[-1]
