"""The learning curve as a section: what is drawn is what was measured, and what is said is the curve's own verdict."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from curve.test_verdict import NETWORK, RULES, SIZES, SVM, crossing, curve
from saegim.curve import Fit
from saegim.curve.store import Store
from saegim.curve.verdict import verdict
from saegim.errors import ModelFileError
from saegim.report import curve as curves
from saegim.report import write_report
from saegim.report.run import read_run

FITTED = replace(
    NETWORK,
    fit=Fit(
        0.1, 1.0, 0.5, 0.0, 0.0, (10, 100, 320, 1000, 3200), (0.4, 0.6, 0.7, 0.75, 0.8), (0.3, 0.5, 0.6, 0.7, 0.7),
        (0.5, 0.7, 0.8, 0.8, 0.9),
    ),
)  # fmt: skip
MAJORITY = replace(RULES, name="majority class", kind="majority")
WHOLE = curve(crossing(value=900.0, low=400.0, high=2000.0), contenders=(MAJORITY, RULES, SVM, FITTED))


@pytest.fixture
def kept(run_copy):
    """A run's folder with a learning curve in it."""
    Store(run_copy, "digest", 100, 2).finish(WHOLE)
    return run_copy


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_verdict_is_that_of_the_curve(language):
    found = curves.section(WHOLE, language).context
    assert "\n".join(found["paragraphs"]) == verdict(WHOLE, language)
    assert [table.headers[0] for table, _notes in found["tables"]] == (
        ["texts", "class"] if language == "en" else ["글 수", "분류"]
    )


def test_every_measurement_is_drawn():
    chart = curves.section(WHOLE, "en").context["figure"]["chart"]
    for svg in (chart.wide, chart.narrow):
        for name in ("SVM", "network (auto)"):
            for size in SIZES:
                assert svg.count(f'aria-label="{name}, {size} texts: ') == 1
        assert svg.count('aria-label="rules: 80.0% right"') == 1
        assert svg.count('aria-label="most frequent label: 80.0% right"') == 1
        assert "passes the rules at 900" in svg
        assert "you have 400" in svg
    assert verdict(WHOLE).split("\n")[0].split(":")[0] in chart.wide


def test_lines_do_not_leave_the_chart():
    chart = curves.section(WHOLE, "en").context["figure"]["chart"]
    (width,) = re.findall(r'<svg [^>]*width="(\d+)"', chart.wide)
    lines = re.findall(
        r'<path aria-label="[^"]*" role="graphics-symbol" aria-roledescription="line mark" d="([^"]+)"', chart.wide
    )
    assert lines
    for line in lines:
        assert all(0 <= float(x) <= float(width) for x in re.findall(r"[ML](-?[\d.]+),", line))


def test_without_rules_there_is_no_crossing():
    found = curves.section(curve(contenders=(SVM, NETWORK)), "en").context
    assert "passes the rules" not in found["figure"]["chart"].wide
    assert len(found["tables"]) == 1


def test_nothing_to_draw():
    found = curves.section(curve(contenders=(RULES,)), "en").context
    assert found["figure"]["chart"] is None


def test_it_is_taken_from_the_folder_or_from_a_file(kept, run_folder, tmp_path):
    assert read_run(kept).curve == WHOLE
    report = write_report(run_folder, tmp_path / "r.html", curve_file=kept / "curve.json")
    assert "passes the rules at 900" in report.path.read_text(encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"gone\.json cannot be read"):
        write_report(run_folder, tmp_path / "r.html", curve_file=tmp_path / "gone.json")


def test_without_one_the_page_says_how_to_measure_it(run_folder, table, tmp_path):
    html = write_report(run_folder, tmp_path / "r.html").path.read_text(encoding="utf-8")
    options = r"--text text --label label --rules \S+ --time-budget 5m"
    assert re.search(rf"saegim curve {re.escape(str(table))} {options} --out {run_folder}<", html)


@pytest.mark.parametrize("content", ["{", '{"format": 1, "curve": null}', '{"format": 1, "curve": {}}'])
def test_a_curve_that_cannot_be_read_leaves_the_rest(kept, content):
    (kept / "curve.json").write_text(content, encoding="utf-8")
    report = write_report(kept)
    assert "The learning curve cannot be shown: " in report.path.read_text(encoding="utf-8")
    assert "errors" in report.sections
