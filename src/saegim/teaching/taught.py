"""What came of teaching: the network that is kept, and the table of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from saegim.evaluation import Comparison, Interval, PlainTable, Scores
from saegim.evaluation.bootstrap import bootstrap
from saegim.teaching.judging import Passing, RuleFigures
from saegim.teaching.label_model import LabelModel
from saegim.teaching.wording import Language, in_words, named, table
from saegim.training import TextClassifier

__all__ = ["Lesson", "Taught", "network_name", "teacher_name"]

Predictions = tuple[str | None, ...]


@dataclass(frozen=True, eq=False)
class Lesson:
    """One teacher and its network.

    name: of the teacher; "labels" where labelled texts alone were learned
    taught: texts that the network learned; confidence: how much they were worth on average
    chosen_by: the network's score on the texts for choosing; choosing_accuracy: its accuracy there
    teacher, network: what each says of the final texts
    error: why there is no network
    """

    name: str
    taught: int = 0
    confidence: float = 0.0
    chosen_by: float = 0.0
    choosing_accuracy: float = 0.0
    teacher: Predictions | None = None
    network: Predictions | None = None
    model: LabelModel | None = None
    classifier: TextClassifier | None = None
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True, eq=False)
class Taught:
    """The outcome of `teach`.

    winner: the lesson whose network is kept; lessons: all, the plainest teacher first
    comparison: teachers and networks on the final texts
    passing_rules, passing_teacher: the kept network beside the rules as they are written, and beside its teacher
    rules: every rule that gives a label
    unlabelled, fired, choosing, final, learned: numbers of texts; `fired` are the unlabelled ones a rule fires on
    classes: all; frequent: the most frequent; unnamed: those that no rule names; unjudged: those without labelled texts
    monitor: the score that chose
    """

    winner: Lesson
    lessons: tuple[Lesson, ...]
    comparison: Comparison
    passing_rules: Passing
    passing_teacher: Passing | None
    rules: tuple[RuleFigures, ...]
    unlabelled: int
    fired: int
    choosing: int
    final: int
    learned: int
    classes: tuple[str, ...]
    frequent: str
    unnamed: tuple[str, ...]
    unjudged: tuple[str, ...]
    monitor: str
    seconds: float

    @property
    def classifier(self) -> TextClassifier:
        """The network that is kept."""
        assert self.winner.classifier is not None, "a winner has a network"
        return self.winner.classifier

    def network_accuracy(self, lesson: Lesson) -> Interval | None:
        """The accuracy of a lesson's network on the final texts; None without one."""
        found = self.comparison.result(network_name(lesson.name)).intervals
        return None if found is None else found.accuracy

    def teacher_scores(self, lesson: Lesson) -> Scores | None:
        """A teacher's scores on the final texts; None for labelled texts, and for one that could not be made."""
        return None if lesson.teacher is None else self.comparison.result(teacher_name(lesson.name)).scores

    def others(self) -> dict[str, list[str]]:
        """The other lessons on the final texts: those that are clearly "worse" for the winner, and those "tied"."""
        found: dict[str, list[str]] = {"tied": [], "worse": []}
        for one in self.lessons:
            if one is not self.winner and one.error is None:
                ahead = self.comparison.differences(network_name(self.winner.name), network_name(one.name)).accuracy
                if not ahead.excludes_zero:
                    found["tied"].append(one.name)
                elif ahead.value < 0:
                    found["worse"].append(one.name)
        return found

    @property
    def constant_accuracy(self) -> Interval:
        """The accuracy of always answering the most frequent class, on the final texts."""
        return bootstrap(self.comparison.true, [self.frequent] * self.final, seed=self.comparison.seed).accuracy

    @property
    def is_useless(self) -> bool:
        """Whether the network is no more often right than the most frequent class."""
        network = self.network_accuracy(self.winner)
        return network is not None and network.value <= self.constant_accuracy.value

    def table(self, language: Language = "en") -> PlainTable:
        """A row for each teacher and its network."""
        return table(self, language)

    def in_words(self, language: Language = "en") -> str:
        """The table, and what follows from it."""
        return in_words(self, language)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the network, as plain values that `json.dumps` takes."""
        return {
            "winner": self.winner.name,
            "monitor": self.monitor,
            "texts": {
                "unlabelled": self.unlabelled,
                "fired": self.fired,
                "choosing": self.choosing,
                "final": self.final,
                "learned": self.learned,
            },
            "classes": list(self.classes),
            "unnamed": list(self.unnamed),
            "unjudged": list(self.unjudged),
            "lessons": [self._lesson(one) for one in self.lessons],
            "rules_beside_network": self.passing_rules.to_dict(),
            "teacher_beside_network": None if self.passing_teacher is None else self.passing_teacher.to_dict(),
            "rules": [one.to_dict() for one in self.rules],
            "correlations": self._correlations(),
            "seconds": self.seconds,
        }

    def _lesson(self, lesson: Lesson) -> dict[str, Any]:
        teacher, network = self.teacher_scores(lesson), self.network_accuracy(lesson)
        return {
            "name": lesson.name,
            "taught": lesson.taught,
            "confidence": lesson.confidence,
            "teacher": None
            if teacher is None
            else {"coverage": teacher.coverage, "accuracy_decided": teacher.accuracy_decided},
            "choosing": None if lesson.error else {"score": lesson.chosen_by, "accuracy": lesson.choosing_accuracy},
            "final": None if network is None else network.to_dict(),
            "seconds": lesson.seconds,
            "error": lesson.error,
        }

    def _correlations(self) -> list[dict[str, Any]]:
        """The pairs of rules that the label model found to depend on each other, the strongest first."""
        model = next((each.model for each in self.lessons if each.name == "correlated"), None)
        found = () if model is None else sorted(model.correlations, key=lambda each: -abs(each.weight))
        names = [one.id for one in self.rules]
        return [{"first": names[one.first], "second": names[one.second], "weight": one.weight} for one in found]


def teacher_name(name: str) -> str:
    """A teacher, as the comparison names it."""
    return named(name, "en")


def network_name(name: str) -> str:
    """The network that it taught, as the comparison names it."""
    return f"network taught by {named(name, 'en')}"
