"""From how much data on learning wins: the learning curves, where they pass the rules, and the verdict."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from typing import Any

from saegim.curve import Crossing, Curve, Measured
from saegim.curve.verdict import verdict
from saegim.curve.view import class_table, score_table
from saegim.report.charts import INK, KINDS, MUTED, SERIES, Chart, Spec, chart, field, values
from saegim.report.section import Language, Section, Table, percent

FURTHER = 1.25  # the chart goes on beyond all that is marked in it

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "From how much data on learning wins",
        "figure": "Accuracy by the number of labelled texts",
        "note": (
            "Small dots are single samples, large ones their means, lines the fitted curves: dashed where nothing was "
            "measured. What does not learn is a level line. Shades are {level} intervals."
        ),
        "crossing": "passes the rules at {value}",
        "labelled": "you have {n}",
        "said": "{name}, {size} texts: {value} right",
        "levelled": "{name}: {value} right",
        "label": "Learning curves. {verdict}",
        "scores": "Accuracy at every size",
        "classes": "Class by class",
        "missing": (
            "It has not been measured yet. This trains on growing samples and says from how many labelled texts on the "
            "network beats the rules:"
        ),
        "unread": "The learning curve cannot be shown: {error}.",
        "rules": "rules",
        "majority": "most frequent label",
        "copy": "Copy",
        "copied": "Copied",
    },
    "ko": {
        "title": "글이 얼마나 있어야 배움이 이기나",
        "figure": "정답 달린 글의 수에 따른 정확도",
        "note": (
            "작은 점은 표본 하나, 큰 점은 그 평균, 선은 맞춘 곡선이며 재지 않은 곳은 점선입니다. 배우지 않는 것은 "
            "수평선입니다. 엷은 띠는 {level} 구간입니다."
        ),
        "crossing": "{value}개에서 규칙을 앞지름",
        "labelled": "가진 글 {n}개",
        "said": "{name}, 글 {size}개: {value} 맞음",
        "levelled": "{name}: {value} 맞음",
        "label": "학습 곡선. {verdict}",
        "scores": "크기마다의 정확도",
        "classes": "분류마다",
        "missing": (
            "아직 재지 않았습니다. 다음 명령은 점점 큰 표본으로 훈련하여, 정답 달린 글이 몇 개부터 신경망이 규칙을 "
            "앞서는지 말합니다:"
        ),
        "unread": "학습 곡선을 보일 수 없습니다: {error}.",
        "rules": "규칙",
        "majority": "가장 흔한 답",
        "copy": "복사",
        "copied": "복사했습니다",
    },
}


def section(curve: Curve, language: Language) -> Section:
    say = WORDS[language]
    paragraphs = verdict(curve, language).split("\n")
    drawing = _Drawing(curve, say)
    note = say["note"].format(level=percent(curve.level, 0))
    tables = [(say["scores"], score_table(curve, language)), (say["classes"], class_table(curve, language))]
    return Section(
        "curve",
        say["title"],
        {
            "paragraphs": paragraphs,
            "figure": {"title": say["figure"], "note": note, "chart": drawing.chart(paragraphs[0])},
            "tables": [
                (Table(caption, found.headers, found.rows), found.footnotes)
                for caption, found in tables
                if found is not None and found.rows
            ],
        },
    )


def how_to(made_from: dict[str, Any], folder: str, language: Language) -> Section:
    """The section where there is no curve: the command that makes one of the same texts."""
    say = WORDS[language]
    words = ["saegim", "curve", str(made_from["file"])]
    for name in ("text", "label", "rules"):
        if made_from.get(name) is not None:
            words += [f"--{name}", str(made_from[name])]
    command = shlex.join([*words, "--time-budget", "5m", "--out", folder])
    context = {"paragraphs": [say["missing"]], "command": command, "copy": say["copy"], "copied": say["copied"]}
    return Section("curve", say["title"], context)


def unread(error: Exception, language: Language) -> Section:
    """The section where the curve's file is damaged, or of a measurement that did not end."""
    say = WORDS[language]
    return Section("curve", say["title"], {"paragraphs": [say["unread"].format(error=error)]})


