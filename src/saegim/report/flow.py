"""How the gradient flowed: its norm in every layer, epoch by epoch, and how much the weights moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from saegim.report.charts import GROUND, INK, SERIES, Chart, Spec, chart, field, palette, values
from saegim.report.section import MISSING, Language, Section, Table, thinned

FEW_LAYERS = 6  # that lines can still tell apart
ROOM = 1.25  # above and below the lines
MOST_CELLS, FEWEST_EPOCHS = 600, 8  # of a chart: layers times epochs

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "How the gradient flowed",
        "intro": (
            "Learning works layer by layer, from the output back to the input: each layer gets the gradient that the "
            "layers after it pass on. Where it fades towards the input, the first layers learn nothing; where it "
            "grows, training breaks apart."
        ),
        "gradient": "Norm of the gradient, by layer and epoch",
        "gradient_note": "On a logarithmic scale.",
        "gradient_shades": (
            "The darker, the larger, on a logarithmic scale. Layers stand from the input (above) to the output."
        ),
        "update": "Size of the update, as a share of the weights",
        "update_note": (
            "About a thousandth per step is usual. Much more, and the layer forgets what it knew; much less, and it "
            "hardly learns."
        ),
        "layer": "layer",
        "epoch": "epoch",
        "caption": "Gradient (and update) of every layer, by epoch",
        "said": "{layer}, epoch {epoch}: {value:.2e}",
        "label": "{title}: {n} layers over {epochs} epochs",
        "findings": "What the doctor says",
        "healthy": (
            "Nothing is wrong: no gradient fades or explodes, no layer is dead, the learning rate fits, and what was "
            "learned holds on other examples."
        ),
    },
    "ko": {
        "title": "기울기의 흐름",
        "intro": (
            "배움은 출력에서 입력으로 층마다 거슬러 갑니다. 층마다 뒤의 층이 넘긴 기울기를 받습니다. 입력 쪽으로 가며 "
            "사라지면 앞의 층은 배우지 못하고, 커지면 훈련이 무너집니다."
        ),
        "gradient": "층과 에폭에 따른 기울기의 크기",
        "gradient_note": "로그 눈금입니다.",
        "gradient_shades": "짙을수록 크며 로그 눈금입니다. 위가 입력, 아래가 출력 쪽 층입니다.",
        "update": "가중치에 견준 변화의 크기",
        "update_note": "걸음마다 천분의 일쯤이 보통입니다. 훨씬 크면 배운 것을 잊고, 훨씬 작으면 거의 배우지 못합니다.",
        "layer": "층",
        "epoch": "에폭",
        "caption": "에폭마다, 층마다의 기울기(와 변화)",
        "said": "{layer}, {epoch}번째 에폭: {value:.2e}",
        "label": "{title}: 층 {n}개, 에폭 {epochs}번",
        "findings": "진단",
        "healthy": (
            "이상이 없습니다. 사라지거나 폭발하는 기울기도, 죽은 층도 없고, 학습률이 알맞으며, 배운 것이 다른 글에도 "
            "통합니다."
        ),
    },
}


def section(epochs: Sequence[dict[str, Any]], findings: Sequence[str], language: Language) -> Section | None:
    """epochs: records; those with a "flow" have {layer: {"gradient": float, "update": float}}; findings: sentences"""
    flowing = [(number, record["flow"]) for number, record in enumerate(epochs, start=1) if record.get("flow")]
    if not flowing:
        return None
    flows = [each for _place, each in thinned(flowing, max(MOST_CELLS // len(flowing[-1][1]), FEWEST_EPOCHS))]
    say = WORDS[language]
    layers = list(flows[-1][1])
    figures = []
    for key in ("gradient", "update"):
        drawn = _chart(key, layers, flows, say)
        if drawn is not None:
            shades = key == "gradient" and len(layers) > FEW_LAYERS
            note = say["gradient_shades" if shades else f"{key}_note"]
            figures.append({"title": say[key], "note": note, "chart": drawn})
    return Section(
        "flow",
        say["title"],
        {
            "intro": say["intro"],
            "figures": figures,
            "findings": findings or [say["healthy"]],
            "findings_title": say["findings"],
            "table": _table(layers, flows, say, language),
        },
    )


def _chart(
    key: str, layers: Sequence[str], flows: Sequence[tuple[int, dict[str, Any]]], say: dict[str, str]
) -> Chart | None:
    """Lines where the layers are few, otherwise a row of shades for each."""
    rows = [
        {
            "layer": layer,
            "epoch": number,
            "value": flow[layer][key],
            "size": math.log10(flow[layer][key]),
            "said": say["said"].format(layer=layer, epoch=number, value=flow[layer][key]),
        }
        for layer in layers
        for number, flow in flows
        if layer in flow and flow[layer].get(key, 0) > 0
    ]
    if not rows:
        return None
    draw = _lines if len(layers) <= FEW_LAYERS else _shades
    label = say["label"].format(title=say[key], n=len(layers), epochs=len(flows))
    return chart(f"flow-{key}", label, lambda width: draw(rows, list(layers), width, say))


def _lines(rows: list[dict[str, Any]], layers: list[str], width: int, say: dict[str, str]) -> Spec:
    last = max(row["epoch"] for row in rows)
    ticks = {"tickMinStep": 1, "format": "d", "title": say["epoch"], "tickCount": min(last, width // 60)}
    low, high = min(row["value"] for row in rows) / ROOM, max(row["value"] for row in rows) * ROOM
    marks = {"format": "~g", "values": _round_numbers(low, high)}
    encoding = {
        "x": field("epoch", axis=ticks, scale={"domain": [1, max(last, 2)], "nice": False}),
        "y": field("value", scale={"type": "log", "nice": False, "domain": [low, high]}, axis=marks),
        "color": field("layer", "nominal", scale=palette(layers, SERIES), legend={"columns": 2 if width < 400 else 4}),
    }
    described = {**encoding, "description": {"field": "said", "type": "nominal"}}
    return {
        "data": values(rows),
        "width": width,
        "height": 200,
        "layer": [
            {"mark": "line", "encoding": encoding},
            {"mark": {"type": "point", "filled": True, "size": 40, "opacity": 1}, "encoding": described},
        ],
    }


def _round_numbers(low: float, high: float) -> list[float]:
    """Powers of ten between the two; where these are few, also twice and five times as much."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for factors in ((1,), (1, 2, 5)):
        found = [each for power in powers for factor in factors if low <= (each := factor * 10.0**power) <= high]
        if len(found) > 2:
            break
    return found


