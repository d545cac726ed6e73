"""The chain rule: one derivative rule per primitive, and the transform that applies them backwards."""

from saegim.autodiff.backward import vjp, what_cuts
from saegim.autodiff.derivatives import DERIVATIVE, NOT_DIFFERENTIABLE, SOURCES, STRUCTURAL
from saegim.autodiff.rows import RowTerms
from saegim.autodiff.term import Term

__all__ = [
    "DERIVATIVE",
    "NOT_DIFFERENTIABLE",
    "SOURCES",
    "STRUCTURAL",
    "RowTerms",
    "Term",
    "vjp",
    "what_cuts",
]
