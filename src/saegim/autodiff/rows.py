"""The gradient of a table of which only some rows were used: those rows, never a dense array of zeros."""

from __future__ import annotations

from dataclasses import dataclass

from saegim.autodiff.term import Term, count_up, full, op, select, zeros
from saegim.dtypes import int64
from saegim.ir import Shape, Spec


@dataclass(frozen=True)
class RowTerms:
    """Rows `values` (N, ...) that belong at `indices` (N,) of a table of `shape`; duplicates add up.

    An index outside of the table is padding and stands for nothing. `unique`: no index inside the table is there twice.
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

        Sizes stay N, since a graph's shapes do not depend on values.
        """
        if self.unique or not self.values.shape[0]:
            return RowTerms(self.indices, self.values, self.shape, unique=True)
        indices, number = _distinct(self.indices, padding=self.shape[0])
        values = op("scatter_add", zeros(self.values.node.spec), number, self.values)
        return RowTerms(indices, values, self.shape, unique=True)


def _distinct(indices: Term, padding: int) -> tuple[Term, Term]:
    """The distinct indices, ascending, then `padding`, (N,) int64; and for each of `indices` its number among them."""
    (count,) = indices.shape
    order = op("argsort", indices, axis=0)
    ordered = op("take", indices.cast(int64), order, mode="clip", unique=True)
    before = op("slice", ordered, start=(0,), stop=(count - 1,), step=(1,))
    after = op("slice", ordered, start=(1,), stop=(count,), step=(1,))
    changes = before.is_("not_equal", after).cast(int64)
    numbers = op("cumsum", op("concat", zeros(Spec((1,), int64)), changes, axis=0), axis=0)
    # Equal indices write the same value to the same place, so that "distinct" holds in effect.
    distinct = op("scatter_set", full((count,), padding, int64), numbers, ordered)
    return distinct, op("scatter_set", zeros(numbers.node.spec), order, numbers)


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
        """Distinct rows: the bags' transpose onto the numbers of the distinct indices, not onto the whole table."""
        (count,) = self.indices.shape
        if not count:
            none = zeros(Spec((0, *self.shape[1:]), self.gradient.dtype))
            return RowTerms(self.indices, none, self.shape, unique=True)
        used = select(_is_item(self.offsets, count), self.indices.cast(int64), self.shape[0])
        indices, number = _distinct(used, padding=self.shape[0])
        values = op("bag_transpose", self.gradient, number, self.weights, self.offsets, rows=count)
        return RowTerms(indices, values, self.shape, unique=True)


def _is_item(offsets: Term, count: int) -> Term:
    """For each of `count` items whether it lies in a bag at all; the others are padding."""
    position = count_up((count,), 0, int64)
    first, last = (_element(offsets.cast(int64), at).broadcast((count,)) for at in (0, offsets.shape[0] - 1))
    return op("bitwise_and", first.is_("less_equal", position), position.is_("less", last))


def _element(vector: Term, at: int) -> Term:
    return op("slice", vector, start=(at,), stop=(at + 1,), step=(1,))


def item_products(left: Term, table: Term, indices: Term, offsets: Term) -> Term:
    """For each item of a bag its bag's row of `left` times its own row of `table`, summed; 0 for padding."""
    (count,) = indices.shape
    position = count_up((count,), 0, int64)
    number = op("searchsorted", offsets.cast(int64), position, side="right") - 1
    bags = op("take", left, number, mode="clip", unique=False)
    rows = op("take", table, indices, mode="clip", unique=False)
    return select(_is_item(offsets, count), (bags * rows).sum((1,)), 0)


Cotangent = Term | RowTerms | BagTerms


def dense(cotangent: Cotangent) -> Term:
    return cotangent if isinstance(cotangent, Term) else cotangent.dense()


def total(first: Cotangent, second: Cotangent) -> Cotangent:
    """The sum of two cotangents; stays rows where both are."""
    if isinstance(first, Term) or isinstance(second, Term):
        return dense(first) + dense(second)
    return first.rows().joined(second.rows())
