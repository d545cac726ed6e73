"""`saegim anatomy`: one training step on one text, slowly."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from saegim.cli.console import Console, one_line, whole
from saegim.cli.options import AsJson, Debug, InLanguage, Language, ModelFolder, Quiet
from saegim.late import late

if TYPE_CHECKING:
    from saegim import explain as explaining
    from saegim import training
    from saegim.explain import anatomy_wording
else:
    explaining, training = late("saegim.explain"), late("saegim.training")
    anatomy_wording = late("saegim.explain.anatomy_wording")


class Rule(StrEnum):
    """The optimisers that a step can be made with."""

    sgd = "sgd"
    adagrad = "adagrad"
    adam = "adam"
    adamw = "adamw"


def anatomy(
    folder: ModelFolder,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text to make a training step on.")],
    label: Annotated[str, typer.Option("--label", metavar="C", help="The label that the text should get.")],
    optimizer: Annotated[
        Rule | None, typer.Option("--optimizer", help="What moves the weights; as in training if left out.")
    ] = None,
    lr: Annotated[
        float | None, typer.Option("--lr", metavar="X", help="The learning rate; the optimiser's own if left out.")
    ] = None,
    dropout: Annotated[bool, typer.Option("--dropout", help="Drop at random, as training does.")] = False,
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Show what happens inside a network in one training step on one text.

    What every layer gives, the prediction, the loss; then the gradient, layer by layer from the output back to the
    input, with the factor that the chain rule multiplied it by; then each parameter before and after the update. The
    model in DIR stays as it is. Texts that begin with a dash go after --.
    """
    console = Console(as_json=as_json, quiet=quiet)
    found = explaining.anatomy_of_text(
        training.TextClassifier.load(folder),
        whole(text),
        label,
        optimizer=None if optimizer is None else optimizer.value,
        lr=lr,
        dropout=dropout,
    )
    told = anatomy_wording.text_in_words(found, language.value)
    console.result(found.to_dict(), "\n".join(map(one_line, told.split("\n"))))
