"""From a run's folder to its report: what is there is read, what can be shown is shown, the rest is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from saegim.data import Table
from saegim.errors import ModelFileError
from saegim.evaluation import Scores, score
from saegim.explain import Explainer, explain_decision
from saegim.explain.html import marked, reasons
from saegim.report import (
    calibration,
    comparison,
    confusion,
    curve,
    errors,
    examples,
    flow,
    model,
    repeat,
    training,
    verdict,
)
from saegim.report.evidence import Evidence, Missing, evidence_from, held_out_evidence
from saegim.report.excerpt import excerpt
from saegim.report.page import Page, page, write_page
from saegim.report.run import Run, read_run
from saegim.report.section import Language, Section
from saegim.training.advice import in_words

__all__ = ["Report", "report_on", "write_report"]

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "no description": (
            "The folder does not say which texts the model was trained on (it holds no run.yaml), so what needs texts "
            "is left out here. Give labelled texts with --data."
        ),
        "gone": (
            "{file} is not there any more, so what needs its texts is left out here. Put it back, start the command "
            "from where training was started, or give labelled texts with --data."
        ),
        "changed": (
            "{file} is not the file that the model was trained on any more (its digest is another), so what needs its "
            "texts is left out here. Put the old file back, or give labelled texts with --data."
        ),
        "none held out": (
            "There were too few texts in {file} to hold some out, so what needs others is left out here. Give labelled "
            "texts with --data."
        ),
        "no model": "The folder holds a comparison and no model, so what needs one is left out here.",
        "held_out": (
            "What follows was measured on the texts that training held out. The best epoch was chosen by them, which "
            "flatters the figures a little."
        ),
        "network": "the network ({kind})",
    },
    "ko": {
        "no description": (
            "어떤 글로 훈련했는지 폴더에 적혀 있지 않아(run.yaml이 없음) 글이 있어야 하는 부분은 뺐습니다. --data로 "
            "정답 달린 글을 주십시오."
        ),
        "gone": (
            "{file} 파일이 이제 없어 그 글이 있어야 하는 부분은 뺐습니다. 파일을 되돌리거나, 훈련을 시작한 곳에서 "
            "명령을 내리거나, --data로 정답 달린 글을 주십시오."
        ),
        "changed": (
            "{file} 파일이 훈련에 쓴 것과 다릅니다(다이제스트가 다름). 그 글이 있어야 하는 부분은 뺐습니다. 예전 "
            "파일을 되돌리거나 --data로 정답 달린 글을 주십시오."
        ),
        "none held out": (
            "{file} 파일의 글이 적어 따로 둔 것이 없으므로, 다른 글이 있어야 하는 부분은 뺐습니다. --data로 정답 달린 "
            "글을 주십시오."
        ),
        "no model": "폴더에 비교만 있고 모델이 없어, 모델이 있어야 하는 부분은 뺐습니다.",
        "held_out": (
            "아래는 훈련 때 따로 둔 글로 잰 것입니다. 가장 나은 에폭도 이 글로 골랐으므로 값이 조금 좋게 나옵니다."
        ),
        "network": "신경망({kind})",
    },
}


@dataclass(frozen=True)
class Report:
    """Where the page was written, its bytes, the keys of its sections, and the sentence about what is missing."""

    path: Path
    bytes: int
    sections: list[str]
    missing: str | None


def write_report(
    folder: Path,
    path: Path | None = None,
    *,
    data: Table | None = None,
    curve_file: Path | None = None,
    name: str | None = None,
    language: Language = "en",
) -> Report:
    """Writes the report of a run's folder, report.html in it unless `path` names another file.

    data: labelled texts to measure on; without them those that training held out are, if the file they are from is
    still there. curve_file: a learning curve of these data, if the folder has none. name: what the run is called on the
    page, as its folder if left out. Raises ModelFileError, DataError or RuleError for a folder that is missing, damaged
    or altered, and DataError for a page that cannot be written.
    """
    run = read_run(folder, curve_file)
    evidence = evidence_from(run.classifier, data) if data is not None and run.classifier is not None else None
    found, missing = report_on(run, evidence or held_out_evidence(run.classifier, run.made_from), language, name)
    path = path or folder / "report.html"
    return Report(path, write_page(path, found), found.sections, missing)


def report_on(
    run: Run, evidence: Evidence | Missing, language: Language = "en", name: str | None = None
) -> tuple[Page, str | None]:
    """The page about a run, and the sentence about what is missing."""
    say = WORDS[language]
    missing = say[evidence.why].format(file=evidence.file) if isinstance(evidence, Missing) else None
    seen = None if isinstance(evidence, Missing) else evidence
    found = list(_sections(run, seen, language))
    found[0].context["missing"] = missing
    found[0].context["held_out"] = say["held_out"] if seen is not None and seen.held_out else None
    return page(name or run.folder.resolve().name, found, language), missing


def _sections(run: Run, evidence: Evidence | None, language: Language) -> list[Section]:
    scores = None if evidence is None else score(evidence.true, evidence.predicted)
    history = _history(run, language)
    found: list[Section | None] = [
        verdict.section(run.comparison, scores, history, language),
        comparison.section(run.comparison, language),
        _curve(run, language),
    ]
    if history is not None:
        found.append(training.section(history["records"], history["best"], history["notes"], language))
    found.append(_confusion(run, scores, language))
    found.append(_calibration(run, evidence, language))
    if history is not None:
        found.append(flow.section(history["records"], history["findings"], language))
    if evidence is not None:
        wrong = evidence.wrong
        chosen, worst = examples.choose(evidence, run.rules), wrong[: errors.MOST]
        explained = _explained(run, evidence, [*chosen, *worst], language)
        found += [
            examples.section(explained[: len(chosen)], language),
            errors.section(explained[len(chosen) :], len(wrong), len(evidence.texts), language),
        ]
    if run.classifier is not None:
        found += [model.section(run.classifier.summary(), language), repeat.section(run.made_from, language)]
    return [each for each in found if each is not None]


def _curve(run: Run, language: Language) -> Section | None:
    """The learning curve, why there is none, or how to make one."""
    if isinstance(run.curve, ModelFileError):
        return curve.unread(run.curve, language)
    if run.curve is not None:
        return curve.section(run.curve, language)
    if run.made_from is None or not isinstance(run.made_from.get("file"), str):
        return None
    return curve.how_to(run.made_from, str(run.folder), language)


def _history(run: Run, language: Language) -> dict[str, Any] | None:
    classifier = run.classifier
    if classifier is None:
        return None
    records = classifier.history_
    return {
        "records": records,
        "epochs": len(records),
        "best": classifier.best_epoch_ + 1,
        "seconds": classifier.seconds_,
        "notes": classifier.notes_,
        "findings": [in_words(each, language) for each in classifier.findings_],
    }


def _confusion(run: Run, scores: Scores | None, language: Language) -> Section | None:
    """Of the model on other texts; without them, of the network in the comparison."""
    if scores is not None and run.classifier is not None:
        who = WORDS[language]["network"].format(kind=run.classifier.kind_)
        return confusion.section(scores.classes, scores.confusion, who, language)
    contenders = run.comparison["contenders"] if run.comparison is not None else []
    for one in contenders:
        if one["kind"] == "learned" and one["error"] is None:
            return confusion.section(one["classes"], np.array(one["confusion"]), one["name"], language)
    return None


def _calibration(run: Run, evidence: Evidence | None, language: Language) -> Section | None:
    """On other texts where some were given, otherwise as it was measured in training."""
    fitted = None if run.classifier is None else run.classifier.calibration_
    if fitted is not None and (evidence is None or evidence.held_out):
        return calibration.section(calibration.of_training(fitted), language)
    if evidence is None:
        return None
    temperature = None if fitted is None else fitted.temperature
    return calibration.section(calibration.of_texts(evidence.probabilities, evidence.right, temperature), language)


def _explained(run: Run, evidence: Evidence, rows: Sequence[int], language: Language) -> list[examples.Example]:
    """What moved the network in these texts, and what the rules prove about them."""
    assert run.classifier is not None
    explain, say = Explainer(run.classifier), examples.WORDS[language]
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
