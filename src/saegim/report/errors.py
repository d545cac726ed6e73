"""The worst errors: the texts that the model was most sure of, and wrong."""

from __future__ import annotations

from collections.abc import Sequence

from saegim.report.examples import Example, cards
from saegim.report.section import Language, Section, percent

MOST = 40

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "The worst errors",
        "intro": (
            "{wrong} of {all} texts are wrong ({share}). Here are the {shown} it was most sure of. Look at the labels, "
            "too: some of these may be mistakes of whoever labelled them."
        ),
        "none": "None of the {all} texts is wrong.",
    },
    "ko": {
        "title": "가장 나쁜 오류",
        "intro": (
            "글 {all}개 가운데 {wrong}개가 틀렸습니다({share}). 그중 가장 확신한 {shown}개입니다. 정답도 살펴보십시오. "
            "정답을 단 사람의 실수도 섞여 있을 수 있습니다."
        ),
        "none": "글 {all}개 가운데 틀린 것이 없습니다.",
    },
}


def section(worst: Sequence[Example], wrong: int, texts: int, language: Language) -> Section:
    """worst: the errors shown, the surest first; wrong: how many there are, of how many texts"""
    say = WORDS[language]
    counts = {"wrong": f"{wrong:,}", "all": f"{texts:,}", "shown": f"{len(worst):,}"}
    if not worst:
        return Section("errors", say["title"], {"intro": say["none"].format(**counts), "rows": []})
    intro = say["intro"].format(share=percent(wrong / texts), **counts)
    return Section("errors", say["title"], {"intro": intro, **cards(worst, language)})
