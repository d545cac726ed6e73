"""The gradient of a table of which only some rows were used: those rows, never a dense array of zeros."""

from __future__ import annotations

from dataclasses import dataclass

from saegim.autodiff.term import Term, count_up, op, zeros
from saegim.dtypes import int64
from saegim.ir import Shape, Spec


@dataclass(frozen=True)
class RowTerms:
    """Rows `values` (N, ...) that belong at `indices` (N,) of a table of `shape`; duplicates add up.

    An index outside of the table is padding and stands for nothing.
    """

    indices: Term
    values: Term
    shape: Shape
    unique: bool

    def dense(self) -> Term:
        """The whole table's gradient."""
        return op("scatter_add", zeros(Spec(self.shape, self.values.dtype)), self.indices, self.values)

    def rows(self) -> RowTerms:
        return self

    def joined(self, other: RowTerms) -> RowTerms:
        """Both gradients of one table."""
        indices = op("concat", self.indices.cast(int64), other.indices.cast(int64), axis=0)
        return RowTerms(indices, op("concat", self.values, other.values, axis=0), self.shape, unique=False)

    def distinct(self) -> RowTerms:
        """The same gradient with every index at most once, ascending; what is left over is padding.

        Sizes stay N, since a graph's shapes do not depend on values: the sorted indices are numbered by
        a running count of changes, and the rows are added up by that number.
        """
        if self.unique:
            return self
        count, outside = self.indices.shape[0], self.shape[0]
        if count == 0:
            return RowTerms(self.indices, self.values, self.shape, unique=True)
        order = op("argsort", self.indices, axis=0)
        ordered = op("take", self.indices, order, mode="clip", unique=True)
        before = op("slice", ordered, start=(0,), stop=(count - 1,), step=(1,))
        after = op("slice", ordered, start=(1,), stop=(count,), step=(1,))
        changes = before.is_("not_equal", after).cast(int64)
        starts = op("concat", zeros(Spec((1,), int64)), changes, axis=0)
        number = op("cumsum", starts, axis=0)
        padding = zeros(Spec((count,), ordered.dtype)) + outside
        values = op("take", self.values, order, mode="clip", unique=True)
        summed = op("scatter_add", zeros(values.node.spec), number, values)
        # Equal indices write the same value, so that "distinct" holds in effect.
        indices = op("scatter_set", padding, number, ordered)
        return RowTerms(indices, summed, self.shape, unique=True)


@dataclass(frozen=True)
class BagTerms:
    """The gradient of a bag's table, not yet decided: rows for a parameter, dense for what was computed."""

    gradient: Term
    indices: Term
    weights: Term
    offsets: Term
    shape: Shape

    def dense(self) -> Term:
        return op("bag_transpose", self.gradient, self.indices, self.weights, self.offsets, rows=self.shape[0])

    def rows(self) -> RowTerms:
        number, inside = bag_of_item(self.offsets, self.indices.shape[0])
        width = self.shape[1]
        gathered = op("take", self.gradient, number, mode="clip", unique=False)
        weights = self.weights * inside.cast(self.weights.dtype)
        values = gathered * weights.reshape((*weights.shape, 1)).broadcast((*weights.shape, width))
        return RowTerms(self.indices, values, self.shape, unique=False)


def bag_of_item(offsets: Term, count: int) -> tuple[Term, Term]:
    """For each of `count` items the number of its bag, and whether it lies in a bag at all (else it is padding)."""
    position = count_up((count,), 0, offsets.dtype)
    number = op("searchsorted", offsets, position, side="right") - 1
    return number, position.is_("less", _last(offsets).broadcast((count,)))


def _last(vector: Term) -> Term:
    size = vector.shape[0]
    return op("slice", vector, start=(size - 1,), stop=(size,), step=(1,))


Sparse = RowTerms | BagTerms
Cotangent = Term | RowTerms | BagTerms


def dense(cotangent: Cotangent) -> Term:
    return cotangent if isinstance(cotangent, Term) else cotangent.dense()


def total(first: Cotangent, second: Cotangent) -> Cotangent:
    """The sum of two cotangents; stays rows where both are."""
    if isinstance(first, Term) or isinstance(second, Term):
        return dense(first) + dense(second)
    return first.rows().joined(second.rows())
