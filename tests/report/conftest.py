"""Runs to report on, with texts and labels that would like to be more than text; a browser without a network."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from saegim.cli.main import main

EVIL = "</script><img src=x onerror=\"document.title='owned'\">"
EVIL_LABEL = "<b onclick=alert(1)>나쁨</b>"
GOOD, BAD = ["좋은", "재미있는", "멋진", "great"], ["나쁜", "지루한", "아쉬운", "awful"]
THINGS = ["영화", "연기", "음악", "감독", "배우", "각본", "장면", "결말"]
RULES = """
name: reviews
facts:
  praise: {words: [좋은, great]}
  blame: {words: [지루*, awful]}
rules:
  - {id: good, if: [praise], then: {label: 좋음}, because: "Praise & <i>more</i>."}
  - {id: bad, if: [blame], then: {label: "<b onclick=alert(1)>나쁨</b>"}}
"""


def hostile_reviews(count: int) -> tuple[list[str], list[str]]:
    """Texts and labels; a quarter of the texts mislead and hold mark-up, a tenth of the labels are wrong."""
    rng = np.random.default_rng(0)
    texts, labels = [], []
    for _ in range(count):
        good = bool(rng.integers(2))
        words = [f"{rng.choice(GOOD if good else BAD)} {rng.choice(THINGS)}" for _ in range(rng.integers(1, 4))]
        if rng.random() < 0.25:
            words = [f"{rng.choice(BAD if good else GOOD)} {rng.choice(THINGS)}", EVIL]
        texts.append(" ".join(words))
        labels.append("좋음" if good != (rng.random() < 0.1) else EVIL_LABEL)
    return texts, labels


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "reviews.tsv"
    rows = zip(*hostile_reviews(400), strict=True)
    path.write_text("text\tlabel\n" + "".join(f'"{t.replace(chr(34), chr(34) * 2)}"\t{y}\n' for t, y in rows), "utf-8")
    return path


@pytest.fixture(scope="session")
def run_folder(table, tmp_path_factory) -> Path:
    """A run of `saegim train` with rules, not to be changed."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    arguments = ("train", table, "--out", folder / "run", "--model", "wide", "--epochs", "3", "--quiet")
    assert main([str(each) for each in (*arguments, "--rules", folder / "rules.yaml")]) == 0
    return folder / "run"


@pytest.fixture
def run_copy(run_folder, tmp_path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(run_folder, tmp_path / "run"))


@dataclass
class Visit:
    """An open page, and all that it said and asked for."""

    page: object
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium; it downloads nothing and is sandboxed by the machine alone."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium is installed (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (make test)")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Opens a file in a window of its own; keywords say what the window is like."""
    windows = []

    def open_file(path: Path, **window) -> Visit:
        windows.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **window}))
        page = windows[-1].new_page()
        found = Visit(page)
        page.on("console", lambda message: found.messages.append(message.text))
        page.on("pageerror", lambda error: found.messages.append(str(error)))
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("requestfinished", lambda request: found.answered.append(request.url))
        page.goto(path.as_uri())
        return found

    yield open_file
    for window in windows:
        window.close()
