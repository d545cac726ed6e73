"""The page that the demo ends with: the table, the verdict, two decisions explained, what to try next."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from saegim.demo.languages import columns_of, language_name
from saegim.demo.wording import SAYINGS, Language
from saegim.evaluation.comparison import Comparison
from saegim.explain import Explanation
from saegim.explain.wording import in_words

__all__ = ["report"]

COLUMNS = 120  # of a line of prose
GREETINGS = ("안녕하세요, 반갑습니다", "Guten Morgen zusammen", "buenas tardes a todos")


def report(
    comparison: Comparison,
    verdict: str,
    proof: Explanation | None,
    explanation: Explanation,
    out: Path,
    page: Path,
    language: Language,
) -> str:
    """All results as text for a terminal, parts set apart by empty lines."""
    words = SAYINGS[language]
    parts = [comparison.table(language).text(), _folded(verdict)]
    if proof is not None:
        parts.append(f"{words['proof']}\n{in_words(proof, language)}")
    name = language_name(str(explanation.label), language)
    taken_apart = f"{words['attribution']}\n{in_words(explanation, language)}"
    parts += [f"{taken_apart}\n{words['meaning'].format(label=explanation.label, name=name)}"]
    parts += [words["where"].format(out=out), "\n".join([words["next"], *_next_steps(out, explanation.text)])]
    return "\n\n".join([*parts, words["page"].format(page=page)])


def _folded(text: str) -> str:
    """The text in lines of at most `COLUMNS` columns, broken at spaces."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if columns_of(longer) <= COLUMNS:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _next_steps(out: Path, text: str) -> Iterator[str]:
    """Commands that work as they stand, from the folder in which the demo was started."""
    model, rules, train, test, cnn = (
        str(out / name) for name in ("model", "rules.yaml", "train.tsv", "test.tsv", "cnn")
    )
    for arguments in (
        ["predict", model, *GREETINGS],
        ["explain", model, text],
        ["explain", rules, GREETINGS[0]],
        ["rules", "check", rules, "--data", test],
        ["train", train, "--model", "cnn", "--time-budget", "2m", "--out", cnn],
    ):
        yield f"  {shlex.join([_program(), *arguments])}"


def _program() -> str:
    """How this program is started: by its name where the shell finds it, otherwise by where it lies."""
    beside_python = Path(sys.executable).with_name("saegim")
    if shutil.which("saegim") or not beside_python.exists():
        return "saegim"
    near = os.path.relpath(beside_python)
    return near if len(near) < len(str(beside_python)) else str(beside_python)
