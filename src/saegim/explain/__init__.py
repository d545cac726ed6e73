"""Why a model said what it said."""

from saegim.explain.attribution import Explanation, WordContribution, explain_prediction

__all__ = ["Explanation", "WordContribution", "explain_prediction"]
