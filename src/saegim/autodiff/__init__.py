"""The chain rule: one derivative rule per primitive, and the transform that applies them backwards."""

from saegim.autodiff.backward import vjp
from saegim.autodiff.derivatives import BLIND, DERIVATIVE, NOT_DIFFERENTIABLE, SOURCES, STRUCTURAL
from saegim.autodiff.paths import what_cuts, why_cut
from saegim.autodiff.rows import RowTerms
from saegim.autodiff.term import Term

__all__ = [
    "BLIND",
    "DERIVATIVE",
    "NOT_DIFFERENTIABLE",
    "SOURCES",
    "STRUCTURAL",
    "RowTerms",
    "Term",
    "vjp",
    "what_cuts",
    "why_cut",
]
