"""The verdict: whom to trust, in one line, and the figures that say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from saegim.evaluation import Scores
from saegim.evaluation.tables import human_seconds
from saegim.evaluation.wording_ko import with_particle
from saegim.report.section import Language, Section, percent

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "title": "Which to trust",
        "clear": "Trust {trusted}",
        "tie": "Too close to call; take {trusted}",
        "too few rows": "Too few texts to say",
        "nothing beats the majority": "Trust none of them yet",
        "alone": "{trusted}, with nothing to set it against",
        "unmeasured": "Not measured yet",
        "unmeasured_why": "There were no examples to measure on that were not trained on.",
        "good": "How good it is",
        "share_right": "{share} right",
        "measured": (
            "It was measured on {n} examples that it was not trained on. Always giving the most frequent label would "
            "get {constant}."
        ),
        "measured_why": (
            "Nothing stands beside this model: train with --rules, or run saegim compare --out on this folder."
        ),
        "accuracy": "accuracy",
        "interval": "{level} interval {low} to {high}",
        "macro_f1": "macro F1",
        "macro_note": "every class counts the same",
        "examples": "examples measured on",
        "learned_from": "{n} learned from",
        "training": "training took",
        "epochs": "{n} epochs, best: {best}",
    },
    "ko": {
        "title": "무엇을 믿을까",
        "clear": "{trusted} 믿으십시오",
        "tie": "우열을 가릴 수 없으니 {trusted} 쓰십시오",
        "too few rows": "말하기에는 글이 모자랍니다",
        "nothing beats the majority": "아직은 아무것도 믿지 마십시오",
        "alone": "견줄 데 없는 {trusted}",
        "unmeasured": "아직 재지 않았습니다",
        "unmeasured_why": "훈련에 쓰지 않은 예제가 없어 잴 수 없습니다.",
        "good": "얼마나 잘하나",
        "share_right": "{share} 맞음",
        "measured": "훈련에 쓰지 않은 예제 {n}개로 쟀습니다. 가장 흔한 정답만 늘 답하면 {constant}를 맞힙니다.",
        "measured_why": (
            "이 모델과 견줄 것이 없습니다. --rules로 훈련하거나 saegim compare --out으로 이 폴더에 비교를 남기십시오."
        ),
        "accuracy": "정확도",
        "interval": "{level} 구간 {low}~{high}",
        "macro_f1": "매크로 F1",
        "macro_note": "모든 분류를 똑같이 셈",
        "examples": "재는 데 쓴 예제",
        "learned_from": "배운 예제 {n}개",
        "training": "훈련 시간",
        "epochs": "{n}번 돌았고 {best}번째가 가장 나음",
    },
}


@dataclass(frozen=True)
class Timing:
    """Seconds of training, how many epochs there were, and which was best, from 1."""

    seconds: float
    epochs: int
    best: int


def section(
    comparison: dict[str, Any] | None,
    scores: Scores | None,
    timing: Timing | None,
    language: Language,
    *,
    of_texts: bool = True,
) -> Section:
    """comparison: as stored; scores: of the model on other examples, if it was asked; of_texts: what these are"""
    say = WORDS[language]
    title, headline, sentences, tiles = say["good"], say["unmeasured"], [say["unmeasured_why"]], []
    if scores is not None:
        headline = say["share_right"].format(share=percent(scores.accuracy))
        constant = max(one.support for one in scores.per_class.values()) / scores.n
        sentences = [say["measured"].format(n=f"{scores.n:,}", constant=percent(constant))]
        sentences += [say["measured_why"]] if of_texts else []
        tiles = _of_scores(scores, say)
    if comparison is not None:
        title = say["title"]
        named = comparison["trusted"]
        if language == "ko" and comparison["outcome"] in ("clear", "tie"):
            named = with_particle(named, "을")
        headline = say.get(comparison["outcome"], say["title"]).format(trusted=named)
        sentences = _without(headline, comparison["verdict"][language])
        tiles = _of_comparison(comparison, say)
    if timing is not None and timing.epochs:
        note = say["epochs"].format(n=timing.epochs, best=timing.best)
        tiles = [*tiles, (human_seconds(timing.seconds), say["training"], note)]
    return Section("verdict", title, {"headline": headline, "sentences": sentences, "tiles": tiles})


def _without(headline: str, sentences: list[str]) -> list[str]:
    """The sentences; the first without the headline, where it begins with it."""
    first = "".join(sentences[:1])
    rest = first.removeprefix(headline).lstrip(":. ")
    return [rest[:1].upper() + rest[1:], *sentences[1:]] if rest != first else sentences


def _of_comparison(comparison: dict[str, Any], say: dict[str, str]) -> list[tuple[str, str, str]]:
    """(figure, name, note) of the trusted contender."""
    one = next((each for each in comparison["contenders"] if each["name"] == comparison["trusted"]), None)
    if one is None or one["error"] is not None:
        return []
    low, high = one["accuracy_interval"]
    interval = say["interval"].format(level=percent(comparison["level"], 0), low=percent(low), high=percent(high))
    return [
        (percent(one["accuracy"]), say["accuracy"], interval),
        (f"{one['macro_f1']:.3f}", say["macro_f1"], say["macro_note"]),
        (
            f"{comparison['test_rows']:,}",
            say["examples"],
            say["learned_from"].format(n=f"{comparison['train_rows']:,}"),
        ),
    ]


def _of_scores(scores: Scores, say: dict[str, str]) -> list[tuple[str, str, str]]:
    return [
        (percent(scores.accuracy), say["accuracy"], ""),
        (f"{scores.macro_f1:.3f}", say["macro_f1"], say["macro_note"]),
        (f"{scores.n:,}", say["examples"], ""),
    ]
