"""The verdict: one paragraph in plain words about which predictor to trust and why.

Every sentence is there because of a number: `judgement` decides what is so, the words are in `wording_en` and
`wording_ko`, and this file only chooses which sentences are due and in what order.
"""

from __future__ import annotations

from collections.abc import Iterator

from saegim.errors import SettingError
from saegim.evaluation import wording_en, wording_ko
from saegim.evaluation.comparison import Comparison
from saegim.evaluation.judgement import Judgement, Rivalry, judge
from saegim.evaluation.tables import Language
from saegim.evaluation.wording import Wording

__all__ = ["sentences", "verdict"]

WORDINGS: dict[Language, type[Wording]] = {"en": wording_en.English, "ko": wording_ko.Korean}


def verdict(comparison: Comparison, language: Language = "en") -> str:
    """One paragraph: which to trust and why, where the others are better, what each costs.

    Raises SettingError for a language other than "en" and "ko".
    """
    return " ".join(sentences(comparison, language))


def sentences(comparison: Comparison, language: Language = "en") -> list[str]:
    """The verdict's sentences, the conclusion first. Raises as `verdict` does."""
    if language not in WORDINGS:
        raise SettingError(f"the language {language!r} is not known; choose 'en' or 'ko'")
    judgement = judge(comparison)
    return list(_sentences(judgement, WORDINGS[language](comparison, judgement)))


def _sentences(judgement: Judgement, say: Wording) -> Iterator[str]:
    yield from _conclusion(judgement, say)
    if judgement.few_rows and judgement.outcome != "too few rows":
        yield say.few_rows()
    for rivalry in _other_figures(judgement, say):
        yield say.also_behind(rivalry)
    yield from _rules(judgement, say)
    yield from _classes(judgement, say)
    yield from say.costs()
    if judgement.failed:
        yield say.failed()


def _conclusion(judgement: Judgement, say: Wording) -> Iterator[str]:
    if judgement.outcome == "too few rows":
        yield say.too_few_rows()
    elif judgement.outcome == "nothing beats the majority":
        yield say.nothing_beats_the_majority()
    elif judgement.outcome == "alone":
        yield say.alone()
    elif judgement.outcome == "tie":
        yield say.tie()
    else:
        yield say.clear()
        for rivalry in judgement.rivalries:
            if rivalry.standing == "better by macro F1":
                yield say.better_by_macro_f1(rivalry)
    if judgement.outcome in ("clear", "tie", "alone") and say.majority is not None:
        yield say.constant_answer(say.majority)


def _other_figures(judgement: Judgement, say: Wording) -> Iterator[Rivalry]:
    """The best of each kind that the conclusion has not spoken of; narrow rules are weighed where they fire."""
    if judgement.outcome not in ("clear", "tie"):
        return
    told = {firing.rules for firing in judgement.firings if firing.coverage < 1}
    told |= {judgement.leader, judgement.trusted, *say.named_in_conclusion()}
    for kind in ("together", "learned", "classical", "rules"):
        of_kind = [one for one in judgement.rivalries if say.kind(one.other) == kind]
        best_is_told = kind in {say.kind(name) for name in told}
        if of_kind and not best_is_told:
            yield of_kind[0]


def _rules(judgement: Judgement, say: Wording) -> Iterator[str]:
    for firing in judgement.firings:
        if firing.coverage < 1:  # or else the accuracies above have said it
            yield say.where_rules_fire(firing)
            if firing.ahead == "rules" and say.improves_on_leader(firing) and not say.has_together():
                yield say.rules_first(firing)
        if firing.labels == 1 and firing.coverage < 1:
            continue  # or else the next sentence would repeat this one
        if firing.better:
            yield say.rule_labels(firing, better=True)
        if firing.worse:
            yield say.rule_labels(firing, better=False)


def _classes(judgement: Judgement, say: Wording) -> Iterator[str]:
    """Classes that set the trusted one apart from each other learner.

    Rules are left to the rows where they fire: that they miss what they do not cover is no news. Of two classes each
    is the other's complement, so naming them would only repeat the accuracies.
    """
    if say.classes_in_test <= 2:
        return
    for edges in judgement.class_edges:
        if (edges.better or edges.worse) and say.kind(edges.other) != "rules":
            yield say.classes(edges)
