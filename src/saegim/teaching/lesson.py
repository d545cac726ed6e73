"""From rules and unlabelled texts to a network: every teacher teaches one, labelled texts choose, others judge."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.data import labels_from, texts_from
from saegim.errors import DataError, SaegimError
from saegim.evaluation import Measurement, accuracy_and_macro_f1, assemble
from saegim.evaluation.learned import Learned
from saegim.evaluation.metrics import class_ids
from saegim.rules import RuleSet
from saegim.teaching.judging import RuleFigures, passing, rule_figures
from saegim.teaching.label_model import LabelModel
from saegim.teaching.taught import Lesson, Taught, network_name, teacher_name
from saegim.teaching.teachers import TEACHERS, Teacher, teacher
from saegim.teaching.voting import ABSTAIN, hear, voters
from saegim.teaching.wording import Language, announced
from saegim.training import TextClassifier
from saegim.training.progress import Noting, Progress, Silent

__all__ = ["FOLDER", "Texts", "teach"]

Array = npt.NDArray[Any]
Texts = tuple[Sequence[str], Sequence[str]]

FOLDER = "teachers"  # in the run's folder: a model folder for each network
_NO_OPINION = (
    "it has no opinion of any text: the rules contradict each other wherever they fire; let rules for different labels "
    "look at different words"
)
_LABELS = "labels"  # the network that learned from labelled texts alone
_LEAST_SECONDS = 1.0


def teach(
    rules: RuleSet,
    unlabelled: Sequence[str],
    choosing: Texts,
    final: Texts,
    *,
    learned: Texts | None = None,
    classifier: TextClassifier | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    language: Language = "en",
) -> Taught:
    """Teaches a network by each teacher what the rules say of unlabelled texts (n), and keeps the best.

    choosing: (texts, labels) that choose the epoch of each network and the network that is kept, and say how frequent
        the classes are; final: others, that nothing is chosen by, for the figures
    learned: (texts, labels) that every network learns beside what its teacher says; a further network learns from
        them alone
    classifier: its parameters are used for every network; `time_budget` is for all of them together
    folder: where each network's model folder and checkpoints are kept; resume: go on from there
    language: of what `progress` is told

    Raises DataError where no rule fires, where all that fire want one label, or where no teacher has an opinion;
    otherwise as `TextClassifier.fit`. A text must not be in two parts: the caller sees to that.
    """
    teaching = _Teaching(
        rules, texts_from(unlabelled), _labelled(choosing, "choosing"), _labelled(final, "final"),
        None if learned is None else _labelled(learned, "learned"), classifier or TextClassifier(),
        None if folder is None else Path(folder), resume, _SayingOnce(progress or Silent()), language,
    )  # fmt: skip
    return teaching.run()


def _labelled(part: Texts, name: str) -> Texts:
    """The texts and labels of a part, as lists of strings. Raises DataError for none, and for unequal lengths."""
    if not isinstance(part, tuple | list) or len(part) != 2:
        raise DataError(f"{name}: a pair (texts, labels) expected, {type(part).__name__} given")
    texts, labels = texts_from(part[0]), [str(label) for label in labels_from(part[1]).tolist()]
    if len(texts) != len(labels) or not texts:
        raise DataError(f"{name}: texts and a label for each expected, {len(texts)} and {len(labels)} given")
    return texts, labels


class _SayingOnce(Noting):
    """Passes everything on to a listener, but no sentence twice: networks that learn alike have the same notes."""

    def say(self, sentence: str) -> None:
        if sentence not in self.sentences:
            super().say(sentence)


@dataclass(frozen=True, eq=False)
class _Learning:
    """What a network learns: texts, shares (n, C), weights (n,) and how sure the teacher was on average."""

    texts: list[str]
    shares: Array
    weights: Array
    confidence: float


@dataclass(eq=False)
class _Teaching:
    """One run of `teach`."""

    rules: RuleSet
    unlabelled: list[str]
    choosing: Texts
    final: Texts
    learned: Texts | None
    classifier: TextClassifier
    folder: Path | None
    resume: bool
    progress: _SayingOnce
    language: Language
    began: float = field(default_factory=time.monotonic)

    def run(self) -> Taught:
        labels = {label for part in (self.choosing, self.final, self.learned or ([], [])) for label in part[1]}
        named_by_rules = {str(rule.label) for rule in voters(self.rules)}
        self.classes = sorted(labels | named_by_rules)
        self.heard = hear(self.rules, self.unlabelled, self.classes)
        self._require_votes()
        self.heard_final = hear(self.rules, self.final[0], self.classes)
        counts = np.array([list(self.choosing[1]).count(name) for name in self.classes])
        self.balance = (counts + 1) / (counts + 1).sum()
        self.frequent = self.classes[int(counts.argmax())]

        prepared = [self._prepared(name) for name in ([_LABELS] if self.learned else []) + list(TEACHERS)]
        lessons = [self._lesson(lesson, what, len(prepared) - place) for place, (lesson, what) in enumerate(prepared)]
        taught = [each for each in lessons if each.error is None]
        if not taught:
            raise DataError(f"no teacher could teach a network: {lessons[-1].error}")
        winner = max(taught, key=lambda each: each.chosen_by)  # the first of those that are equal
        assert winner.classifier is not None
        return self._taught(winner, lessons, sorted(labels - named_by_rules), sorted(named_by_rules - labels))

    def _require_votes(self) -> None:
        said = np.unique(self.heard.votes)
        wanted = [self.classes[number] for number in said.tolist() if number != ABSTAIN]
        if not wanted:
            raise DataError(
                f"no rule for a label fires on any of the {len(self.unlabelled):,} unlabelled texts; give rules for "
                "texts like these (`saegim rules check RULES --data FILE` shows where rules fire)"
            )
        if len(wanted) == 1:
            raise DataError(
                f"all rules that fire on the unlabelled texts want the label {wanted[0]!r}, so a network could learn "
                "nothing else from them; add rules for other labels"
            )

    # --- one network ---

    def _prepared(self, name: str) -> tuple[Lesson, _Learning | None]:
        """What a teacher knows, and what its network is to learn; nothing where it has no opinion of any text."""
        if name == _LABELS:
            nothing = _Learning([], np.empty((0, len(self.classes))), np.empty(0), 1.0)
            return Lesson(name), self._with_labels(nothing)
        try:
            made = teacher(name, self.heard, self.balance)
        except SaegimError as error:
            return Lesson(name, error=str(error)), None
        opinion = made.opinion(self.heard)
        rows = np.flatnonzero(opinion.decided)
        lesson = Lesson(name, model=made.model, teacher=self._final_labels(made))
        if not len(rows):
            return replace(lesson, error=_NO_OPINION), None
        texts, confidence = [self.unlabelled[row] for row in rows], opinion.confidence[rows]
        return lesson, self._with_labels(_Learning(texts, opinion.shares[rows], confidence, float(confidence.mean())))

    def _lesson(self, lesson: Lesson, what: _Learning | None, left: int) -> Lesson:
        """The lesson with what its network learned; `left` networks are to be trained."""
        if what is None:
            return lesson
        began = time.monotonic()
        self.progress.say(announced(lesson.name, len(what.texts), self.language))
        try:
            classifier = self._trained(lesson.name, what, left)
        except SaegimError as error:
            return replace(lesson, error=str(error))
        chosen, network = (tuple(Learned(classifier).predict(part[0])) for part in (self.choosing, self.final))
        true, said = (class_ids(labels, self.classes) for labels in (self.choosing[1], chosen))
        accuracy, macro_f1 = accuracy_and_macro_f1(true, said, len(self.classes))
        return replace(
            lesson,
            taught=len(what.texts),
            confidence=what.confidence,
            chosen_by=accuracy if self.classifier.monitor == "accuracy" else macro_f1,
            choosing_accuracy=accuracy,
            network=network,
            classifier=classifier,
            seconds=time.monotonic() - began,
        )

    def _final_labels(self, made: Teacher) -> tuple[str | None, ...]:
        return tuple(made.opinion(self.heard_final).labels(self.classes))

    def _with_labels(self, what: _Learning) -> _Learning:
        """With the labelled texts that are to be learned, each worth a text that its teacher is sure of."""
        if self.learned is None:
            return what
        place = {name: number for number, name in enumerate(self.classes)}
        shares = np.eye(len(self.classes))[[place[label] for label in self.learned[1]]]
        return replace(
            what,
            texts=[*what.texts, *self.learned[0]],
            shares=np.concatenate([what.shares, shares]),
            weights=np.concatenate([what.weights, np.ones(len(shares))]),
        )

    def _trained(self, name: str, what: _Learning, left: int) -> TextClassifier:
        classifier = TextClassifier(**self.classifier.get_params())
        if classifier.time_budget is not None:
            rest = classifier.time_budget - (time.monotonic() - self.began)
            classifier.set_params(time_budget=max(rest / left, _LEAST_SECONDS))
        folder = None if self.folder is None else self.folder / FOLDER / name
        classifier.fit(
            what.texts,
            what.shares,
            classes=self.classes,
            sample_weight=what.weights,
            valid=self.choosing,
            folder=folder,
            resume=self.resume,
            progress=self.progress,
        )
        if folder is not None:
            classifier.save(folder)
        return classifier

    # --- what came of it ---

    def _taught(
        self, winner: Lesson, lessons: Sequence[Lesson], unnamed: Sequence[str], unjudged: Sequence[str]
    ) -> Taught:
        true, seed = self.final[1], self.classifier.seed
        comparison = assemble(list(_measurements(lessons)), true, train_rows=winner.taught, seed=seed)
        written = self.rules.predict(self.final[0])
        assert winner.network is not None
        return Taught(
            winner=winner,
            lessons=tuple(lessons),
            comparison=comparison,
            passing_rules=passing(true, written, winner.network, self.frequent, seed),
            passing_teacher=None
            if winner.teacher is None
            else passing(true, winner.teacher, winner.network, self.frequent, seed),
            rules=tuple(self._rules(lessons)),
            unlabelled=len(self.unlabelled),
            fired=int((self.heard.votes != ABSTAIN).any(1).sum()),
            choosing=len(self.choosing[0]),
            final=len(self.final[0]),
            learned=0 if self.learned is None else len(self.learned[0]),
            classes=tuple(self.classes),
            frequent=self.frequent,
            unnamed=tuple(unnamed),
            unjudged=tuple(unjudged),
            monitor="accuracy" if self.classifier.monitor == "accuracy" else "macro_f1",
            seconds=time.monotonic() - self.began,
        )

    def _rules(self, lessons: Sequence[Lesson]) -> Iterator[RuleFigures]:
        """Every voter, on labelled texts that are not the final ones, and as the label model sees it."""
        texts, labels = (
            [*self.choosing[place], *(self.learned[place] if self.learned is not None else [])] for place in (0, 1)
        )
        place = {name: number for number, name in enumerate(self.classes)}
        truth = np.array([place[label] for label in labels])
        votes = hear(self.rules, texts, self.classes).votes
        model = _best_model(lessons)
        for number, rule in enumerate(voters(self.rules)):
            own = place[str(rule.label)]
            judged = votes[:, number] != ABSTAIN
            known = model is not None and not np.isnan(model.accuracies[number])
            yield rule_figures(
                (rule.id, str(rule.label)),
                fired=int((self.heard.votes[:, number] != ABSTAIN).sum()),
                judged=int(judged.sum()),
                right=int((truth[judged] == own).sum()),
                chance=float((truth == own).mean()),
                estimated=float(model.accuracies[number]) if known and model is not None else None,
                share=float(self.balance[own]),
            )


def _best_model(lessons: Sequence[Lesson]) -> LabelModel | None:
    """The label model with correlations; the one without if there is no other."""
    return next((each.model for each in reversed(lessons) if each.model is not None), None)


def _measurements(lessons: Sequence[Lesson]) -> Iterator[Measurement]:
    """The teachers and the networks, on the final texts."""
    for lesson in lessons:
        if lesson.teacher is not None:
            yield Measurement(teacher_name(lesson.name), "rules", predictions=lesson.teacher)
        yield Measurement(
            network_name(lesson.name),
            "learned",
            predictions=lesson.network,
            error=lesson.error,
            build_seconds=lesson.seconds,
        )
