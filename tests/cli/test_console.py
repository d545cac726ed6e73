"""What is printed: one line where one is meant, JSON that every reader takes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saegim.cli.console import Console, one_line, plain, whole
from saegim.errors import SettingError


@given(st.text())
def test_one_line_is_one_line(text):
    told = one_line(text)
    assert len(told.splitlines()) <= 1
    assert "\x1b" not in told


def test_one_line_leaves_words_alone():
    assert one_line("정말 재미있다 😀 \u3000é") == "정말 재미있다 😀 \u3000é"
    assert one_line("a\tb\r\n\x1b[0m") == "a\\tb\\r\\n\\x1b[0m"


def test_plain_values():
    value = {
        "array": np.array([[1, 2]]), "number": np.float32(0.5), "nan": float("nan"), "inf": np.float64("inf"),
        "path": Path("a/b"), "tuple": (1, None, True), "label": np.str_("긍정"), 3: {"x": [np.int64(4)]},
    }  # fmt: skip
    assert json.loads(json.dumps(plain(value), allow_nan=False)) == {
        "array": [[1, 2]], "number": 0.5, "nan": None, "inf": None,
        "path": "a/b", "tuple": [1, None, True], "label": "긍정", "3": {"x": [4]},
    }  # fmt: skip


def test_a_result_is_json_or_text(capsys):
    Console(as_json=True).result({"label": "긍정"}, "text")
    Console().result({"label": "긍정"}, "text")
    Console().result({"label": "긍정"}, "")
    assert capsys.readouterr().out == '{"label": "긍정"}\ntext\n'


def test_quiet(capsys):
    Console(quiet=True).say("something")
    Console().say("something\nelse")
    assert capsys.readouterr() == ("", "something\\nelse\n")


def test_arguments_are_utf8_or_refused():
    assert whole("정말") == "정말"
    assert whole("정말".encode().decode("ascii", "surrogateescape")) == "정말"
    with pytest.raises(SettingError, match="is not UTF-8"):
        whole(b"\xff".decode("utf-8", "surrogateescape"))
