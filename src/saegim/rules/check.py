"""What is odd about a rule set, found without any data.

A rule "must fire" with another if it fires whenever the other does: its `if` follows from the other's, and
its `unless` names nothing that the other's does not. What must fire is an under-estimate, so every finding
here is certain; not everything that is odd is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike

from saegim.errors import RuleError
from saegim.rules.document import name_errors
from saegim.rules.rule import Rule
from saegim.rules.ruleset import RuleSet, load_document, load_rules
from saegim.rules.source import quoted


@dataclass(frozen=True)
class Finding:
    """One thing to look at.

    level: `error` (the rule file is refused), `warning` (something never has an effect) or `note`.
    code: `refused`, `unknown-or-double-name`, `unused-fact`, `unreachable-rule`, `always-beaten`,
        `always-tied` or `same-rule`.
    message: one sentence; line: in the file, from 1, where known.
    """

    level: str
    code: str
    message: str
    line: int | None = None

    def to_dict(self) -> dict[str, object]:
        return {"level": self.level, "code": self.code, "message": self.message, "line": self.line}


def check_rules(rules: RuleSet | str | PathLike[str]) -> list[Finding]:
    """The findings about a rule set or rule file, errors first; never raises for a bad file."""
    if isinstance(rules, RuleSet):
        return list(_findings(rules))
    try:
        errors = [Finding("error", "unknown-or-double-name", str(e)) for e in name_errors(load_document(rules))]
        return errors or list(_findings(load_rules(rules)))
    except RuleError as error:
        return [Finding("error", "refused", str(error))]


def _findings(rules: RuleSet) -> Iterator[Finding]:
    consequences = _Consequences(rules)
    _, reachable = consequences.of(rules.facts)
    for number, rule in enumerate(rules.rules):
        if number not in reachable:
            yield _about(rules, number, "unreachable-rule", _missing(rules, rule, reachable))
            continue
        facts, fired = consequences.of(rule.if_, absent=set(rule.unless))
        blocked = next((fact for fact in rule.unless if fact in facts), None)
        if blocked is not None:
            sentence = f"can never fire: its if: always brings {quoted(blocked)}, which its unless: forbids"
            yield _about(rules, number, "unreachable-rule", sentence)
        elif rule.label is not None:
            yield from _hopeless(rules, number, fired)
    yield from _unused(rules)
    yield from _doubles(rules)


def _about(rules: RuleSet, number: int, code: str, sentence: str) -> Finding:
    line = rules.source.line(("rules", number))
    return Finding("warning", code, f"rule {quoted(rules.rules[number].id)} {sentence}", line)


def _missing(rules: RuleSet, rule: Rule, reachable: set[int]) -> str:
    """Why a rule cannot be reached: the first of its facts that nothing reachable derives."""
    known = {*rules.facts, *(fact for number in reachable for fact in rules.rules[number].derives)}
    fact = next(fact for fact in rule.if_ if fact not in known)
    return f"can never fire: {quoted(fact)} only follows from rules that can never fire either"


def _hopeless(rules: RuleSet, number: int, fired: Iterable[int]) -> Iterator[Finding]:
    """The strongest rule that always fires along with rule `number`, wants another label and is as strong."""
    rule = rules.rules[number]
    rivals = [rules.rules[other] for other in sorted(fired)]
    rivals = [rival for rival in rivals if rival.label not in (None, rule.label)]
    rival = max(rivals, key=lambda rival: rival.strength, default=rule)
    if rival.strength > rule.strength:
        sentence = f"is always beaten: whenever it fires, the stronger rule {quoted(rival.id)} fires too"
        yield _about(rules, number, "always-beaten", sentence)
    elif rival is not rule and rival.strength == rule.strength:
        sentence = f"never decides: whenever it fires, the equally strong rule {quoted(rival.id)} disagrees"
        yield _about(rules, number, "always-tied", sentence)


def _unused(rules: RuleSet) -> Iterator[Finding]:
    """Facts that no rule needs, neither directly nor through the definition of another fact."""
    used = {fact for rule in rules.rules for fact in (*rule.if_, *rule.unless)}
    pending = [fact for fact in used if fact in rules.facts]
    while pending:
        inner = set(rules.recognizer.uses[pending.pop()]) - used
        used |= inner
        pending.extend(inner)
    for fact in rules.facts:
        if fact not in used:
            line = rules.source.line(("facts", fact))
            yield Finding("warning", "unused-fact", f"no rule needs the fact {quoted(fact)}", line)
    for number, rule in enumerate(rules.rules):
        for fact in rule.derives:
            if fact not in used:
                yield _about(rules, number, "unused-fact", f"derives {quoted(fact)}, which no rule needs")


def _doubles(rules: RuleSet) -> Iterator[Finding]:
    first: dict[object, str] = {}
    for number, rule in enumerate(rules.rules):
        content = (frozenset(rule.if_), frozenset(rule.unless), rule.label, frozenset(rule.derives))
        if content in first:
            sentence = f"says the same as rule {quoted(first[content])}; keep one of them"
            yield _about(rules, number, "same-rule", sentence)
        first.setdefault(content, rule.id)


class _Consequences:
    """What certainly follows from facts, by rules and by the definitions of facts with any: and all:."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules.rules
        self._free = [number for number, rule in enumerate(rules.rules) if not rule.if_]
        self._waiting: dict[str, list[int]] = {}
        for number, rule in enumerate(rules.rules):
            for fact in rule.if_:
                self._waiting.setdefault(fact, []).append(number)
        self._implied: dict[str, list[str]] = {}
        for name, definition in rules.facts.items():
            for part in _names_in(definition.get("all")):
                self._implied.setdefault(name, []).append(part)
            for part in _names_in(definition.get("any")):
                self._implied.setdefault(part, []).append(name)

    def of(self, facts: Iterable[str], absent: set[str] | None = None) -> tuple[set[str], set[int]]:
        """All facts and all rules (by number) that follow from `facts`.

        With `absent`, only rules whose `unless` names nothing but absent facts; else `unless` is ignored.
        """
        known: set[str] = set()
        fired: set[int] = set()
        missing: dict[int, int] = {}
        pending = list(facts)
        ready = list(self._free)
        while pending or ready:
            if ready:
                number = ready.pop()
                if absent is None or absent.issuperset(self._rules[number].unless):
                    fired.add(number)
                    pending.extend(self._rules[number].derives)
                continue
            fact = pending.pop()
            if fact in known:
                continue
            known.add(fact)
            pending.extend(self._implied.get(fact, ()))
            for number in self._waiting.get(fact, ()):
                missing[number] = missing.get(number, len(self._rules[number].if_)) - 1
                if missing[number] == 0:
                    ready.append(number)
        return known, fired


def _names_in(value: object) -> list[str]:
    """The names of facts among the entries of any: or all:."""
    return [str(entry) for entry in value if isinstance(entry, str | int)] if isinstance(value, list) else []
