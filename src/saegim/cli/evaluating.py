"""The figures of a model folder on labelled texts: answers, probabilities, and rules and network side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from saegim.cli.console import one_line
from saegim.cli.options import PolicyName
from saegim.evaluation import Comparison, Interval, Measurement, PlainTable, Scores, assemble, score, sign_test
from saegim.evaluation.shares import share_interval
from saegim.evaluation.tables import Language
from saegim.evaluation.wording import percent
from saegim.together import Answer, Together, wording
from saegim.together.contender import NAME
from saegim.training import ImageClassifier, TextClassifier, load_classifier
from saegim.training.calibration import (
    Bin,
    calibration_bins,
    error_by_chance,
    expected_calibration_error,
    probabilities,
)
from saegim.training.folder import POLICY

Array = npt.NDArray[Any]
Label = str | None
What = Literal["texts", "images"]

RULES, NETWORK = "rules", "network"

_SAYINGS: dict[Language, dict[str, Any]] = {
    "en": {
        "all": (
            "{n} {what}: accuracy {accuracy:.4f}, macro F1 {macro_f1:.4f} ({seconds:.2f} s, {pace} {what} per second)"
        ),
        "decided": (
            "{n} {what}: {decided} decided, {share}, of them {by_rules} by rules; right of those decided {right}; with "
            "the others counted as wrong, accuracy {accuracy:.4f}, macro F1 {macro_f1:.4f} ({seconds:.2f} s, {pace} "
            "{what} per second)"
        ),
        "nothing": "nothing",
        "headers": ("class", "precision", "recall", "F1", "{what}", "predicted"),
        "texts": "texts",
        "images": "images",
        "calibration": (
            "The network's probabilities: expected calibration error {before:.4f} before calibrating and {after:.4f} "
            "after; perfect ones would show {chance:.4f} by chance."
        ),
        "uncalibrated": (
            "The network's probabilities are not calibrated: expected calibration error {before:.4f}; perfect ones "
            "would show {chance:.4f} by chance."
        ),
        "by_rules": "Of the texts that rules decide first, they get {rules} right, and the network {network}.",
        "abstains": "Of the texts that are decided, {right} are right; the network alone gets {network} of them right.",
    },
    "ko": {
        "all": "{what} {n}개: 정확도 {accuracy:.4f}, 매크로 F1 {macro_f1:.4f} ({seconds:.2f}초, 초당 {pace}개)",
        "decided": (
            "{what} {n}개: {decided}개 판정, {share} (그중 규칙이 {by_rules}개). 판정한 글 가운데 {right}를 맞힘. "
            "판정하지 않은 글을 틀린 것으로 세면 정확도 {accuracy:.4f}, 매크로 F1 {macro_f1:.4f} "
            "({seconds:.2f}초, 초당 {pace}개)"
        ),
        "nothing": "없음",
        "headers": ("분류", "정밀도", "재현율", "F1", "{what}", "판정"),
        "texts": "글",
        "images": "이미지",
        "calibration": (
            "신경망의 확률: 기대 보정 오차는 보정 전 {before:.4f}, 보정 후 {after:.4f}이고, 완벽한 확률이라도 우연히 "
            "{chance:.4f}쯤 됩니다."
        ),
        "uncalibrated": (
            "신경망의 확률은 보정되지 않았습니다. 기대 보정 오차는 {before:.4f}이고, 완벽한 확률이라도 우연히 "
            "{chance:.4f}쯤 됩니다."
        ),
        "by_rules": "규칙을 먼저 따른 글에서 규칙은 {rules}를, 신경망은 {network}를 맞힙니다.",
        "abstains": "판정한 글에서 {right}를 맞힙니다. 같은 글에서 신경망만으로는 {network}를 맞힙니다.",
    },
}


@dataclass(frozen=True)
class Model:
    """What a folder holds; `together` where it has a policy, which decides if `by_policy`."""

    classifier: TextClassifier | ImageClassifier
    together: Together | None
    by_policy: bool

    @classmethod
    def load(cls, folder: Path, asked: PolicyName | None) -> Self:
        """Raises ModelFileError, as `deciding.loaded` does. Asked for the network, it reads no policy."""
        if asked is PolicyName.network or (asked is None and not (folder / POLICY).exists()):
            return cls(load_classifier(folder), None, by_policy=False)
        together = Together.load(folder)
        return cls(together.classifier, together, asked is not None or together.policy.answers == "together")

    @property
    def classes(self) -> list[str]:
        return [str(each) for each in self.classifier.classes_]

    def answers(self, x: Any) -> list[Label]:
        """What is answered to each text or image by whoever answers."""
        found = self.together.predict(x) if self.together and self.by_policy else self.classifier.predict(x)
        return [None if each is None else str(each) for each in found.tolist()]


@dataclass(frozen=True)
class Beside:
    """Rules, the network, and both together on the same texts.

    comparison: of the three, or of two where there are no rules; name: of both together in it
    decided: how many texts the policy decided, by_rules: of these by rules; each with how many were right, and how many
        of the same texts the network alone gets right
    clear: whether the difference to the better of the two alone is hardly chance
    """

    comparison: Comparison
    name: str
    decided: tuple[int, int, int]
    by_rules: tuple[int, int, int]
    better: Literal["rules", "network"]
    clear: bool

    @property
    def difference(self) -> Interval:
        """How much higher the accuracy of both together is than that of the better alone."""
        return self.comparison.differences(self.name, self.better).accuracy

    def to_dict(self) -> dict[str, Any]:
        names = ("texts", "right", "network_right")
        return {
            "contenders": [one.to_dict() for one in self.comparison.results],
            "decided": dict(zip(names, self.decided, strict=True)),
            "by_rules": dict(zip(names, self.by_rules, strict=True)),
            "better_alone": self.better,
            "difference": self.difference.to_dict() | {"clear": self.clear},
        }

    def in_words(self, language: Language) -> str:
        say = _SAYINGS[language]
        lines = [self.comparison.table(language).text(), ""]
        if self.by_rules[0]:
            rules, network = (_share(right, self.by_rules[0]) for right in self.by_rules[1:])
            lines.append(say["by_rules"].format(rules=rules, network=network))
        if self.decided[0] == len(self.comparison.true):
            lines.append(wording.beside(self.better, self.difference, clear=self.clear, language=language))
        elif self.by_rules[0]:
            right, network = (_share(right, self.decided[0]) for right in self.decided[1:])
            lines.append(say["abstains"].format(right=right, network=network))
        return "\n".join(lines)


@dataclass(frozen=True)
class Figures:
    """What was measured: of who answers, of the network's probabilities, and of all side by side."""

    scores: Scores
    seconds: float
    calibration: dict[str, Any]
    beside: Beside | None
    by_policy: bool

    def to_dict(self) -> dict[str, Any]:
        scores = self.scores
        return {
            "n": scores.n,
            "accuracy": scores.accuracy,
            "macro_f1": scores.macro_f1,
            "coverage": scores.coverage,
            "accuracy_decided": scores.accuracy_decided,
            "per_class": {name: vars(one) for name, one in scores.per_class.items()},
            "policy": "together" if self.by_policy else "network",
            "calibration": self.calibration,
            "together": None if self.beside is None else self.beside.to_dict(),
            "seconds": self.seconds,
        }

    def in_words(self, what: What, language: Language) -> str:
        parts = [self._first_line(what, language), _per_class(self.scores, what, language), self._sureness(language)]
        if self.beside is not None:
            parts.append(self.beside.in_words(language))
        return "\n\n".join(parts)

    def _first_line(self, what: What, language: Language) -> str:
        say, scores = _SAYINGS[language], self.scores
        decided, right, _network = self.beside.decided if self.beside is not None else (scores.n, 0, 0)
        key = "decided" if self.by_policy and decided < scores.n else "all"
        told: str = say[key].format(
            what=say[what],
            n=f"{scores.n:,}",
            decided=f"{decided:,}",
            share=_share(decided, scores.n),
            by_rules=f"{self.beside.by_rules[0]:,}" if self.beside is not None else "",
            right=_share(right, decided) if decided else say["nothing"],
            accuracy=scores.accuracy,
            macro_f1=scores.macro_f1,
            seconds=self.seconds,
            pace=f"{scores.n / max(self.seconds, 1e-9):,.0f}",
        )
        return told

    def _sureness(self, language: Language) -> str:
        found = self.calibration
        key = "uncalibrated" if found["temperature"] is None else "calibration"
        before, after, chance = (found[name] for name in ("error_before", "error_after", "error_by_chance"))
        told: str = _SAYINGS[language][key].format(before=before, after=after, chance=chance)
        return told


