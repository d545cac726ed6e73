"""What a run left in its folder, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saegim.curve import Curve, read_curve
from saegim.curve.store import NAME as CURVE
from saegim.errors import ModelFileError
from saegim.evaluation import COMPARISON, read_comparison
from saegim.rules import RuleSet, load_rules
from saegim.training import TextClassifier
from saegim.training.folder import CONFIG
from saegim.training.run_file import read_description

RULES = "rules.yaml"


@dataclass(frozen=True, eq=False)
class Run:
    """A run's folder.

    classifier: None where only a comparison was kept; made_from: the options in run.yaml; comparison: what
    comparison.json holds; rules: those kept beside the model; curve: its learning curve, or why it cannot be read
    """

    folder: Path
    classifier: TextClassifier | None
    made_from: dict[str, Any] | None = None
    comparison: dict[str, Any] | None = None
    rules: RuleSet | None = None
    curve: Curve | ModelFileError | None = None


def read_run(folder: Path, curve: Path | None = None) -> Run:
    """What is in the folder; the learning curve from another file if one is given.

    Raises ModelFileError, DataError or RuleError for what is missing, damaged or altered.
    """
    if not folder.is_dir():
        raise ModelFileError(f"{folder} is not a folder; give the folder that `saegim train --out` wrote")
    comparison = read_comparison(folder)
    if not (folder / CONFIG).exists() and comparison is None:
        raise ModelFileError(f"{folder} holds no {CONFIG} and no {COMPARISON}; train with --out {folder}")
    return Run(
        folder,
        TextClassifier.load(folder) if (folder / CONFIG).exists() else None,
        read_description(folder),
        comparison,
        load_rules(folder / RULES) if (folder / RULES).exists() else None,
        _kept_curve(folder) if curve is None else read_curve(curve),
    )


def _kept_curve(folder: Path) -> Curve | ModelFileError | None:
    """The folder's learning curve; one that is damaged or was not finished leaves everything else as it is."""
    if not (folder / CURVE).exists():
        return None
    try:
        return read_curve(folder)
    except ModelFileError as error:
        return error
