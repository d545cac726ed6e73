"""Explanations as HTML: whole, escaped, the same text as given, marks in proportion."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from saegim.explain import Explanation, Span, explain_decision
from saegim.explain.html import SHADES, STYLE, marked, reasons, to_html
from saegim.rules import Rule, RuleSet

HOSTILE = '</p><script>alert(1)</script> "&quot; <img src=x onerror=alert(1)> \x00\x1b[31m\ud800 \u202eabc'
RULES = RuleSet(
    {"praise": {"words": ["great"]}, "loud": {"phrase": "!"}},
    [
        Rule("good", ("praise",), label="1<b>", strength=2, because="<i>Praise</i> & co."),
        Rule("noise", ("loud",), label="0"),
        Rule("kept", ("praise",), ("loud",), label="0"),
    ],
)


class Page(HTMLParser):
    """The elements of a page, the text inside each kind, and whether all are closed."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.inside = [], [], {}
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.inside[tag] = self.inside.get(tag, "") + data


def network(text, *spans):
    given = tuple(Span(start, end, text[start:end], amount) for start, end, amount in spans)
    return Explanation(text, len(text), "network", "yes", given, "exact", 0.75, 1.0, 0.5, 1e-9)


def test_marks_in_proportion_on_the_whole_text():
    page = Page(to_html(network("good  bad so-so meh", (0, 4, 2.0), (6, 9, -1.0), (10, 15, 0.001), (16, 19, 0.5))))
    marks = [attributes for tag, attributes in page.seen if tag == "mark"]
    assert [(mark["class"], mark["title"]) for mark in marks] == [
        ("for for-6", "+2.0000"),
        ("against against-3", "-1.0000"),
        ("for for-2", "+0.5000"),
    ]
    assert page.inside["mark"] == "goodbadmeh"
    assert page.inside["p"].startswith("good  bad so-so meh")
    assert page.inside["tbody"].split() == ["good+2.0000", "bad-1.0000", "so-so+0.0010", "meh+0.5000"]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_in_a_text_acts(language):
    html = to_html(network(HOSTILE, (0, 4, 1.0), (5, len(HOSTILE), -1.0)), language)
    page = Page(html)
    assert {tag for tag, _attributes in page.seen} <= {
        "section", "p", "bdi", "mark", "details", "summary", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert {name for _tag, attributes in page.seen for name in attributes} <= {"class", "title", "scope"}
    html.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f]", html)
    assert page.inside["p"].startswith('</p><script>alert(1)</script> "&quot; <img')


def test_rules_in_the_same_shape():
    page = Page(to_html(explain_decision(RULES.decide("great film!"))))
    assert [attributes["class"] for tag, attributes in page.seen if tag == "mark"] == ["for for-6", "against against-3"]
    assert [attributes["title"] for tag, attributes in page.seen if tag == "mark"] == ["+2: good", "-1: noise"]
    assert page.inside["ol"].startswith("good: praise -> label 1<b>, strength 2<i>Praise</i> & co.")
    assert page.inside["small"] == "<i>Praise</i> & co."
    assert "kept by loud" in page.inside["ul"]
    assert "label 1<b>, by good" in page.inside["p"]
    assert "추론:" in to_html(explain_decision(RULES.decide("great film!")), "ko")


def test_its_parts_alone():
    explanation = network("good <b>", (0, 4, 2.0))
    assert marked(explanation) == '<mark class="for for-6" title="+2.0000">good</mark> &lt;b&gt;'
    assert "<mark" not in reasons(explanation)
    assert "<table" in reasons(explanation)
    whole = explain_decision(RULES.decide("great film!"))
    assert all(part in to_html(whole) for part in (marked(whole), *reasons(whole).split("\n")[-2:]))


def test_the_table_of_a_long_text_has_what_counts_most():
    spans = [(place, place + 1, 0.01 if place < 60 else 1.0) for place in range(100)]
    rows = reasons(network("x" * 100, *spans)).count('scope="row"')
    assert rows == 40


def test_nothing_to_show():
    assert "<mark" not in to_html(network(""))
    assert "<table" not in to_html(explain_decision(RULES.decide("x")))


def test_the_style_has_all_marks():
    for shade in range(1, SHADES + 1):
        assert f"mark.for-{shade}," in STYLE
        assert f"mark.against-{shade} " in STYLE
    assert "<" not in STYLE
