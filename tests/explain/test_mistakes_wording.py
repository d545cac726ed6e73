"""What a model gets wrong, in words and as rows."""

from __future__ import annotations

import re

import pytest

from saegim.data import read_table
from saegim.explain.mistakes import Confusion, Disagreement, Judged, Labelled, Mistakes
from saegim.explain.mistakes_wording import as_tsv, in_words

TEXT = '정말\t"좋은"\n영화\\'
WRONG = [Judged(row, row + 1, TEXT, "0", "1", 0.9 - row / 100, 0.1) for row in range(15)]
GROUP = Disagreement(0.75, {"1": 2, "0": 1}, tuple(Labelled(row, row + 1, f"t{row}", "110"[row]) for row in range(3)))
EVEN = Disagreement(1.0, {"0": 1, "1": 1}, (Labelled(7, 8, "x", "0"), Labelled(9, 10, "x!", "1")))


def mistakes(basis="unseen", **more):
    settings = {
        "confusions": (Confusion("0", "1", 15, 0.3, WRONG[0]),),
        "surest": tuple(WRONG),
        "suspects": tuple(WRONG[:12]),
        "duplicates": (EVEN, GROUP),
    }
    return Mistakes(texts=100, judged=60, basis=basis, folds=5, **{**settings, **more})


@pytest.mark.parametrize(
    ("basis", "said", "korean"),
    [
        (
            "unseen",
            "60 texts: 15 (25.0%) are wrong. If the model was trained on some",
            "글 60개 중 15개(25.0%)가 틀렸습니다",
        ),
        ("held out", "Judged are the 60 of 100 texts that training held out", "글 100개 가운데 학습에서 빼 둔 60개만"),
        ("folds", "60 texts, each judged by one of 5 models trained without it", "(모두 5개)이 판단했습니다"),
        ("trained on", "has learned their labels, wrong ones too, so this shows too few", "실제보다 적게 나옵니다"),
    ],
)
def test_what_the_figures_rest_on_is_said(basis, said, korean):
    assert in_words(mistakes(basis)).split("\n\n")[0].count(said) == 1
    assert korean in in_words(mistakes(basis), "ko").split("\n\n")[0]
    for language in ("en", "ko"):
        assert ("--folds" in in_words(mistakes(basis), language)) == (basis != "folds")


def test_lists_are_cut_and_say_so():
    parts = in_words(mistakes(), most=10).split("\n\n")
    assert [part.split("\n")[0] for part in parts[1:]] == [
        "What is taken for what",
        "Labels that are likely wrong (or the model is, and sure of it): 12, 20.0% of the texts",
        "Other mistakes: 3, the surest first",
        "Groups of nearly the same texts with different labels: 2",
    ]
    assert parts[2].endswith("\nand 2 more")
    assert parts[2].count('정말 "좋은" 영화\\') == 10
    assert parts[4] == (
        "Groups of nearly the same texts with different labels: 2\n"
        "0: 1, 1: 1; 100% alike\n  0  x (line 8)\n  1  x! (line 10)\n"
        "1: 2, 0: 1; 75% alike\n  1  t0 (line 1)\n  1  t1 (line 2)\n  0  t2 (line 3)"
    )
    assert in_words(mistakes(), "ko").count("정말") == 14
    assert not re.search("[a-z]{3,}", in_words(mistakes(duplicates=()), "ko").replace("--folds", ""))


def test_nothing_wrong():
    nothing = Mistakes(10, 10, "folds", 3, (), (), (), ())
    assert in_words(nothing) == "10 texts, each judged by one of 3 models trained without it: 0 (0.0%) are wrong."
    assert as_tsv(nothing).count("\n") == 1


def test_rows_can_be_read_again(tmp_path):
    (tmp_path / "rows.tsv").write_text(as_tsv(mistakes()), encoding="utf-8")
    table = read_table(tmp_path / "rows.tsv", text="text", label="suggested", skip_bad_rows=True)
    assert table.texts[:15] == [TEXT] * 15
    assert table.labels[:15] == ["1"] * 15
    kinds = read_table(tmp_path / "rows.tsv", text="text", label="kind")
    assert kinds.labels == ["wrong label"] * 12 + ["mistake"] * 3 + ["near duplicate"] * 5
    rows = as_tsv(mistakes()).splitlines()
    assert rows[0].split("\t")[:5] == ["kind", "group", "line", "label", "suggested"]
    assert rows[-5].split("\t")[:5] == ["near duplicate", "1", "8", "0", ""]  # as many say the one as the other
    assert rows[-1].split("\t")[:5] == ["near duplicate", "2", "3", "0", "1"]
