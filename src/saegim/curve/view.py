"""A learning curve on a terminal: a table of scores, a chart, and the classes."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from saegim.curve.result import Crossing, Curve, Measured
from saegim.curve.verdict import about
from saegim.evaluation.tables import Language, PlainTable, human_seconds

__all__ = ["chart", "class_table", "score_table", "whole"]

COLUMNS, ROWS = 66, 13  # of the chart
MARKS, DASHES = "ABCDEFGH", {"majority": "┄", "rules": "─"}
CLASSES_SHOWN = 12

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "texts": "texts",
        "class": "class",
        "test texts": "test texts",
        "F1": "F1 of {}",
        "ahead from": "ahead from about",
        "seconds": "time",
        "scatter": "accuracy on {:,} test texts: mean ± standard deviation of samples; time of one, with predicting",
        "constant": "{}: {:.3f} [{:.3f}, {:.3f}], learns nothing from more texts",
        "decides": "; decides {:.0%} of the texts, an undecided one counts as wrong",
        "level": "[low, high]: {:.0%} interval",
        "line": "{} {}",
        "fitted": "· fitted curve of {}",
        "crossing": "│ where the network passes the rules",
        "more classes": "{:,} more classes are in the result of --json",
        "by F1": "F1 of the network with {:,} texts; ahead: of the rules, by the fitted curves",
        "rules": "rules",
        "majority": "most frequent label",
    },
    "ko": {
        "texts": "글 수",
        "class": "분류",
        "test texts": "시험용 글",
        "F1": "{}의 F1",
        "ahead from": "앞서기 시작하는 글 수",
        "seconds": "시간",
        "scatter": "시험용 글 {:,}개의 정확도: 표본들의 평균과 표준편차. 시간은 표본 하나를 배우고 판정하는 데 든 것",
        "constant": "{}: {:.3f} [{:.3f}, {:.3f}]. 글이 늘어도 배우지 않음",
        "decides": ". 글의 {:.0%}만 판정하며, 판정하지 않은 글은 틀린 것으로 셈",
        "level": "[하한, 상한]: {:.0%} 구간",
        "line": "{} {}",
        "fitted": "· {}에 맞춘 곡선",
        "crossing": "│ 신경망이 규칙을 앞지르는 곳",
        "more classes": "나머지 분류 {:,}개는 --json 결과에 있습니다",
        "rules": "규칙",
        "majority": "가장 흔한 답",
        "by F1": "신경망의 F1은 글 {:,}개로 배웠을 때의 값. 앞서기 시작: 맞춘 곡선이 규칙을 앞지르는 곳",
    },
}


def whole(curve: Curve, language: Language = "en") -> str:
    """All of it, one below the other."""
    classes = class_table(curve, language)
    parts = [score_table(curve, language).text(), chart(curve, language), "" if classes is None else classes.text()]
    return "\n\n".join(part for part in parts if part)


def score_table(curve: Curve, language: Language = "en") -> PlainTable:
    """A row for every size, a column for everything that learns; below it what does not learn."""
    words = WORDS[language]
    learners = [one for one in curve.contenders if one.sizes and one.sizes != [0]]
    sizes = sorted({size for one in learners for size in one.sizes})
    headers = [words["texts"]]
    for one in learners:
        headers += [one.name, words["seconds"]]
    rows = [(f"{size:,}", *(cell for one in learners for cell in _cells(one, size))) for size in sizes]
    notes = [words["scatter"].format(curve.test_rows)] if rows else []
    constants = [one for one in curve.contenders if one.sizes == [0]]
    notes += [_constant(one, words) for one in constants]
    notes += [words["level"].format(curve.level)] if constants else []
    return PlainTable(tuple(headers), tuple(rows), tuple(notes))


def _cells(one: Measured, size: int) -> tuple[str, str]:
    points = one.at(size)
    if not points:
        return "-", "-"
    scores = [point.accuracy for point in points]
    mean = sum(scores) / len(scores)
    seconds = sum(point.seconds for point in points) / len(points)
    if len(points) == 1:
        return f"{mean:.3f}       ", human_seconds(seconds)
    spread = math.sqrt(sum((score - mean) ** 2 for score in scores) / (len(scores) - 1))
    return f"{mean:.3f} ±{spread:.3f}", human_seconds(seconds)


def _constant(one: Measured, words: dict[str, str]) -> str:
    assert one.final is not None, "what does not learn is measured once, and always"
    text = words["constant"].format(_name(one, words), one.final.value, one.final.low, one.final.high)
    return text if one.decided == 1 else text + words["decides"].format(one.decided)


def class_table(curve: Curve, language: Language = "en") -> PlainTable | None:
    """F1 by class of the rules and the leading network, and from how many texts on it is ahead; None without both."""
    words = WORDS[language]
    rules = curve.of_kind("rules")
    network = next((one for one in curve.networks if one.sizes), None)
    if rules is None or network is None:
        return None
    largest = network.sizes[-1]
    shown = sorted(curve.test, key=lambda label: (-curve.test[label], label))
    rows = []
    for label in shown[:CLASSES_SHOWN]:
        found = curve.crossing(network.name, rules.name, "f1", label)
        f1 = [point.class_f1[label] for point in network.at(largest)]
        cells = (f"{rules.points[0].class_f1[label]:.3f}", f"{sum(f1) / len(f1):.3f}")
        rows.append((label, f"{curve.test[label]:,}", *cells, "" if found is None else about(found, language)))
    notes = [words["by F1"].format(largest)]
    if len(shown) > CLASSES_SHOWN:
        notes.append(words["more classes"].format(len(shown) - CLASSES_SHOWN))
    headers = ("class", "test texts", "F1", "F1", "ahead from")
    names = ("", "", _name(rules, words), _name(network, words), "")
    return PlainTable(
        tuple(words[header].format(name) for header, name in zip(headers, names, strict=True)),
        tuple(rows),
        tuple(notes),
    )


def _name(one: Measured, words: dict[str, str]) -> str:
    """What does not learn has a name in every language."""
    return words.get(one.kind, one.name)


def chart(curve: Curve, language: Language = "en") -> str:
    """Accuracy over the number of texts (logarithmic): a letter for each measurement, dots for the leading curve."""
    learners = [one for one in curve.contenders if one.sizes and one.sizes != [0]]
    constants = [one for one in curve.contenders if one.sizes == [0]]
    sizes = sorted({size for one in learners for size in one.sizes})
    if len(sizes) < 2:
        return ""
    return "\n".join(_Chart(curve, learners, constants, sizes).lines(WORDS[language]))


class _Chart:
    def __init__(
        self, curve: Curve, learners: Sequence[Measured], constants: Sequence[Measured], sizes: Sequence[int]
    ) -> None:
        self.learners, self.constants, self.sizes = learners, constants, sizes
        self.leader = next((one for one in curve.networks if one.sizes), None)
        self.crossing = self._crossing(curve)
        self.start = math.log(sizes[0])
        reach = self.crossing.value if self.crossing is not None and self.crossing.value is not None else 0.0
        self.end = math.log(max(sizes[-1], reach))
        heights = [point.accuracy for one in (*learners, *constants) for point in one.points]
        self.low, self.high = min(heights), max(max(heights), min(heights) + 0.01)
        self.cells = [[" "] * COLUMNS for _ in range(ROWS)]

    def _crossing(self, curve: Curve) -> Crossing | None:
        rules = curve.of_kind("rules")
        if self.leader is None or rules is None:
            return None
        return curve.crossing(self.leader.name, rules.name)

    def lines(self, words: dict[str, str]) -> list[str]:
        for one in self.constants:
            row = self._row(one.points[0].accuracy)
            self.cells[row] = [DASHES[one.kind] if cell == " " else cell for cell in self.cells[row]]
        names = [words["line"].format(DASHES[one.kind] * 2, _name(one, words)) for one in self.constants]
        lines = []
        if self.crossing is not None and self.crossing.value is not None:
            column = self._column(self.crossing.value)
            for row in range(ROWS):
                self.cells[row][column] = "│"
            lines.append(words["crossing"])
        if self.leader is not None and self.leader.fit is not None:
            self._draw_fit(self.leader)
            lines.append(words["fitted"].format(self.leader.name))
        for mark, one in zip(MARKS, self.learners, strict=False):
            for size in one.sizes:
                points = one.at(size)
                height = sum(point.accuracy for point in points) / len(points)
                self.cells[self._row(height)][self._column(size)] = mark
            names.append(words["line"].format(mark, one.name))
        legend = ["      " + "   ".join(some) for some in (names, lines) if some]
        return [*self._framed(), *legend]

    def _draw_fit(self, leader: Measured) -> None:
        assert leader.fit is not None, "a learner with a fitted curve"
        sizes = [math.log(size) for size in leader.fit.sizes]
        for column in range(COLUMNS):
            here = self.start + (self.end - self.start) * column / (COLUMNS - 1)
            after = min(max(bisect_left(sizes, here), 1), len(sizes) - 1)
            share = (here - sizes[after - 1]) / (sizes[after] - sizes[after - 1])
            value = (1 - share) * leader.fit.value[after - 1] + share * leader.fit.value[after]
            if self.low <= value <= self.high:
                self.cells[self._row(value)][column] = "·"

    def _row(self, height: float) -> int:
        return round((self.high - height) / (self.high - self.low) * (ROWS - 1))

    def _column(self, size: float) -> int:
        return round((math.log(size) - self.start) / (self.end - self.start) * (COLUMNS - 1))

    def _framed(self) -> list[str]:
        lines = []
        for number, row in enumerate(self.cells):
            height = self.high - (self.high - self.low) * number / (ROWS - 1)
            label = f"{height:.2f} ┤" if number % 3 == 0 else "     │"
            lines.append(f"{label}{''.join(row).rstrip()}")
        ticks, labels = ["─"] * COLUMNS, [" "] * (COLUMNS + 12)
        free = 0
        for size in self.sizes:
            column, text = self._column(size), f"{size:,}"
            ticks[column] = "┬"
            if column >= free:
                labels[column : column + len(text)] = text
                free = column + len(text) + 1
        return [*lines, f"     └{''.join(ticks)}", f"      {''.join(labels).rstrip()}"]
