"""`saegim explain`: contributions that add up to the score, and proofs."""

from __future__ import annotations

import json

import pytest

from saegim.rules import load_rules

TEXT = "정말 재미있다 great 그냥 지루하다"


def test_contributions_add_up_to_the_score(process, model):
    run = process("explain", model, TEXT, "--json")
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert found["text"] == TEXT
    assert [word["word"] for word in found["words"]] == TEXT.split()
    for word in found["words"]:
        assert TEXT[word["start"] : word["end"]] == word["word"]
    total = found["base"] + sum(word["contribution"] for word in found["words"]) + found["error"]
    assert found["score"] == pytest.approx(total, abs=1e-9)
    assert abs(found["error"]) < 1e-3 * max(1, abs(found["score"]))
    moved = {word["word"]: word["contribution"] for word in found["words"]}
    assert (moved["재미있다"] > 0) == (found["label"] == "good")
    assert moved["재미있다"] * moved["지루하다"] < 0
    rules = json.loads(json.dumps(load_rules(model / "rules.yaml").decide(TEXT).to_dict()))
    assert found["rules"] == rules


def test_bars_show_the_sign(saegim, model):
    run = saegim("explain", model, "재미있다 지루하다", "--label", "good")
    assert (run.code, run.err) == (0, "")
    good = next(line for line in run.out.splitlines() if line.endswith("  재미있다"))
    bad = next(line for line in run.out.splitlines() if line.endswith("  지루하다"))
    assert "│█" in good
    assert "+" in good
    assert "█│" in bad
    assert "-" in bad
    assert "The rules say:" in run.out
    other = json.loads(saegim("explain", model, "재미있다 지루하다", "--label", "bad", "--json").out)
    assert other["label"] == "bad"
    assert other["words"][0]["contribution"] < 0


def test_korean(saegim, model):
    run = saegim("explain", model, TEXT, "--language", "ko")
    assert run.code == 0
    assert "확률" in run.out
    assert "규칙의 판단:" in run.out


@pytest.mark.parametrize("text", ["", " ", "x", "\n\t", "한" * 5000, "word " * 500, "\x1b[31m재미있다"])
def test_any_text_is_explained_in_lines_that_do_no_harm(saegim, model, text):
    run = saegim("explain", model, text)
    assert run.code == 0, run.err
    assert "\x1b" not in run.out
    found = json.loads(saegim("explain", model, text, "--json").out)
    total = found["base"] + sum(word["contribution"] for word in found["words"]) + found["error"]
    assert found["score"] == pytest.approx(total, abs=1e-6)


def test_of_many_words_those_that_moved_most_are_shown(saegim, model):
    run = saegim("explain", model, " ".join(f"w{n}" for n in range(60)) + " 재미있다")
    assert "  재미있다\n" in run.out
    assert "and 21 words that moved it less, together" in run.out


def test_rules_alone_prove_their_label(saegim, rule_file):
    run = saegim("explain", rule_file, "정말 재미있다")
    assert (run.code, run.err) == (0, "")
    assert run.out == f"{load_rules(rule_file).decide('정말 재미있다').explain('en')}\n"
    found = json.loads(saegim("explain", rule_file, "정말 재미있다", "--json").out)
    assert (found["label"], found["won"]) == ("good", ["good"])
    assert "판단" in saegim("explain", rule_file, "정말 재미있다", "--language", "ko").out


def test_bad_input(saegim, model, rule_file, table, tmp_path):
    for arguments, message in (
        ((tmp_path / "none", "x"), "is not a folder"),
        ((tmp_path, "x"), "holds no config.json"),
        ((table, "x"), str(table)),
        ((model, "x", "--label", "nope"), "label 'nope' is not one of bad, good"),
        ((rule_file, "x", "--label", "good"), "--label is for networks"),
    ):
        run = saegim("explain", *arguments)
        assert (run.code, run.out) == (2, "")
        assert message in run.err
        assert run.err.count("\n") == 1
