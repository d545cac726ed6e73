"""How good rules are on labelled texts: each rule alone, and the whole set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saegim.errors import SettingError
from saegim.rules.engine import Verdict
from saegim.rules.rule import Rule
from saegim.rules.ruleset import RuleSet


@dataclass(frozen=True)
class RuleMeasure:
    """One rule on labelled texts; all figures but `coverage` and `accuracy` are numbers of texts.

    fired: the rule fired. coverage: `fired` as a share of all texts. correct: it fired and its label is
    right. accuracy: `correct` / `fired`. overlaps: another rule for a label fired too. conflicts: one of
    those wanted another label. won: it was among the strongest, and they agreed. beaten: a stronger rule
    decided otherwise. For a rule without a label, correct to beaten are 0 and accuracy is None.
    """

    id: str
    label: str | None
    strength: float
    fired: int
    coverage: float
    correct: int
    accuracy: float | None
    overlaps: int
    conflicts: int
    won: int
    beaten: int

    def to_dict(self) -> dict[str, object]:
        return dict(vars(self))


@dataclass(frozen=True)
class RuleSetMeasure:
    """A rule set on labelled texts.

    decided: texts with a label, by rules or by default. by_default: those by default. conflicts: texts on
    which equally strong rules disagreed. coverage: `decided` / `texts`. accuracy: right among the decided,
    None if there are none. accuracy_by_rules: the same without the defaults.
    accuracy_of_all: right among all texts, so that an abstention counts as wrong.
    labels_only_in_rules, labels_only_in_data: labels that the other side does not have.
    """

    texts: int
    decided: int
    by_default: int
    conflicts: int
    coverage: float
    accuracy: float | None
    accuracy_by_rules: float | None
    accuracy_of_all: float
    labels_only_in_rules: tuple[str, ...]
    labels_only_in_data: tuple[str, ...]
    rules: tuple[RuleMeasure, ...]

    def to_dict(self) -> dict[str, object]:
        return {**vars(self), "rules": [rule.to_dict() for rule in self.rules]} | {
            key: list(getattr(self, key)) for key in ("labels_only_in_rules", "labels_only_in_data")
        }


def measure_rules(rules: RuleSet, texts: Sequence[str], labels: Sequence[str]) -> RuleSetMeasure:
    """Measure a rule set on texts with their true labels. Raises SettingError if the lengths differ."""
    if len(texts) != len(labels):
        raise SettingError(
            f"measuring rules needs a label for every text, got {len(texts)} texts and {len(labels)} labels"
        )
    if len(texts) == 0:
        raise SettingError("measuring rules needs at least one labelled text, got none")
    labels = [str(label) for label in labels]
    results = rules.fire(texts)
    tallies = [_Tally(rule) for rule in rules.rules]
    for (fired, verdict), label in zip(results, labels, strict=True):
        _count(tallies, fired, verdict, label)
    return _whole(rules, [verdict for _, verdict in results], labels, tallies)


@dataclass
class _Tally:
    rule: Rule
    fired: int = 0
    correct: int = 0
    overlaps: int = 0
    conflicts: int = 0
    won: int = 0
    beaten: int = 0

    def measure(self, texts: int) -> RuleMeasure:
        votes = self.rule.label is not None and self.fired > 0
        return RuleMeasure(
            id=self.rule.id,
            label=self.rule.label,
            strength=self.rule.strength,
            fired=self.fired,
            coverage=self.fired / texts,
            correct=self.correct,
            accuracy=self.correct / self.fired if votes else None,
            overlaps=self.overlaps,
            conflicts=self.conflicts,
            won=self.won,
            beaten=self.beaten,
        )


def _count(tallies: Sequence[_Tally], fired: Sequence[int], verdict: Verdict, truth: str) -> None:
    voters = [tallies[number] for number in fired if tallies[number].rule.label is not None]
    labels = {tally.rule.label for tally in voters}
    for number in fired:
        tallies[number].fired += 1
    for tally in voters:
        tally.correct += tally.rule.label == truth
        tally.overlaps += len(voters) > 1
        tally.conflicts += len(labels) > 1
    for number in verdict.won:
        tallies[number].won += 1
    for number in verdict.beaten:
        tallies[number].beaten += 1


def _whole(
    rules: RuleSet, verdicts: Sequence[Verdict], labels: Sequence[str], tallies: Sequence[_Tally]
) -> RuleSetMeasure:
    texts = len(labels)
    right = [verdict.label == label for verdict, label in zip(verdicts, labels, strict=True)]
    decided = sum(verdict.label is not None for verdict in verdicts)
    by_rules = [correct for correct, verdict in zip(right, verdicts, strict=True) if verdict.won]
    in_data, in_rules = set(labels), set(rules.labels)
    return RuleSetMeasure(
        texts=texts,
        decided=decided,
        by_default=decided - len(by_rules),
        conflicts=sum(bool(verdict.conflict) for verdict in verdicts),
        coverage=decided / texts,
        accuracy=sum(right) / decided if decided else None,
        accuracy_by_rules=sum(by_rules) / len(by_rules) if by_rules else None,
        accuracy_of_all=sum(right) / texts,
        labels_only_in_rules=tuple(sorted(in_rules - in_data)),
        labels_only_in_data=tuple(sorted(in_data - in_rules)),
        rules=tuple(tally.measure(texts) for tally in tallies),
    )