class _Drawing:
    """The chart of one curve: what is drawn, as rows of data."""

    def __init__(self, curve: Curve, say: dict[str, str]) -> None:
        self.curve, self.say = curve, say
        self.learners = [one for one in curve.contenders if one.sizes and one.sizes != [0]]
        self.constants = [one for one in curve.contenders if one.sizes == [0]]
        self.leader = next((one for one in curve.networks if one.sizes), None)
        self.crossing = self._crossing()
        sizes = [size for one in self.learners for size in one.sizes]
        ends = [*sizes, curve.labelled, (self.crossing and self.crossing.value) or 0]
        self.start, self.end = min(sizes, default=1), math.ceil(FURTHER * max(ends))
        self.ticks = sorted(set(sizes))
        self.colours = {one.name: KINDS.get(one.kind, MUTED) for one in curve.contenders}
        others = [one.name for one in curve.networks if one is not self.leader]
        self.colours |= {name: SERIES[3 + place % 2] for place, name in enumerate(others)}

    def chart(self, said: str) -> Chart | None:
        if not self.learners or self.start >= self.end:
            return None
        return chart("curve", self.say["label"].format(verdict=said), self._spec)

    def _crossing(self) -> Crossing | None:
        rules = self.curve.of_kind("rules")
        if self.leader is None or rules is None:
            return None
        found = self.curve.crossing(self.leader.name, rules.name)
        return found if found is not None and found.value is not None else None

    def _name(self, one: Measured) -> str:
        """What does not learn has a name in every language."""
        return self.say.get(one.kind, one.name)

    def _points(self) -> Iterator[dict[str, Any]]:
        for one in self.learners:
            for size in one.sizes:
                scores = [point.accuracy for point in one.at(size)]
                mean = sum(scores) / len(scores)
                said = self.say["said"].format(name=one.name, size=f"{size:,}", value=percent(mean))
                yield {"name": one.name, "size": size, "value": mean, "mean": True, "said": said}
                for score in scores if len(scores) > 1 else []:
                    yield {"name": one.name, "size": size, "value": score, "mean": False, "said": said}

    def _fits(self, *, measured: bool) -> list[dict[str, Any]]:
        """Points of the fitted curves: where something was measured, or beyond."""
        found = []
        for one in self.learners:
            if one.fit is None:
                continue
            for size, value, low, high in zip(one.fit.sizes, one.fit.value, one.fit.low, one.fit.high, strict=True):
                inside = size <= one.sizes[-1] if measured else size >= one.sizes[-1]
                if inside and self.start <= size <= self.end:
                    found.append({"name": one.name, "size": size, "value": value, "low": low, "high": high})
        return found

    def _levels(self) -> list[dict[str, Any]]:
        return [
            {
                "name": self._name(one),
                "value": one.points[0].accuracy,
                "said": self.say["levelled"].format(name=self._name(one), value=percent(one.points[0].accuracy)),
            }
            for one in self.constants
        ]

    def _spec(self, width: int) -> Spec:
        names = [self._name(one) for one in self.curve.contenders if one.sizes]
        colours = {"domain": names, "range": [self.colours[one.name] for one in self.curve.contenders if one.sizes]}
        columns = 4 if width > 400 else 2
        colour = field("name", "nominal", scale=colours, legend={"columns": columns, "symbolType": "circle"})
        ticks = {"values": self.ticks, "format": ",d", "labelOverlap": "greedy"}
        x = field("size", scale={"type": "log", "domain": [self.start, self.end], "nice": False}, axis=ticks)
        y = field("value", scale={"zero": False}, axis={"format": ".0%", "tickCount": 6})
        described = {"field": "said", "type": "nominal"}
        lines = {"x": x, "y": y, "color": colour}
        points, leading = (
            list(self._points()),
            [row for row in self._fits(measured=True) + self._fits(measured=False) if row["name"] == self._leader_name],
        )
        return {
            "width": width,
            "height": 300,
            "layer": [
                *self._verticals(x),
                {
                    "data": values(leading),
                    "mark": {"type": "area", "opacity": 0.14, "fill": KINDS["learned"]},
                    "encoding": {"x": x, "y": field("low", scale={"zero": False}), "y2": {"field": "high"}},
                },
                {
                    "data": values(self._levels()),
                    "mark": {"type": "rule", "strokeWidth": 2},
                    "encoding": {"y": y, "color": colour, "description": described},
                },
                {"data": values(self._fits(measured=True)), "mark": "line", "encoding": lines},
                {
                    "data": values(self._fits(measured=False)),
                    "mark": {"type": "line", "strokeDash": [5, 5], "strokeWidth": 1.75},
                    "encoding": lines,
                },
                {
                    "data": values([row for row in points if not row["mean"]]),
                    "mark": {"type": "point", "filled": True, "size": 12, "opacity": 0.45},
                    "encoding": lines,
                },
                {
                    "data": values([row for row in points if row["mean"]]),
                    "mark": {"type": "point", "filled": True, "size": 60, "opacity": 1},
                    "encoding": lines | {"description": described},
                },
            ],
        }

    @property
    def _leader_name(self) -> str:
        return "" if self.leader is None else self.leader.name

    def _verticals(self, x: Spec) -> Iterator[Spec]:
        """Where the network passes the rules, with the interval; how many texts there are."""
        marks: list[tuple[float, str, int]] = [
            (self.curve.labelled, self.say["labelled"].format(n=f"{self.curve.labelled:,}"), 14)
        ]
        if self.crossing is not None and self.crossing.value is not None:
            low, high = self.crossing.low or self.start, self.crossing.high or self.end
            shade = [{"size": max(low, self.start), "to": min(high, self.end)}]
            yield {
                "data": values(shade),
                "mark": {"type": "rect", "fill": MUTED, "opacity": 0.12},
                "encoding": {"x": x, "x2": {"field": "to"}},
            }
            marks.append((self.crossing.value, self.say["crossing"].format(value=f"{self.crossing.value:,.0f}"), -6))
        middle = math.sqrt(self.start * self.end)
        for size, text, top in marks:
            row = {"size": min(max(size, self.start), self.end), "text": text}
            stroke: Spec = {"type": "rule", "stroke": MUTED, "strokeDash": [2, 4]}
            yield {"data": values([row]), "mark": stroke, "encoding": {"x": x}}
            side = {"align": "right", "dx": -5} if size > middle else {"align": "left", "dx": 5}
            yield {
                "data": values([row]),
                "mark": {"type": "text", "y": top, "fill": INK, **side},
                "encoding": {"x": x, "text": {"field": "text"}},
            }
