"""What the check before training finds."""

from __future__ import annotations

import pytest

from saegim.data import Table, check_examples, table_from_pairs
from saegim.errors import DataError


def _table(pairs, source="train.tsv"):
    return table_from_pairs(pairs, source)


def _codes(checked):
    return [(finding.level, finding.code) for finding in checked.findings]


def test_good_data_has_no_findings():
    train = _table([("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")])
    valid = _table([("e", "x"), ("f", "y")], "valid.tsv")
    checked = check_examples(train, valid)
    assert checked.findings == [] and checked.train is train and checked.valid is valid
    checked.raise_errors()


@pytest.mark.parametrize(
    ("table", "code", "message"),
    [
        (Table([], [], [], "t", "text", "label"), "no-examples", "t holds no examples"),
        (Table(["a"], None, [1], "t", "text", None), "no-labels", "t holds no labels"),
        (_table([("a", "x"), ("b", "x")]), "single-class", r"all 2 examples of train.tsv have the label 'x'"),
    ],
)
def test_data_that_nothing_can_be_learned_from(table, code, message):
    checked = check_examples(table)
    assert _codes(checked) == [("error", code)]
    with pytest.raises(DataError, match=message):
        checked.raise_errors()


def test_rare_classes_are_listed():
    checked = check_examples(_table([("a", "x"), ("b", "x"), ("c", "y"), ("d", "z")]))
    assert _codes(checked) == [("warning", "rare-class")]
    assert checked.findings[0].message.startswith("2 classes have only one example ('y', 'z')")


def test_contradictions_name_their_lines():
    pairs = [("굿", "p"), ("a", "n"), (" 굿 ", "n"), ("a", "n"), ("\u1100\u116e\u11ba", "p")]
    checked = check_examples(_table(pairs))
    assert _codes(checked) == [("warning", "contradicting-labels"), ("note", "repeated-texts")]
    assert (
        "1 text occurs with different labels (3 rows; the first is '굿', lines 1, 3, 5)" in checked.findings[0].message
    )
    assert checked.findings[1].message.startswith("3 rows repeat")


def test_shared_texts_leave_validation():
    train = _table([("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")])
    valid = _table([("e", "x"), ("a ", "x"), ("f", "y"), ("d", "x")], "valid.tsv")
    checked = check_examples(train, valid)
    assert checked.valid is not None
    assert (checked.valid.texts, checked.valid.lines) == (["e", "f"], [1, 3])
    assert checked.train is train
    assert checked.findings[0].message == "2 texts of valid.tsv also in train.tsv: dropped, 2 are left"


def test_validation_that_is_all_shared_is_an_error():
    train = _table([("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")])
    checked = check_examples(train, _table([("a", "x")], "valid.tsv"))
    with pytest.raises(DataError, match=r"every text of valid\.tsv is also in train\.tsv"):
        checked.raise_errors()


def test_labels_on_one_side_only():
    train = _table([("a", "x"), ("b", "x"), ("c", "y"), ("d", "y")])
    checked = check_examples(train, _table([("e", "x"), ("f", "z")], "valid.tsv"))
    assert _codes(checked) == [("warning", "unknown-labels"), ("note", "unmeasured-labels")]


def test_long_texts():
    pairs = [("a" * 30, "x"), ("b", "x"), ("c" * 31, "y"), ("d", "y")]
    checked = check_examples(_table(pairs), long_text=20)
    assert _codes(checked) == [("note", "long-texts")]
    assert "2 texts are longer than 20 characters (the longest, line 3, has 31)" in checked.findings[0].message
