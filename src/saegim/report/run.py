"""What a run left in its folder, read and checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saegim.curve import Curve, read_curve
from saegim.curve.store import NAME as CURVE
from saegim.errors import ModelFileError
from saegim.evaluation import COMPARISON, DrawingQuality, Median, read_comparison
from saegim.report import teaching
from saegim.rules import RuleSet, load_rules
from saegim.together import Policy
from saegim.together.folder import read as read_policy
from saegim.training import ImageClassifier, ImageGenerator, TextClassifier, checkpoint
from saegim.training.files import read_content
from saegim.training.folder import CONFIG, METRICS, POLICY, blamed, task_of
from saegim.training.generator_folder import QUALITY
from saegim.training.pattern import NUMBER, require
from saegim.training.run_file import read_description

Model = TextClassifier | ImageClassifier | ImageGenerator

RULES, TEACHING = "rules.yaml", "teaching.json"
_MODELS: dict[str, type[Model]] = {"text": TextClassifier, "images": ImageClassifier, "draw": ImageGenerator}
_QUALITY = {
    **dict.fromkeys(("count", "train_count", "unseen_count"), (int,)),
    **dict.fromkeys(("named", "named_real", "near_copies"), NUMBER),
    **{name: {"drawn": NUMBER, "real": NUMBER} for name in ("to_training", "to_unseen")},
    **{name: {} for name in ("named_each", "variety")},
}


@dataclass(frozen=True)
class Run:
    """A run's folder.

    model: None where only a comparison was kept; made_from: the options in run.yaml; comparison: what comparison.json
    holds; rules: those kept beside the model; curve: its learning curve, or why it cannot be read; quality: of what a
    generator draws; policy: who answers, rules or network; teaching: what teaching.json holds
    """

    folder: Path
    model: Model | None
    made_from: dict[str, Any] | None = None
    comparison: dict[str, Any] | None = None
    rules: RuleSet | None = None
    curve: Curve | ModelFileError | None = None
    quality: DrawingQuality | None = None
    policy: Policy | None = None
    teaching: dict[str, Any] | None = None


def read_run(folder: Path, curve: Path | None = None) -> Run:
    """What is in the folder; the learning curve from another file if one is given.

    Raises ModelFileError, DataError or RuleError for what is missing, damaged or altered.
    """
    if not folder.is_dir():
        raise ModelFileError(f"{folder} is not a folder; give the folder that `saegim train --out` wrote")
    comparison, has_model = read_comparison(folder), (folder / CONFIG).exists()
    if not has_model and comparison is None and (folder / checkpoint.NAME).exists():
        raise ModelFileError(f"{folder} holds a run that is not finished; the same command with --resume goes on")
    if not has_model and comparison is None:
        raise ModelFileError(f"{folder} holds no {CONFIG} and no {COMPARISON}; train with --out {folder}")
    model = _MODELS[task_of(folder)].load(folder) if has_model else None
    return Run(
        folder,
        model,
        read_description(folder),
        comparison,
        load_rules(folder / RULES) if (folder / RULES).exists() else None,
        _kept_curve(folder) if curve is None else read_curve(curve),
        _quality(folder) if isinstance(model, ImageGenerator) else None,
        read_policy(folder) if (folder / POLICY).exists() else None,
        _teaching(folder / TEACHING),
    )


def _kept_curve(folder: Path) -> Curve | ModelFileError | None:
    """The folder's learning curve; one that is damaged or was not finished leaves everything else as it is."""
    if not (folder / CURVE).exists():
        return None
    try:
        return read_curve(folder)
    except ModelFileError as error:
        return error


def _teaching(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    try:
        return teaching.checked(json.loads(read_content(path)))
    except (ValueError, TypeError, RecursionError) as error:
        reason = str(error)[:200]
        raise ModelFileError(f"{path} is no lesson of this version ({reason}); remove it, or train again") from None


def _quality(folder: Path) -> DrawingQuality | None:
    """How good the drawings are; None where that was not measured."""
    with blamed(folder / METRICS):
        found = json.loads(read_content(folder / METRICS)).get(QUALITY)
        if found is None:
            return None
        require(found, _QUALITY, QUALITY)
        for name in ("named_each", "variety"):
            require(list(found[name].values()), [NUMBER], name)
            if not found[name]:
                raise ValueError(f"{name} is of no category")
        medians = {name: Median(**found[name]) for name in ("to_training", "to_unseen")}
        return DrawingQuality(**found | medians)
