"""The pages of the documentation as programs: their examples are run, and what they print is compared or written.

In a page
    ```python                     is run; comments at the start of a line are what it prints
    ```console                    has commands after `$ `, which are run; under each stands what it prints
    ```yaml title="rules.yaml"    (or any other language and name) is a file
    ```text title="output"        is what the python block before it prints
    ```text title="exact output"  the same, compared with its figures
    ```console title="..."        has commands whose words follow from figures, which depend on the machine
    <!--= expression -->7<!--/-->  is a value in a sentence, made of what the python blocks before it have named
Other blocks are only shown. A page runs in a folder of its own with a copy of `examples/` in it. What console blocks,
`output` blocks and values show is compared without figures; of console blocks with a title only the first line is.

    python tests/pages.py PAGE...     writes what the examples print now into the pages

When the documentation is built, `docs/computed.py` does so for the pages that `mkdocs.yml` names as computed.
"""

from __future__ import annotations

import io
import re
import shlex
import shutil
import sys
import tempfile
import textwrap
import unicodedata
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).parents[1]
WIDTH = 120

_BLOCK = re.compile(r"^```(?P<language>[\w-]*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$", re.M | re.S)
_VALUE = re.compile(r"<!--= (?P<expression>.+?) -->(?P<shown>.*?)<!--/-->", re.S)
_FIGURE = re.compile(r"<?[+-]?\d[\d,.]*(?:e[+-]?\d+)?(?:\s?(?:ns|µs|ms|s|min|B|kB|MB|GB|KB)\b)?")
_DRAWN = re.compile(r"[█│]+|-{2,}|(?<=\s)-(?=\s|$)")


@dataclass(frozen=True)
class Example:
    """What a page shows as printed, what was printed, and where in the page the shown text stands."""

    shown: str
    printed: str
    start: int
    compared: Literal["exactly", "by words", "by the first line"]

    @property
    def agrees(self) -> bool:
        if self.compared == "exactly":
            return self.shown == self.printed
        if self.compared == "by words":
            return words(self.shown) == words(self.printed)
        return words(self.shown.split("\n")[0]) == words(self.printed.split("\n")[0])

    @property
    def renewed(self) -> str:
        """What the page should show; long lines of prose are folded."""
        if self.compared == "exactly":
            return self.printed
        return "\n".join(map(_folded, self.printed.rstrip("\n").split("\n")))


def _folded(line: str) -> str:
    """The line, folded if it is long prose. Hangul syllables take two columns."""
    columns = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)
    if columns <= WIDTH or ". " not in line:
        return line
    return textwrap.fill(line, WIDTH * len(line) // columns)


def words(output: str) -> str:
    """The output without figures, lines of tables, bars and spacing."""
    return " ".join(_DRAWN.sub(" ", _FIGURE.sub(" ", output)).split())


def run(page: Path, folder: Path) -> Iterator[Example]:
    """Runs the examples of a page in `folder`, in order."""
    text = page.read_text(encoding="utf-8")
    shutil.copytree(ROOT / "examples", folder / "examples")
    names: dict[str, Any] = {"__name__": page.stem}
    printed = ""
    with chdir(folder):
        for block in _pieces(text):
            if block.re is _VALUE:
                shown, value = block["shown"], str(eval(block["expression"], names))
                yield Example(shown, value, block.start("shown"), "by words")
                continue
            language, title, body, at = block["language"], block["title"], block["body"], block.start("body")
            if language == "console":
                yield from _console(body, at, "by the first line" if title else "by words")
            elif title == "output":
                yield Example(body.rstrip("\n"), printed, at, "by words")
            elif title == "exact output":
                yield Example(body.rstrip("\n"), printed.rstrip("\n"), at, "exactly")
            elif title:
                Path(title).write_text(body, encoding="utf-8")
            elif language == "python":
                with redirect_stdout(io.StringIO()) as output:
                    exec(compile(body, str(page), "exec"), names)
                printed = output.getvalue()
                yield from _comments(body, printed, at)


def _pieces(text: str) -> list[re.Match[str]]:
    """The blocks of a page and the values in its sentences, in order."""
    blocks = list(_BLOCK.finditer(text))
    values = [
        found
        for found in _VALUE.finditer(text)
        if not any(block.start() < found.start() < block.end() for block in blocks)
    ]
    return sorted([*blocks, *values], key=re.Match.start)


def _comments(body: str, printed: str, at: int) -> Iterator[Example]:
    """The comments of a python block that say what it prints, one for each line; none if it says nothing."""
    comments = list(re.finditer(r"^# (.*)\n", body, re.M))
    lines = printed.splitlines()
    if comments and len(comments) != len(lines):
        raise AssertionError(f"{len(comments)} lines are shown, {len(lines)} printed: {printed}")
    for comment, line in zip(comments, lines, strict=False):
        yield Example(comment[1], line, at + comment.start(1), "exactly")


def _console(body: str, at: int, compared: Literal["by words", "by the first line"]) -> Iterator[Example]:
    """The commands of a console block; one without a line under it may print what it likes."""
    for found in re.finditer(r"^\$ (?P<command>(?:.*\\\n)*.*)\n(?P<shown>(?:(?!\$ ).*\n)*)", body, re.M):
        shown = found["shown"].rstrip("\n")
        printed = _command(found["command"].replace("\\\n", " "))
        if shown:
            yield Example(shown, printed, at + found.start("shown"), compared)


def _command(line: str) -> str:
    """What a saegim command prints on stdout. Raises AssertionError with its stderr when it fails."""
    from saegim.cli.main import main

    program, *arguments = shlex.split(line)
    assert program == "saegim", f"pages run saegim alone, not {program!r}"
    with redirect_stdout(io.StringIO()) as output, redirect_stderr(io.StringIO()) as errors:
        code = main(arguments)
    assert code == 0, f"{line}: exit code {code}: {errors.getvalue()}"
    return output.getvalue()


def renewed(page: Path) -> tuple[str, list[Example]]:
    """The text of a page with what its examples print now, and the examples."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        examples = list(run(page, Path(folder)))
    for example in reversed(examples):
        text = text[: example.start] + example.renewed + text[example.start + len(example.shown) :]
    return text, examples


def without_marks(text: str) -> str:
    """The text of a page as readers see it: values without what makes them."""
    return _VALUE.sub(lambda found: found["shown"], text)


def rewrite(page: Path) -> None:
    """Writes what the examples of a page print now into it."""
    text, _examples = renewed(page)
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        rewrite(Path(name))
