"""Why a model said what it said, and what happens in it while it learns."""

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
from saegim.explain.attribution import Explanation, WordContribution, explain_prediction

__all__ = [
    "Anatomy",
    "Explanation",
    "InputAnatomy",
    "LayerAnatomy",
    "Moved",
    "Numbers",
    "ParameterAnatomy",
    "TextAnatomy",
    "WordContribution",
    "anatomy_of_step",
    "anatomy_of_text",
    "explain_prediction",
]
