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

__all__ = [
    "Anatomy",
    "Explainer",
    "Explanation",
    "InputAnatomy",
    "LayerAnatomy",
    "Moved",
    "Numbers",
    "ParameterAnatomy",
    "Span",
    "TextAnatomy",
    "anatomy_of_step",
    "anatomy_of_text",
    "explain_decision",
    "explain_prediction",
]

_OF_TEXTS = ("TextAnatomy", "anatomy_of_text")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'saegim.explain' has no attribute {name!r}")
    return getattr(import_module(f"saegim.explain.{'anatomy_text' if name in _OF_TEXTS else 'anatomy'}"), name)
