"""What the guide says of data is true; its examples are run by tests/test_docs.py."""

from __future__ import annotations

from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs/guide/data.md"


@pytest.mark.parametrize("code", ["no-examples", "no-labels", "single-class", "no-validation", "long-texts"])
def test_the_guide_names_codes(code):
    assert f"`{code}`" in GUIDE.read_text(encoding="utf-8")
