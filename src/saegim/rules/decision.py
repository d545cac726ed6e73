"""What a rule set decided about a text, and the proof of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from saegim.rules.rule import Rule

_PLACES_SHOWN = 5


@dataclass(frozen=True)
class Place:
    """Characters `start` to `end` (excluded) of the text as it was given."""

    start: int
    end: int
    text: str

    def to_dict(self) -> dict[str, object]:
        return {"start": self.start, "end": self.end, "text": self.text}


@dataclass(frozen=True)
class SeenFact:
    """A fact that holds in a text. A fact without places holds for the text as a whole."""

    name: str
    places: tuple[Place, ...] = ()

    def to_dict(self) -> dict[str, object]:
        return {"fact": self.name, "places": [place.to_dict() for place in self.places]}


@dataclass(frozen=True)
class Proof:
    """All that a decision rests on, and nothing else.

    facts: seen in the text and used by a step; steps: rules in the order in which they fired.
    """

    facts: tuple[SeenFact, ...]
    steps: tuple[Rule, ...]

    def to_dict(self) -> dict[str, object]:
        return {
            "facts": [fact.to_dict() for fact in self.facts],
            "steps": [rule.to_dict() for rule in self.steps],
        }


@dataclass(frozen=True)
class Stopped:
    """A rule that had all it needed and was kept from firing by facts of its `unless`."""

    rule: Rule
    by: tuple[str, ...]

    def to_dict(self) -> dict[str, object]:
        return {"rule": self.rule.id, "by": list(self.by)}


@dataclass(frozen=True)
class Section:
    """A part of a proof in words: its title and its items, each in one line; steps may have a second with the reason.

    kind: "facts", "steps", "beaten" or "stopped"
    """

    kind: str
    title: str
    items: list[str]

    def text(self) -> str:
        """The section as lines: facts and steps under the title, rules beside it."""
        if self.kind in ("beaten", "stopped"):
            return f"{self.title} {', '.join(self.items)}"
        numbers = [f"{number}. " if self.kind == "steps" else "" for number in range(1, len(self.items) + 1)]
        lines = [f"  {number}{item}" for number, item in zip(numbers, self.items, strict=True)]
        return "\n".join([self.title, *(line.replace("\n", "\n     ") for line in lines)])


@dataclass(frozen=True)
class Decision:
    """The answer of a rule set to one text.

    label: the answer, None when the rule set abstains.
    reason: `rules` (the strongest rules agree), `conflict` (they do not), `default` or `silence` (no rule
        for a label fired, and there is or is not a default).
    facts: all facts seen in the text. fired: all rules that fired, in order.
    won: the strongest rules, if they agree. conflict: the same, if they do not.
    beaten: weaker rules that wanted another label. stopped: rules that only their `unless` kept from firing.
    """

    text: str
    label: str | None
    reason: str
    facts: tuple[SeenFact, ...] = ()
    fired: tuple[Rule, ...] = ()
    won: tuple[Rule, ...] = ()
    beaten: tuple[Rule, ...] = ()
    conflict: tuple[Rule, ...] = ()
    stopped: tuple[Stopped, ...] = ()

    @property
    def proof(self) -> Proof:
        """The rules that voted, the rules that led to them, and the facts that all of them used."""
        numbers = self._behind(number for number, rule in enumerate(self.fired) if rule.label is not None)
        rules = tuple(self.fired[number] for number in numbers)
        return Proof(self._used_by(rules), rules)

    def grounds(self, rule: Rule) -> tuple[SeenFact, ...]:
        """The facts seen in the text that a fired rule rests on, by itself or through the rules that led to it."""
        numbers = self._behind([self.fired.index(rule)])
        return self._used_by([self.fired[number] for number in numbers])

    def _behind(self, numbers: Iterable[int]) -> list[int]:
        """These fired rules and those that led to them, in the order in which they fired.

        Of several rules that derive one fact, the first to fire counts as its reason.
        """
        maker: dict[str, int] = {}
        for number, rule in enumerate(self.fired):
            for fact in rule.derives:
                maker.setdefault(fact, number)
        needed = list(numbers)
        steps = set(needed)
        while needed:
            rule = self.fired[needed.pop()]
            earlier = {maker[fact] for fact in rule.if_ if fact in maker} - steps
            steps |= earlier
            needed.extend(earlier)
        return sorted(steps)

    def _used_by(self, rules: Iterable[Rule]) -> tuple[SeenFact, ...]:
        used = {fact for rule in rules for fact in rule.if_}
        return tuple(fact for fact in self.facts if fact.name in used)

    def to_dict(self) -> dict[str, object]:
        """The decision as plain data for JSON."""
        return {
            "text": self.text,
            "label": self.label,
            "reason": self.reason,
            "facts": [fact.to_dict() for fact in self.facts],
            "fired": [rule.id for rule in self.fired],
            "won": [rule.id for rule in self.won],
            "beaten": [rule.id for rule in self.beaten],
            "conflict": [rule.id for rule in self.conflict],
            "stopped": [stop.to_dict() for stop in self.stopped],
            "proof": self.proof.to_dict(),
        }

    def explain(self, language: str = "en") -> str:
        """The decision and its proof as text to read, in English (`en`) or Korean (`ko`)."""
        lines = [f'"{one_line(self.text)}"', f"=> {self.answer(language)}"]
        return "\n".join(lines + [section.text() for section in self.reasoning(language)])

    def answer(self, language: str = "en") -> str:
        """The label, or why there is none, in words."""
        words = _words_of(language)
        return words[self.reason].format(
            label=self.label, rules=_named(self.won, words), conflict=_named(self.conflict, words)
        )

    def reasoning(self, language: str = "en") -> list[Section]:
        """The proof in words, and what was beaten or kept from firing; only sections that have items."""
        words = _words_of(language)
        proof = self.proof
        stopped = [words["stop"].format(rule=stop.rule.id, facts=", ".join(stop.by)) for stop in self.stopped]
        sections = [
            Section("facts", words["seen"], [_seen(fact, words) for fact in proof.facts]),
            Section("steps", words["reasoning"], [_step(rule, words) for rule in proof.steps]),
            Section("beaten", words["beaten"], [_named([rule], words) for rule in self.beaten]),
            Section("stopped", words["stopped"], stopped),
        ]
        return [section for section in sections if section.items]

    def __str__(self) -> str:
        return self.explain()


def one_line(text: str) -> str:
    return " ".join(text.split())


def _seen(fact: SeenFact, words: dict[str, str]) -> str:
    if not fact.places:
        return f"{fact.name}: {words['whole']}"
    shown = [f'"{one_line(p.text)}" ({p.start}-{p.end})' for p in fact.places[:_PLACES_SHOWN]]
    more = len(fact.places) - len(shown)
    return f"{fact.name}: {', '.join(shown)}" + (f" {words['more'].format(n=more)}" if more else "")


def _step(rule: Rule, words: dict[str, str]) -> str:
    needs = [words["if"].format(facts=_and(rule.if_, words))] if rule.if_ else []
    if rule.unless:
        needs.append(words["unless"].format(facts=", ".join(rule.unless)))
    gives = [words["fact"].format(fact=fact) for fact in rule.derives]
    if rule.label is not None:
        gives.append(words["label"].format(label=rule.label, strength=f"{rule.strength:g}"))
    because = f"\n{one_line(rule.because)}" if rule.because else ""
    return f"{rule.id}: {', '.join(needs)} -> {', '.join(gives)}{because}"


def _words_of(language: str) -> dict[str, str]:
    return _WORDS.get(language, _WORDS["en"])


def _and(names: Sequence[str], words: dict[str, str]) -> str:
    return f" {words['and']} ".join(names)


def _named(rules: Sequence[Rule], words: dict[str, str]) -> str:
    return ", ".join(
        f"{rule.id} ({words['label'].format(label=rule.label, strength=f'{rule.strength:g}')})" for rule in rules
    )


_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "rules": "label {label}, by {rules}",
        "conflict": "no label: equally strong rules disagree: {conflict}",
        "default": "label {label}, the default: no rule for a label fired",
        "silence": "no label: no rule for a label fired",
        "seen": "Seen in the text:",
        "whole": "the text as a whole",
        "more": "and {n} more",
        "reasoning": "Reasoning:",
        "if": "{facts}",
        "and": "and",
        "unless": "without {facts}",
        "fact": "fact {fact}",
        "label": "label {label}, strength {strength}",
        "beaten": "Beaten:",
        "stopped": "Kept from firing:",
        "stop": "{rule} by {facts}",
    },
    "ko": {
        "rules": "{label}(으)로 판단: {rules}",
        "conflict": "판단 보류: 같은 세기의 규칙이 서로 다르게 말함: {conflict}",
        "default": "{label}(으)로 판단: 맞는 규칙이 없어 기본값을 따름",
        "silence": "판단 보류: 맞는 규칙이 없음",
        "seen": "글에서 본 사실:",
        "whole": "글 전체",
        "more": "외 {n}곳",
        "reasoning": "추론:",
        "if": "{facts}",
        "and": "그리고",
        "unless": "{facts} 없음",
        "fact": "사실 {fact}",
        "label": "{label}, 세기 {strength}",
        "beaten": "밀려난 규칙:",
        "stopped": "막힌 규칙:",
        "stop": "{rule} ({facts} 때문)",
    },
}
