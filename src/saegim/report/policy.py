"""Rules and network together: who answers, and how each rule did beside the network."""

from __future__ import annotations

from saegim.report.section import Language, Section, Table, percent
from saegim.together import Policy, RuleRecord
from saegim.together.wording import statement

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Who answers: rules or network",
        "caption": "Every rule on the validation texts that it decided",
        "rule": "rule",
        "label": "label",
        "decided": "decided",
        "right": "right",
        "share": "share right",
        "ahead": "only the rule right",
        "behind": "only the network right",
        "first": "goes first",
        "yes": "yes",
    },
    "ko": {
        "title": "누가 답하나: 규칙과 신경망",
        "caption": "규칙마다, 판정한 검증용 글에서",
        "rule": "규칙",
        "label": "답",
        "decided": "판정",
        "right": "맞음",
        "share": "맞힌 비율",
        "ahead": "규칙만 맞음",
        "behind": "신경망만 맞음",
        "first": "먼저 따름",
        "yes": "예",
    },
}
_COLUMNS = ("rule", "label", "decided", "right", "share", "ahead", "behind", "first")


def section(policy: Policy, language: Language) -> Section:
    say = WORDS[language]
    table = Table(say["caption"], [say[name] for name in _COLUMNS], [_row(one, say) for one in policy.rules])
    return Section("policy", say["title"], {"statement": statement(policy, language), "table": table})


def _row(one: RuleRecord, say: dict[str, str]) -> list[str]:
    share = percent(one.right / one.decided) if one.decided else ""
    counts = [f"{each:,}" for each in (one.decided, one.right)]
    beside = [f"{each:,}" for each in (one.ahead, one.behind)]
    return [one.id, one.label, *counts, share, *beside, say["yes"] if one.first else ""]
