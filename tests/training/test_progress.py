"""What is told on the way."""

from __future__ import annotations

import io
import sys

import pytest

from saegim.training import TextClassifier
from saegim.training import progress as progress_module
from saegim.training.progress import Noting, OnTerminal, Pace, Silent, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (3599.7, "1 h 0 min"), (7800, "2 h 10 min")],
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_the_pace_is_that_of_the_last_steps(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress_module.time, "perf_counter", lambda: now[0])
    pace = Pace()
    now[0] = 50.0  # the first step is slow: it makes a program
    pace.add(100)
    for _ in range(200):
        now[0] += 0.1
        pace.add(100)
    assert pace.tokens_per_second == pytest.approx(1000)
    assert pace.seconds_for(30) == pytest.approx(3)


def test_before_the_first_step():
    assert Pace().tokens_per_second == 0 and Pace().seconds_for(5) >= 0


def test_no_bar_where_stderr_is_no_terminal(data, capsys):
    TextClassifier("wide", epochs=1).fit(*data, progress=OnTerminal())
    out, err = capsys.readouterr()
    assert out == "" and err == "the texts are Korean: n-grams are also taken from parts of syllables\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(data, monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "150")
    heard = OnTerminal(unit="words")
    shown = []
    finish = heard.finish
    heard.finish = lambda: (shown.append(heard._bar.tasks[0]), finish())
    TextClassifier("wide", epochs=3, batch_size=20).fit(*data, progress=heard)
    [task] = shown
    assert (task.completed, task.total) == (27, 27)
    for part in ("loss 0.", "macro F1 ", "words/s", "0 s left"):
        assert part in task.fields["figures"]
    assert "the texts are Korean" in terminal.getvalue()
    heard.say("after the bar")
    assert terminal.getvalue().endswith("after the bar\n")


def test_noting_passes_on_and_keeps():
    heard = Silent()
    notes = Noting(heard)
    notes.say("a")
    notes.start(3)
    notes.step(1, 3, 0.5, 10)
    notes.epoch({})
    notes.finish()
    assert notes.sentences == heard.sentences == ["a"]
