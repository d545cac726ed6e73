"""What came of teaching, in English and Korean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from saegim.evaluation import Interval, PlainTable
from saegim.evaluation.wording import percent, points

if TYPE_CHECKING:
    from saegim.teaching.judging import Passing, RuleFigures
    from saegim.teaching.taught import Lesson, Taught

__all__ = ["Language", "announced", "in_words", "named", "note", "table"]

Language = Literal["en", "ko"]

_NAMES: dict[Language, dict[str, str]] = {
    "en": {
        "labels": "labelled texts alone",
        "rules": "the rules as written",
        "majority": "majority vote",
        "weighted": "weighted vote",
        "independent": "label model without correlations",
        "correlated": "label model",
    },
    "ko": {
        "labels": "정답 달린 글만",
        "rules": "적힌 그대로의 규칙",
        "majority": "다수결",
        "weighted": "가중 투표",
        "independent": "상관을 뺀 레이블 모델",
        "correlated": "레이블 모델",
    },
}
_BY: dict[str, str] = {  # how Korean says by which one a network was taught
    "labels": "정답 달린 글만으로",
    "rules": "적힌 그대로의 규칙으로",
    "majority": "다수결로",
    "weighted": "가중 투표로",
    "independent": "상관을 뺀 레이블 모델로",
    "correlated": "레이블 모델로",
}
_NAMED = 5  # rules or classes in one sentence

_SAYINGS: dict[Language, dict[str, str]] = {
    "en": {
        "announced": "teaching a network by {name}: {texts:,} texts",
        "headers": "teacher|teacher decides|right where it decides|texts taught|network, choosing|network, final texts",
        "kept": "*: the network that is kept; [low, high]: {level:.0%} bootstrap interval",
        "failed": "{name}: no network: {error}",
        "parts": "{fired:,} of {unlabelled:,} unlabelled texts have a rule that fires. {choosing:,} labelled texts "
        "chose the epochs and the network, {final:,} others gave the final figures{learned}.",
        "learned": "; {learned:,} more were learned",
        "winner": "The network taught by {name} is kept: it was best on the texts for choosing ({monitor} {chosen}).",
        "accuracy": "accuracy",
        "macro_f1": "macro F1",
        "tied": "On the final texts it cannot be told apart from: {names}.",
        "worse": "On the final texts {names} did better: the texts for choosing were too few to see that.",
        "rules": "the rules",
        "named": "its teacher ({name})",
        "teacher": "its teacher",
        "over_all": "Over all final texts the network is right in {network}, the rules in {other}, or in "
        "{with_frequent} with the most frequent class where there is no verdict; compared with that, the network "
        "{standing}.",
        "decide": "decide",
        "decides": "decides",
        "decided": "In the {share} that {named} {decide} it is right in {network}, {teacher} in {other}: the network "
        "{standing}.",
        "abstained": "In the {share} left undecided it is right in {network}.",
        "ahead": "is {points} points ahead [{low}, {high}]",
        "behind": "is {points} points behind [{low}, {high}]",
        "level": "is not clearly ahead or behind ({points} points [{low}, {high}])",
        "worse_rules": "Worse than chance on the labelled texts, so mend or remove: {rules}.",
        "worse_rule": "{id} (label {label}: right in {right} of {judged}, by chance {chance})",
        "suspect": "Worse than chance by the label model, which sees no labels: {rules}.",
        "all_worse": "No rule is better than chance on the labelled texts; what they teach is not to be trusted.",
        "useless": "The network does no better than always answering {label!r} ({accuracy}): do not use it.",
        "unnamed": "No rule names {classes}: the rules teach nothing about {them}.",
        "unjudged": "No labelled text has the label {classes} that rules give: nothing says how good that is.",
        "more": "{listed} and {more} more",
        "note": "taught by rules ({name}): they labelled {taught:,} of {unlabelled:,} texts; {choosing:,} labelled "
        "texts chose the epoch and the teacher; on {final:,} others the network is right in {network}, the rules, "
        "which decide {share}, in {decided} of those",
    },
    "ko": {
        "announced": "{by} 신경망을 가르칩니다: 글 {texts:,}개",
        "headers": "선생|판정 비율|판정한 것의 정확도|가르친 글|신경망, 고르는 글|신경망, 마지막 글",
        "kept": "*: 남긴 신경망. [하한, 상한]: {level:.0%} 부트스트랩 구간",
        "failed": "{name}: 신경망 없음: {error}",
        "parts": "정답 없는 글 {unlabelled:,}개 가운데 {fired:,}개에서 규칙이 적용되었습니다. 정답 달린 글 "
        "{choosing:,}개로 에폭과 신경망을 고르고, 다른 {final:,}개로 마지막 값을 쟀습니다{learned}.",
        "learned": "(정답 달린 글 {learned:,}개는 함께 배웠습니다)",
        "winner": "{by} 가르친 신경망을 남겼습니다. 고르는 글에서 가장 좋았습니다({monitor} {chosen}).",
        "accuracy": "정확도",
        "macro_f1": "매크로 F1",
        "tied": "마지막 글로는 다음과 우열을 가릴 수 없습니다: {names}.",
        "worse": "마지막 글에서는 {names} 쪽이 나았습니다. 고르는 글이 적어 미리 알 수 없었습니다.",
        "rules": "규칙",
        "named": "선생({name})",
        "teacher": "선생",
        "decide": "",
        "decides": "",
        "over_all": "마지막 글 전체에서 신경망의 정확도는 {network}, 규칙의 정확도는 {other}이고 판정이 "
        "없을 때 가장 흔한 정답으로 답하면 {with_frequent}입니다. 그에 견주어 신경망이 {standing}.",
        "decided": "{named} 쪽이 판정한 {share}에서 신경망의 정확도는 {network}, {teacher}의 정확도는 {other}입니다. "
        "신경망이 {standing}.",
        "abstained": "판정이 없는 나머지 {share}에서 신경망의 정확도는 {network}입니다.",
        "ahead": "{points}%p 앞섭니다 [{low}, {high}]",
        "behind": "{points}%p 뒤처집니다 [{low}, {high}]",
        "level": "앞서거나 뒤진다고 분명히 말할 수 없습니다({points}%p [{low}, {high}])",
        "worse_rules": "정답 달린 글에서 우연보다 못하니 고치거나 지우십시오: {rules}.",
        "worse_rule": "{id}(레이블 {label}: {judged}개 중 {right}개 맞음, 우연이면 {chance})",
        "suspect": "정답을 보지 않는 레이블 모델이 우연보다 못하다고 보는 규칙: {rules}.",
        "all_worse": "정답 달린 글에서 우연보다 나은 규칙이 하나도 없으니, 이 규칙이 가르친 것은 믿지 마십시오.",
        "useless": "신경망이 늘 {label!r}(이)라고만 답하는 것({accuracy})보다 낫지 않으니 쓰지 마십시오.",
        "unnamed": "{classes}에 대한 규칙이 없어, 규칙에서 그에 대해 배울 수 없습니다.",
        "unjudged": "규칙이 주는 레이블 {classes}의 정답 달린 글이 없어, 그것이 얼마나 맞는지 알 수 없습니다.",
        "more": "{listed} 외 {more}개",
    },
}


def named(name: str, language: Language) -> str:
    """A teacher's name."""
    return _NAMES[language][name]