def measured(model: Model, x: Any, labels: Sequence[str], answers: Sequence[Label], seconds: float) -> Figures:
    """The figures for texts or images with these labels, which got these answers in so many seconds."""
    scores = model.classifier.decision_function(x)
    network = [model.classes[number] for number in scores.argmax(1).tolist()]
    return Figures(
        scores=score(labels, answers),
        seconds=seconds,
        calibration=_calibration(model.classifier, scores, np.array(network) == np.array(labels)),
        beside=None if model.together is None else _beside(model.together, x, labels, network),
        by_policy=model.by_policy,
    )


def _calibration(classifier: TextClassifier | ImageClassifier, scores: Array, right: Array) -> dict[str, Any]:
    """How far the network's probabilities are from what happens on these examples, without and with the temperature."""
    found = classifier.calibration_
    temperature = 1.0 if found is None else found.temperature
    before, after = (probabilities(scores, each).max(1) for each in (1.0, temperature))
    return {
        "temperature": None if found is None else temperature,
        "error_before": expected_calibration_error(before, right),
        "error_after": expected_calibration_error(after, right),
        "error_by_chance": error_by_chance(after),
        "bins_before": _plain(calibration_bins(before, right)),
        "bins_after": _plain(calibration_bins(after, right)),
    }


def _plain(bins: Sequence[Bin]) -> list[dict[str, Any]]:
    return [vars(one) for one in bins]


