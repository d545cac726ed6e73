"""The whole of saegim at one go: data, rules, a network, which to trust, and why each said what it said."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saegim.data import read_table
from saegim.demo.languages import MIN_TEXTS, Text, as_tsv, build, cldr_version, split
from saegim.demo.page import report
from saegim.demo.script_rules import rules_from, rules_yaml
from saegim.demo.wording import SAYINGS, Language
from saegim.errors import SaegimError, SettingError
from saegim.evaluation.compare import Contender, LabelledTexts, classical_contenders, compare
from saegim.evaluation.comparison import Comparison
from saegim.evaluation.learned import Learned
from saegim.evaluation.stored import write_comparison
from saegim.evaluation.verdict import verdict
from saegim.explain import Explanation, explain_decision, explain_prediction
from saegim.report import write_report
from saegim.rules import RuleSet
from saegim.training import TextClassifier
from saegim.training.progress import Progress
from saegim.training.run_file import describe

__all__ = ["run"]

RULES, NETWORK = "rules", "network"
LIKELY_KNOWN = ("es", "fr", "de", "en")  # languages that many readers can follow an explanation in

Say = Callable[[str], None]


def run(
    out: Path,
    *,
    language: Language = "en",
    say: Say,
    progress: Progress | None = None,
    seed: int = 0,
    languages: Collection[str] | None = None,
    min_texts: int = MIN_TEXTS,
) -> dict[str, Any]:
    """Collect short texts in many languages, set rules and learned models side by side, explain a decision of each.

    Writes train.tsv, test.tsv, rules.yaml, model/ and report.html into `out`. `say` hears what happens; the dictionary
    has all figures, and as "report" what is to be printed, in `language`. progress: who listens to training.
    languages, min_texts: a smaller set (see `languages.build`), for a shorter demonstration.
    Raises SettingError when `out` cannot be written to, SaegimError when the network cannot be trained.
    """
    began = time.monotonic()
    if language not in SAYINGS:
        raise SettingError(f"the language {language!r} is not known; choose 'en' or 'ko'")
    words = SAYINGS[language]
    try:
        out.mkdir(parents=True, exist_ok=True)
        material = _collect(out, say, words, seed, languages, min_texts)
    except OSError as error:
        raise SettingError(words["unwritable"].format(out=out, reason=error.strerror)) from None

    comparison, classifier = _compare(material, progress, seed, lambda name: say(words["building"].format(name=name)))
    if classifier is None:
        raise SaegimError(words["failed"].format(error=comparison.result(NETWORK).measurement.error))
    classifier.save(out / "model")
    page = _page(out, comparison, seed, language)

    proof = _proved(material, comparison)
    explanation = _taken_apart(material, comparison, classifier)
    judgement = verdict(comparison, language)
    return {
        **comparison.to_dict(),
        "out": str(out),
        "languages": len(classifier.classes_),
        "verdict": judgement,
        "explanations": {RULES: proof.to_dict() if proof else None, NETWORK: explanation.to_dict()},
        "page": str(page),
        "report": report(comparison, judgement, proof, explanation, out, page, language),
        "seconds": time.monotonic() - began,
    }


@dataclass(frozen=True)
class _Material:
    """What everything is built from and measured on."""

    train: list[Text]
    test: list[Text]
    rules: RuleSet = field(repr=False)


def _collect(
    out: Path, say: Say, words: dict[str, str], seed: int, languages: Collection[str] | None, min_texts: int
) -> _Material:
    """The texts in two parts, and the rules that the training part bears out; all written to files."""
    say(words["collecting"].format(cldr=cldr_version()))
    texts = build(min_texts, languages=languages)
    train, test = split(texts, seed)
    (out / "train.tsv").write_text(as_tsv(train), encoding="utf-8", newline="\n")
    (out / "test.tsv").write_text(as_tsv(test), encoding="utf-8", newline="\n")
    codes = {text.language for text in texts}
    say(words["collected"].format(texts=len(texts), languages=len(codes), train=len(train), test=len(test)))
    rules = rules_from(train)
    (out / "rules.yaml").write_text(rules_yaml(rules), encoding="utf-8", newline="\n")
    say(words["rules"].format(rules=len(rules.rules), path=out / "rules.yaml"))
    return _Material(train, test, rules)


def _compare(
    material: _Material, progress: Progress | None, seed: int, building: Say
) -> tuple[Comparison, TextClassifier | None]:
    """All contenders side by side, and the trained network (None if that failed)."""
    trained: list[TextClassifier] = []

    def network(texts: Sequence[str], labels: Sequence[str]) -> Learned:
        trained.append(TextClassifier("auto", seed=seed).fit(texts, labels, progress=progress))
        return Learned(trained[0])

    majority, *classical = classical_contenders(seed=seed)
    rules = Contender(RULES, "rules", lambda texts, labels: material.rules)
    learned = Contender(NETWORK, "learned", network)
    train, test = (LabelledTexts(*zip(*part, strict=True)) for part in (material.train, material.test))
    comparison = compare([majority, rules, *classical, learned], train, test, seed=seed, progress=building)
    return comparison, trained[0] if trained else None


def _page(out: Path, comparison: Comparison, seed: int, language: Language) -> Path:
    """The report of the model that was saved, on the texts that all were measured on; where it was written."""
    model, train, test = out / "model", out / "train.tsv", out / "test.tsv"
    describe(model, file=train, text="text", label="language", model="auto", seed=seed)
    write_comparison(comparison, model)
    (model / "rules.yaml").write_bytes((out / "rules.yaml").read_bytes())
    texts = read_table(test, text="text", label="language")
    return write_report(model, out / "report.html", data=texts, name=out.resolve().name, language=language).path


def _proved(material: _Material, comparison: Comparison) -> Explanation | None:
    """A right decision of the rules; if possible one in which a rule kept another from firing, on plain words."""
    predictions = comparison.result(RULES).measurement.predictions or ()
    right = (row.text for row, label in zip(material.test, predictions, strict=True) if label == row.language)
    decisions = [material.rules.decide(text) for text in right]
    found = max(decisions, key=lambda each: (bool(each.stopped), each.text.isalpha()), default=None)
    return None if found is None else explain_decision(found)


def _taken_apart(material: _Material, comparison: Comparison, classifier: TextClassifier) -> Explanation:
    """What moved the network to a decision; if possible a right one of several words where the rules abstain."""
    said, ruled = (comparison.result(name).measurement.predictions or () for name in (NETWORK, RULES))

    def merit(number: int) -> tuple[bool, bool, bool, int]:
        text, language = material.test[number]
        several = 3 <= len(text.split()) <= 6
        return said[number] == language, ruled[number] is None and several, language in LIKELY_KNOWN, -number

    return explain_prediction(classifier, material.test[max(range(len(material.test)), key=merit)].text)
