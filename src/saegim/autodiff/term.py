"""Nodes with operators, so that derivative rules read like formulas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saegim.dtypes import DType, bool_
from saegim.ir import Node, Shape, Spec, constant, make

Scalar = float | int | bool


@dataclass(frozen=True)
class Term:
    """A node in a formula. Operands have one shape and dtype; a Python number stands for a constant of both."""

    node: Node

    @property
    def shape(self) -> Shape:
        return self.node.shape

    @property
    def dtype(self) -> DType:
        return self.node.dtype

    def __add__(self, other: Term | Scalar) -> Term:
        return self._binary("add", other)

    def __radd__(self, other: Scalar) -> Term:
        return self._binary("add", other, swapped=True)

    def __sub__(self, other: Term | Scalar) -> Term:
        return self._binary("subtract", other)

    def __rsub__(self, other: Scalar) -> Term:
        return self._binary("subtract", other, swapped=True)

    def __mul__(self, other: Term | Scalar) -> Term:
        return self._binary("multiply", other)

    def __rmul__(self, other: Scalar) -> Term:
        return self._binary("multiply", other, swapped=True)

    def __truediv__(self, other: Term | Scalar) -> Term:
        return self._binary("divide", other)

    def __rtruediv__(self, other: Scalar) -> Term:
        return self._binary("divide", other, swapped=True)

    def __neg__(self) -> Term:
        return op("negative", self)

    def __matmul__(self, other: Term) -> Term:
        return op("dot", self, other)

    def _binary(self, name: str, other: Term | Scalar, swapped: bool = False) -> Term:
        second = other if isinstance(other, Term) else full(self.shape, other, self.dtype)
        return op(name, second, self) if swapped else op(name, self, second)

    def is_(self, comparison: str, other: Term | Scalar) -> Term:
        """Truth values of `comparison` (a primitive's name)."""
        return self._binary(comparison, other)

    def sum(self, axes: Sequence[int]) -> Term:
        return op("sum", self, axes=tuple(axes)) if axes else self

    def reshape(self, shape: Shape) -> Term:
        return self if shape == self.shape else op("reshape", self, shape=shape)

    def broadcast(self, shape: Shape) -> Term:
        return self if shape == self.shape else op("broadcast", self, shape=shape)

    def permute(self, axes: Sequence[int]) -> Term:
        return op("permute", self, axes=tuple(axes))

    def cast(self, dtype: DType) -> Term:
        return self if dtype == self.dtype else op("cast", self, dtype=dtype)

    def transposed(self) -> Term:
        """The last two axes exchanged."""
        last = len(self.shape) - 1
        return self.permute((*range(last - 1), last, last - 1))

    def kept(self, axes: Sequence[int], shape: Shape) -> Term:
        """A result reduced over `axes` of `shape`, repeated to `shape` again."""
        thin = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        return self.reshape(thin).broadcast(shape)


def op(name: str, *inputs: Term, **attrs: Any) -> Term:
    """The term of primitive `name`."""
    return Term(make(name, *(term.node for term in inputs), **attrs))


def full(shape: Shape, value: Scalar, dtype: DType) -> Term:
    """`shape` filled with one number."""
    return Term(constant(value, dtype)).broadcast(shape)


def zeros(spec: Spec) -> Term:
    return full(spec.shape, False if spec.dtype == bool_ else 0, spec.dtype)


def select(condition: Term, yes: Term | Scalar, no: Term | Scalar) -> Term:
    """`yes` where the condition holds, `no` elsewhere; at least one of them is a term."""
    like = yes if isinstance(yes, Term) else no
    assert isinstance(like, Term), "select: one of the two branches must be a term"
    first, second = (x if isinstance(x, Term) else full(like.shape, x, like.dtype) for x in (yes, no))
    return op("select", condition, first, second)


def count_up(shape: Shape, axis: int, dtype: DType) -> Term:
    """0, 1, 2, ... along `axis`."""
    return op("iota", shape=shape, axis=axis, dtype=dtype)
