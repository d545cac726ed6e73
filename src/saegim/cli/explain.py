"""`saegim explain`: how much each word moved the network's score, and the proof of the rules."""

from __future__ import annotations

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

    For a network: how much each word raised or lowered the score of the label. The contributions add up to the score;
    what is missing is stated as the error. For rules, also those kept in the model folder: the facts seen, the rules
    that followed, and what they beat. Texts that begin with a dash go after --.
    """
    console = Console(as_json=as_json, quiet=quiet)
    text = whole(text)
    if model.is_file():
        if label is not None:
            raise SettingError("--label is for networks; rules prove the label that they give")
        decision = rules.load_rules(model).decide(text)
        console.result(decision.to_dict(), _one_block(decision.explain(language.value)))
        return
    explanation = explaining.explain_prediction(training.TextClassifier.load(model), text, label)
    kept_rules = model / run_folder.RULES
    proof = rules.load_rules(kept_rules).decide(text) if kept_rules.exists() else None
    told = [wording.in_words(explanation, language.value)]
    if proof is not None:
        told += [_RULES_SAY[language.value], proof.explain(language.value)]
    console.result(
        {**explanation.to_dict(), "rules": None if proof is None else proof.to_dict()}, _one_block("\n\n".join(told))
    )


def _one_block(lines: str) -> str:
    """Lines that may show parts of a text, with nothing in them that could steer a terminal."""
    return "\n".join(one_line(line) for line in lines.split("\n"))