def _beside(together: Together, texts: Sequence[str], labels: Sequence[str], network: list[str]) -> Beside:
    answers = together.decide(texts)
    both = [None if each.label is None else str(each.label) for each in answers]
    name = NAME if together.rules is not None else f"{NETWORK}, where sure"
    contenders = [Measurement(NETWORK, "learned", tuple(network)), Measurement(name, "together", tuple(both))]
    if together.rules is not None:
        contenders.insert(0, Measurement(RULES, "rules", tuple(together.rules.predict(texts))))
    comparison = assemble(contenders, labels, train_rows=0)
    alone = max(comparison.results[:-1], key=lambda one: one.scores.accuracy if one.scores else 0.0)
    better = comparison.result(alone.name)
    wins, losses = _differing(both, better.measurement.predictions or (), labels)
    clear = comparison.differences(name, better.name).accuracy.excludes_zero
    return Beside(
        comparison=comparison,
        name=name,
        decided=_counts(answers, network, labels, {"rules", "network"}),
        by_rules=_counts(answers, network, labels, {"rules"}),
        better="rules" if better.name == RULES else "network",
        clear=clear and sign_test(wins, losses) < 1 - comparison.level,
    )


def _differing(first: Sequence[Label], second: Sequence[Label], labels: Sequence[str]) -> tuple[int, int]:
    """On how many texts only the first, only the second is right."""
    pairs = [(one == true, other == true) for one, other, true in zip(first, second, labels, strict=True)]
    return sum(one and not other for one, other in pairs), sum(other and not one for one, other in pairs)


def _counts(
    answers: Sequence[Answer], network: Sequence[str], labels: Sequence[str], by: set[str]
) -> tuple[int, int, int]:
    """Texts that these decided, of them those that were right, and those that the network alone gets right."""
    rows = [row for row, answer in enumerate(answers) if answer.by in by]
    right = sum(str(answers[row].label) == labels[row] for row in rows)
    return len(rows), right, sum(network[row] == labels[row] for row in rows)


def _per_class(scores: Scores, what: What, language: Language) -> str:
    say = _SAYINGS[language]
    rows = [
        (
            one_line(name),
            f"{one.precision:.3f}",
            f"{one.recall:.3f}",
            f"{one.f1:.3f}",
            f"{one.support:,}",
            f"{one.predicted:,}",
        )
        for name, one in scores.per_class.items()
    ]
    return PlainTable(tuple(each.format(what=say[what]) for each in say["headers"]), tuple(rows)).text()


def _share(some: int, all_: int) -> str:
    """A share with its 95% interval."""
    found = share_interval(some, all_)
    return f"{percent(found.value)} [{percent(found.low)}, {percent(found.high)}]"
