"""All contenders side by side: a chart of their accuracies with intervals, and the whole table."""

from __future__ import annotations

from typing import Any

from saegim.evaluation.tables import HEADERS, comparison_table, human_bytes, human_seconds
from saegim.report.charts import INK, KINDS, MUTED, Chart, Spec, chart, field, values
from saegim.report.section import MISSING, Language, Section, Table, percent

MOST_PER_SECOND = 1_000_000  # more is nobody's concern, and mostly noise

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Side by side",
        "intro": (
            "All were measured on the same {test} texts, which none of them was built from. Those that learn had "
            "{train} labelled texts."
        ),
        "chart": "Accuracy, with its {level} interval",
        "caption": "All contenders, measured on the same texts",
        "small": "Small: the {level} interval, by bootstrap. A text left undecided counts as wrong.",
        "label": "Accuracy of each contender: {each}",
        "one": "{name} {value}, interval {low} to {high}",
    },
    "ko": {
        "title": "나란히 놓고 보기",
        "intro": (
            "모두 같은 글 {test}개로 쟀고, 그 글로 만든 것은 없습니다. 배우는 것들은 정답 달린 글 {train}개를 썼습니다."
        ),
        "chart": "정확도와 그 {level} 구간",
        "caption": "같은 글로 잰 모든 후보",
        "small": "작은 글씨는 {level} 부트스트랩 구간입니다. 판정하지 않은 글은 틀린 것으로 셉니다.",
        "label": "후보마다의 정확도: {each}",
        "one": "{name} {value}, 구간 {low}~{high}",
    },
}


def section(comparison: dict[str, Any] | None, language: Language) -> Section | None:
    if comparison is None:
        return None
    say = WORDS[language]
    contenders = comparison["contenders"]
    finished = [one for one in contenders if one["error"] is None]
    _brackets, *notes = comparison_table(contenders, comparison["level"], language).footnotes
    return Section(
        "comparison",
        say["title"],
        {
            "intro": say["intro"].format(test=f"{comparison['test_rows']:,}", train=f"{comparison['train_rows']:,}"),
            "heading": say["chart"].format(level=percent(comparison["level"], 0)),
            "chart": _chart(finished, say) if finished else None,
            "table": Table(say["caption"], HEADERS[language], [_row(one, language) for one in contenders]),
            "notes": [say["small"].format(level=percent(comparison["level"], 0)), *notes],
        },
    )


def _row(one: dict[str, Any], language: Language) -> list[str | tuple[str, str]]:
    """The cells of one contender; those with an interval are pairs."""
    none, speed = MISSING[language], one["predictions_per_second"]
    cost = [
        human_seconds(one["build_seconds"]),
        _fast(speed, none),
        human_bytes(one["size_bytes"]),
    ]
    if one["error"] is not None:
        return [one["name"], none, none, none, none, *cost]
    decided = one["accuracy_decided"]
    scores = [(f"{one[key]:.3f}", "{:.3f}–{:.3f}".format(*one[f"{key}_interval"])) for key in ("accuracy", "macro_f1")]
    return [one["name"], *scores, percent(one["coverage"]), none if decided is None else f"{decided:.3f}", *cost]


def _fast(per_second: float | None, none: str) -> str:
    if per_second is None:
        return none
    return f"{per_second:,.0f}" if per_second < MOST_PER_SECOND else f"> {MOST_PER_SECOND:,}"


def _chart(finished: list[dict[str, Any]], say: dict[str, str]) -> Chart:
    rows = [
        {
            "name": one["name"],
            "value": one["accuracy"],
            "low": one["accuracy_interval"][0],
            "high": one["accuracy_interval"][1],
            "colour": KINDS.get(one["kind"], MUTED),
            "shown": percent(one["accuracy"]),
        }
        for one in finished
    ]
    said = [
        say["one"].format(name=row["name"], value=row["shown"], low=percent(row["low"]), high=percent(row["high"]))
        for row in rows
    ]
    for row, words in zip(rows, said, strict=True):
        row["said"] = words

    def draw(width: int) -> Spec:
        names: Spec = {"labelLimit": 190, "labelColor": INK, "labelFontSize": 13, "grid": False}
        names |= {"labelAlign": "left", "labelPadding": 200, "minExtent": 200}
        wide = width > 400
        y = field("name", "nominal", sort=None, axis=names if wide else None)
        x: Spec = {
            "scale": {"domain": [0, 1]},
            "axis": {"format": ".0%", "tickCount": 5, "grid": True, "domain": False},
        }
        colour = {"field": "colour", "type": "nominal", "scale": None}
        said = {"field": "said", "type": "nominal"}
        marks: list[Spec] = [
            {
                "mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.45},
                "encoding": {"x": field("low", **x), "x2": {"field": "high"}, "y": y, "color": colour},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
                "encoding": {"x": field("value", **x), "y": y, "color": colour, "description": said},
            },
            {
                "mark": {"type": "text", "dy": -14, "fontWeight": 600, "fill": INK},
                "encoding": {"x": field("value", **x), "y": y, "text": {"field": "shown"}},
            },
        ]
        if not wide:  # names stand above their rows
            marks.append(
                {
                    "mark": {"type": "text", "align": "left", "x": 0, "dy": -14, "fill": INK, "fontSize": 12},
                    "encoding": {"y": y, "text": {"field": "name", "type": "nominal"}},
                }
            )
        return {
            "data": values(rows),
            "width": width - 200 if wide else width,
            "height": {"step": 44 if wide else 52},
            "layer": marks,
        }

    return chart("comparison", say["label"].format(each="; ".join(said)), draw)
