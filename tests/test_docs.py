"""What the documentation says is true: its examples run, its links lead somewhere, both READMEs say the same."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.main import get_command

import cases
import pages
import saegim as sg
from compiler.elements import Elements, Job
from saegim.autodiff import DERIVATIVE
from saegim.cli.app import build
from saegim.compiler import elementwise
from saegim.compiler.elementwise import CODE
from saegim.ir import PRIMITIVES, primitives
from saegim.reference.meaning import MEANING
from saegim.runtime.target import host
from saegim.tensor.core import apply

ROOT = pages.ROOT
READMES = [ROOT / "README.md", ROOT / "README.ko.md"]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
# Pages of which parts of the source are the examples; each has a test that knows where these parts belong.
RUN_ELSEWHERE = sorted((ROOT / "docs").glob("adding-a-*.md"))


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [page for page in [*READMES, *DOCS] if page not in RUN_ELSEWHERE], ids=name_of)
def test_the_examples_of_a_page_print_what_it_shows(page, tmp_path):
    for example in pages.run(page, tmp_path):
        assert example.agrees, f"shown:\n{example.shown}\nprinted:\n{example.printed}"


@pytest.mark.parametrize("page", RUN_ELSEWHERE, ids=name_of)
def test_the_other_pages_are_run_by_tests_of_their_own(page):
    if "```python" in page.read_text(encoding="utf-8"):
        tests = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
        assert any(f'{page.name}"' in test for test in tests)


def test_adding_a_primitive(monkeypatch):
    page = (ROOT / "docs" / "adding-a-primitive.md").read_text(encoding="utf-8")
    row, meaning, derivative, code, case = re.findall(r"```python\n(.*?)```", page, re.S)
    monkeypatch.setitem(PRIMITIVES, "cbrt", eval(f"{{{row.replace('..., ', '')}}}", vars(primitives))["cbrt"])
    monkeypatch.setitem(MEANING, "cbrt", eval(f"{{{meaning}}}", {"np": np})["cbrt"])
    monkeypatch.setitem(DERIVATIVE, "cbrt", eval(f"{{{derivative}}}")["cbrt"])
    (tried,) = eval(f"[{case}]", vars(cases))
    monkeypatch.setenv("SAEGIM_COMPILE", "0")  # the compiler's tables were joined when it was imported
    (x,) = tried.inputs(9)
    slope = sg.grad(lambda x: sg.sum(apply(tried.op, x)))(sg.asarray(x))
    np.testing.assert_allclose(slope, (np.cbrt(x + 1e-4) - np.cbrt(x - 1e-4)) / 2e-4, rtol=1e-6)
    monkeypatch.setitem(CODE, "cbrt", eval(f"{{{code}}}", vars(elementwise))["cbrt"])
    native = Elements({"tried": Job("cbrt", (sg.float64,), sg.float64, 2)}, host())
    np.testing.assert_allclose(native("tried", x), np.cbrt(x), rtol=1e-15)


@pytest.mark.parametrize("page", [*READMES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS], ids=name_of)
def test_links_to_files_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_in_the_navigation():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    assert sorted(re.findall(r"[\w/.-]+\.md", str(nav))) == sorted(
        page.relative_to(ROOT / "docs").as_posix() for page in DOCS
    )


def commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8").replace(" --language ko", "").replace("README.ko.md", "README.md")
    return re.findall(r"^(?:\$ )?((?:make|saegim|python|\.venv/bin/\w+) [^#\n]*[^#\n ])", text, re.M)


def test_both_readmes_have_the_same_commands():
    assert commands(READMES[0]) == commands(READMES[1])
    assert len(commands(READMES[0])) > 8


def test_both_readmes_have_the_same_figures():
    tables = [re.findall(r"^\|.* 0\.\d.*\|$", page.read_text(encoding="utf-8"), re.M) for page in READMES]
    english, korean = ([re.findall(r"\d[\d,.]*\d|\d", row) for row in rows] for rows in tables)
    assert [sorted(row) for row in english] == [sorted(row) for row in korean]
    assert english


def options_of_commands() -> dict[str, set[str]]:
    found = {}

    def collect(command, name):
        if hasattr(command, "commands"):
            for child in command.commands.values():
                collect(child, f"{name} {child.name}")
        else:
            found[name] = {option for each in command.params for option in each.opts if option.startswith("--")}

    collect(get_command(build()), "saegim")
    return found


def test_the_reference_lists_every_command_and_option():
    page = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")
    of_all, *rest = re.split(r"^## `(saegim[^`]*)`$", page, flags=re.M)
    listed = {
        name: set(re.findall(r"`(--[\w-]+)", section)) for name, section in zip(rest[::2], rest[1::2], strict=True)
    }
    shared = set(re.findall(r"`(--[\w-]+)", of_all))
    assert {name: options | shared for name, options in listed.items()} == {
        name: options | shared for name, options in options_of_commands().items()
    }
    assert all(shared - {"--help", "--version"} <= options for options in options_of_commands().values())


DOCSTRING = """\
Reads a table.

path: a file, in one of
    several formats
text, label: columns; see: the guide

Formulas stay: they are no fields, as this
line: shows.

    read_table("x.csv")
"""
MARKDOWN = """\
Reads a table.

- `path`: a file, in one of several formats
- `text`, `label`: columns; see: the guide

Formulas stay: they are no fields, as this
line: shows.

    read_table("x.csv")"""


def test_docstrings_become_lists():
    pytest.importorskip("griffe", reason="the documentation's tools are not installed (make docs)")
    docstrings = runpy.run_path(str(ROOT / "docs/docstrings.py"))
    assert docstrings["as_markdown"](DOCSTRING) == MARKDOWN
    assert docstrings["as_markdown"](">>> 1 + 1\n2") == "```pycon\n>>> 1 + 1\n2\n```"
    assert docstrings["as_markdown"]("a     one\nbc    two") == "```text\na     one\nbc    two\n```"
