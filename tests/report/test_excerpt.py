"""Of long texts the part that counts most is shown, and its marks stay where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saegim.explain import Explanation, Span
from saegim.report.excerpt import excerpt


def explained(text, spans):
    found = tuple(Span(start, end, text[start:end], amount) for start, end, amount in spans)
    return Explanation(text, len(text), "network", "yes", found, "exact", 0.75, 1.0, 0.5, 0.0)


def words(amounts):
    text = " ".join(f"w{number:03}" for number in range(len(amounts)))
    return explained(text, [(5 * number, 5 * number + 4, amount) for number, amount in enumerate(amounts)])


def test_short_texts_stay_whole():
    whole = words([1.0, 2.0])
    assert excerpt(whole) is whole


def test_the_part_that_counts_most():
    amounts = np.zeros(300)
    amounts[200:205] = [3.0, -4.0, 1.0, 2.0, 1.0]
    found = excerpt(words(amounts), 24)
    assert found.text == "… w200 w201 w202 w203 w204 …"
    assert [(span.text, span.amount) for span in found.spans][:2] == [("w200", 3.0), ("w201", -4.0)]


@pytest.mark.parametrize("place", [0, 299])
def test_at_an_end_of_the_text(place):
    amounts = np.zeros(300)
    amounts[place] = 1.0
    found = excerpt(words(amounts), 24)
    assert any(span.text == f"w{place:03}" for span in found.spans)
    assert found.text.startswith("…") == bool(place)
    assert found.text.endswith("…") == (place == 0)


@given(st.lists(st.floats(-5, 5), max_size=60), st.integers(4, 40))
def test_marks_stay_on_their_words(amounts, longest):
    found = excerpt(words(amounts), longest)
    assert len(found.text) <= longest + 4
    assert all(found.text[span.start : span.end] == span.text for span in found.spans)
    windows = [
        sum(abs(amount) for amount in amounts[first : first + (longest + 1) // 5]) for first in range(len(amounts))
    ]
    assert sum(abs(span.amount) for span in found.spans) == pytest.approx(max(windows, default=0.0))


def test_a_text_of_one_endless_word():
    found = excerpt(explained("x" * 1000, [(0, 1000, 1.0)]), 100)
    assert len(found.text) == 102
    assert found.spans == ()
