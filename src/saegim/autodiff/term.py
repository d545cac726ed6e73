"""Nodes with operators, so that derivative rules read like formulas.

What a rule writes in general is often trivial in the case at hand (the loss's own derivative is 1), so the operators
leave out what changes nothing: x * 1, x + 0, moves that undo each other, arithmetic between known numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from saegim.dtypes import DType, bool_
from saegim.ir import Node, Shape, Spec, constant, make
from saegim.reference import meaning

Scalar = float | int | bool

# x op n = x, and n op x = x, for these numbers n.
_NEUTRAL_RIGHT = {"add": 0, "subtract": 0, "multiply": 1, "divide": 1}
_NEUTRAL_LEFT = {"add": 0, "multiply": 1}


@dataclass(frozen=True, slots=True)
class Term:
    """A node in a formula. Operands have one shape and dtype; a Python number stands for a constant of both."""

    node: Node

    @property
    def shape(self) -> Shape:
        return self.node.shape

    @property
    def dtype(self) -> DType:
        return self.node.dtype

    @property
    def number(self) -> float | int | bool | None:
        """The number that every element is, where that is known."""
        node = self.node
        while node.op in ("broadcast", "reshape"):
            node = node.inputs[0]
        if node.op != "constant" or node.size != 1:
            return None
        number: float | int | bool = node.attrs["value"].array.item()
        return number

    def __add__(self, other: Term | Scalar) -> Term:
        return self._binary("add", other)

    def __radd__(self, other: Scalar) -> Term:
        return self._like(other) + self

    def __sub__(self, other: Term | Scalar) -> Term:
        return self._binary("subtract", other)

    def __rsub__(self, other: Scalar) -> Term:
        return self._like(other) - self

    def __mul__(self, other: Term | Scalar) -> Term:
        return self._binary("multiply", other)

    def __rmul__(self, other: Scalar) -> Term:
        return self._like(other) * self

    def __truediv__(self, other: Term | Scalar) -> Term:
        return self._binary("divide", other)

    def __neg__(self) -> Term:
        if self.number is not None:
            return self._computed("negative", self.number)
        return Term(self.node.inputs[0]) if self.node.op == "negative" else op("negative", self)

    def __matmul__(self, other: Term) -> Term:
        return op("dot", self, other)

    def _like(self, other: Term | Scalar) -> Term:
        return other if isinstance(other, Term) else full(self.shape, other, self.dtype)

    def _binary(self, name: str, other: Term | Scalar) -> Term:
        second = self._like(other)
        left, right = self.number, second.number
        if left is not None and right is not None:
            return self._computed(name, left, right)
        if right is not None and right == _NEUTRAL_RIGHT.get(name):
            return self
        if left is not None and left == _NEUTRAL_LEFT.get(name):
            return second
        return op(name, self, second)

    def _computed(self, name: str, *numbers: Scalar) -> Term:
        with np.errstate(all="ignore"):
            value = meaning(name, *(np.asarray(number, self.dtype) for number in numbers))
        return full(self.shape, value.item(), self.dtype)

    def is_(self, comparison: str, other: Term | Scalar) -> Term:
        """Truth values of `comparison` (a primitive's name)."""
        return op(comparison, self, self._like(other))

    def sum(self, axes: Sequence[int]) -> Term:
        return op("sum", self, axes=tuple(axes)) if axes else self

    def reshape(self, shape: Shape) -> Term:
        if self.number is not None:
            return full(shape, self.number, self.dtype)
        whole = self.node.inputs[0] if self.node.op == "reshape" else self.node
        return Term(whole if shape == whole.shape else make("reshape", whole, shape=shape))

    def broadcast(self, shape: Shape) -> Term:
        if shape == self.shape:
            return self
        if self.number is not None and self.shape:
            return full(shape, self.number, self.dtype)
        return op("broadcast", self, shape=shape)

    def permute(self, axes: Sequence[int]) -> Term:
        order = tuple(axes)
        if self.node.op == "permute":
            inner = self.node.attrs["axes"]
            return Term(self.node.inputs[0]).permute([inner[axis] for axis in order])
        if order == tuple(range(len(order))):
            return self
        if self.node.op == "dot" and order == _last_two_exchanged(len(order)):
            # (A B)' = B' A': the product itself comes out in the wanted order, without a strided view of it.
            left, right = map(Term, self.node.inputs)
            return right.transposed() @ left.transposed()
        return op("permute", self, axes=order)

    def cast(self, dtype: DType) -> Term:
        return self if dtype == self.dtype else op("cast", self, dtype=dtype)

    def transposed(self) -> Term:
        """The last two axes exchanged."""
        return self.permute(_last_two_exchanged(len(self.shape)))

    def kept(self, axes: Sequence[int], shape: Shape) -> Term:
        """A result reduced over `axes` of `shape`, repeated to `shape` again."""
        thin = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        return self.reshape(thin).broadcast(shape)


def _last_two_exchanged(ndim: int) -> tuple[int, ...]:
    return (*range(ndim - 2), ndim - 1, ndim - 2)


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
