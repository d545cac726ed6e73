"""A learning curve on a terminal: a table of scores, a chart, and the classes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from saegim.curve.result import Crossing, Curve, Measured
from saegim.curve.verdict import about
from saegim.evaluation.tables import Language, PlainTable, human_seconds

__all__ = ["chart", "class_table", "score_table"]

COLUMNS, ROWS = 66, 13  # of the chart
MARKS = "ABCDEFGH"
CLASSES_SHOWN = 12

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "texts": "texts",
        "class": "class",
        "test texts": "test texts",
        "F1": "F1 of {}",
        "ahead from": "ahead from about",
        "seconds": "time",
        "scatter": "accuracy on {:,} test texts, the mean of samples; ± their standard deviation",
        "constant": "{}: {:.3f} [{:.3f}, {:.3f}], learns nothing from more texts",
        "decides": "; decides {:.0%} of the texts, an undecided one counts as wrong",
        "level": "[low, high]: {:.0%} interval",
        "line": "{} {}",
        "fitted": "· fitted curve of {}",
        "crossing": "│ where it passes {}",
        "more classes": "{:,} more classes are in the result of --json",
        "by F1": "F1 of the networks with {:,} texts; ahead: of the rules, by the fitted curves",
    },
    "ko": {
        "texts": "글 수",
        "class": "분류",
        "test texts": "시험용 글",
        "F1": "{}의 F1",
        "ahead from": "앞서기 시작하는 글 수",
        "seconds": "시간",
        "scatter": "시험용 글 {:,}개의 정확도. 표본들의 평균, ±는 그 표준편차",
        "constant": "{}: {:.3f} [{:.3f}, {:.3f}]. 글이 늘어도 배우지 않음",
        "decides": ". 글의 {:.0%}만 판정하며, 판정하지 않은 글은 틀린 것으로 셈",
        "level": "[하한, 상한]: {:.0%} 구간",
        "line": "{} {}",
        "fitted": "· {}에 맞춘 곡선",
        "crossing": "│ 규칙을 앞지르는 곳({})",
        "more classes": "나머지 분류 {:,}개는 --json 결과에 있습니다",
        "by F1": "신경망의 F1은 글 {:,}개로 배웠을 때의 값. 앞서기 시작: 맞춘 곡선이 규칙을 앞지르는 곳",
    },
}


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
    text = words["constant"].format(one.name, one.final.value, one.final.low, one.final.high)
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
    names = ("", "", rules.name, network.name, "")
    return PlainTable(
        tuple(words[header].format(name) for header, name in zip(headers, names, strict=True)), tuple(rows), tuple(notes)
    )


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
        for one, dash in zip(self.constants, "┄─", strict=False):
            row = self._row(one.points[0].accuracy)
            self.cells[row] = [dash if cell == " " else cell for cell in self.cells[row]]
        legend = [words["line"].format(dash * 2, one.name) for one, dash in zip(self.constants, "┄─", strict=False)]
        if self.crossing is not None and self.crossing.value is not None:
            column = self._column(self.crossing.value)
            for row in range(ROWS):
                self.cells[row][column] = "│"
            legend.append(words["crossing"].format(self.crossing.second))
        if self.leader is not None and self.leader.fit is not None:
            self._draw_fit(self.leader)
            legend.append(words["fitted"].format(self.leader.name))
        for mark, one in zip(MARKS, self.learners, strict=False):
            for size in one.sizes:
                points = one.at(size)
                height = sum(point.accuracy for point in points) / len(points)
                self.cells[self._row(height)][self._column(size)] = mark
            legend.append(words["line"].format(mark, one.name))
        return [*self._framed(), "  " + "   ".join(legend)]

    def _draw_fit(self, leader: Measured) -> None:
        assert leader.fit is not None, "a learner with a fitted curve"
        last = None
        for size, value in zip(leader.fit.sizes, leader.fit.value, strict=True):
            if math.log(size) <= self.end + 1e-9 and self.low <= value <= self.high:
                here = self._row(value), self._column(size)
                if here != last:
                    self.cells[here[0]][here[1]] = "·"
                last = here

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
