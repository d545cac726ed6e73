"""The report: its sections put together as one page, which needs nothing but itself.

The page forbids itself whatever it does not need: its Content-Security-Policy names its one style and its one script by
their digests, and allows nothing else. All that comes from a run is escaped by Jinja, whatever it holds.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saegim.__about__ import __version__
from saegim.late import late
from saegim.report.section import Language, Section
from saegim.training.files import write_atomically

if TYPE_CHECKING:
    import jinja2
else:
    jinja2 = late("jinja2")

TEMPLATES = Path(__file__).with_name("templates")

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "page_title": "{name} · saegim report",
        "skip": "Skip to the content",
        "run": "Report on the run",
        "contents": "Contents",
        "dark": "Dark",
        "light": "Light",
        "made": "Made by saegim {version}. This page is one file: it fetches nothing and sends nothing.",
    },
    "ko": {
        "page_title": "{name} · saegim 보고서",
        "skip": "본문으로 건너뛰기",
        "run": "실행 보고서",
        "contents": "차례",
        "dark": "어둡게",
        "light": "밝게",
        "made": "saegim {version}이 만들었습니다. 이 페이지는 파일 하나이며, 아무것도 내려받거나 보내지 않습니다.",
    },
}


@dataclass(frozen=True)
class Page:
    """A page as one text of HTML, and the keys of its sections."""

    html: str
    sections: list[str]


def page(name: str, sections: list[Section], language: Language) -> Page:
    """The sections, in this order, under the name of the run."""
    environment = _environment()
    bodies = {
        each.key: environment.get_template(f"{each.key}.html").render(each.context, key=each.key) for each in sections
    }
    css, js = environment.get_template("page.css").render(), environment.get_template("page.js").render()
    html = environment.get_template("page.html").render(
        name=name, sections=sections, bodies=bodies, css=css, js=js, policy=_policy(css, js), language=language,
        say=WORDS[language], version=__version__,
    )  # fmt: skip
    return Page(html, [each.key for each in sections])


def write_page(path: Path, found: Page) -> int:
    """Writes the page in UTF-8, half surrogate pairs replaced, and gives its bytes. Raises DataError if it fails."""
    content = found.html.encode("utf-8", "replace")
    write_atomically(path, content)
    return len(content)


@cache
def _environment() -> Any:
    """Templates; every text that they show is escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _policy(css: str, js: str) -> str:
    """Nothing may be loaded; images may stand in the page; this style and this script alone may run."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_digest(css)}'; script-src '{_digest(js)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
