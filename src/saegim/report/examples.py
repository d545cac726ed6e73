"""A few decisions taken apart: the texts, with the words that moved the network, and what the rules prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saegim.report.evidence import TextEvidence
from saegim.report.section import Language, Section, percent
from saegim.rules import RuleSet

SHORTEST, LONGEST = 12, 160  # characters of an example that can be taken in at a glance
MOST = 8

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Decisions, taken apart",
        "intro": (
            "What moved the network, word by word: marked words spoke for its answer, underlined ones against it, the "
            "stronger the darker. It says what moved this network, not what is true of the world."
        ),
        "true": "true",
        "said": "said",
        "sure": "{share} sure",
        "right": "right",
        "wrong": "wrong",
        "suspect": "label likely wrong",
        "network": "network",
        "rules": "rules",
        "why": "why",
        "all": "all",
        "search": "search the texts",
        "sort": "order",
        "by_sure": "surest first",
        "by_length": "shortest first",
        "count": "{n} shown",
    },
    "ko": {
        "title": "풀어 본 판단",
        "intro": (
            "무엇이 신경망을 움직였는지 낱말마다 보입니다. 칠한 낱말은 그 답을 거들고 밑줄 친 낱말은 반대하며, "
            "짙을수록 셉니다. 이 신경망을 움직인 것일 뿐 세상의 참을 말하지는 않습니다."
        ),
        "true": "정답",
        "said": "답",
        "sure": "확신 {share}",
        "right": "맞음",
        "wrong": "틀림",
        "suspect": "정답이 틀린 듯",
        "network": "신경망",
        "rules": "규칙",
        "why": "까닭",
        "all": "모두",
        "search": "글에서 찾기",
        "sort": "순서",
        "by_sure": "확신이 큰 것부터",
        "by_length": "짧은 것부터",
        "count": "{n}개 보임",
    },
}


@dataclass(frozen=True)
class Example:
    """marked: the text as HTML, with what counted in <mark> elements; why: who says why, and that as HTML

    Then its label, what was said and how surely; ruled: what the rules say, None if nothing; suspect: whether the label
    is likely wrong itself.
    """

    marked: str
    why: list[tuple[str, str]]
    true: str
    predicted: str
    confidence: float
    ruled: str | None = None
    suspect: bool = False


def section(examples: Sequence[Example], language: Language) -> Section | None:
    if not examples:
        return None
    say = WORDS[language]
    return Section("examples", say["title"], {"intro": say["intro"], **cards(examples, language)})


def cards(examples: Sequence[Example], language: Language) -> dict[str, Any]:
    """What the template shows of a list of texts, and what it can be filtered by."""
    say = WORDS[language]
    rows = [
        {
            "example": each,
            "right": each.true == each.predicted,
            "sure": say["sure"].format(share=percent(each.confidence)),
        }
        for each in examples
    ]
    trues, saids = sorted({each.true for each in examples}), sorted({each.predicted for each in examples})
    return {"say": say, "rows": rows, "trues": trues, "saids": saids}


def choose(evidence: TextEvidence, rules: RuleSet | None) -> list[int]:
    """Rows worth showing: where rules and network differ, then right answers, each class in turn, the surest first."""
    short = [row for row, text in enumerate(evidence.texts) if SHORTEST <= len(text) <= LONGEST]
    differing: list[int] = []
    if rules is not None:
        ruled = rules.predict([evidence.texts[row] for row in short])
        pairs = zip(short, ruled, strict=True)
        differing = [row for row, said in pairs if said is not None and said != evidence.predicted[row]][:2]
    by_class: dict[str, list[int]] = {}
    for row in sorted(short, key=lambda row: (-evidence.confidence[row], row)):
        if evidence.true[row] == evidence.predicted[row] and row not in differing:
            by_class.setdefault(evidence.true[row], []).append(row)
    groups = sorted(by_class.values(), key=lambda rows: (-len(rows), rows[0]))
    depth = range(max(map(len, groups), default=0))
    in_turn = [rows[place] for place in depth for rows in groups if place < len(rows)]
    return [*differing, *in_turn][:MOST]
