"""The commands and how they are reached."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from saegim.__about__ import __version__
from saegim.cli.anatomy import anatomy
from saegim.cli.compare import compare
from saegim.cli.curve import curve
from saegim.cli.demo import demo
from saegim.cli.draw import draw
from saegim.cli.errors import errors
from saegim.cli.evaluate import evaluate
from saegim.cli.explain import explain
from saegim.cli.options import Debug
from saegim.cli.predict import predict
from saegim.cli.report import report
from saegim.cli.rules import check
from saegim.cli.summary import summary
from saegim.cli.train import train
from saegim.cli.train_draw import train_draw
from saegim.cli.train_images import train_images

# Help is plain text: it reads well in a pipe too, and importing rich for it would take longer than all the rest.
_PLAIN: dict[str, Any] = {
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "add_completion": False,
    "context_settings": {"help_option_names": ["--help", "-h"]},
}


def build() -> typer.Typer:
    """The application with all its commands, in the order in which a newcomer meets them."""
    app = typer.Typer(**_PLAIN)
    app.callback(
        invoke_without_command=True, add_help_option=False, epilog=_examples("saegim demo", "saegim train --help")
    )(start)
    app.command(epilog=_examples("saegim demo", "saegim demo --language ko --out languages"))(demo)
    app.command(epilog=_examples("saegim train reviews.csv --text review --label stars --out model"))(train)
    app.command(
        "train-images",
        epilog=_examples("saegim train-images digits --out model", "saegim train-images photos --out model --flip"),
    )(train_images)
    app.command(epilog=_examples("saegim evaluate model new-reviews.csv --json"))(evaluate)
    app.command(
        epilog=_examples(
            'saegim predict model "정말 재미있다"', "saegim predict model --input lines.txt --output labels.txt"
        )
    )(predict)
    app.command(epilog=_examples("saegim compare reviews.csv --text review --label stars --rules rules.yaml"))(compare)
    app.command(
        epilog=_examples(
            "saegim curve reviews.csv --text review --label stars --rules rules.yaml",
            "saegim curve reviews.csv --rules rules.yaml --out curve --time-budget 10m",
        )
    )(curve)
    app.command(
        epilog=_examples(
            'saegim explain model "정말 재미있다"', 'saegim explain rules.yaml "정말 재미있다" --language ko'
        )
    )(explain)
    app.command(
        epilog=_examples(
            "saegim errors model new-reviews.csv --text review --label stars",
            "saegim errors model reviews.csv --folds 5 --out to-correct.tsv",
        )
    )(errors)
    app.command(epilog=_examples("saegim report model", "saegim report model --data new-reviews.csv --language ko"))(
        report
    )
    app.command(epilog=_examples("saegim summary model"))(summary)
    app.command(
        epilog=_examples(
            'saegim anatomy model "정말 재미있다" --label 1',
            'saegim anatomy model "정말 재미있다" --label 1 --optimizer sgd --lr 0.1',
        )
    )(anatomy)
    app.command("train-draw", epilog=_examples("saegim train-draw digits --out artist"))(train_draw)
    app.command(
        epilog=_examples(
            "saegim draw artist --category 7 --count 16 --out grid.png", "saegim draw artist --measure digits"
        )
    )(draw)
    app.add_typer(_rules(), name="rules")
    return app


def _rules() -> typer.Typer:
    app = typer.Typer(**_PLAIN)
    app.callback(invoke_without_command=True, add_help_option=False, epilog=_examples("saegim rules check rules.yaml"))(
        start_rules
    )
    app.command(
        epilog=_examples(
            "saegim rules check rules.yaml",
            "saegim rules check rules.yaml --data reviews.csv --text review --label stars",
        )
    )(check)
    return app


def _examples(*lines: str) -> str:
    """An epilog; \\b keeps its lines apart."""
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  {line}" for line in lines)])


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"saegim {__version__}")
        raise typer.Exit


def _print_help(context: typer.Context, asked: bool) -> None:
    if asked:
        typer.echo(context.get_help())
        raise typer.Exit


# Groups declare --help themselves: typer validates its own one, also where a command follows, with a library that
# takes longer to import than help may take.
_Help = Annotated[
    bool, typer.Option("--help", "-h", callback=_print_help, is_eager=True, help="Show this message and exit.")
]


def start(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    _debug: Debug = False,
    _help: _Help = False,
) -> None:
    """Learn from text on the machine you have: a network beside your rules, and which of them to trust."""
    _print_help(context, context.invoked_subcommand is None)


def start_rules(context: typer.Context, _help: _Help = False) -> None:
    """Work with rules that an expert wrote down."""
    _print_help(context, context.invoked_subcommand is None)
