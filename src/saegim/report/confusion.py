"""What is taken for what: the confusion matrix, the pairs most often confused, the figures of every class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.report.section import MISSING, Language, Section, Table, percent

Array = npt.NDArray[Any]

MOST_CLASSES = 12  # of a matrix that can still be read
MOST_PAIRS = 10
STEPS = 10  # of shades

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "What it confuses",
        "intro": "Each row holds the examples of one true class, each column what {who} said. The diagonal is right.",
        "some": "Of {all} classes the {some} with the most errors are shown.",
        "matrix": "Confusion matrix: examples by true class (rows) and predicted class (columns)",
        "corner": "true, said",
        "others": "others",
        "abstained": "undecided",
        "share": "{share} of the row",
        "pairs": "Most often confused",
        "true": "true",
        "said": "said",
        "examples": "examples",
        "of_class": "of the class",
        "per_class": "Figures of every class",
        "class": "class",
        "precision": "precision",
        "recall": "recall",
        "right": "All were right: nothing was taken for anything else.",
    },
    "ko": {
        "title": "무엇을 헷갈리나",
        "intro": "행은 정답이 같은 예제이고 열은 {who}의 답입니다. 대각선이 맞은 글입니다.",
        "some": "분류 {all}개 가운데 가장 많이 틀린 {some}개만 보입니다.",
        "matrix": "혼동 행렬: 정답(행)과 답(열)에 따른 예제의 수",
        "corner": "정답, 답",
        "others": "그 밖",
        "abstained": "보류",
        "share": "행의 {share}",
        "pairs": "가장 자주 헷갈린 것",
        "true": "정답",
        "said": "답",
        "examples": "예제",
        "of_class": "그 분류에서",
        "per_class": "분류마다의 값",
        "class": "분류",
        "precision": "정밀도",
        "recall": "재현율",
        "right": "모두 맞혔습니다. 다른 것으로 본 예제가 없습니다.",
    },
}


def section(classes: Sequence[str], counts: Array, who: str, language: Language) -> Section:
    """classes: C names; counts: (C, C + 1) int, true by predicted class, in the last column what was left undecided"""
    say = WORDS[language]
    shown = _most_wrong(counts) if len(classes) > MOST_CLASSES else list(range(len(classes)))
    pairs = _pairs(classes, counts)
    return Section(
        "confusion",
        say["title"],
        {
            "intro": say["intro"].format(who=who),
            "some": say["some"].format(all=len(classes), some=len(shown)) if len(shown) < len(classes) else None,
            "caption": say["matrix"],
            "corner": say["corner"],
            "heads": [classes[place] for place in shown] + _more_heads(counts, shown, say),
            "rows": [(classes[place], _cells(counts, place, shown, say)) for place in shown],
            "pairs": Table(say["pairs"], [say["true"], say["said"], say["examples"], say["of_class"]], pairs)
            if len(classes) > 2 and pairs
            else None,
            "right": say["right"] if not pairs else None,
            "per_class": _per_class(classes, counts, say, language),
        },
    )


def _most_wrong(counts: Array) -> list[int]:
    """The classes that take part in the most errors, in their order."""
    square = counts[:, :-1]
    wrong = square.sum(1) + square.sum(0) - 2 * np.diagonal(square) + counts[:, -1]
    return sorted(np.argsort(-wrong, kind="stable")[:MOST_CLASSES].tolist())


def _more_heads(counts: Array, shown: Sequence[int], say: dict[str, str]) -> list[str]:
    heads = [say["others"]] if len(shown) < len(counts) else []
    return [*heads, say["abstained"]] if counts[:, -1].any() else heads


def _cells(counts: Array, place: int, shown: Sequence[int], say: dict[str, str]) -> list[dict[str, Any]]:
    """The cells of one row: how many, what that is of the row, how dark, whether they are right."""
    row = counts[place]
    values = [int(row[column]) for column in shown]
    if len(shown) < len(counts):
        values.append(int(row[:-1].sum()) - sum(values))
    if counts[:, -1].any():
        values.append(int(row[-1]))
    total = max(int(row.sum()), 1)
    return [
        {
            "count": f"{value:,}",
            "share": say["share"].format(share=percent(value / total)),
            "shade": -(-value * STEPS // total),
            "right": column == shown.index(place),
        }
        for column, value in enumerate(values)
    ]


def _pairs(classes: Sequence[str], counts: Array) -> list[list[str]]:
    """Rows (true, said, how many, share of the true class) of the most frequent errors."""
    wrong = counts[:, :-1].copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
    found = [divmod(int(place), wrong.shape[1]) for place in order]
    return [
        [classes[true], classes[said], f"{wrong[true, said]:,}", percent(wrong[true, said] / counts[true].sum())]
        for true, said in found
        if wrong[true, said]
    ]


def _per_class(classes: Sequence[str], counts: Array, say: dict[str, str], language: Language) -> Table:
    square = counts[:, :-1]
    hits, support, predicted = np.diagonal(square), counts.sum(1), square.sum(0)
    headers = [say["class"], say["precision"], say["recall"], "F1", say["examples"]]
    rows = [
        [
            name,
            _ratio(hits[place], predicted[place], language),
            _ratio(hits[place], support[place], language),
            _ratio(2 * hits[place], predicted[place] + support[place], language),
            f"{support[place]:,}",
        ]
        for place, name in enumerate(classes)
    ]
    return Table(say["per_class"], headers, rows)


def _ratio(part: int, whole: int, language: Language) -> str:
    return f"{part / whole:.3f}" if whole else MISSING[language]
