"""`saegim explain`: how much each word moved the network's score, and the proof of the rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saegim.cli.console import Console, one_line, whole
from saegim.cli.options import AsJson, Debug, InLanguage, Language, Quiet
from saegim.errors import SettingError
from saegim.late import late

if TYPE_CHECKING:
    from saegim import explain as explaining
    from saegim import rules, together, training
    from saegim.cli import run_folder
    from saegim.explain import wording
    from saegim.together import folder as policies
else:
    explaining, rules, training = late("saegim.explain"), late("saegim.rules"), late("saegim.training")
    together, policies = late("saegim.together"), late("saegim.together.folder")
    run_folder, wording = late("saegim.cli.run_folder"), late("saegim.explain.wording")

_SAYINGS = {
    "en": {
        "rules say": "The rules say:",
        "rules": "Answer: {label}, by the rules ({rules}), {confidence:.0%} sure",
        "network": "Answer: {label}, by the network, {confidence:.0%} sure",
        "nobody": "No answer: the network is {confidence:.0%} sure, and the policy of the model asks for more",
    },
    "ko": {
        "rules say": "규칙의 판단:",
        "rules": "답: {label}, 규칙({rules})에 따름, 확신 {confidence:.0%}",
        "network": "답: {label}, 신경망에 따름, 확신 {confidence:.0%}",
        "nobody": "답하지 않음: 신경망의 확신 {confidence:.0%}로는 모델의 방침에 미치지 못함",
    },
}


def explain(
    model: Annotated[Path, typer.Argument(metavar="DIR|RULES", help="A model folder, or a rule file (YAML).")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text to explain the label of.")],
    label: Annotated[
        str | None, typer.Option("--label", metavar="L", help="Explain the network's score of this label instead.")
    ] = None,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Show why a text gets its label.

    For a network: how much each word raised or lowered the score of the label. The amounts add up to the score; what is
    missing is stated as the error. For rules, also those kept in the model folder: what they rest on and how strongly,
    the facts seen, the rules that followed, and what they beat. Where a policy chooses between the two, it says who
    answers. Texts that begin with a dash go after --.
    """
    console = Console(as_json=as_json, quiet=quiet)
    text = whole(text)
    found, answer = _of_rules(model, text, label) if model.is_file() else _of_folder(model, text, label)
    told = [*_told(found, language.value), *([] if answer is None else [_answered(answer, language.value)])]
    console.result(
        {
            "text": text,
            "answer": None if answer is None else answer.to_dict(),
            "explanations": [each.to_dict() for each in found],
        },
        _one_block("\n\n".join(told)),
    )


def _of_rules(file: Path, text: str, label: str | None) -> tuple[list[explaining.Explanation], None]:
    """The proof of a rule file."""
    if label is not None:
        raise SettingError("--label is for networks; rules prove the label that they give")
    return [explaining.explain_decision(rules.load_rules(file).decide(text))], None


def _of_folder(
    folder: Path, text: str, label: str | None
) -> tuple[list[explaining.Explanation], together.Answer | None]:
    """The explanation of the network, and of the rules if there are any; and who answers, if that is not always the
    network."""
    answer = None
    if policies.who_answers(folder) == "together":
        both = together.Together.load(folder)
        classifier, answer = both.classifier, both.decide([text])[0]
    else:
        classifier = training.TextClassifier.load(folder)
    found = [explaining.explain_prediction(classifier, text, label)]
    kept_rules = folder / run_folder.RULES
    if kept_rules.exists():
        found.append(explaining.explain_decision(rules.load_rules(kept_rules).decide(text)))
    return found, answer


def _told(found: list[explaining.Explanation], language: wording.Language) -> Iterator[str]:
    """The explanations in words; those of rules after a network's are announced."""
    for number, each in enumerate(found):
        if number:
            yield _SAYINGS[language]["rules say"]
        yield wording.in_words(each, language)


def _answered(answer: together.Answer, language: wording.Language) -> str:
    """Who answers, by the policy of the folder."""
    values = {"label": answer.label, "rules": ", ".join(answer.rules), "confidence": answer.confidence}
    return _SAYINGS[language][answer.by or "nobody"].format(**values)


def _one_block(lines: str) -> str:
    """Lines that may show parts of a text, with nothing in them that could steer a terminal."""
    return "\n".join(one_line(line) for line in lines.split("\n"))
