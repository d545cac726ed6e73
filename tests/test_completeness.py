"""Every primitive has all its faces: a shape rule, a meaning, a derivative or the reason for none, code, a case."""

from __future__ import annotations

from cases import CASES
from saegim.autodiff import BLIND, DERIVATIVE, NOT_DIFFERENTIABLE, SOURCES, STRUCTURAL
from saegim.compiler.elementwise import CODE
from saegim.compiler.lower.singles import SINGLES
from saegim.compiler.lower.views import MOVES
from saegim.ir import PRIMITIVES, REDUCTIONS
from saegim.reference import MEANING, OWN


def test_every_primitive_has_a_meaning() -> None:
    assert MEANING.keys() | OWN == PRIMITIVES.keys()
    assert not MEANING.keys() & OWN


def test_every_primitive_has_a_derivative_or_a_reason_for_none() -> None:
    tables = [DERIVATIVE.keys(), NOT_DIFFERENTIABLE.keys(), SOURCES, STRUCTURAL]
    assert set().union(*tables) == PRIMITIVES.keys()
    assert sum(map(len, tables)) == len(PRIMITIVES), "a primitive is in one of the tables only"
    assert all(NOT_DIFFERENTIABLE.values())
    assert BLIND.keys() <= DERIVATIVE.keys()


def test_every_primitive_has_code() -> None:
    by_the_passes = SOURCES | STRUCTURAL | {"iota", "random_bits"}
    kernels = CODE.keys() | SINGLES.keys() | MOVES | REDUCTIONS.keys()
    assert kernels | by_the_passes == PRIMITIVES.keys()
    assert not kernels & by_the_passes


def test_every_primitive_has_a_case() -> None:
    assert CASES.keys() == PRIMITIVES.keys()


def test_every_primitive_says_what_it_is() -> None:
    assert all(row.name == name and row.summary for name, row in PRIMITIVES.items())
