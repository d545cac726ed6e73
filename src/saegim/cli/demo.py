"""`saegim demo`: the whole of saegim in one command, without any file or download."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from saegim.cli.console import Console
from saegim.cli.options import AsJson, Debug, InLanguage, Language, Quiet
from saegim.late import late

if TYPE_CHECKING:
    from saegim.demo import demonstration
else:
    demonstration = late("saegim.demo.demonstration")


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where data, rules and the trained model are written.")
    ] = Path("demo"),
    language: InLanguage = Language.en,
    as_json: AsJson = False,
    quiet: Quiet = False,
    _debug: Debug = False,
) -> None:
    """Learn over 100 languages, beside rules; say which to trust.

    The texts are short strings of Unicode CLDR, which comes with saegim's dependencies: nothing is downloaded. Rules
    go by the script; a network is trained; both and the classical baselines are measured on the same split; one
    decision of each is explained.
    """
    console = Console(as_json=as_json, quiet=quiet)
    found = demonstration.run(out, language=language.value, say=console.say, progress=console.progress())
    console.result({key: each for key, each in found.items() if key != "report"}, found["report"])
