"""`saegim explain`: contributions that add up to the score, and proofs."""

from __future__ import annotations

import json
import unicodedata

import pytest

from saegim.explain import explain_decision
from saegim.explain.wording import in_words
from saegim.rules import load_rules

TEXT = "정말 재미있다 great 그냥 지루하다"


def explained(run):
    """What was explained, by its source."""
    assert run.code == 0, run.err
    found = json.loads(run.out)
    assert all(each["text"] == found["text"] for each in found["explanations"])
    return {each["source"]: each for each in found["explanations"]}


def total(found):
    return found["base"] + sum(span["amount"] for span in found["spans"]) + found["error"]


def test_amounts_add_up_to_the_score(process, model):
    both = explained(process("explain", model, TEXT, "--json"))
    assert list(both) == ["network", "rules"]
    found = both["network"]
    assert [span["text"] for span in found["spans"]] == TEXT.split()
    for span in found["spans"]:
        assert TEXT[span["start"] : span["end"]] == span["text"]
    assert found["score"] == pytest.approx(total(found), abs=1e-9)
    assert abs(found["error"]) < 1e-5 * max(1, abs(found["score"]))
    moved = {span["text"]: span["amount"] for span in found["spans"]}
    assert (moved["재미있다"] > 0) == (found["label"] == "good")
    assert moved["재미있다"] * moved["지루하다"] < 0
    proof = explain_decision(load_rules(model / "rules.yaml").decide(TEXT)).to_dict()
    assert both["rules"] == json.loads(json.dumps(proof))


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
    other = explained(saegim("explain", model, "재미있다 지루하다", "--label", "bad", "--json"))["network"]
    assert other["label"] == "bad"
    assert other["spans"][0]["amount"] < 0


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
    found = explained(saegim("explain", model, text, "--json"))["network"]
    assert found["score"] == pytest.approx(total(found), abs=1e-6)


def test_of_many_words_those_that_moved_most_are_shown(saegim, model):
    run = saegim("explain", model, " ".join(f"w{n}" for n in range(60)) + " 재미있다")
    assert "  재미있다\n" in run.out
    assert "and 21 words that moved it less, together" in run.out


def test_rules_alone_prove_their_label(saegim, rule_file):
    run = saegim("explain", rule_file, "정말 재미있다")
    assert (run.code, run.err) == (0, "")
    assert run.out == f"{in_words(explain_decision(load_rules(rule_file).decide('정말 재미있다')))}\n"
    found = explained(saegim("explain", rule_file, "정말 재미있다", "--json"))["rules"]
    assert (found["label"], found["won"]) == ("good", ["good"])
    assert found["spans"] == [{"start": 3, "end": 7, "text": "재미있다", "amount": 1.0, "reasons": ["good"]}]


def test_places_are_those_of_the_text_as_given(saegim, model):
    """Decomposed letters, wide gaps, characters that nobody sees."""
    text = unicodedata.normalize("NFD", "정말  재미있다\u200b\tgreat")
    for found in explained(saegim("explain", model, text, "--json")).values():
        assert found["text"] == text
        assert all(text[span["start"] : span["end"]] == span["text"] for span in found["spans"])
        assert unicodedata.normalize("NFD", "재미있다") in {span["text"].strip("\u200b") for span in found["spans"]}


def test_rules_in_korean(saegim, rule_file):
    assert "판단" in saegim("explain", rule_file, "정말 재미있다", "--language", "ko").out


@pytest.mark.parametrize(("options", "who"), [((), "rules"), (("--min-confidence", "0.9999"), None)])
def test_who_answers_by_a_policy_is_said(saegim, table, rule_file, tmp_path, options, who):
    columns = ("--text", "review", "--label", "stars", "--model", "bag", "--epochs", "3")
    trained = saegim(
        "train", table, "--out", tmp_path / "m", *columns, "--rules", rule_file, "--policy", "together", *options
    )
    assert trained.code == 0, trained.err
    text = "재미있다 그냥" if who else "그냥"
    found = json.loads(saegim("explain", tmp_path / "m", text, "--json").out)
    [answer] = json.loads(saegim("predict", tmp_path / "m", text, "--json").out)["predictions"]
    assert {name: found["answer"][name] for name in ("label", "by")} == {name: answer[name] for name in ("label", "by")}
    assert [each["source"] for each in found["explanations"]] == ["network", "rules"]
    last = saegim("explain", tmp_path / "m", text).out.splitlines()[-1]
    korean = saegim("explain", tmp_path / "m", text, "--language", "ko").out.splitlines()[-1]
    if who is None:
        assert last.startswith("No answer: the network is ")
        assert korean.startswith("답하지 않음: ")
    else:
        assert last.startswith(f"Answer: {answer['label']}, by the {answer['by']}")
        assert korean.startswith(f"답: {answer['label']}, ")


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