def _shades(rows: list[dict[str, Any]], layers: list[str], width: int, say: dict[str, str]) -> Spec:
    room = 240 if width > 400 else 150
    names = {"labelColor": INK, "labelAlign": "left", "labelPadding": room, "minExtent": room, "labelLimit": room - 10}
    return {
        "data": values(rows),
        "width": width - room,
        "height": {"step": 20},
        "mark": {"type": "rect", "fill": SERIES[0], "stroke": GROUND},
        "encoding": {
            "x": field("epoch", "ordinal", axis={"labelAngle": 0, "title": say["epoch"], "labelOverlap": True}),
            "y": field("layer", "nominal", sort=layers, axis=names),
            "opacity": field("size", scale={"range": [0.08, 1]}, legend=None),
            "description": {"field": "said", "type": "nominal"},
        },
    }


def _table(
    layers: Sequence[str], flows: Sequence[tuple[int, dict[str, Any]]], say: dict[str, str], language: Language
) -> Table:
    def cell(flow: dict[str, Any], layer: str) -> str:
        if layer not in flow:
            return MISSING[language]
        found = (flow[layer].get(key) for key in ("gradient", "update"))
        return " · ".join(f"{value:.1e}" for value in found if value is not None)

    headers = [say["layer"], *(f"{say['epoch']} {number}" for number, _flow in flows)]
    return Table(say["caption"], headers, [[layer, *(cell(flow, layer) for _n, flow in flows)] for layer in layers])
