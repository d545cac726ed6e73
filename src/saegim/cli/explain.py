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
    from saegim import rules, training
    from saegim.cli import run_folder
    from saegim.explain import wording
else:
    explaining, rules, training = late("saegim.explain"), late("saegim.rules"), late("saegim.training")
    run_folder, wording = late("saegim.cli.run_folder"), late("saegim.explain.wording")

_RULES_SAY = {"en": "The rules say:", "ko": "규칙의 판단:"}


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
    the facts seen, the rules that followed, and what they beat. Texts that begin with a dash go after --.
    """
    console = Console(as_json=as_json, quiet=quiet)
    text = whole(text)
    found = _explanations(model, text, label)
    console.result(
        {"text": text, "explanations": [each.to_dict() for each in found]},
        _one_block("\n\n".join(_told(found, language.value))),
    )


def _explanations(model: Path, text: str, label: str | None) -> list[explaining.Explanation]:
    """Those of the network, if there is one, and of the rules, if there are any."""
    if model.is_file():
        if label is not None:
            raise SettingError("--label is for networks; rules prove the label that they give")
        return [explaining.explain_decision(rules.load_rules(model).decide(text))]
    found = [explaining.explain_prediction(training.TextClassifier.load(model), text, label)]
    kept_rules = model / run_folder.RULES
    if kept_rules.exists():
        found.append(explaining.explain_decision(rules.load_rules(kept_rules).decide(text)))
    return found


def _told(found: list[explaining.Explanation], language: wording.Language) -> Iterator[str]:
    """The explanations in words; those of rules after a network's are announced."""
    for number, each in enumerate(found):
        if number:
            yield _RULES_SAY[language]
        yield wording.in_words(each, language)


def _one_block(lines: str) -> str:
    """Lines that may show parts of a text, with nothing in them that could steer a terminal."""
    return "\n".join(one_line(line) for line in lines.split("\n"))
