"""What is told while a model is being trained: sentences, and on a terminal a bar."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from saegim.training.advice import Language, new_findings, with_epoch
from saegim.training.doctor import Finding


class Progress(Protocol):
    """Who listens to a training run."""

    def say(self, sentence: str) -> None:
        """Something was decided, found or skipped."""

    def start(self, steps: int) -> None:
        """Training begins; at most `steps` steps will be made."""

    def step(self, done: int, steps: int, loss: float, tokens: int) -> None:
        """`done` of `steps` steps are made; the last one read `tokens` tokens (n-grams or pixels without them)."""

    def epoch(self, record: dict[str, Any]) -> None:
        """An epoch ended with these figures."""

    def finish(self) -> None:
        """Training ended."""


class Silent:
    """Listens to nothing, but keeps the sentences."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def start(self, steps: int) -> None: ...

    def step(self, done: int, steps: int, loss: float, tokens: int) -> None: ...

    def epoch(self, record: dict[str, Any]) -> None: ...

    def finish(self) -> None: ...


class OnTerminal(Silent):
    """Sentences on stderr, what the doctor finds among them in `language`, and a bar with loss, score, tokens (or what
    else inputs are counted in: `unit`) per second and time left if stderr is a terminal."""

    def __init__(self, language: Language = "en", unit: str = "tokens") -> None:
        super().__init__()
        self._unit = unit
        self._language, self._findings = language, list[Finding]()
        self._bar: Any = None
        self._pace = Pace()
        self._score = ""

    def say(self, sentence: str) -> None:
        super().say(sentence)
        if self._bar is None:
            print(sentence, file=sys.stderr, flush=True)
        else:
            self._bar.console.print(sentence, highlight=False)

    def start(self, steps: int) -> None:
        if not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}"),
            console=Console(stderr=True), transient=True,
        )  # fmt: skip
        self._bar.start()
        self._task = self._bar.add_task("training", total=steps, figures="")

    def step(self, done: int, steps: int, loss: float, tokens: int) -> None:
        if self._bar is None:
            return
        self._pace.add(tokens)
        figures = f"loss {loss:.3f}{self._score}  {self._pace.tokens_per_second:,.0f} {self._unit}/s"
        left = self._pace.seconds_for(steps - done)
        self._bar.update(self._task, completed=done, total=steps, figures=f"{figures}  {duration(left)} left")

    def epoch(self, record: dict[str, Any]) -> None:
        if record.get("macro_f1") is not None:
            self._score = f"  macro F1 {record['macro_f1']:.3f}"
        found = [Finding.from_dict(each) for each in record.get("findings", [])]
        for finding in new_findings(found, self._findings):
            self.say(with_epoch(finding, self._language))
        self._findings += found

    def finish(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class Noting:
    """Passes everything on to a listener and keeps the sentences."""

    def __init__(self, listener: Progress) -> None:
        self.sentences: list[str] = []
        self.start, self.step, self.epoch, self.finish = listener.start, listener.step, listener.epoch, listener.finish
        self._say = listener.say

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)
        self._say(sentence)


@dataclass
class Pace:
    """How fast steps are made lately. The time left follows from the last 100 steps, so that it does not promise
    what only the first, compiling step or a pause suggests."""

    _times: list[float] = field(default_factory=lambda: [time.perf_counter()])
    _tokens: list[int] = field(default_factory=list)

    def add(self, tokens: int) -> None:
        self._times = [*self._times[-100:], time.perf_counter()]
        self._tokens = [*self._tokens[-99:], tokens]

    @property
    def tokens_per_second(self) -> float:
        return sum(self._tokens) / max(self._times[-1] - self._times[0], 1e-9)

    def seconds_for(self, steps: int) -> float:
        return steps * (self._times[-1] - self._times[0]) / max(len(self._tokens), 1)


def duration(seconds: float) -> str:
    """A duration as people write it: 42 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
