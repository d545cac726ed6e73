"""Pages whose figures are made while the documentation is built: their examples run, the page shows what they print.

`extra: computed` in mkdocs.yml names them. The Markdown in the repository holds what was printed last, so that it can
be read there; if it says something else than the examples print now (in words, not in figures), the build warns, which
with `strict` stops it.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
from functools import cache
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).parents[1] / "tests"
_LOG = logging.getLogger("mkdocs.hooks.computed")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_others: Any) -> str:
    """The event of mkdocs: the page as it is built."""
    if page.file.src_uri not in config["extra"].get("computed", ()):
        return markdown
    return computed(Path(page.file.abs_src_path), markdown)


@cache
def computed(path: Path, _content: str) -> str:
    """The text of the page with what its examples print now. `_content` is here so that a changed page runs again."""
    text, examples = _pages().renewed(path)
    for example in examples:
        if not example.agrees:
            line = path.read_text(encoding="utf-8")[: example.start].count("\n") + 1
            _LOG.warning(
                "%s, line %d shows %r, but its example prints %r; run python tests/pages.py %s",
                path.name, line, example.shown[:200], example.printed[:200], path,
            )  # fmt: skip
    return str(_pages().without_marks(text))


@cache
def _pages() -> Any:
    """The module that runs pages, which is among the tests."""
    spec = importlib.util.spec_from_file_location("pages", _TESTS / "pages.py")
    assert spec is not None and spec.loader is not None, "tests/pages.py is a file of this repository"
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module
