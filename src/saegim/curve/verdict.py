"""The verdict: in plain words, from how much data on learning wins.

What is so is decided here, from the crossings; the words are in `wording_en` and `wording_ko`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from saegim.curve.result import Crossing, Curve, Measured
from saegim.curve.wording import Wording
from saegim.curve.wording_en import English
from saegim.curve.wording_ko import Korean
from saegim.errors import SettingError
from saegim.evaluation.tables import Language

__all__ = ["Standing", "about", "standing", "verdict"]

Standing = Literal["ahead", "behind", "open", "not told"]

WORDINGS: dict[Language, type[Wording]] = {"en": English, "ko": Korean}
FEW_TEXTS = 200  # test texts, below which a caution is due
FEW_UNDECIDED = 0.02  # of the texts; rules that leave more undecided are also judged where they decide


def verdict(curve: Curve, language: Language = "en") -> str:
    """Lines: where the network passes the rules; what more labels would bring; the classical baseline; the limits.

    Raises SettingError for a language other than "en" and "ko".
    """
    if language not in WORDINGS:
        raise SettingError(f"the language {language!r} is not known; choose 'en' or 'ko'")
    lines = (" ".join(sentences) for sentences in _paragraphs(curve, WORDINGS[language](curve)))
    return "\n".join(line for line in lines if line)


def about(crossing: Crossing, language: Language = "en") -> str:
    """A crossing in a few words, for a table."""
    return WORDINGS[language].about(crossing)


def standing(crossing: Crossing, labelled: int) -> Standing:
    """Whether the first contender is ahead with that many labelled texts: "open" if luck could decide it."""
    if crossing.reason is not None or crossing.answer == "open":
        return "not told"
    if crossing.high is not None and crossing.high <= labelled:
        return "ahead"
    if crossing.answer == "start" and crossing.high is None:
        return "ahead"
    if crossing.answer == "beyond" and crossing.low is None:
        return "behind"
    if crossing.low is not None and crossing.low > labelled:
        return "behind"
    return "open"


def _paragraphs(curve: Curve, say: Wording) -> Iterator[Iterator[str]]:
    measured = [one for one in curve.networks if one.sizes]
    if not measured:
        yield iter([say.no_network()])
    else:
        rules = curve.of_kind("rules")
        for network in measured:
            yield _of_network(curve, network, rules, say, leads=network is measured[0])
        yield _more_labels(curve, measured[0], rules, say)
        yield _classical(curve, measured[0], rules, say)
    yield _limits(curve, say)


def _more_labels(curve: Curve, leader: Measured, rules: Measured | None, say: Wording) -> Iterator[str]:
    if leader.gains:
        yield say.gain(leader, *leader.gains)
    if rules is not None:
        yield from _classes(curve, leader, rules, say)


def _of_network(curve: Curve, network: Measured, rules: Measured | None, say: Wording, *, leads: bool) -> Iterator[str]:
    crossing = None if rules is None else curve.crossing(network.name, rules.name)
    if crossing is None:
        if leads:
            yield say.no_rules(network)
        return
    if crossing.reason is not None:
        yield say.not_told(crossing)
    elif crossing.answer == "open":
        yield say.open(crossing)
    elif crossing.answer == "start":
        yield say.from_the_start(crossing, standing(crossing, curve.labelled))
    elif crossing.answer == "beyond":
        yield say.beyond(crossing, standing(crossing, curve.labelled))
    else:
        yield say.within(crossing, standing(crossing, curve.labelled))
    if leads and crossing.gap is not None and rules is not None:
        yield say.figures(crossing)
        yield from _where_rules_decide(curve, network, rules, say)


def _where_rules_decide(curve: Curve, network: Measured, rules: Measured, say: Wording) -> Iterator[str]:
    crossing = curve.crossing(network.name, rules.name, "decided")
    if crossing is not None and crossing.gap is not None and 0 < rules.decided < 1 - FEW_UNDECIDED:
        yield say.where_rules_decide(rules, crossing, standing(crossing, curve.labelled))


def _classes(curve: Curve, network: Measured, rules: Measured, say: Wording) -> Iterator[str]:
    """Of two classes each is the other's complement: they would only repeat what was said."""
    if len(curve.test) < 3:
        return
    by_class = [curve.crossing(network.name, rules.name, "f1", label) for label in curve.test]
    found = [one for one in by_class if one is not None]
    behind = [one for one in found if standing(one, curve.labelled) == "behind"]
    passed = [one for one in found if standing(one, curve.labelled) == "ahead" and one.value is not None]
    unsaid = [one for one in found if standing(one, curve.labelled) == "not told"]
    without = [one for one in unsaid if one.reason == "no prediction"]
    if passed:
        yield say.classes_passed(sorted(passed, key=lambda one: -(one.value or 0.0)))
    if behind:
        yield say.classes_behind(behind)
    if without:
        yield say.classes_without_rules(without)
    if len(unsaid) > len(without):
        yield say.classes_unsaid([one for one in unsaid if one.reason != "no prediction"])


def _classical(curve: Curve, network: Measured, rules: Measured | None, say: Wording) -> Iterator[str]:
    classical = curve.of_kind("classical")
    if classical is None or not classical.sizes:
        return
    against = curve.crossing(network.name, classical.name)
    if against is not None and against.gap is not None:
        passes = None if rules is None else curve.crossing(classical.name, rules.name)
        yield say.classical(against, passes)


def _limits(curve: Curve, say: Wording) -> Iterator[str]:
    if curve.test_rows < FEW_TEXTS:
        yield say.few_texts()
    late = sum(one.samples for one in curve.skipped if one.why == "time")
    if late:
        yield say.out_of_time(late)
    failed = [one for one in curve.skipped if one.why != "time"]
    if failed:
        yield say.failed(failed)