def announced(name: str, texts: int, language: Language) -> str:
    """That a network is about to be taught."""
    return _SAYINGS[language]["announced"].format(name=named(name, language), by=_BY[name], texts=texts)


def table(taught: Taught, language: Language) -> PlainTable:
    """A row for each teacher and its network."""
    say = _SAYINGS[language]
    failed = [one for one in taught.lessons if one.error is not None]
    notes = [say["failed"].format(name=named(one.name, language), error=one.error) for one in failed]
    return PlainTable(
        headers=tuple(say["headers"].split("|")),
        rows=tuple(_row(one, taught, language) for one in taught.lessons),
        footnotes=(say["kept"].format(level=taught.comparison.level), *notes),
    )


def _row(lesson: Lesson, taught: Taught, language: Language) -> tuple[str, ...]:
    teacher, network = taught.teacher_scores(lesson), taught.network_accuracy(lesson)
    kept = " *" if lesson is taught.winner else ""
    return (
        f"{named(lesson.name, language)}{kept}",
        "-" if teacher is None else f"{teacher.coverage:.3f}",
        "-" if teacher is None or teacher.accuracy_decided is None else f"{teacher.accuracy_decided:.3f}",
        "-" if lesson.error is not None else f"{lesson.taught:,}",
        "-" if lesson.error is not None else f"{lesson.chosen_by:.3f}",
        "-" if network is None else f"{network.value:.3f} [{network.low:.3f}, {network.high:.3f}]",
    )


def in_words(taught: Taught, language: Language) -> str:
    """The table, and what follows from it."""
    said = [_parts(taught, language), table(taught, language).text()]
    said += ["\n".join(_about_rules(taught, language)), "\n".join(_about_networks(taught, language))]
    return "\n\n".join(each for each in said if each)


def note(taught: Taught) -> str:
    """One sentence for the model's card, which is in English."""
    network, rules = taught.network_accuracy(taught.winner), taught.passing_rules
    assert network is not None, "the winner has a network"
    decided = None if rules.where_decided is None else rules.where_decided[0]
    return _SAYINGS["en"]["note"].format(
        name=named(taught.winner.name, "en"),
        taught=taught.winner.taught,
        unlabelled=taught.unlabelled,
        choosing=taught.choosing,
        final=taught.final,
        network=_share(network),
        share=percent(rules.decided / taught.final),
        decided="-" if decided is None else percent(decided.value),
    )


