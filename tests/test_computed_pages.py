"""Pages that are run when the documentation is built: what they show is what was printed then, in both languages."""

from __future__ import annotations

import ast
import importlib.util
import logging
import re
from types import SimpleNamespace

import pytest
import yaml

import pages

DOCS = pages.ROOT / "docs"
STORY, KOREAN = DOCS / "how-it-learns.md", DOCS / "how-it-learns.ko.md"

PAGE = """\
```python
count = 2 + 1
print("seven", count)
```

```text title="output"
seven 8
```

There are <!--= count -->9<!--/--> of them, <!--= "more" if count > 2 else "fewer" -->{word}<!--/--> than two.
```text
<!--= count -->stays<!--/-->
```
"""


@pytest.fixture
def computed():
    """The module that mkdocs loads."""
    spec = importlib.util.spec_from_file_location("computed", DOCS / "computed.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module._pages = lambda: pages
    return module


def built(computed, path, names=("page.md",)):
    page = SimpleNamespace(file=SimpleNamespace(src_uri="page.md", abs_src_path=str(path)))
    return computed.on_page_markdown(
        path.read_text(), page=page, config={"extra": {"computed": list(names)}}, files=None
    )


def test_figures_are_made_when_a_page_is_built(computed, tmp_path, caplog):
    path = tmp_path / "page.md"
    path.write_text(PAGE.format(word="more"))
    with caplog.at_level(logging.WARNING):
        text = built(computed, path)
    assert "seven 3\n```" in text
    assert "There are 3 of them, more than two." in text
    assert not caplog.records
    assert path.read_text() == PAGE.format(word="more")


def test_a_claim_that_is_no_longer_true_is_a_warning(computed, tmp_path, caplog):
    path = tmp_path / "page.md"
    path.write_text(PAGE.format(word="fewer"))
    with caplog.at_level(logging.WARNING):
        assert "of them, more than two" in built(computed, path)
    (record,) = caplog.records
    assert record.name.startswith("mkdocs.")  # what makes `strict` stop the build
    assert "page.md, line 10 shows 'fewer', but its example prints 'more'" in record.getMessage()


def test_other_pages_are_left_alone(computed, tmp_path):
    path = tmp_path / "page.md"
    path.write_text(PAGE.format(word="fewer"))
    assert built(computed, path, names=()) == PAGE.format(word="fewer")


def test_the_pages_that_are_computed_exist_and_are_the_story():
    settings = yaml.safe_load((pages.ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    assert [DOCS / name for name in settings["extra"]["computed"]] == [STORY, KOREAN]
    assert settings["hooks"] == ["docs/computed.py"]


def code_of(page):
    """Its python blocks without their words: what a string says may differ between languages, what is computed not."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)
    tree = ast.parse("\n".join(blocks))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print":
            node.args = []
        if isinstance(node, ast.JoinedStr):
            node.values = [each for each in node.values if isinstance(each, ast.FormattedValue)]
    return ast.dump(tree)


def test_both_languages_compute_the_same():
    assert code_of(STORY) == code_of(KOREAN)
    headings = [re.findall(r"^##+ ", page.read_text(encoding="utf-8"), re.M) for page in (STORY, KOREAN)]
    assert headings[0] == headings[1]


def test_every_output_stands_in_the_pages():
    for page in (STORY, KOREAN):
        text = page.read_text(encoding="utf-8")
        shown = re.findall(r'^```text title="[a-z ]*output"\n(.*?)^```$', text, re.M | re.S)
        assert len(shown) > 20
        assert all(len(each.strip()) > 1 for each in shown)
        assert not re.search(r"-->-?<!--/-->", text)
        assert not re.search(r"^<!--", text, re.M), "a comment at the start of a line begins a new paragraph"
