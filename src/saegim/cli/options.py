"""The options that several commands share, each declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Model(StrEnum):
    """The networks that can be trained."""

    auto = "auto"
    bag = "bag"
    cnn = "cnn"
    lstm = "lstm"
    transformer = "transformer"
    wide = "wide"


class Language(StrEnum):
    """The languages that results are put into words in."""

    en = "en"
    ko = "ko"


class PolicyName(StrEnum):
    """Who answers, where a folder holds a network and rules."""

    network = "network"
    together = "together"


ModelFolder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a trained model.")]

TextColumn = Annotated[
    str | None,
    typer.Option("--text", metavar="C", help="The column of texts: its name, or its number from 1. Found if clear."),
]
LabelColumn = Annotated[
    str | None,
    typer.Option("--label", metavar="C", help="The column of labels: its name, or its number from 1. Found if clear."),
]
SkipBadRows = Annotated[bool, typer.Option("--skip-bad-rows", help="Count rows that cannot be used, and go on.")]
SkipBadFiles = Annotated[bool, typer.Option("--skip-bad-files", help="Count images that cannot be read, and go on.")]

ModelName = Annotated[Model, typer.Option("--model", help="The network; auto chooses by the data and says why.")]
RuleFile = Annotated[
    Path | None, typer.Option("--rules", metavar="FILE", help="Rules (YAML) to set beside the network.")
]
Epochs = Annotated[int | None, typer.Option("--epochs", min=1, max=1_000_000, help="Passes over the data, at most.")]
TimeBudget = Annotated[
    str | None,
    typer.Option("--time-budget", metavar="TIME", help="The longest training may take: 90, 90s, 2m, 1h30m."),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Everything random follows from it.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, max=1024, help="Processor cores to use; all if left out.")
]
TensorBoardFolder = Annotated[
    Path | None, typer.Option("--tensorboard", metavar="DIR", help="Write event files for TensorBoard there, too.")
]
InLanguage = Annotated[Language, typer.Option("--language", help="The language of explanations and verdicts.")]

Policy = Annotated[
    PolicyName | None,
    typer.Option(
        "--policy",
        help="Who answers: the network alone, or rules first where they are precise. As the folder says if left out.",
    ),
]

MinAccuracy = Annotated[
    float | None,
    typer.Option("--min-accuracy", metavar="A", help="Answer only where so many are right: 0.95 is 95 of 100."),
]
MinConfidence = Annotated[
    float | None,
    typer.Option("--min-confidence", metavar="P", help="Answer only where the network is so sure: 0.8 is 80%."),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Announce nothing; errors and the result are still printed.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where in the program an error arose.")]
