"""A comparison survives being written and read; what is no comparison is refused by name."""

from __future__ import annotations

import json

import pytest

from evaluation.test_verdict import NETWORK_90, RULES_97, TRUE, compared
from saegim.errors import DataError
from saegim.evaluation import COMPARISON, Measurement, read_comparison, write_comparison
from saegim.evaluation.verdict import sentences, verdict


def test_it_is_the_same_after_reading(tmp_path):
    comparison = compared(TRUE, NETWORK_90, RULES_97)
    write_comparison(comparison, tmp_path)
    found = read_comparison(tmp_path)
    expected = json.loads(json.dumps(comparison.to_dict()))
    assert {key: found[key] for key in expected} == expected
    assert (found["outcome"], found["leader"], found["trusted"]) == ("clear", "rules", "rules")
    for language in ("en", "ko"):
        assert found["verdict"][language] == sentences(comparison, language)
        assert " ".join(found["verdict"][language]) == verdict(comparison, language)


def test_failed_contenders_are_kept_too(tmp_path):
    write_comparison(compared(TRUE, NETWORK_90, Measurement("SVM", "classical", error="no memory")), tmp_path)
    found = read_comparison(tmp_path)
    assert [one["error"] for one in found["contenders"]] == [None, None, "no memory"]


def test_no_comparison(tmp_path):
    assert read_comparison(tmp_path) is None


@pytest.mark.parametrize("key", ["train_rows", "contenders", "differences", "verdict", "outcome", "tied"])
def test_a_comparison_with_something_missing(tmp_path, key):
    write_comparison(compared(TRUE, NETWORK_90), tmp_path)
    found = json.loads((tmp_path / COMPARISON).read_text(encoding="utf-8"))
    del found[key]
    (tmp_path / COMPARISON).write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(DataError, match=f"is no comparison of this version .it has no {key}.; make it again"):
        read_comparison(tmp_path)
