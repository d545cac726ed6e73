"""A comparison in a file, comparison.json: what `Comparison.to_dict` gives, and the verdict in each language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from saegim.errors import DataError
from saegim.evaluation.comparison import Comparison
from saegim.evaluation.judgement import judge
from saegim.evaluation.tables import Language
from saegim.evaluation.verdict import sentences
from saegim.training.files import read_content, write_atomically
from saegim.training.pattern import NONE, NUMBER, require

__all__ = ["COMPARISON", "read_comparison", "stored", "write_comparison"]

COMPARISON = "comparison.json"

_PERHAPS = (*NUMBER, *NONE)
_INTERVAL = [NUMBER]
_DIFFERENCE = {"value": NUMBER, "low": NUMBER, "high": NUMBER}
_CONTENDER = {
    "name": (str,),
    "kind": (str,),
    "error": (str, *NONE),
    "build_seconds": _PERHAPS,
    "predictions_per_second": _PERHAPS,
    "size_bytes": _PERHAPS,
    "notes": [(str,)],
}
_SCORED = {
    "n": (int,),
    "accuracy": NUMBER,
    "macro_f1": NUMBER,
    "coverage": NUMBER,
    "accuracy_decided": _PERHAPS,
    "accuracy_interval": _INTERVAL,
    "macro_f1_interval": _INTERVAL,
    "classes": [(str,)],
    "confusion": [[(int,)]],
}
_WHOLE = {
    "train_rows": (int,),
    "test_rows": (int,),
    "level": NUMBER,
    "contenders": [_CONTENDER],
    "differences": [{"first": (str,), "second": (str,), "accuracy": _DIFFERENCE, "macro_f1": _DIFFERENCE}],
    "outcome": (str,),
    "leader": (str,),
    "trusted": (str,),
    "tied": [(str,)],
    "verdict": {"en": [(str,)], "ko": [(str,)]},
}


def stored(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain values, with the judgement, and its sentences in every language."""
    judgement = judge(comparison)
    return {
        **comparison.to_dict(),
        "outcome": judgement.outcome,
        "leader": judgement.leader,
        "trusted": judgement.trusted,
        "tied": list(judgement.tied),
        "verdict": {each: sentences(comparison, each) for each in get_args(Language)},
    }


def write_comparison(comparison: Comparison, folder: Path) -> None:
    """Writes comparison.json into the folder. Raises DataError when it cannot be written."""
    text = json.dumps(stored(comparison), ensure_ascii=False)
    write_atomically(folder / COMPARISON, text.encode("utf-8", "backslashreplace") + b"\n")


def read_comparison(folder: Path) -> dict[str, Any] | None:
    """What `write_comparison` wrote; None if there is none. Raises DataError for a file that holds something else."""
    path = folder / COMPARISON
    if not path.exists():
        return None
    try:
        found = json.loads(read_content(path))
        require(found, _WHOLE, "it")
        for one in found["contenders"]:
            if one["error"] is None:
                require(one, _SCORED, one["name"])
                _require_square(one)
    except (ValueError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path} is no comparison of this version ({str(error)[:200]}); make it again with `saegim train` or "
            f"`saegim compare --out {folder}`, or remove it"
        ) from None
    return dict(found)


def _require_square(one: Mapping[str, Any]) -> None:
    """Raises ValueError unless the confusion has a row for each class, and a column more for abstentions."""
    classes = len(one["classes"])
    if [len(row) for row in one["confusion"]] != [classes + 1] * classes:
        raise ValueError(f"the confusion of {one['name']} does not fit its {classes} classes")
    if len(one["accuracy_interval"]) != 2 or len(one["macro_f1_interval"]) != 2:
        raise ValueError(f"an interval of {one['name']} is not two numbers")
