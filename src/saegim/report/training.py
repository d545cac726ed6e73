"""How training went: loss and score after every epoch, and what was decided on the way."""

from __future__ import annotations

from typing import Any

from saegim.evaluation.tables import human_seconds
from saegim.report.charts import MUTED, Chart, Spec, chart, field, palette, values
from saegim.report.section import MISSING, Language, Section, Table, thinned

Epochs = list[tuple[int, dict[str, Any]]]  # numbers, from 1, and records

MOST_EPOCHS = 200  # that a chart and a table can show
LEAST_SPAN = 0.08  # of an axis
LOSSES, SCORES = ("train_loss", "valid_loss"), ("accuracy", "macro_f1")

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "How training went",
        "loss": "Loss after each epoch",
        "loss_note": (
            "Lower is better. The loss in training is taken with smoothed labels and weighted classes, while the "
            "network changes; so the two lines show different things, and only their courses compare."
        ),
        "plain_note": (
            "Lower is better. The loss in training is taken while the network changes, so it lags a little behind."
        ),
        "score": "Score on the examples held out, after each epoch",
        "score_note": "The model kept is that of epoch {best}, the best by the score that was watched.",
        "train_loss": "training",
        "valid_loss": "held-out examples",
        "accuracy": "accuracy",
        "macro_f1": "macro F1",
        "epoch": "epoch",
        "seconds": "time",
        "label": "{title}: {each}",
        "series": "{name} from {first} to {last}",
        "caption": "Figures of every epoch",
        "notes": "What was decided and found",
    },
    "ko": {
        "title": "훈련의 흐름",
        "loss": "에폭마다의 손실",
        "loss_note": (
            "낮을수록 좋습니다. 훈련 손실은 정답을 고르게 펴고 분류에 무게를 주어, 신경망이 바뀌는 동안 잰 것입니다. "
            "그래서 두 선은 서로 다른 것을 보이며, 견줄 것은 흐름뿐입니다."
        ),
        "plain_note": "낮을수록 좋습니다. 훈련 손실은 신경망이 바뀌는 동안 잰 것이라 조금 뒤처집니다.",
        "score": "에폭마다, 따로 둔 예제에서의 점수",
        "score_note": "지켜본 점수가 가장 나은 {best}번째 에폭의 모델을 남겼습니다.",
        "train_loss": "훈련",
        "valid_loss": "따로 둔 예제",
        "accuracy": "정확도",
        "macro_f1": "매크로 F1",
        "epoch": "에폭",
        "seconds": "시간",
        "label": "{title}: {each}",
        "series": "{name} {first}에서 {last}까지",
        "caption": "에폭마다의 값",
        "notes": "정한 것과 알아낸 것",
    },
}


def section(epochs: list[dict[str, Any]], best: int, notes: list[str], language: Language) -> Section | None:
    """epochs: a record of figures for each; best: the number of the best one, from 1; notes: sentences."""
    if not epochs:
        return None
    say, shown = WORDS[language], thinned(epochs, MOST_EPOCHS)
    classifies = any(record.get("accuracy") is not None for record in epochs)
    note = say["loss_note" if classifies else "plain_note"]
    figures = [
        {"title": say["loss"], "note": note, "chart": _chart("loss", shown, LOSSES, best, say)},
        {
            "title": say["score"],
            "note": say["score_note"].format(best=best),
            "chart": _chart("score", shown, SCORES, best, say),
        },
    ]
    return Section(
        "training",
        say["title"],
        {
            "figures": [each for each in figures if each["chart"] is not None],
            "table": _table(shown, language),
            "notes": notes,
            "notes_title": say["notes"],
        },
    )


def _chart(name: str, epochs: Epochs, keys: tuple[str, ...], best: int, say: dict[str, str]) -> Chart | None:
    """Lines over epochs, those that have figures; the best epoch is marked."""
    rows = [
        {
            "epoch": number,
            "value": record[key],
            "series": say[key],
            "said": f"{say[key]}, {say['epoch']} {number}: {record[key]:.4f}",
        }
        for key in keys
        for number, record in epochs
        if record.get(key) is not None
    ]
    if not rows:
        return None
    names = [say[key] for key in keys if any(row["series"] == say[key] for row in rows)]

    def draw(width: int) -> Spec:
        ticks = {"tickMinStep": 1, "format": "d", "title": say["epoch"], "tickCount": min(len(epochs), width // 60)}
        x = field("epoch", axis=ticks, scale={"domain": [1, max(epochs[-1][0], 2)], "nice": False})
        y = field("value", scale={"domain": _domain(rows), "nice": True}, axis={"tickCount": 5})
        colours = palette(names, ["var(--learned)", "var(--rules)"])
        encoding = {"x": x, "y": y, "color": field("series", "nominal", scale=colours)}
        return {
            "data": values(rows),
            "width": width,
            "height": 220,
            "layer": [
                {
                    "data": values([{"epoch": best}]),
                    "mark": {"type": "rule", "stroke": MUTED, "strokeDash": [3, 4]},
                    "encoding": {"x": x},
                },
                {"mark": "line", "encoding": encoding},
                {
                    "mark": {"type": "point", "filled": True, "size": 44 if len(epochs) <= 40 else 12, "opacity": 1},
                    "encoding": {**encoding, "description": {"field": "said", "type": "nominal"}},
                },
            ],
        }

    said = "; ".join(_course([row for row in rows if row["series"] == each], say) for each in names)
    return chart(name, say["label"].format(title=say[name], each=said), draw)


def _domain(rows: list[dict[str, Any]]) -> list[float]:
    """From the least to the greatest value; not so close that noise would look like a mountain."""
    low, high = min(row["value"] for row in rows), max(row["value"] for row in rows)
    more = max(LEAST_SPAN - (high - low), 0) / 2
    return [low - more, high + more]


def _course(rows: list[dict[str, Any]], say: dict[str, str]) -> str:
    first, last = rows[0]["value"], rows[-1]["value"]
    return say["series"].format(name=rows[0]["series"], first=f"{first:.3f}", last=f"{last:.3f}")


def _table(epochs: Epochs, language: Language) -> Table:
    say = WORDS[language]
    keys = [key for key in (*LOSSES, *SCORES) if any(record.get(key) is not None for _number, record in epochs)]
    headers = [say["epoch"], *(say[key] for key in keys), say["seconds"]]
    rows = [
        [
            str(number),
            *(MISSING[language] if record.get(key) is None else f"{record[key]:.4f}" for key in keys),
            human_seconds(record.get("seconds")),
        ]
        for number, record in epochs
    ]
    return Table(say["caption"], headers, rows)
