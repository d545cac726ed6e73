"""Who answers: the policy of a run that is being made, and that of a model folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saegim.cli.console import Console, one_line
from saegim.cli.options import PolicyName
from saegim.errors import DataError
from saegim.evaluation.tables import Language
from saegim.rules import RuleSet
from saegim.together import Policy, Together, fitting
from saegim.together import folder as policy_folder
from saegim.together.policy import Who
from saegim.together.wording import statement
from saegim.training import ImageClassifier, TextClassifier, load_classifier, run_file
from saegim.training.folder import POLICY

Model = TextClassifier | ImageClassifier | Together

TOO_FEW = "there were too few texts to hold some out"


@dataclass(frozen=True)
class Wish:
    """What the options of a training ask of a policy. Raises SettingError for what is no share."""

    min_accuracy: float | None
    min_confidence: float | None
    policy: PolicyName | None

    def __post_init__(self) -> None:
        fitting.Wish(self.min_accuracy, self.min_confidence)

    @property
    def is_explicit(self) -> bool:
        """Whether a policy was asked for, not only rules given."""
        return self.policy is PolicyName.together or self.abstains

    @property
    def abstains(self) -> bool:
        return self.min_accuracy is not None or self.min_confidence is not None

    @property
    def answers(self) -> Who:
        """Who shall answer: who was asked for; where only a threshold was, it is meant to be used."""
        if self.policy is None:
            return "together" if self.abstains else "network"
        return "together" if self.policy is PolicyName.together else "network"


def fitted(
    console: Console, folder: Path, classifier: TextClassifier, rules: RuleSet | None, wish: Wish
) -> Together | None:
    """The policy of a run, kept in its folder; None where neither rules nor a threshold need one.

    Raises DataError where one was asked for and there is nothing to fit it to.
    """
    if rules is None and not wish.is_explicit:
        return None
    if not classifier.validation_ or not classifier.validation_[0]:
        if wish.is_explicit:
            raise DataError(
                f"{TOO_FEW} to fit a policy to, so {folder} holds a model that always answers by the network alone; "
                "give more texts, or others with --valid"
            )
        console.say(f"no policy for rules and network together: {TOO_FEW}")
        return None
    together = Together.fit(
        classifier,
        rules,
        min_accuracy=wish.min_accuracy,
        min_confidence=wish.min_confidence,
        answers=wish.answers,
        seed=classifier.seed,
    )
    policy_folder.save(folder, together.policy)
    run_file.revise(folder, policy=wish.answers, min_accuracy=wish.min_accuracy, min_confidence=wish.min_confidence)
    if together.policy.threshold is None:
        console.say(
            f"warning: no probability is known to be enough for an accuracy of {wish.min_accuracy:g}, so the network "
            "never answers; give more validation texts, or a lower --min-accuracy"
        )
    return together


def as_data(policy: Policy, language: Language) -> dict[str, Any]:
    """The policy for programs, with its words."""
    return {**policy.to_dict(), "statement": statement(policy, language)}


def in_words(policy: Policy, language: Language) -> str:
    """The policy for people, on one line."""
    return one_line(statement(policy, language))


def policy_in(folder: Path) -> Policy | None:
    """The policy of a model folder, None where there is none. Raises ModelFileError."""
    return policy_folder.read(folder) if (folder / POLICY).exists() else None


def loaded(folder: Path, asked: PolicyName | None) -> Model:
    """Who answers in a model folder: whom the option asks for, or else the folder. Raises ModelFileError."""
    who = policy_folder.who_answers(folder) if asked is None else asked.value
    return Together.load(folder) if who == "together" else load_classifier(folder)
