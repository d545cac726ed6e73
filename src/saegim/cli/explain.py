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
else:
    explaining, rules, training = late("saegim.explain"), late("saegim.rules"), late("saegim.training")
    run_folder = late("saegim.cli.run_folder")

_BAR = 20  # columns of the longest bar
_WORDS_SHOWN = 40

_SAYINGS = {
    "en": {
        "label": "=> label {label}, probability {probability:.4f}",
        "sum": "score {score:+.4f} = {base:+.4f} before reading {words:+.4f} by the words (error {error:.0e})",
        "rest": "and {n} words that moved it less, together {total:+.4f}",
        "rules": "The rules say:",
    },
    "ko": {
        "label": "=> {label}(으)로 판단, 확률 {probability:.4f}",
        "sum": "점수 {score:+.4f} = 읽기 전 {base:+.4f} {words:+.4f} 단어들 (오차 {error:.0e})",
        "rest": "그 밖에 덜 움직인 단어 {n}개, 합해서 {total:+.4f}",
        "rules": "규칙의 판단:",
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

    For a network: how much each word raised or lowered the score of the label. The contributions add up to the score;
    what is missing is stated as the error. For rules, also those kept in the model folder: the facts seen, the rules
    that followed, and what they beat. Texts that begin with a dash go after --.
    """
    console = Console(as_json=as_json, quiet=quiet)
    if model.is_file():
        if label is not None:
            raise SettingError("--label is for networks; rules prove the label that they give")
        decision = rules.load_rules(model).decide(whole(text))
        console.result(decision.to_dict(), _one_block(decision.explain(language.value)))
        return
    explanation = explaining.explain_prediction(training.TextClassifier.load(model), whole(text), label)
    kept_rules = model / run_folder.RULES
    proof = rules.load_rules(kept_rules).decide(text) if kept_rules.exists() else None
    told = [_in_words(explanation, language.value)]
    if proof is not None:
        told += [_SAYINGS[language.value]["rules"], _one_block(proof.explain(language.value))]
    console.result({**explanation.to_dict(), "rules": None if proof is None else proof.to_dict()}, "\n\n".join(told))


def _one_block(lines: str) -> str:
    """Lines that may show parts of a text, with nothing in them that could steer a terminal."""
    return "\n".join(one_line(line) for line in lines.split("\n"))


def _in_words(explanation: explaining.Explanation, language: str) -> str:
    say = _SAYINGS[language]
    most = sorted(explanation.words, key=lambda word: -abs(word.contribution))[:_WORDS_SHOWN]
    shown = [word for word in explanation.words if word in most]
    longest = max((abs(word.contribution) for word in shown), default=0.0) or 1.0
    moved = sum(word.contribution for word in explanation.words)
    lines = [
        f'"{" ".join(explanation.text.split())}"',
        say["label"].format(**vars(explanation)),
        say["sum"].format(score=explanation.score, base=explanation.base, words=moved, error=abs(explanation.error)),
        *(f"  {_bar(word.contribution / longest)} {word.contribution:+.4f}  {word.word}" for word in shown),
    ]
    if len(shown) < len(explanation.words):
        total = moved - sum(word.contribution for word in shown)
        lines.append("  " + say["rest"].format(n=len(explanation.words) - len(shown), total=total))
    return _one_block("\n".join(lines))


def _bar(share: float) -> str:
    """A bar of that share of the longest, from the middle: to the right if it is positive."""
    block = "█" * round(abs(share) * _BAR)
    return f"{block:>{_BAR}}│{'':{_BAR}}" if share < 0 else f"{'':{_BAR}}│{block:<{_BAR}}"
