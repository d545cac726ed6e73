"""`saegim rules check`."""

from __future__ import annotations

import json

import pytest

ODD = """
facts:
  praise: {words: [great]}
  nobody: {words: [x]}
rules:
  - {id: good, if: [praise], then: {label: good}}
  - {id: same, if: [praise], then: {label: good}}
"""


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_is_wrong(process, rule_file):
    run = process("rules", "check", rule_file)
    assert (run.code, run.out, run.err) == (0, f"{rule_file}: nothing is wrong or odd\n", "")


def test_odd_rules_are_told_and_accepted(saegim, tmp_path):
    file = write(tmp_path / "odd.yaml", ODD)
    run = saegim("rules", "check", file)
    assert (run.code, run.err) == (0, "")
    assert run.out.splitlines() == [
        "warning: line 4: no rule needs the fact 'nobody'",
        "warning: line 7: rule 'same' says the same as rule 'good'; keep one of them",
    ]
    found = json.loads(saegim("rules", "check", file, "--json").out)
    assert [each["code"] for each in found["findings"]] == ["unused-fact", "same-rule"]
    assert (found["ok"], found["measure"]) == (True, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("rules: [", "not valid YAML"),
        ("rules:\n  - {id: r, if: nothing, then: {label: x}}", "'nothing'"),
        ("a: &a [*a]", "line 1"),
    ],
)
def test_a_refused_file(saegim, tmp_path, text, message):
    file = write(tmp_path / "bad.yaml", text)
    run = saegim("rules", "check", file)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"error: {file}")
    assert message in run.err
    assert run.err.count("\n") == 1
    run = saegim("rules", "check", file, "--json")
    assert run.code == 2
    found = json.loads(run.out)
    assert not found["ok"]
    assert found["findings"][0]["level"] == "error"


def test_several_errors_are_all_told(saegim, tmp_path):
    text = "rules:\n  - {id: r, if: [a, b], then: {label: x}}\n  - {id: r, if: c, then: {label: x}}"
    run = saegim("rules", "check", write(tmp_path / "bad.yaml", text))
    assert run.code == 2
    errors = run.out.splitlines()
    assert len(errors) > 1
    assert f"(the first of {len(errors)} errors)" in run.err


def test_a_missing_file_and_a_folder(saegim, tmp_path):
    assert saegim("rules", "check", tmp_path / "none.yaml").code == 2
    assert saegim("rules", "check", tmp_path).code == 2


def test_rules_are_measured(saegim, rule_file, table):
    run = saegim("rules", "check", rule_file, "--data", table, "--text", "review", "--label", "stars", "--json")
    assert (run.code, run.err) == (0, "")
    measure = json.loads(run.out)["measure"]
    lines = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    praised = [label for text, label in lines if any(word in text for word in ("재미", "최고", "great"))]
    good = measure["rules"][0]
    assert (good["id"], good["fired"], good["correct"]) == ("good", len(praised), praised.count("good"))
    assert measure["texts"] == len(lines)

    run = saegim("rules", "check", rule_file, "--data", table)
    assert f"{len(lines)} texts: the rules decided" in run.out
    assert "texts were taken from column" in run.err
    assert saegim("rules", "check", rule_file, "--data", table, "--quiet").err == ""


def test_labels_of_one_side_and_defaults(saegim, tmp_path):
    rules = write(
        tmp_path / "r.yaml", "default: meh\nfacts: {a: {words: [x]}}\nrules: [{id: r, if: a, then: {label: yes}}]"
    )
    data = write(tmp_path / "d.tsv", "text\tlabel\nx\tyes\ny\tno\ny\tno\n")
    out = saegim("rules", "check", rules, "--data", data).out
    assert "the default decided 2 more" in out
    assert "labels that only the rules have, not the data: meh" in out
    assert "labels that only the data have, not the rules: no" in out


def test_bad_data(saegim, rule_file, tmp_path):
    run = saegim("rules", "check", rule_file, "--data", tmp_path / "none.tsv")
    assert (run.code, run.out) == (2, "")
    assert "does not exist" in run.err
