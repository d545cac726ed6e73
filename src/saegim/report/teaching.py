"""Rules as teachers: what each way to make labels of the rules' votes was worth, and the network that it taught."""

from __future__ import annotations

from typing import Any

from saegim.report.section import MISSING, Language, Section, Table, percent
from saegim.teaching.wording import named
from saegim.training.pattern import NONE, NUMBER, Pattern, require

TEACHERS = ("labels", "rules", "majority", "weighted", "independent", "correlated")

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "What the rules taught",
        "intro": (
            "Rules labelled {fired} of {unlabelled} texts that nobody had labelled, and networks learned from that. "
            "The one taught by {winner} is kept: it was best on {choosing} labelled texts for choosing. The last "
            "column was measured on {final} others."
        ),
        "caption": "Teachers, and the networks that they taught",
        "teacher": "teacher",
        "decides": "teacher decides",
        "right": "right where it decides",
        "taught": "texts taught",
        "network": "network, final texts",
        "kept": "{name} (kept)",
    },
    "ko": {
        "title": "규칙이 가르친 것",
        "intro": (
            "정답 없는 글 {unlabelled}개 가운데 {fired}개에 규칙이 답을 달았고, 신경망들이 그것으로 배웠습니다. 고르기 "
            "위한 정답 달린 글 {choosing}개에서 가장 나은, {winner} 쪽 신경망을 남겼습니다. 마지막 열은 다른 글 "
            "{final}개로 쟀습니다."
        ),
        "caption": "선생과, 그가 가르친 신경망",
        "teacher": "선생",
        "decides": "선생의 판정 비율",
        "right": "판정한 것의 정확도",
        "taught": "가르친 글",
        "network": "신경망, 마지막 글에서",
        "kept": "{name} (남김)",
    },
}
_COLUMNS = ("teacher", "decides", "right", "taught", "network")
_LESSON: Pattern = {"name": (str,), "taught": (int,), "teacher": (dict, *NONE), "final": (dict, *NONE)}
_TEACHING: Pattern = {
    "winner": (str,),
    "texts": dict.fromkeys(("unlabelled", "fired", "choosing", "final"), (int,)),
    "lessons": [_LESSON],
}


def checked(found: Any) -> dict[str, Any]:
    """What teaching.json holds. Raises TypeError or ValueError for anything else."""
    require(found, _TEACHING, "it")
    for lesson in found["lessons"]:
        if lesson["teacher"] is not None:
            require(lesson["teacher"], {"coverage": NUMBER, "accuracy_decided": (*NUMBER, *NONE)}, "a teacher")
        if lesson["final"] is not None:
            require(lesson["final"], dict.fromkeys(("value", "low", "high"), NUMBER), "final figures")
    if not {found["winner"], *(lesson["name"] for lesson in found["lessons"])} <= set(TEACHERS):
        raise ValueError("it names teachers of another version")
    return dict(found)


def section(teaching: dict[str, Any], language: Language) -> Section:
    """teaching: as `checked` gives it"""
    say = WORDS[language]
    counts = {name: f"{count:,}" for name, count in teaching["texts"].items() if isinstance(count, int)}
    rows = [_row(lesson, teaching["winner"], language) for lesson in teaching["lessons"]]
    return Section(
        "teaching",
        say["title"],
        {
            "intro": say["intro"].format(winner=named(teaching["winner"], language), **counts),
            "table": Table(say["caption"], [say[name] for name in _COLUMNS], rows),
        },
    )


def _row(lesson: dict[str, Any], winner: str, language: Language) -> list[str | tuple[str, str]]:
    none, name, teacher, final = MISSING[language], named(lesson["name"], language), lesson["teacher"], lesson["final"]
    right = None if teacher is None else teacher["accuracy_decided"]
    return [
        WORDS[language]["kept"].format(name=name) if lesson["name"] == winner else name,
        none if teacher is None else percent(teacher["coverage"]),
        none if right is None else f"{right:.3f}",
        f"{lesson['taught']:,}",
        none if final is None else (f"{final['value']:.3f}", f"{final['low']:.3f}–{final['high']:.3f}"),
    ]
