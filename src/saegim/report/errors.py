"""The worst errors: the texts that the model was surest of, and wrong; and labels that are likely wrong themselves."""

from __future__ import annotations

from collections.abc import Sequence

from saegim.explain.mistakes import Disagreement, Mistakes
from saegim.report.examples import Example, cards
from saegim.report.section import Language, Section, percent

MOST = 40
MOST_TWINS, MOST_OF_TWINS, LONGEST_TWIN = 8, 4, 300  # groups, texts of a group, characters

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "The worst errors",
        "intro": "{wrong} of {all} texts are wrong ({share}). Here are the {shown} it was most sure of.",
        "suspects": (
            "{n} of all labels are likely wrong themselves: the model is at least as sure of another one as it is of "
            "the texts that have that other one. saegim errors lists all of them."
        ),
        "none": "None of the {all} texts is wrong.",
        "twins_title": "Nearly the same, labelled differently",
        "twins_intro": (
            "{n} groups of texts say nearly the same and have different labels: one of these is likely wrong."
        ),
    },
    "ko": {
        "title": "가장 나쁜 오류",
        "intro": "글 {all}개 가운데 {wrong}개가 틀렸습니다({share}). 그중 가장 확신한 {shown}개입니다.",
        "suspects": (
            "정답 가운데 {n}개는 그 자체가 틀린 듯합니다. 모델이 다른 답을, 그 답이 정답인 글에서만큼 확신합니다. "
            "saegim errors가 모두 보여 줍니다."
        ),
        "none": "글 {all}개 가운데 틀린 것이 없습니다.",
        "twins_title": "거의 같은데 정답이 다른 글",
        "twins_intro": "거의 같은 말을 하는데 정답이 서로 다른 글이 {n}묶음 있습니다. 그중 하나는 틀린 듯합니다.",
    },
}


def section(worst: Sequence[Example], mistakes: Mistakes, language: Language) -> Section:
    """worst: the errors shown, the surest first; mistakes: all that is wrong"""
    say, wrong, texts = WORDS[language], len(mistakes.surest), mistakes.judged
    counts = {"wrong": f"{wrong:,}", "all": f"{texts:,}", "shown": f"{len(worst):,}"}
    twins = {
        "twins_title": say["twins_title"],
        "twins_intro": say["twins_intro"].format(n=f"{len(mistakes.duplicates):,}"),
        "twins": [_twins(each) for each in mistakes.duplicates[:MOST_TWINS]],
    }
    if not worst:
        return Section("errors", say["title"], {"intro": say["none"].format(**counts), "rows": [], **twins})
    intro = say["intro"].format(share=percent(wrong / texts), **counts)
    if mistakes.suspects:
        intro = f"{intro} {say['suspects'].format(n=f'{len(mistakes.suspects):,}')}"
    shown = {"of_errors": True, "suspects": any(each.suspect for each in worst)}
    return Section("errors", say["title"], {"intro": intro, **cards(worst, language), **shown, **twins})


def _twins(group: Disagreement) -> list[tuple[str, str]]:
    """Labels and texts of one group: of each label the first, then others."""
    first = {each.label: each for each in reversed(group.rows)}
    rows = sorted(group.rows, key=lambda each: first[each.label] is not each)[:MOST_OF_TWINS]
    return [(each.label, _shortened(each.text)) for each in rows]


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TWIN else f"{text[:LONGEST_TWIN]} …"
