"""Why a model said what it said, and what happens in it while it learns."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from saegim.explain.attribution import Explainer, explain_prediction
from saegim.explain.explanation import Explanation, Span, explain_decision

if TYPE_CHECKING:  # at run time at first use: rules are explained without the engine
    from saegim.explain.anatomy import (
        Anatomy,
        InputAnatomy,
        LayerAnatomy,
        Moved,
        Numbers,
        ParameterAnatomy,
        anatomy_of_step,
    )
    from saegim.explain.anatomy_text import TextAnatomy, anatomy_of_text
    from saegim.explain.duplicates import Duplicates, conflicting_duplicates
    from saegim.explain.judging import judge, judge_by_folds
    from saegim.explain.mistakes import Confusion, Disagreement, Judged, Judgement, Labelled, Mistakes, find_mistakes

__all__ = [
    "Anatomy",
    "Confusion",
    "Disagreement",
    "Duplicates",
    "Explainer",
    "Explanation",
    "InputAnatomy",
    "Judged",
    "Judgement",
    "Labelled",
    "LayerAnatomy",
    "Mistakes",
    "Moved",
    "Numbers",
    "ParameterAnatomy",
    "Span",
    "TextAnatomy",
    "anatomy_of_step",
    "anatomy_of_text",
    "conflicting_duplicates",
    "explain_decision",
    "explain_prediction",
    "find_mistakes",
    "judge",
    "judge_by_folds",
]

_MODULES = {
    "anatomy_text": ("TextAnatomy", "anatomy_of_text"),
    "anatomy": (
        "Anatomy", "InputAnatomy", "LayerAnatomy", "Moved", "Numbers", "ParameterAnatomy", "anatomy_of_step",
    ),
    "duplicates": ("Duplicates", "conflicting_duplicates"),
    "judging": ("judge", "judge_by_folds"),
    "mistakes": ("Confusion", "Disagreement", "Judged", "Judgement", "Labelled", "Mistakes", "find_mistakes"),
}  # fmt: skip
_MODULE = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module 'saegim.explain' has no attribute {name!r}")
    return getattr(import_module(f"saegim.explain.{_MODULE[name]}"), name)
