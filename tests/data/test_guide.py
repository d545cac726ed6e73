"""The examples of the guide run and print what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs/guide/data.md"
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_guide(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    assert len(BLOCKS) > 8
    for block in BLOCKS:
        exec(block, names)
        wanted = [line.removeprefix("# ") for line in block.splitlines() if line.startswith("# ")]
        assert capsys.readouterr().out.splitlines() == wanted


@pytest.mark.parametrize("code", ["no-examples", "no-labels", "single-class", "no-validation", "long-texts"])
def test_the_guide_names_codes(code):
    assert f"`{code}`" in GUIDE.read_text(encoding="utf-8")