def _parts(taught: Taught, language: Language) -> str:
    say = _SAYINGS[language]
    learned = say["learned"].format(learned=taught.learned) if taught.learned else ""
    return say["parts"].format(
        fired=taught.fired,
        unlabelled=taught.unlabelled,
        choosing=taught.choosing,
        final=taught.final,
        learned=learned,
    )


def _about_networks(taught: Taught, language: Language) -> Iterator[str]:
    say = _SAYINGS[language]
    winner = named(taught.winner.name, language)
    chosen = f"{taught.winner.chosen_by:.3f}"
    yield say["winner"].format(name=winner, by=_BY[taught.winner.name], monitor=say[taught.monitor], chosen=chosen)
    for standing, others in taught.others().items():
        if others:
            yield say[standing].format(names=", ".join(named(one, language) for one in others))
    yield _over_all(taught, say)
    the_rules = {"named": say["rules"], "teacher": say["rules"], "decide": say["decide"]}
    yield from _passing(taught.passing_rules, the_rules, taught.final, say)
    if taught.passing_teacher is not None and taught.winner.name != "rules":
        its_teacher = {"named": say["named"].format(name=winner), "teacher": say["teacher"], "decide": say["decides"]}
        yield from _passing(taught.passing_teacher, its_teacher, taught.final, say)
    if taught.is_useless:
        frequent = taught.constant_accuracy
        yield say["useless"].format(label=taught.frequent, accuracy=percent(frequent.value))


def _over_all(taught: Taught, say: dict[str, str]) -> str:
    found, network = taught.passing_rules, taught.network_accuracy(taught.winner)
    other, measured, _ahead = found.over_all
    return say["over_all"].format(
        network=_share(network or measured),
        other=_share(other),
        with_frequent=percent(found.with_frequent[0].value),
        standing=_standing(found.with_frequent[1], say),
    )


def _passing(found: Passing, teacher: dict[str, str], final: int, say: dict[str, str]) -> Iterator[str]:
    """Where the teacher decides, and where it does not."""
    if found.where_decided is not None and found.abstained:
        other, network, ahead = found.where_decided
        yield say["decided"].format(
            **teacher,
            share=percent(found.decided / final),
            network=_share(network),
            other=_share(other),
            standing=_standing(ahead, say),
        )
    if found.where_abstained is not None:
        yield say["abstained"].format(share=percent(found.abstained / final), network=_share(found.where_abstained))


def _standing(ahead: Interval, say: dict[str, str]) -> str:
    """How far the network is ahead: of a teacher's answers, those of the most frequent class included."""
    if not ahead.excludes_zero:
        return say["level"].format(points=points(ahead.value), low=points(ahead.low), high=points(ahead.high))
    if ahead.value > 0:
        return say["ahead"].format(points=points(ahead.value), low=points(ahead.low), high=points(ahead.high))
    return say["behind"].format(points=points(-ahead.value), low=points(-ahead.high), high=points(-ahead.low))


def _share(found: Interval) -> str:
    return f"{percent(found.value)} [{percent(found.low)}, {percent(found.high)}]"


def _about_rules(taught: Taught, language: Language) -> Iterator[str]:
    say = _SAYINGS[language]
    worse = [one for one in taught.rules if one.worse_than_chance]
    if worse:
        yield say["worse_rules"].format(rules=_listed([_worse(one, say) for one in worse], say))
    if not any(one.judged and one.right / one.judged > one.chance for one in taught.rules):
        yield say["all_worse"]
    suspect = [one for one in taught.rules if one.estimated_worse and not one.worse_than_chance]
    if suspect:
        yield say["suspect"].format(rules=_listed([one.id for one in suspect], say))
    if taught.unnamed:
        them = "it" if len(taught.unnamed) == 1 else "them"
        yield say["unnamed"].format(classes=_listed([repr(one) for one in taught.unnamed], say), them=them)
    if taught.unjudged:
        yield say["unjudged"].format(classes=_listed([repr(one) for one in taught.unjudged], say))


def _worse(one: RuleFigures, say: dict[str, str]) -> str:
    return say["worse_rule"].format(
        id=one.id, label=one.label, right=one.right, judged=one.judged, chance=percent(one.chance)
    )


def _listed(names: Sequence[str], say: dict[str, str]) -> str:
    listed = ", ".join(names[:_NAMED])
    return say["more"].format(listed=listed, more=len(names) - _NAMED) if len(names) > _NAMED else listed
