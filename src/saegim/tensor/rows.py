"""The gradient of a table of which only some rows were used, as the user sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from saegim.autodiff import RowTerms, Term
from saegim.dtypes import DType
from saegim.ir import Shape
from saegim.tensor import tree
from saegim.tensor.core import Tensor, apply, node_of


class Rows:
    """Rows `values` (N, ...) that belong at `indices` (N,) of a table of `shape`; duplicates add up.

    An index outside of the table is padding. `dense()` gives the whole table's gradient; `np.asarray` too.
    """

    def __init__(self, indices: Tensor, values: Tensor, shape: Shape, unique: bool = False) -> None:
        self.indices, self.values, self.shape, self.unique = indices, values, shape, unique

    @property
    def dtype(self) -> DType:
        return self.values.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def dense(self) -> Tensor:
        """The table's gradient with all its rows, (V, ...)."""
        zeros = apply("broadcast", Tensor(np.zeros((), self.dtype)), shape=self.shape)
        return apply("scatter_add", zeros, self.indices, self.values)

    def distinct(self) -> Rows:
        """The same gradient with every index at most once; what is left over is padding."""
        if self.unique:
            return self
        if self.values.is_traced or self.indices.is_traced:
            terms = RowTerms(Term(node_of(self.indices)), Term(node_of(self.values)), self.shape, False).distinct()
            return from_terms(terms)
        indices, inverse = np.unique(np.asarray(self.indices), return_inverse=True)
        zeros = Tensor(np.zeros((len(indices), *self.shape[1:]), self.dtype))
        values = apply("scatter_add", zeros, Tensor(inverse), self.values)
        return Rows(Tensor(indices), values, self.shape, unique=True)

    def with_values(self, values: Tensor) -> Rows:
        return Rows(self.indices, values, self.shape, self.unique)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.dense(), dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        return f"Rows({self.indices.shape[0]} rows of a {self.dtype.name} table of shape {self.shape})"


def from_terms(terms: RowTerms) -> Rows:
    return Rows(Tensor(terms.indices.node), Tensor(terms.values.node), terms.shape, terms.unique)


def _parts(rows: Rows) -> tuple[Sequence[Any], Any, Sequence[str]]:
    return (rows.indices, rows.values), (rows.shape, rows.unique), ("indices", "values")


def _whole(fixed: Any, children: Sequence[Any]) -> Rows:
    return Rows(*children, *fixed)


tree.register(Rows, _parts, _whole)
