"""What a run left in its folder, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    comparison.json holds; rules: those kept beside the model
    """

    folder: Path
    classifier: TextClassifier | None
    made_from: dict[str, Any] | None = None
    comparison: dict[str, Any] | None = None
    rules: RuleSet | None = None


def read_run(folder: Path) -> Run:
    """What is in the folder. Raises ModelFileError, DataError or RuleError for what is missing, damaged or altered."""
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
    )
