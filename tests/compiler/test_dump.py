"""SAEGIM_DUMP writes what each pass made of every program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import saegim as sg
from saegim.errors import SettingError

NAMES = ["0-trace", "1-simplify", "2-split", "3-lower", "4-emit", "5-assembly", "6-report"]


def compute() -> None:
    sg.compile(lambda x: sg.sum(sg.tanh(x)))(sg.asarray(np.zeros(5, np.float32)))


def test_every_program_has_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "new" / "stages"
    monkeypatch.setenv("SAEGIM_DUMP", str(folder))
    compute()
    compute()
    assert sorted(each.name for each in folder.iterdir()) == ["program0", "program1"]
    for program in folder.iterdir():
        files = sorted(program.iterdir())
        assert [each.name for each in files] == [f"{name}.txt" for name in NAMES]
        texts = [each.read_text(encoding="utf-8") for each in files]
        for text, mark in zip(texts, ["tanh(", "tanh(", "phase 0", "wave 0", "define", ".text", "waves"], strict=True):
            assert mark in text
    assert (folder / "program0" / NAMES[0]).with_suffix(".txt").read_text().count("graph(") == 1


def test_folders_of_others_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "program1").mkdir()
    (tmp_path / "program1" / "mine").touch()
    monkeypatch.setenv("SAEGIM_DUMP", str(tmp_path))
    compute()
    assert [each.name for each in (tmp_path / "program1").iterdir()] == ["mine"]
    assert (tmp_path / "program2" / "0-trace.txt").exists()


def test_guarded_programs_are_written_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAEGIM_DEBUG", "guards")
    monkeypatch.setenv("SAEGIM_DUMP", str(tmp_path))
    compute()
    assert "wave 0" in (tmp_path / "program0" / "3-lower.txt").read_text()


def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SAEGIM_DUMP", str(tmp_path / "file" / "below"))
    with pytest.raises(SettingError, match=r"SAEGIM_DUMP: cannot write to .*below.*name a folder that may be written"):
        compute()
