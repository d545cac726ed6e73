"""A trained classifier on texts it has not seen, alone or beside rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from saegim.evaluation import Comparison, MajorityClass, Measurement, Scores, assemble
from saegim.evaluation.learned import Learned
from saegim.evaluation.tables import Language
from saegim.evaluation.verdict import verdict
from saegim.rules import RuleSet, RuleSetMeasure, measure_rules
from saegim.together import Together
from saegim.together.contender import NAME, Deciding
from saegim.training import TextClassifier


@dataclass(frozen=True)
class Figures:
    """What was measured; nothing if there were no texts to measure on."""

    scores: Scores | None = None
    rules: RuleSetMeasure | None = None
    comparison: Comparison | None = None
    verdict: str | None = None
    language: Language = "en"

    def to_dict(self) -> dict[str, Any]:
        scores = self.scores
        return {
            "valid_rows": 0 if scores is None else scores.n,
            "accuracy": None if scores is None else scores.accuracy,
            "macro_f1": None if scores is None else scores.macro_f1,
            "rules": None if self.rules is None else self.rules.to_dict(),
            "comparison": None if self.comparison is None else self.comparison.to_dict(),
            "verdict": self.verdict,
        }

    def in_words(self) -> str:
        if self.scores is None:
            return "not measured: there were too few texts to hold some out; give more, or others with --valid"
        lines = [
            f"on {self.scores.n:,} texts held out from training:"
            f" accuracy {self.scores.accuracy:.4f}, macro F1 {self.scores.macro_f1:.4f}"
        ]
        if self.comparison is not None and self.rules is not None:
            lines += ["", self.comparison.table(self.language).text(), "", str(self.verdict), ""]
        return "\n".join(lines)


def measured(
    classifier: TextClassifier,
    rules: RuleSet | None,
    held_out: tuple[Sequence[str], Sequence[str]],
    *,
    train_labels: Sequence[str],
    language: Language,
    together: Together | None = None,
) -> Figures:
    """The figures of a classifier trained on texts with these labels, on others that it was not trained on.

    The comparison has the majority class, the rules if there are any, the network, and the two together if there is a
    policy that always answers: each text that it was fitted to is answered by one that was fitted without it.
    """
    texts, labels = held_out
    if not texts:
        return Figures()
    learned, constant = Learned(classifier), MajorityClass().fit([], train_labels)
    network = _measurement(
        f"network ({classifier.kind_})", "learned", learned.predict, texts, classifier.seconds_, learned.size_bytes()
    )
    majority = _measurement("majority class", "majority", constant.predict, texts, 0.0, constant.size_bytes())
    expert = [] if rules is None else [_measurement("rules", "rules", rules.predict, texts, 0.0, None)]
    contenders = [majority, *expert, network]
    if rules is not None and together is not None and together.policy.threshold == 0:
        contenders.append(_together(together, texts, labels, classifier.seconds_))
    comparison = assemble(contenders, labels, train_rows=len(train_labels))
    scores = comparison.result(network.name).scores
    about_rules = None if rules is None else measure_rules(rules, texts, labels)
    return Figures(scores, about_rules, comparison, verdict(comparison, language), language)


def _together(together: Together, texts: Sequence[str], labels: Sequence[str], seconds: float) -> Measurement:
    """Rules and network together, each text as by a policy that was fitted without it."""
    deciding = Deciding(together)
    measured = _measurement(NAME, "together", deciding.predict, texts, seconds, deciding.size_bytes())
    assert measured.predictions is not None and together.tried is not None
    classes = [str(each) for each in together.classes_]
    tried = iter([None if number < 0 else classes[number] for number in together.tried.answers.tolist()])
    known = set(classes)  # the policy was fitted to the texts with these labels, in their order
    honest = (
        next(tried) if label in known else predicted
        for label, predicted in zip(labels, measured.predictions, strict=True)
    )
    return replace(measured, predictions=tuple(honest), notes=deciding.notes)


def _measurement(
    name: str,
    kind: Any,
    predict: Callable[[Sequence[str]], Sequence[str | None]],
    texts: Sequence[str],
    build_seconds: float,
    size: int | None,
) -> Measurement:
    began = time.perf_counter()
    predictions = tuple(predict(texts))
    seconds = time.perf_counter() - began
    return Measurement(
        name=name,
        kind=kind,
        predictions=predictions,
        build_seconds=build_seconds,
        predictions_per_second=len(texts) / max(seconds, 1e-9),
        size_bytes=size,
    )
