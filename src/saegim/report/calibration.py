"""Whether the probabilities mean what they say: a reliability diagram, and the expected calibration error."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.report.charts import MUTED, Chart, Spec, chart, field, values
from saegim.report.section import Language, Section, Table, percent

Array = npt.NDArray[Any]
BINS = 10
LEAST = 5  # texts in a bin that says anything

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Can its probabilities be believed?",
        "intro": (
            "Of the answers given with a probability of about 80%, about 80% should be right: then the dots lie on the "
            "line. Below it, the network is surer than it should be; above it, it is too modest."
        ),
        "figure": "How often it is right, by how sure it is",
        "note": (
            "The larger a dot, the more texts. The expected calibration error, the mean distance from the line, is "
            "{error}."
        ),
        "fitted": (
            "A temperature of {temperature:.2f}, found on the validation texts, brings the expected calibration error "
            "from {before} to {after}."
        ),
        "sure": "sure",
        "right": "right",
        "texts": "texts",
        "caption": "How often answers are right, by how sure they are",
        "said": "{sure} sure: {right} right, {n} texts",
        "label": "Reliability diagram: {each}",
    },
    "ko": {
        "title": "확률을 믿어도 되는가",
        "intro": (
            "80%쯤의 확률로 한 답은 80%쯤 맞아야 하고, 그러면 점이 선 위에 놓입니다. 선 아래면 지나치게 확신하고, 위면 "
            "지나치게 조심하는 것입니다."
        ),
        "figure": "확신하는 만큼 맞는가",
        "note": "점이 클수록 글이 많습니다. 선에서 벗어난 평균 거리인 기대 보정 오차는 {error}입니다.",
        "fitted": "검증 글에서 찾은 온도 {temperature:.2f}로 기대 보정 오차가 {before}에서 {after}로 바뀝니다.",
        "sure": "확신",
        "right": "맞음",
        "texts": "글",
        "caption": "확신에 따라 맞는 비율",
        "said": "확신 {sure}: {right} 맞음, 글 {n}개",
        "label": "신뢰도 그림: {each}",
    },
}


def section(confidence: Array, right: Array, language: Language, fitted: dict[str, float] | None = None) -> Section:
    """confidence, right: (n,) the probability of each answer, and whether it is right

    fitted: the temperature that was found, and the expected calibration error "before" and "after"
    """
    say = WORDS[language]
    bins = _bins(confidence, right)
    notes = [say["note"].format(error=f"{_error(bins, len(confidence)):.3f}")]
    if fitted is not None:
        shown = {key: f"{fitted[key]:.3f}" for key in ("before", "after")}
        notes.append(say["fitted"].format(temperature=fitted["temperature"], **shown))
    rows = [[percent(one["sure"], 0), percent(one["right"]), f"{one['n']:,}"] for one in bins]
    return Section(
        "calibration",
        say["title"],
        {
            "intro": say["intro"],
            "figure": {"title": say["figure"], "note": " ".join(notes), "chart": _chart(bins, say)},
            "table": Table(say["caption"], [say["sure"], say["right"], say["texts"]], rows),
        },
    )


def _bins(confidence: Array, right: Array) -> list[dict[str, Any]]:
    """Mean confidence, share right and number of the answers in each tenth of the probabilities that has any."""
    number = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return [
        {"sure": float(confidence[at].mean()), "right": float(right[at].mean()), "n": int(at.sum())}
        for at in (number == each for each in range(BINS))
        if at.any()
    ]


def _error(bins: list[dict[str, Any]], n: int) -> float:
    """The expected calibration error: the mean over all answers of |share right - mean confidence| of their bins."""
    return float(sum(one["n"] * abs(one["right"] - one["sure"]) for one in bins) / n)


def _chart(bins: list[dict[str, Any]], say: dict[str, str]) -> Chart:
    rows = [
        one | {"said": say["said"].format(sure=percent(one["sure"], 0), right=percent(one["right"], 0), n=one["n"])}
        for one in bins
        if one["n"] >= LEAST
    ]

    def draw(width: int) -> Spec:
        size = min(width, 320)
        axis = {"format": ".0%", "tickCount": 5, "grid": True, "domain": False}
        x = field("sure", scale={"domain": [0, 1]}, axis={**axis, "title": say["sure"]})
        y = field("right", scale={"domain": [0, 1]}, axis={**axis, "title": say["right"]})
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
                {"mark": {"type": "line", "stroke": "var(--learned)"}, "encoding": {"x": x, "y": y}},
                {
                    "mark": {"type": "point", "filled": True, "fill": "var(--learned)", "opacity": 1},
                    "encoding": {
                        "x": x,
                        "y": y,
                        "size": field("n", scale={"range": [30, 400], "zero": True}, legend=None),
                        "description": {"field": "said", "type": "nominal"},
                    },
                },
            ],
        }

    return chart("calibration", say["label"].format(each="; ".join(row["said"] for row in rows)), draw)
