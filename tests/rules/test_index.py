"""Limits of the index, and the columns of wrong patterns."""

from __future__ import annotations

import pytest

from saegim.rules.index import Index, PatternError


@pytest.mark.parametrize(
    ("pattern", "column"),
    [("(", 1), ("a(b)(c", 5), (r"\((a", 3), ("[(](a", 4), ("a)b", 2), ("(a))", 4), ("최고(", 3), ("a**", 2)],
)
def test_the_column_of_a_wrong_pattern(pattern, column):
    with pytest.raises(PatternError, match=f"at column {column}(;|$)"):
        Index().add_pattern(pattern)


def test_patterns_have_a_limit_together(monkeypatch):
    monkeypatch.setattr("saegim.rules.index._MAX_PROGRAM", 100)
    index = Index()
    index.add_pattern("a{50}")
    with pytest.raises(PatternError, match="too large together"):
        index.add_pattern("b{80}")


def test_words_are_remembered_within_bounds(monkeypatch):
    monkeypatch.setattr("saegim.rules.index._REMEMBERED", 3)
    index = Index()
    atom = index.add_words(["a*"])
    for number in range(10):
        found = {}
        index._find_words([f"a{number}", "b", "a" * 100], found)
        assert found == {atom: [0, 2]}
        assert len(index._remembered) <= 3
