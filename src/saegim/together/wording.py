"""A policy in words, in English and Korean, and as a section of the model card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from saegim.evaluation.bootstrap import Interval
from saegim.evaluation.shares import share_interval
from saegim.evaluation.wording import negated, percent, points
from saegim.together.policy import LEVEL, Policy, Trial

__all__ = ["beside", "card", "statement"]

Language = Literal["en", "ko"]

_NAMED = 8  # rules that are named

_SAYINGS: dict[Language, dict[str, str]] = {
    "en": {
        "first": (
            "Rules go first where they are precise: {names}. On the validation texts that it decided, each of these "
            "{count} is right more often than {bar}, with {level} certainty, and the network was right no more often."
        ),
        "first_one": (
            "One rule goes first, since it is precise: {names}. On the validation texts that it decided it is right "
            "more often than {bar}, with {level} certainty, and the network was right no more often."
        ),
        "more": " and {count} more",
        "none": (
            "No rule goes first: on the validation texts that it decided, none is right more often than {bar}, with "
            "{level} certainty, while the network was right no more often."
        ),
        "not_borne_out": (
            "No rule goes first: tried on {texts} validation texts, rules first did worse than the network."
        ),
        "bar_of_network": "{bar} (what the network gets right of all)",
        "bar_as_asked": "{bar} (what was asked for)",
        "always": "{network} answers, however sure it is.",
        "confidence": "{network} answers where it is at least {threshold} sure, as was asked for.",
        "accuracy": (
            "{network} answers where it is at least {threshold} sure: there it is right in {accuracy} of the cases, "
            "with {level} certainty."
        ),
        "never": (
            "{nothing}: of no probability is it known, with {level} certainty, that the network is right in {accuracy} "
            "of the cases above it; that takes more validation texts, or a lower wanted accuracy."
        ),
        "otherwise": "Otherwise the network",
        "alone": "The network",
        "otherwise_nothing": "Otherwise nothing is answered",
        "alone_nothing": "Nothing is answered",
        "trial": (
            "Tried on {texts} validation texts, each with a policy that was fitted without it, this gets {right} right "
            "(95% intervals in brackets), the network alone {network}"
        ),
        "trial_deciding": (
            "Tried on {texts} validation texts, each with a policy that was fitted without it, this decides {decided} "
            "and gets {right} of these right (95% intervals in brackets); the network alone gets {network} of all right"
        ),
        "trial_undecided": (
            "Tried on {texts} validation texts, each with a policy that was fitted without it, this decides none; "
            "the network alone gets {network} of them right"
        ),
        "by_rules": "; rules decide {share} and get {right} of these right",
        "end": ".",
        "together": "`saegim predict` answers by this policy, with --policy network by the network alone.",
        "network": "`saegim predict` answers by the network alone, with --policy together by this policy.",
        "better": "Together they get {value} points more of all right than the {other} alone ({interval}): {verdict}.",
        "worse": "Together they get {value} points less of all right than the {other} alone ({interval}): {verdict}.",
        "same": "Together they get as many texts right as the {other} alone.",
        "clear": "a clear difference",
        "chance": "that may be chance",
        "interval": "95% interval {low} to {high}",
        "rules_alone": "rules",
        "network_alone": "network",
    },
    "ko": {
        "first": (
            "정확한 규칙 {count}개를 먼저 따릅니다: {names}. 규칙마다 자신이 판정한 검증용 글에서 맞힌 비율이 "
            "{bar}보다 높고(확실성 {level}), 같은 글에서 신경망이 더 많이 맞히지 못했습니다."
        ),
        "first_one": (
            "정확한 규칙 하나를 먼저 따릅니다: {names}. 이 규칙이 판정한 검증용 글에서 맞힌 비율이 {bar}보다 "
            "높고(확실성 {level}), 같은 글에서 신경망이 더 많이 맞히지 못했습니다."
        ),
        "more": " 외 {count}개",
        "none": (
            "먼저 따르는 규칙은 없습니다. 자신이 판정한 검증용 글에서 맞힌 비율이 {bar}보다 높다고 볼 수 있으면서"
            "(확실성 {level}) 같은 글에서 신경망에 뒤지지 않는 규칙이 없습니다."
        ),
        "not_borne_out": (
            "먼저 따르는 규칙은 없습니다. 검증용 글 {texts}개로 시험해 보니 규칙을 먼저 따르면 신경망만 쓸 때보다 "
            "못했습니다."
        ),
        "bar_of_network": "{bar}(신경망이 전체에서 맞힌 비율)",
        "bar_as_asked": "{bar}(요청한 값)",
        "always": "{network} 얼마나 확신하든 답합니다.",
        "confidence": "{network} {threshold} 이상 확신할 때만 답합니다(요청한 값).",
        "accuracy": "{network} {threshold} 이상 확신할 때만 답하며, 그때 {accuracy} 이상을 맞힙니다(확실성 {level}).",
        "never": (
            "{nothing}. 얼마나 확신할 때 신경망이 {accuracy}를 맞힌다고 볼 수 있는지(확실성 {level}) 정할 수 없기 "
            "때문입니다. 검증용 글을 더 마련하거나 바라는 정확도를 낮추십시오."
        ),
        "otherwise": "나머지는 신경망이",
        "alone": "신경망이",
        "otherwise_nothing": "나머지에는 답하지 않습니다",
        "alone_nothing": "아무 글에도 답하지 않습니다",
        "trial": (
            "검증용 글 {texts}개를 저마다 그 글 없이 정한 방침으로 시험해 보니 {right}를 맞혔고(괄호 안은 95% 구간) "
            "신경망만으로는 {network}를 맞힙니다"
        ),
        "trial_deciding": (
            "검증용 글 {texts}개를 저마다 그 글 없이 정한 방침으로 시험해 보니 {decided}를 판정하여 그중 {right}를 "
            "맞혔고(괄호 안은 95% 구간) 신경망만으로는 전체의 {network}를 맞힙니다"
        ),
        "trial_undecided": (
            "검증용 글 {texts}개를 저마다 그 글 없이 정한 방침으로 시험해 보니 판정한 글이 없고, "
            "신경망만으로는 {network}를 맞힙니다"
        ),
        "by_rules": ". 규칙은 {share}를 판정하여 그중 {right}를 맞혔습니다",
        "end": ".",
        "together": "`saegim predict`는 이 방침을 따르고, --policy network를 주면 신경망만 씁니다.",
        "network": "`saegim predict`는 신경망만 쓰고, --policy together를 주면 이 방침을 따릅니다.",
        "better": "함께 쓰면 {other}만 쓸 때보다 전체에서 {value}%포인트({interval}) 더 맞힙니다. {verdict}.",
        "worse": "함께 쓰면 {other}만 쓸 때보다 전체에서 {value}%포인트({interval}) 덜 맞힙니다. {verdict}.",
        "same": "함께 쓰면 {other}만 쓸 때와 똑같이 맞힙니다.",
        "clear": "우연으로 보기 어려운 차이입니다",
        "chance": "이 차이는 우연일 수 있습니다",
        "interval": "95% 구간 {low}~{high}",
        "rules_alone": "규칙",
        "network_alone": "신경망",
    },
}


def statement(policy: Policy, language: Language = "en") -> str:
    """What the policy says and what to expect of it, as one paragraph."""
    return " ".join(_sentences(policy, language))


def beside(other: Literal["rules", "network"], difference: Interval, *, clear: bool, language: Language = "en") -> str:
    """How much more often both together are right than the better of them alone; `clear` if that is hardly chance."""
    say = _SAYINGS[language]
    key = "same" if difference.value == 0 else "better" if difference.value > 0 else "worse"
    told = negated(difference) if difference.value < 0 else difference
    return say[key].format(
        value=points(told.value),
        interval=say["interval"].format(low=points(told.low), high=points(told.high)),
        other=say[f"{other}_alone"],
        verdict=say["clear" if clear else "chance"],
    )


def card(policy: Policy) -> str:
    """The policy as a section of the model card, Markdown."""
    lines = ["## Who answers", "", _cell(statement(policy))]
    if policy.first:
        lines += ["", "| rule | label | decided | right | at least |", "|---|---|---|---|---|"]
        lines += [
            f"| {_quoted(one.id)} | {_quoted(one.label)} | {one.decided:,} | {one.right:,} | {percent(one.low)} |"
            for one in policy.first
        ]
    return "\n".join(lines) + "\n"


def _sentences(policy: Policy, language: Language) -> Iterator[str]:
    if policy.rules:
        yield _about_the_rules(policy, language)
    yield _about_the_network(policy, language)
    if policy.first or policy.threshold != 0:  # or else it answers as the network alone
        yield _about_the_trial(policy, policy.trial, language)
        yield _SAYINGS[language][policy.answers]


def _about_the_rules(policy: Policy, language: Language) -> str:
    say, first = _SAYINGS[language], policy.first
    least = max(policy.min_accuracy or 0.0, policy.min_confidence or 0.0)
    bar = say["bar_as_asked" if policy.bar == least else "bar_of_network"].format(bar=percent(policy.bar))
    more = len(first) - _NAMED
    names = ", ".join(one.id for one in first[:_NAMED]) + (say["more"].format(count=more) if more > 0 else "")
    none = "none" if policy.borne_out else "not_borne_out"
    key = none if not first else "first_one" if len(first) == 1 else "first"
    texts = f"{policy.trial.texts:,}"
    return say[key].format(names=names, count=len(first), bar=bar, level=f"{LEVEL:.0%}", texts=texts)


def _about_the_network(policy: Policy, language: Language) -> str:
    say = _SAYINGS[language]
    if policy.threshold is None:
        key = "never"
    elif policy.min_accuracy is not None:
        key = "accuracy"
    else:
        key = "always" if policy.min_confidence is None else "confidence"
    begin = "otherwise" if policy.first else "alone"
    return say[key].format(
        network=say[begin],
        nothing=say[f"{begin}_nothing"],
        threshold=percent(policy.threshold or 0.0),
        accuracy=percent(policy.min_accuracy or 0.0),
        level=f"{LEVEL:.0%}",
    )


def _about_the_trial(policy: Policy, trial: Trial, language: Language) -> str:
    say = _SAYINGS[language]
    some = "trial" if policy.threshold == 0 else "trial_deciding"
    key = some if trial.decided else "trial_undecided"
    told = say[key].format(
        texts=f"{trial.texts:,}",
        decided=_with_interval(trial.decided, trial.texts, language),
        right=_with_interval(trial.right, trial.decided, language),
        network=_with_interval(trial.network_right, trial.texts, language),
    )
    by_rules = say["by_rules"].format(
        share=_with_interval(trial.by_rules, trial.texts, language),
        right=_with_interval(trial.rules_right, trial.by_rules, language),
    )
    return f"{told}{by_rules if trial.by_rules else ''}{say['end']}"


def _with_interval(some: int, all_: int, language: Language) -> str:
    found = share_interval(some, all_)
    between = {"en": " ({} to {})", "ko": "({}~{})"}[language]
    return percent(found.value) + between.format(percent(found.low), percent(found.high))


def _cell(text: str) -> str:
    """Text for a table of Markdown, whatever is in it."""
    return " ".join(text.replace("|", chr(0x2223)).split())


def _quoted(name: str) -> str:
    """A name as code."""
    return f"`{_cell(name).replace('`', chr(0x2019))}`"
