"""A comparison as rows of text: numbers rounded for reading, columns aligned also where letters are wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Language", "PlainTable", "clipped", "comparison_table", "human_bytes", "human_seconds"]

Language = Literal["en", "ko"]

HEADERS: dict[Language, tuple[str, ...]] = {
    "en": (
        "contender",
        "accuracy",
        "macro F1",
        "coverage",
        "accuracy where decided",
        "build",
        "predictions/s",
        "size",
    ),
    "ko": (
        "이름",
        "정확도",
        "매크로 F1",
        "판정 비율",
        "판정한 것의 정확도",
        "만드는 시간",
        "초당 예측",
        "크기",
    ),
}
FAILED: dict[Language, str] = {"en": "failed: {}", "ko": "실패: {}"}


@dataclass(frozen=True)
class PlainTable:
    """Headers and rows of text. left: the columns that read from the left; the others align at the right."""

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    footnotes: tuple[str, ...] = ()
    left: tuple[int, ...] = (0,)

    def text(self) -> str:
        """Aligned lines for a terminal without colours; footnotes follow."""
        lines = [self.headers, *self.rows]
        widths = [max(_width(line[column]) for line in lines) for column in range(len(self.headers))]
        ruled = [self.headers, tuple("-" * width for width in widths), *self.rows]
        return "\n".join([*(_aligned(line, widths, self.left) for line in ruled), *self.footnotes])


def comparison_table(results: Sequence[Mapping[str, Any]], level: float, language: Language = "en") -> PlainTable:
    """Results as `Result.to_dict` gives them -> a table; `level` is that of the intervals."""
    return PlainTable(
        headers=HEADERS[language],
        rows=tuple(_row(one) for one in results),
        footnotes=_footnotes(results, level, language),
    )


def human_seconds(seconds: float | None) -> str:
    """0.0001 -> '<1 ms', 0.004 -> '4 ms', 12.3 -> '12.3 s', 130 -> '2 min 10 s'; '-' for None."""
    if seconds is None:
        return "-"
    if seconds < 0.0005:
        return "<1 ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    return f"{round(seconds) // 60} min {round(seconds) % 60} s"


def human_bytes(size: int | None) -> str:
    """900 -> '900 B', 12345 -> '12.3 kB', in powers of 1000; '-' for None."""
    if size is None:
        return "-"
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB"):
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    if one["error"] is not None:
        return (
            one["name"],
            *["-"] * 4,
            human_seconds(one["build_seconds"]),
            "-",
            human_bytes(one["size_bytes"]),
        )
    speed = one["predictions_per_second"]
    decided = one["accuracy_decided"]
    return (
        one["name"],
        _with_interval(one["accuracy"], one["accuracy_interval"]),
        _with_interval(one["macro_f1"], one["macro_f1_interval"]),
        f"{one['coverage']:.3f}",
        "-" if decided is None else f"{decided:.3f}",
        human_seconds(one["build_seconds"]),
        "-" if speed is None else f"{speed:,.0f}",
        human_bytes(one["size_bytes"]),
    )


def _with_interval(value: float, interval: Sequence[float]) -> str:
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def _footnotes(results: Sequence[Mapping[str, Any]], level: float, language: Language) -> tuple[str, ...]:
    meaning = {
        "en": f"[low, high]: {level:.0%} bootstrap interval; a text left undecided counts as wrong",
        "ko": f"[하한, 상한]: {level:.0%} 부트스트랩 구간. 판정하지 않은 글은 틀린 것으로 셉니다",
    }
    said = []
    for one in results:
        if one["error"] is not None:
            said.append(f"{one['name']}: {FAILED[language].format(one['error'])}")
        said.extend(f"{one['name']}: {note}" for note in one["notes"])
    return (meaning[language], *said)


def _aligned(line: Sequence[str], widths: Sequence[int], left: Sequence[int]) -> str:
    cells = [
        f"{cell}{' ' * (width - _width(cell))}" if column in left else f"{' ' * (width - _width(cell))}{cell}"
        for column, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def clipped(text: str, most: int) -> str:
    """The text in one line of at most so many columns; … stands for what is left out."""
    line = " ".join(text.split())
    if _width(line) <= most:
        return line
    while _width(line) >= most:
        line = line[: min(len(line) - 1, most)]
    return f"{line.rstrip()}…"


def _width(text: str) -> int:
    """Columns on a terminal: Hangul syllables and other wide letters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
