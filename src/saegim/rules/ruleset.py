"""A rule set: facts to look for, rules to reason with; made from a file, a mapping or Python objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path as FilePath
from typing import Any

import yaml

from saegim.errors import RuleError, SettingError
from saegim.rules.decision import Decision, SeenFact, Stopped
from saegim.rules.document import ABSTAIN, Document, name_errors, parse_document
from saegim.rules.engine import Engine, Verdict
from saegim.rules.reading import read_file
from saegim.rules.recognition import Recognizer
from saegim.rules.rule import Rule
from saegim.rules.source import Setting, Source, plain_copy, shown
from saegim.rules.strata import UnlessCircleError, strata_of
from saegim.rules.view import View


def load_rules(path: str | PathLike[str]) -> RuleSet:
    """Read a rule file (YAML, UTF-8). Raises RuleError, one sentence with file and line."""
    return RuleSet._of(load_document(path))


def load_document(path: str | PathLike[str]) -> Document:
    """The document in a rule file, its form checked, its names not yet. Raises RuleError."""
    content, lines = read_file(FilePath(path))
    return parse_document(Setting(content, (), Source(str(path), lines)))


class RuleSet:
    """Facts and rules, checked and ready to decide.

    facts: name -> definition, as in a rule file: `{"praise": {"words": ["great", "fun*"]}}`.
    rules: `Rule` objects or mappings as in a rule file. default: the label where no rule fires, or None.
    Raises RuleError for whatever a rule file would be refused for.
    """

    def __init__(
        self,
        facts: Mapping[str, Mapping[str, Any]],
        rules: Sequence[Rule | Mapping[str, Any]],
        *,
        name: str = "rules",
        language: str | None = None,
        default: str | None = None,
    ) -> None:
        document: dict[str, object] = {"name": name}
        if language is not None:
            document["language"] = language
        document["default"] = ABSTAIN if default is None else default
        document["facts"] = facts
        document["rules"] = [rule.to_dict() if isinstance(rule, Rule) else rule for rule in rules]
        self._build(_checked(document, Source()))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> RuleSet:
        """A rule set from plain data in the form of a rule file. Raises RuleError."""
        return cls._of(_checked(document, Source()))

    @classmethod
    def _of(cls, document: Document) -> RuleSet:
        made = cls.__new__(cls)
        made._build(document)
        return made

    def _build(self, document: Document) -> None:
        errors = list(name_errors(document))
        if errors:
            more = f" (and {len(errors) - 1} more such)" if len(errors) > 1 else ""
            raise RuleError(f"{errors[0]}{more}")
        self.name = document.name
        self.language = document.language
        self.default = document.default
        self.rules = document.rules
        self.source = document.source
        self.facts: dict[str, Any] = {name: setting.value for name, setting in document.facts.items()}
        self.recognizer = Recognizer(document.facts)
        self._engine = Engine(self.rules, _strata(document), self.default)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that this rule set can give, sorted."""
        labels = {rule.label for rule in self.rules if rule.label is not None}
        return tuple(sorted(labels | ({self.default} if self.default is not None else set())))

    def decide(self, text: str) -> Decision:
        """The label of one text, with its proof."""
        view = self._see(text)
        fired = self._engine.fire(view.seen)
        verdict = self._engine.judge(fired)
        return Decision(
            text=text,
            label=verdict.label,
            reason=self._reason(verdict),
            facts=tuple(_placed(view, name) for name in view.seen),
            fired=self._chosen(fired),
            won=self._chosen(verdict.won),
            beaten=self._chosen(verdict.beaten),
            conflict=self._chosen(verdict.conflict),
            stopped=self._stopped(view.seen, fired),
        )

    def predict(self, texts: Iterable[str]) -> list[str | None]:
        """The label of every text, None where the rules abstain; the same as `decide`, without proofs."""
        return [verdict.label for _, verdict in self.fire(texts)]

    def fire(self, texts: Iterable[str]) -> list[tuple[list[int], Verdict]]:
        """For every text the numbers of the rules that fire, in order, and what they amount to."""
        results = []
        for text in _several(texts):
            fired = self._engine.fire(self._see(text).seen)
            results.append((fired, self._engine.judge(fired)))
        return results

    def to_dict(self) -> dict[str, Any]:
        """The rule set as plain data, in the form of a rule file."""
        document: dict[str, Any] = {"name": self.name}
        if self.language is not None:
            document["language"] = self.language
        document["default"] = ABSTAIN if self.default is None else self.default
        if self.facts:
            document["facts"] = plain_copy(self.facts, Source())
        document["rules"] = [rule.to_dict() for rule in self.rules]
        return document

    def to_yaml(self) -> str:
        """The rule set as a rule file; `load_rules` reads back an equal rule set."""
        return yaml.dump(self.to_dict(), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RuleSet) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Callable[[Mapping[str, Any]], RuleSet], tuple[dict[str, Any]]]:
        return RuleSet.from_dict, (self.to_dict(),)

    def __repr__(self) -> str:
        return f"RuleSet({self.name!r}, {len(self.facts)} facts, {len(self.rules)} rules)"

    def _see(self, text: str) -> View:
        if not isinstance(text, str):
            raise SettingError(f"rules decide about text, got {shown(text)}; give a string for every text")
        return self.recognizer.see(text)

    def _chosen(self, numbers: Iterable[int]) -> tuple[Rule, ...]:
        return tuple(self.rules[number] for number in numbers)

    def _stopped(self, seen: Iterable[str], fired: Sequence[int]) -> tuple[Stopped, ...]:
        known = {*seen, *(fact for number in fired for fact in self.rules[number].derives)}
        ready = [rule for rule in self.rules if known.issuperset(rule.if_)]
        stopped = [Stopped(rule, tuple(fact for fact in rule.unless if fact in known)) for rule in ready]
        return tuple(stop for stop in stopped if stop.by)

    def _reason(self, verdict: Verdict) -> str:
        if verdict.won:
            return "rules"
        if verdict.conflict:
            return "conflict"
        return "silence" if self.default is None else "default"


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out in full: rule files have no aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 (PyYAML's signature)
        return True


def _checked(document: Mapping[str, Any], source: Source) -> Document:
    return parse_document(Setting(plain_copy(document, source), (), source))


def _strata(document: Document) -> list[int]:
    try:
        return strata_of(document.rules)
    except UnlessCircleError as error:
        raise document.source.error(
            ("rules", error.rule),
            f"a circle through unless, which has no meaning: {error}; remove one of these conditions",
        ) from None


def _several(texts: Iterable[str]) -> Iterable[str]:
    if isinstance(texts, str | bytes) or not isinstance(texts, Iterable):
        raise SettingError(f"predict takes a list of texts, got {shown(texts)}; for one text use decide")
    return texts


def _placed(view: View, name: str) -> SeenFact:
    """A fact with its places; also remembers them for the facts that refer to this one."""
    spans = sorted(set(view.seen[name]()))
    view.seen[name] = lambda: spans
    return SeenFact(name, tuple(view.place(span) for span in spans))
