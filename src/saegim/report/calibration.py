"""Whether the probabilities mean what they say: a reliability diagram, and the expected calibration error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.report.charts import GROUND, MUTED, Chart, Spec, chart, field, palette, values
from saegim.report.section import Language, Section, Table, percent
from saegim.training.calibration import (
    Bin,
    Calibration,
    calibration_bins,
    expected_calibration_error,
    probabilities,
)

Array = npt.NDArray[Any]

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Can its probabilities be believed?",
        "intro": (
            "Of the answers given with a probability of about 80%, about 80% should be right: then the dots lie on the "
            "line. Below it, the network is surer than it should be; above it, it is too modest."
        ),
        "figure": "How often it is right, by how sure it is",
        "size": "Each dot stands for about as many examples.",
        "after": "calibrated",
        "before": "uncalibrated",
        "only": "as it comes",
        "error": "The expected calibration error, the mean distance from the line, is {after}.",
        "errors": (
            "Dividing all scores by a temperature of {temperature} takes the expected calibration error, the mean "
            "distance from the line, from {before} to {after}."
        ),
        "chance": "On so few examples chance alone makes about {chance}, whatever the probabilities.",
        "fitted": "Each example was judged by a temperature that was found on others.",
        "series": "probabilities",
        "sure": "sure",
        "right": "right",
        "examples": "examples",
        "caption": "How often answers are right, by how sure they are",
        "said": "{series}: {sure} sure, {right} right, {n} examples",
        "label": "Reliability diagram. {each}",
    },
    "ko": {
        "title": "확률을 믿어도 되는가",
        "intro": (
            "80%쯤의 확률로 한 답은 80%쯤 맞아야 하고, 그러면 점이 선 위에 놓입니다. 선 아래면 지나치게 확신하고, 위면 "
            "지나치게 조심하는 것입니다."
        ),
        "figure": "확신하는 만큼 맞는가",
        "size": "점 하나는 거의 같은 수의 예제입니다.",
        "after": "보정한 것",
        "before": "보정 전",
        "only": "그대로",
        "error": "선에서 벗어난 평균 거리인 기대 보정 오차는 {after}입니다.",
        "errors": (
            "모든 점수를 온도 {temperature}로 나누면 선에서 벗어난 평균 거리인 기대 보정 오차가 {before}에서 {after}로 "
            "바뀝니다."
        ),
        "chance": "예제가 이만큼이면 확률이 완벽해도 우연만으로 {chance}쯤 됩니다.",
        "fitted": "예제마다 다른 예제에서 찾은 온도로 쟀습니다.",
        "series": "확률",
        "sure": "확신",
        "right": "맞음",
        "examples": "예제",
        "caption": "확신에 따라 맞는 비율",
        "said": "{series}: 확신 {sure}, {right} 맞음, 예제 {n}개",
        "label": "신뢰도 그림. {each}",
    },
}


@dataclass(frozen=True)
class Reliability:
    """How sure answers were and how often right, in bins, and how far these are apart: error.

    before: the same without calibration, None where there is none; by_chance: the error of perfect probabilities;
    fitted: whether it was measured on the examples that the temperature was found on
    """

    after: tuple[Bin, ...]
    error: float
    before: tuple[Bin, ...] | None = None
    error_before: float = 0.0
    temperature: float = 1.0
    by_chance: float | None = None
    fitted: bool = False


def of_training(found: Calibration) -> Reliability:
    """As it was measured in training, on the examples held out."""
    return Reliability(
        found.bins_after, found.error_after, found.bins_before, found.error_before, found.temperature,
        found.error_by_chance, fitted=True,
    )  # fmt: skip


def of_examples(shares: Array, right: Array, temperature: float | None) -> Reliability:
    """Of answers with probabilities (n, C) that were calibrated by a temperature (None: were not); right: (n,) bool."""
    confidence = shares.max(1)
    after, error = calibration_bins(confidence, right), expected_calibration_error(confidence, right)
    if temperature is None:
        return Reliability(after, error)
    plain = probabilities(np.log(np.maximum(shares, np.finfo(np.float64).tiny)), 1 / temperature).max(1)
    before = calibration_bins(plain, right), expected_calibration_error(plain, right)
    return Reliability(after, error, *before, temperature)


def section(found: Reliability, language: Language) -> Section:
    say = WORDS[language]
    series = [(say["only"], found.after)]
    if found.before is not None:
        series = [(say["after"], found.after), (say["before"], found.before)]
    rows = [
        [name, percent(one.confidence, 0), percent(one.accuracy), f"{one.count:,}"]
        for name, bins in series
        for one in bins
    ]
    return Section(
        "calibration",
        say["title"],
        {
            "intro": say["intro"],
            "figure": {"title": say["figure"], "note": " ".join(_notes(found, say)), "chart": _chart(series, say)},
            "table": Table(say["caption"], [say[key] for key in ("series", "sure", "right", "examples")], rows),
        },
    )


def _notes(found: Reliability, say: dict[str, str]) -> list[str]:
    errors = {"after": f"{found.error:.3f}", "before": f"{found.error_before:.3f}"}
    notes = [say["size"], say["error"].format(**errors)]
    if found.before is not None:
        notes[1] = say["errors"].format(temperature=f"{found.temperature:.2f}", **errors)
    if found.fitted:
        notes.append(say["fitted"])
    if found.by_chance is not None:
        notes.append(say["chance"].format(chance=f"{found.by_chance:.3f}"))
    return notes


def _chart(series: list[tuple[str, tuple[Bin, ...]]], say: dict[str, str]) -> Chart:
    rows: list[dict[str, Any]] = [
        {
            "series": name,
            "sure": one.confidence,
            "right": one.accuracy,
            "said": say["said"].format(
                series=name, sure=percent(one.confidence, 0), right=percent(one.accuracy, 0), n=f"{one.count:,}"
            ),
        }
        for name, bins in reversed(series)  # what is calibrated lies on top
        for one in bins
    ]
    names = [name for name, _bins in series]

    def draw(width: int) -> Spec:
        size = min(width, 340)
        axis = {"format": ".0%", "tickCount": 5, "grid": True, "domain": False}
        x = field("sure", scale={"domain": [0, 1]}, axis={**axis, "title": say["sure"]})
        y = field("right", scale={"domain": [0, 1]}, axis={**axis, "title": say["right"]})
        legend: Spec = {} if len(names) > 1 else {"legend": None}
        colour = field("series", "nominal", scale=palette(names, ["var(--learned)", "var(--majority)"]), **legend)
        return {
            "data": values(rows),
            "width": size,
            "height": size,
            "layer": [
                {
                    "data": values([{"sure": 0, "right": 0}, {"sure": 1, "right": 1}]),
                    "mark": {"type": "line", "stroke": MUTED, "strokeWidth": 1, "strokeDash": [4, 4]},
                    "encoding": {"x": x, "y": y},
                },
                {"mark": {"type": "line", "strokeWidth": 1.75}, "encoding": {"x": x, "y": y, "color": colour}},
                {
                    "mark": {"type": "point", "size": 90, "filled": True, "opacity": 1, "stroke": GROUND},
                    "encoding": {
                        "x": x,
                        "y": y,
                        "color": colour,
                        "description": {"field": "said", "type": "nominal"},
                    },
                },
            ],
        }

    return chart("calibration", say["label"].format(each="; ".join(row["said"] for row in rows)), draw)
