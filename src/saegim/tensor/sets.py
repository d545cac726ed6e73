"""Distinct elements. How many there are depends on the values, so these need known tensors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from saegim.tensor.core import Tensor, asarray_like

__all__ = ["unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAll(NamedTuple):
    """Distinct values, where each is first, which of them each element is, and how often each occurs."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """Distinct values and how often each occurs."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """Distinct values and which of them each element is."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Tensor, /) -> UniqueAll:
    """Distinct values in ascending order, first positions in the flat x, inverse (x's shape), counts."""
    x = asarray_like(x)
    found = np.unique(x.numpy(), return_index=True, return_inverse=True, return_counts=True, equal_nan=False)
    values, indices, inverse, counts = map(Tensor, found)
    return UniqueAll(values, indices, Tensor(inverse.numpy().reshape(x.shape)), counts)


def unique_counts(x: Tensor, /) -> UniqueCounts:
    """Distinct values in ascending order, and how often each occurs. Every nan is distinct."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: Tensor, /) -> UniqueInverse:
    """Distinct values in ascending order, and for each element of x which of them it is."""
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: Tensor, /) -> Tensor:
    """Distinct values in ascending order. Every nan is distinct."""
    return Tensor(np.unique(asarray_like(x).numpy(), equal_nan=False))
