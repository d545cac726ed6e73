"""Rules and a network as one predictor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from saegim.data.sources import labels_from, texts_from
from saegim.errors import DataError, ModelFileError, NotFittedError, ShapeError
from saegim.rules import RuleSet
from saegim.together import folder as policy_folder
from saegim.together.fitting import Evidence, Tried, Wish, fit
from saegim.together.policy import Policy, RuleRecord, Who
from saegim.training import TextClassifier

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Answer:
    """What was said about a text, by whom, and how sure that is.

    label: None where nothing is answered; by: "rules", "network", or None for nobody
    rules: the ids of the rules that decided, those that go first
    confidence: how probable the label is: of rules by their record, of the network by its calibrated probability; where
        nothing is answered, that of the network's best guess
    """

    text: str
    label: Any
    by: str | None
    rules: tuple[str, ...]
    confidence: float

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values that `json.dumps` takes."""
        label = None if self.label is None else str(self.label)
        return {**vars(self), "label": label, "rules": list(self.rules)}


class Together:
    """Rules first where they are precise, otherwise the network, nothing where that is not sure enough.

    classifier: the trained network; rules: the rule set, or None; policy: who goes first, and the threshold
    tried: what the policy gave on the texts it was fitted to, each answered by one that was fitted without it; None
        for one from a folder
    Raises ModelFileError for a policy that speaks of rules which the rule set does not have.
    """

    def __init__(
        self, classifier: TextClassifier, rules: RuleSet | None, policy: Policy, tried: Tried | None = None
    ) -> None:
        self.classifier, self.rules, self.policy, self.tried = classifier, rules, policy, tried
        self._classes: list[Any] = classifier.classes_.tolist()
        self._place = _places(classifier)
        numbers = {} if rules is None else {rule.id: number for number, rule in enumerate(rules.rules)}
        for one in policy.first:
            known = one.id in numbers and rules is not None and rules.rules[numbers[one.id]].label == one.label
            if not known or one.label not in self._place:
                raise ModelFileError(
                    f"the policy lets the rule {one.id!r} go first, which is not among the rules with label "
                    f"{one.label!r}; fit the policy again"
                )
        self._first: dict[int, RuleRecord] = {numbers[one.id]: one for one in policy.first}

    @classmethod
    def fit(
        cls,
        classifier: TextClassifier,
        rules: RuleSet | None = None,
        *,
        valid: tuple[Any, Any] | None = None,
        min_accuracy: float | None = None,
        min_confidence: float | None = None,
        answers: Who = "together",
        seed: int = 0,
    ) -> Self:
        """Finds the policy on texts that the network was not trained on: `valid` (texts, labels), by default those that
        it held out.

        min_accuracy: the share of answers that should be right; min_confidence: how probable an answer should be at
            least. With either, nothing is answered where it is not reached; without, all texts are
        answers: whether `saegim predict` answers by the policy, or by the network alone
        seed: how the texts are divided to try the policy

        Raises DataError for no such texts, for labels that the network does not know, and for a network without
        calibrated probabilities; NotFittedError for one that was not trained; SettingError for a wish that is no share.
        """
        wish = Wish(min_accuracy, min_confidence)
        if not classifier.__sklearn_is_fitted__():
            raise NotFittedError("a policy is fitted to a trained network, but this one has not been trained yet")
        if valid is None:
            valid = classifier.validation_
        if valid is None or classifier.calibration_ is None:
            raise DataError(
                "a policy is fitted to texts that were held out from training, but there are none; train with more "
                "texts, or give validation texts"
            )
        texts, numbers = _known(classifier, *valid)
        evidence = evidence_of(classifier, rules, texts, numbers)
        named = [] if rules is None else [(rule.id, rule.label or "") for rule in rules.rules]
        temperature = classifier.calibration_.temperature
        policy, tried = fit(evidence, named, wish, temperature=temperature, answers=answers, seed=seed)
        return cls(classifier, rules, policy, tried)

    # --- answering ---

    @property
    def classes_(self) -> Array:
        """(C,) the labels, as the classifier's."""
        return self.classifier.classes_

    def predict(self, X: Any) -> Array:  # noqa: N803 - scikit-learn's name
        """The label of each text, (n,) objects; None where nothing is answered."""
        answers = self.decide(X)
        labels = np.empty(len(answers), object)
        labels[:] = [answer.label for answer in answers]
        return labels

    def predict_proba(self, X: Any) -> Array:  # noqa: N803
        """The probability of each class, (n, C), columns as in `classes_`.

        Where rules decide, their label has the probability that follows from their record, and the network shares out
        the rest. What is not answered has the network's probabilities.
        """
        texts = texts_from(X)
        shares = self.classifier.predict_proba(texts)
        for row, answer in enumerate(self._answers(texts, shares)):
            if answer.by == "rules":
                number = self._place[str(answer.label)]
                others = 1 - shares[row, number]
                rest = (1 - answer.confidence) / others if others > 0 else 0.0
                shares[row] *= rest
                shares[row, number] = answer.confidence if others > 0 else 1.0
        return shares

    def decide(self, X: Any) -> list[Answer]:  # noqa: N803
        """The answer to each text (n), with who gave it."""
        texts = texts_from(X)
        return self._answers(texts, self.classifier.predict_proba(texts))

    def _answers(self, texts: Sequence[str], shares: Array) -> list[Answer]:
        guesses, sure = shares.argmax(1).tolist(), shares.max(1, initial=0).tolist()
        decided = self._by_rules(texts)
        return [
            self._answer(text, rules, self._classes[guess], confidence)
            for text, rules, guess, confidence in zip(texts, decided, guesses, sure, strict=True)
        ]

    def _answer(self, text: str, rules: list[RuleRecord], guess: Any, confidence: float) -> Answer:
        if rules:
            label = self._classes[self._place[rules[0].label]]
            ids = tuple(one.id for one in rules)
            return Answer(text, label, "rules", ids, max(one.precision for one in rules))
        if self.policy.is_sure(confidence):
            return Answer(text, guess, "network", (), confidence)
        return Answer(text, None, None, (), confidence)

    def _by_rules(self, texts: Sequence[str]) -> list[list[RuleRecord]]:
        """For each text the rules that go first and decided it; they agree on the label."""
        if self.rules is None or not self._first:
            return [[] for _ in texts]
        verdicts = (verdict for _fired, verdict in self.rules.fire(texts))
        return [[self._first[number] for number in verdict.won if number in self._first] for verdict in verdicts]

    # --- keeping ---

    def save(self, folder: str | Path) -> None:
        """Writes the model folder, with the rules and the policy. Raises DataError when it cannot be written."""
        self.classifier.save(folder)
        policy_folder.save_rules(Path(folder), self.rules)
        policy_folder.save(Path(folder), self.policy)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """What `save` wrote. Raises ModelFileError for what is missing, damaged or altered; RuleError for rules that
        cannot be understood."""
        place = Path(folder)
        classifier = TextClassifier.load(place)
        policy, rules = policy_folder.load(place)
        with policy_folder.blamed(place):
            return cls(classifier, rules, policy)


