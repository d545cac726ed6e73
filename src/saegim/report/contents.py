"""Which sections a run's page has, and what goes into them: of a text classifier, an image classifier, a generator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from saegim.errors import ModelFileError
from saegim.evaluation import Scores, score
from saegim.explain import Explainer, explain_decision
from saegim.explain.html import marked, reasons
from saegim.explain.mistakes import Judgement, find_mistakes
from saegim.report import (
    calibration,
    comparison,
    confusion,
    curve,
    drawings,
    errors,
    examples,
    flow,
    image_errors,
    model,
    policy,
    repeat,
    teaching,
    training,
    verdict,
)
from saegim.report.evidence import Evidence, ImageEvidence, TextEvidence
from saegim.report.excerpt import excerpt
from saegim.report.run import Model, Run
from saegim.report.section import Language, Section
from saegim.training import ImageClassifier, ImageGenerator, TextClassifier
from saegim.training.advice import in_words

WORDS: dict[Language, dict[str, str]] = {
    "en": {"network": "the network ({kind})"},
    "ko": {"network": "신경망({kind})"},
}


def sections(run: Run, evidence: Evidence | None, language: Language) -> list[Section]:
    """The sections that there is something to say in, in their order."""
    if isinstance(run.model, ImageGenerator):
        found = _of_generator(run, run.model, language)
    else:
        found = _of_classifier(run, evidence, language)
    return [each for each in found if each is not None]


def _of_generator(run: Run, generator: ImageGenerator, language: Language) -> Iterator[Section | None]:
    yield drawings.section(generator, run.quality, language)
    yield from _of_training(generator, language)
    yield from _of_making(run, generator, language)


def _of_classifier(run: Run, evidence: Evidence | None, language: Language) -> Iterator[Section | None]:
    scores = None if evidence is None else score(evidence.true, evidence.predicted)
    timing, of_texts = None if run.model is None else _timing(run.model), not isinstance(run.model, ImageClassifier)
    yield verdict.section(run.comparison, scores, timing, language, of_texts=of_texts)
    yield comparison.section(run.comparison, language)
    yield None if run.policy is None else policy.section(run.policy, language)
    yield None if run.teaching is None else teaching.section(run.teaching, language)
    if of_texts:
        yield _curve(run, language)
    trained, flowed = (None, None) if run.model is None else _of_training(run.model, language)
    yield trained
    yield _confusion(run, scores, language)
    yield _calibration(run, evidence, language)
    yield flowed
    if isinstance(evidence, TextEvidence) and isinstance(run.model, TextClassifier):
        yield from _of_texts(run, run.model, evidence, language)
    if isinstance(evidence, ImageEvidence):
        yield image_errors.section(evidence, language)
    if run.model is not None:
        yield from _of_making(run, run.model, language)


# --- what all runs have ---


def _timing(learner: Model) -> verdict.Timing:
    return verdict.Timing(learner.seconds_, len(learner.history_), learner.best_epoch_ + 1)


def _of_training(learner: Model, language: Language) -> tuple[Section | None, Section | None]:
    """How training went, and how the gradient flowed."""
    history, findings = learner.history_, [in_words(each, language) for each in learner.findings_]
    return (
        training.section(history, learner.best_epoch_ + 1, learner.notes_, language),
        flow.section(history, findings, language),
    )


def _of_making(run: Run, learner: Model, language: Language) -> Iterator[Section]:
    yield model.section(learner.summary(), language)
    yield repeat.section(run.made_from, language)


# --- what classifiers have ---


def _curve(run: Run, language: Language) -> Section | None:
    """The learning curve, why there is none, or how to make one."""
    if isinstance(run.curve, ModelFileError):
        return curve.unread(run.curve, language)
    if run.curve is not None:
        return curve.section(run.curve, language)
    if run.made_from is None or not isinstance(run.made_from.get("file"), str):
        return None
    return curve.how_to(run.made_from, str(run.folder), language)


def _confusion(run: Run, scores: Scores | None, language: Language) -> Section | None:
    """Of the model on other examples; without them, of the network in the comparison."""
    if scores is not None and run.model is not None:
        who = WORDS[language]["network"].format(kind=run.model.kind_)
        return confusion.section(scores.classes, scores.confusion, who, language)
    contenders = run.comparison["contenders"] if run.comparison is not None else []
    for one in contenders:
        if one["kind"] == "learned" and one["error"] is None:
            return confusion.section(one["classes"], np.array(one["confusion"]), one["name"], language)
    return None


def _calibration(run: Run, evidence: Evidence | None, language: Language) -> Section | None:
    """On other examples where some were given, otherwise as it was measured in training."""
    fitted = run.model.calibration_ if isinstance(run.model, TextClassifier | ImageClassifier) else None
    if fitted is not None and (evidence is None or evidence.held_out):
        return calibration.section(calibration.of_training(fitted), language)
    if evidence is None:
        return None
    temperature = None if fitted is None else fitted.temperature
    return calibration.section(calibration.of_examples(evidence.probabilities, evidence.right, temperature), language)


# --- what text classifiers have ---


def _of_texts(
    run: Run, classifier: TextClassifier, evidence: TextEvidence, language: Language
) -> Iterator[Section | None]:
    judgement = Judgement(evidence.classes, evidence.probabilities, basis="held out" if evidence.held_out else "unseen")
    mistakes = find_mistakes(evidence.texts, evidence.true, judgement)
    suspects = {each.row for each in mistakes.suspects}
    chosen, worst = examples.choose(evidence, run.rules), [each.row for each in mistakes.surest[: errors.MOST]]
    explained = _explained(run, classifier, evidence, [*chosen, *worst], language)
    yield examples.section(explained[: len(chosen)], language)
    shown = [replace(one, suspect=row in suspects) for one, row in zip(explained[len(chosen) :], worst, strict=True)]
    yield errors.section(shown, mistakes, language)


def _explained(
    run: Run, classifier: TextClassifier, evidence: TextEvidence, rows: Sequence[int], language: Language
) -> list[examples.Example]:
    """What moved the network in these texts, and what the rules prove about them."""
    explain, say = Explainer(classifier), examples.WORDS[language]
    found = []
    for row in rows:
        explained = explain(evidence.texts[row])
        why, ruled = [(say["network"], reasons(explained, language))], None
        decision = None if run.rules is None else run.rules.decide(evidence.texts[row])
        if decision is not None and decision.label is not None:
            ruled = str(decision.label)
            why.append((say["rules"], reasons(explain_decision(decision), language)))
        answer = evidence.true[row], evidence.predicted[row], float(evidence.confidence[row])
        found.append(examples.Example(marked(excerpt(explained)), why, *answer, ruled))
    return found
