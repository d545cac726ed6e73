"""The page about adding a kind of model says what works."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from saegim.models import readers

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-model.md"


def test_the_model_of_the_page(monkeypatch, capsys, encoded):
    monkeypatch.setattr(readers, "READERS", dict(readers.READERS))
    monkeypatch.setattr("saegim.models.text_model.READERS", readers.READERS)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S):
        exec(block, names)
    assert capsys.readouterr().out == "True\n"
    config = names["ModelConfig"](encoded.columns, 2, 300, names["ReaderConfig"]("mean", width=6, hidden=4))
    model = names["TextModel"](config, seed=0).eval()
    together = np.asarray(model(encoded.batch(np.arange(len(encoded)))))
    for row in range(len(encoded)):
        np.testing.assert_allclose(model(encoded.batch(np.array([row])))[0], together[row], rtol=1e-4, atol=1e-5)