def evidence_of(classifier: TextClassifier, rules: RuleSet | None, texts: list[str], numbers: Array) -> Evidence:
    """Texts of classes (N,) as the network and the rules see them."""
    scores = classifier.decision_function(texts)
    said = np.full(len(texts), -1)
    won = np.zeros((len(texts), 0 if rules is None else len(rules.rules)), bool)
    if rules is not None:
        place = _places(classifier)
        for row, (_fired, verdict) in enumerate(rules.fire(texts)):
            if verdict.won:
                said[row] = place.get(str(verdict.label), len(place))
                won[row, list(verdict.won)] = True
    return Evidence(scores, numbers, said, won)


def _known(classifier: TextClassifier, texts: Any, labels: Any) -> tuple[list[str], Array]:
    """Texts, and the numbers of their classes. Raises DataError for labels that are none."""
    read, values = texts_from(texts), labels_from(labels)
    if len(read) != len(values):
        raise ShapeError(f"{len(read)} texts were given with {len(values)} labels; give every text its label")
    place = _places(classifier)
    unknown = sorted({str(each) for each in values.tolist()} - place.keys())
    if unknown:
        raise DataError(
            f"validation texts have labels that the network never gives: {', '.join(unknown[:5])}; leave them out"
        )
    return read, np.array([place[str(each)] for each in values.tolist()], np.int64)


def _places(classifier: TextClassifier) -> dict[str, int]:
    """The number of each class by how it is written: rules know labels as texts."""
    return {str(each): number for number, each in enumerate(classifier.classes_.tolist())}
