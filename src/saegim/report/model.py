"""The model: its layers, what they give, and how many weights and biases each has."""

from __future__ import annotations

from saegim.evaluation.tables import human_bytes
from saegim.nn.summary import Summary, SummaryRow
from saegim.report.section import Language, Section, Table

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "The model",
        "intro": (
            "A fully connected layer of m inputs and n outputs has m × n weights and n biases: {example}. All together "
            "there are {parameters} numbers that were learned ({bytes})."
        ),
        "intro_none": "There are {parameters} numbers that were learned ({bytes}).",
        "caption": "Layers, from the input to the output",
        "layer": "layer",
        "kind": "kind",
        "output": "output",
        "weights": "weights",
        "biases": "biases",
        "bytes": "bytes",
        "total": "total",
        "itself": "(model)",
    },
    "ko": {
        "title": "모델",
        "intro": (
            "입력이 m개이고 출력이 n개인 완전 연결 층에는 가중치 m × n개와 편향 n개가 있습니다: {example}. 배운 수는 "
            "모두 {parameters}개입니다({bytes})."
        ),
        "intro_none": "배운 수는 모두 {parameters}개입니다({bytes}).",
        "caption": "입력에서 출력까지의 층",
        "layer": "층",
        "kind": "종류",
        "output": "출력",
        "weights": "가중치",
        "biases": "편향",
        "bytes": "바이트",
        "total": "합계",
        "itself": "(모델)",
    },
}


def section(summary: Summary, language: Language) -> Section:
    say = WORDS[language]
    example = next((row for row in reversed(summary.rows) if row.formula.count(" x ") == 1 and row.biases), None)
    totals = {"parameters": f"{summary.parameters:,}", "bytes": human_bytes(summary.bytes)}
    intro = say["intro_none"].format(**totals)
    if example is not None:
        intro = say["intro"].format(example=_sum(example), **totals)
    headers = [say[key] for key in ("layer", "kind", "output", "weights", "biases", "bytes")]
    rows = [
        [
            row.name or say["itself"],
            row.kind,
            "" if row.output is None else " × ".join(map(str, row.output)),
            _weights(row),
            f"{row.biases:,}" if row.biases else "",
            f"{row.bytes:,}" if row.bytes else "",
        ]
        for row in summary.rows
    ]
    total = [say["total"], "", "", f"{summary.weights:,}", f"{summary.biases:,}", f"{summary.bytes:,}"]
    return Section(
        "model", say["title"], {"intro": intro, "table": Table(say["caption"], headers, rows), "total": total}
    )


def _sum(row: SummaryRow) -> str:
    """'64 × 2 + 2 = 130'."""
    return f"{_times(row.formula)} + {row.biases:,} = {row.weights + row.biases:,}"


def _weights(row: SummaryRow) -> str:
    if not row.weights:
        return ""
    return f"{_times(row.formula)} = {row.weights:,}" if " " in row.formula else f"{row.weights:,}"


def _times(formula: str) -> str:
    return " × ".join(f"{int(each):,}" for each in formula.split(" x "))
