"""The form of a rule document: which keys there are, what stands under them, which names must agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from saegim.errors import RuleError
from saegim.rules.rule import Rule
from saegim.rules.source import Setting, Source, quoted, suggestion

ABSTAIN = "abstain"


@dataclass(frozen=True)
class Document:
    """A rule document whose every value has the right form. Names are not yet compared with each other."""

    name: str
    language: str | None
    default: str | None
    facts: dict[str, Setting]
    rules: tuple[Rule, ...]
    source: Source


def parse_document(root: Setting) -> Document:
    """Check the form of a document. Raises RuleError at the first wrong value."""
    entries = root.mapping(["name", "language", "default", "facts", "rules"])
    if "rules" not in entries:
        raise root.error("the rule set has no rules: and decides nothing; write at least one")
    return Document(
        name=entries["name"].name() if "name" in entries else "rules",
        language=entries["language"].name() if "language" in entries else None,
        default=_default(entries["default"]) if "default" in entries else None,
        facts=_facts(entries["facts"]) if "facts" in entries else {},
        rules=tuple(_rule(setting) for setting in entries["rules"].items()),
        source=root.source,
    )


def name_errors(document: Document) -> Iterator[RuleError]:
    """Everything that is wrong with names: rules with one id, facts that no one defines, facts twice."""
    source = document.source
    ids: dict[str, int] = {}
    for number, rule in enumerate(document.rules):
        if rule.id in ids:
            first = source.line(("rules", ids[rule.id], "id"))
            where = f" (first on line {first})" if first else ""
            yield source.error(("rules", number, "id"), f"the id {quoted(rule.id)} is taken{where}; choose another")
        ids.setdefault(rule.id, number)
    yield from _fact_errors(document)


def _fact_errors(document: Document) -> Iterator[RuleError]:
    source = document.source
    known = dict.fromkeys((*document.facts, *(fact for rule in document.rules for fact in rule.derives)))
    for number, rule in enumerate(document.rules):
        for key, names in (("if", rule.if_), ("unless", rule.unless)):
            for name in names:
                if name not in known:
                    yield source.error(
                        ("rules", number, key),
                        f"rule {quoted(rule.id)} needs the unknown fact {quoted(name)}{suggestion(name, known)}",
                    )
        for name in rule.derives:
            if name in document.facts:
                yield source.error(
                    ("rules", number, "then"),
                    f"rule {quoted(rule.id)} derives {quoted(name)}, which is already the name of a fact"
                    " seen in the text; choose another name",
                )


def _default(setting: Setting) -> str | None:
    label = setting.label()
    return None if label == ABSTAIN else label


def _facts(setting: Setting) -> dict[str, Setting]:
    facts: dict[str, Setting] = {}
    for key, definition in setting.mapping().items():
        name = Setting(key, definition.path, definition.source).name()
        if name in facts:
            raise definition.error(f"the fact {quoted(name)} is defined twice; keep one of them")
        facts[name] = definition
    return facts


def _rule(setting: Setting) -> Rule:
    entries = setting.mapping(["id", "if", "unless", "then", "because", "strength"])
    if "id" not in entries:
        raise setting.error("a rule needs an id:, a short name for the proof")
    rule_id = entries["id"].name()
    if "if" not in entries and "unless" not in entries:
        raise setting.error(
            f"rule {quoted(rule_id)} has neither if: nor unless:; for a label that always holds use default:"
        )
    if "then" not in entries:
        raise setting.error(f"rule {quoted(rule_id)} needs then:, a label or a fact that follows")
    label, derives = _then(entries["then"])
    return Rule(
        id=rule_id,
        if_=_names(entries.get("if")),
        unless=_names(entries.get("unless")),
        label=label,
        derives=derives,
        because=entries["because"].text().strip() if "because" in entries else "",
        strength=entries["strength"].number(0, above=True) if "strength" in entries else 1,
    )


def _then(setting: Setting) -> tuple[str | None, tuple[str, ...]]:
    entries: Mapping[str, Setting] = setting.mapping(["label", "fact"])
    if not entries:
        raise setting.error("then: is empty; write label: or fact:")
    label = entries["label"].label() if "label" in entries else None
    if label == ABSTAIN:
        raise entries["label"].error("abstain is no label; a rule set abstains where no rule fires (default: abstain)")
    return label, _names(entries.get("fact"))


def _names(setting: Setting | None) -> tuple[str, ...]:
    if setting is None:
        return ()
    names: Sequence[str] = [entry.name() for entry in setting.one_or_more()]
    return tuple(dict.fromkeys(names))
